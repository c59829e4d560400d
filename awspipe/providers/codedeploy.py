"""`provider: codedeploy` as a Deploy: a revision goes to servers found by their tags.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeDeploy.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from awspipe.naming import fit
from awspipe.providers.base import Consumer, Place
from awspipe.providers.fields import AnyText, Flag, Text
from awspipe.resources.application import Application
from awspipe.resources.base import Resource
from awspipe.resources.deployment_group import DeploymentGroup
from awspipe.resources.policy import Statement
from awspipe.resources.role import Role

TagKey = Annotated[Text, Field(max_length=128)]
Tags = Annotated[dict[TagKey, AnyText], Field(min_length=1, max_length=10)]

_IN_PLACE_CONFIGS = {
    "one-at-a-time": "CodeDeployDefault.OneAtATime",
    "half-at-a-time": "CodeDeployDefault.HalfAtATime",
    "all-at-once": "CodeDeployDefault.AllAtOnce",
}


class CodeDeploy(Consumer):
    """Deploys to servers with the CodeDeploy agent: the appspec.yml in the artifact says how."""

    category = "Deploy"
    aws_provider = "CodeDeploy"
    input_count = (1, 1)
    usual_minutes = 2

    provider: Literal["codedeploy"]
    ec2_tags: Tags | None = None
    """EC2 instances with any of these tags are deployed to."""
    on_premises_tags: Tags | None = None
    """On-premises instances with any of these tags are deployed to."""
    config: Text = "one-at-a-time"
    """one-at-a-time, half-at-a-time, all-at-once, or the name of a deployment configuration in AWS."""
    rollback: Flag = True
    """A deployment that fails is rolled back to the last revision that worked."""

    @model_validator(mode="after")
    def _has_servers(self) -> CodeDeploy:
        if not self.ec2_tags and not self.on_premises_tags:
            raise ValueError("`ec2_tags` or `on_premises_tags` must say which servers are meant")
        return self

    def group_name(self, place: Place) -> str:
        """The deployment group: one for each deploy action."""
        return fit(place.part, 100)

    def resources(self, place: Place) -> Iterator[Resource]:
        """The application, this action's deployment group in it, and the role CodeDeploy works with."""
        scope = place.scope
        role = Role.for_deployment_group(scope, place.part, reads_ec2=bool(self.ec2_tags))
        yield role
        yield Application(name=scope.application, scope=scope)
        yield DeploymentGroup(
            name=DeploymentGroup.name_of(scope.application, self.group_name(place)),
            scope=scope,
            role_arn=role.arn,
            config=self.config_name,
            ec2_tags=tuple(sorted((self.ec2_tags or {}).items())),
            on_premises_tags=tuple(sorted((self.on_premises_tags or {}).items())),
            rollback=self.rollback,
        )

    @property
    def config_name(self) -> str:
        """The deployment configuration in AWS's words."""
        return _IN_PLACE_CONFIGS.get(self.config, self.config)

    def configuration(self, place: Place) -> dict[str, str]:
        """Application and group; CodePipeline takes nothing else."""
        return {
            "ApplicationName": place.scope.application,
            "DeploymentGroupName": self.group_name(place),
        }

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to register a revision, deploy it and see how it goes."""
        scope = place.scope
        application = scope.application
        yield Statement(
            actions=(
                "codedeploy:CreateDeployment",
                "codedeploy:GetApplication",
                "codedeploy:GetApplicationRevision",
                "codedeploy:GetDeployment",
                "codedeploy:GetDeploymentGroup",
                "codedeploy:RegisterApplicationRevision",
            ),
            resources=(
                scope.application_arn(application),
                scope.deployment_group_arn(application, self.group_name(place)),
            ),
        )
        yield Statement(
            actions=("codedeploy:GetDeploymentConfig",),
            resources=(scope.arn("codedeploy", f"deploymentconfig:{self.config_name}"),),
        )
