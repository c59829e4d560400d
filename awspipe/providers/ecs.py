"""`provider: ecs` as a Deploy: a service of yours in ECS gets the images that an artifact names.

Cluster and service are yours: awspipe makes none and removes none.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.base import Consumer, Place
from awspipe.providers.fields import RoleName, Several, Spelled, Text, Whole
from awspipe.resources.policy import Statement

_EcsName = Annotated[
    Text, Field(max_length=255), Spelled(r"[A-Za-z0-9_-]+", "use only letters, digits, _ and -")
]


class Ecs(Consumer):
    """Deploys container images to a service in ECS that is there already.

    The image definitions file says which: `[{"name": "a container", "imageUri": "its image"}]`.
    """

    category = "Deploy"
    aws_provider = "ECS"
    input_count = (1, 1)

    provider: Literal["ecs"]
    cluster: _EcsName
    """The cluster."""
    service: _EcsName
    """The service in it."""
    file: Annotated[Text, Field(max_length=1000)] = "imagedefinitions.json"
    """The image definitions file in the artifact."""
    family: _EcsName | None = None
    """The family of the service's task definition; the pipeline's role may then register no other."""
    roles: Annotated[Several[RoleName], Field(min_length=1)] = ("ecsTaskExecutionRole",)
    """The roles that the task definition names, by name: the pipeline hands them on to ECS."""
    timeout: Annotated[Whole, Field(ge=1, le=60)] | None = None
    """Minutes after which the deployment fails; AWS's default is 60."""

    def configuration(self, place: Place) -> dict[str, str]:
        """Cluster, service and file."""
        timeout = {} if self.timeout is None else {"DeploymentTimeout": str(self.timeout)}
        return {"ClusterName": self.cluster, "ServiceName": self.service, "FileName": self.file, **timeout}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to register a task definition and bring the service to it."""
        scope = place.scope
        definitions = scope.arn("ecs", f"task-definition/{self.family or '*'}:*")
        yield Statement(actions=("ecs:DescribeTaskDefinition",), resources=("*",))
        yield Statement(actions=("ecs:RegisterTaskDefinition",), resources=(definitions,))
        yield Statement(
            actions=("ecs:TagResource",),
            resources=(definitions,),
            condition={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        )
        yield Statement(
            actions=("ecs:DescribeServices", "ecs:UpdateService"),
            resources=(scope.arn("ecs", f"service/{self.cluster}/{self.service}"),),
        )
        handed_on = tuple(scope.any_role_arn(name) for name in self.roles)
        for service in ("ecs.amazonaws.com", "ecs-tasks.amazonaws.com"):
            condition = {"StringEquals": {"iam:PassedToService": service}}
            yield Statement(actions=("iam:PassRole",), resources=handed_on, condition=condition)
