"""CodeDeploy deployment groups: which servers a deploy action deploys to, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from awspipe.aws import Aws, absent, maybe, tag_list, tags_of
from awspipe.explain import code_of
from awspipe.naming import Scope
from awspipe.resources.application import ABSENT as NO_APPLICATION
from awspipe.resources.application import Application, groups_of
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ABSENT = "DeploymentGroupDoesNotExistException"
_OF_APPLICATION = frozenset({"codedeploy:GetApplication", "codedeploy:ListDeploymentGroups"})
_TARGETS = frozenset({"codedeploy:BatchGetDeploymentTargets", "codedeploy:ListDeploymentTargets"})
_TagPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class DeploymentGroup(Resource):
    """A deployment group. Its name here is `application/group`, as in its ARN."""

    kind: ClassVar[str] = "deployment-group"
    indexed: ClassVar[bool] = False
    uses: ClassVar[frozenset[str]] = frozenset({"role", "application"})
    permissions: ClassVar[Rights] = Rights(
        search=_OF_APPLICATION,
        find=frozenset({"codedeploy:ListTagsForResource"}),
        read=frozenset({"codedeploy:GetDeploymentGroup"}),
        make=frozenset(
            {
                "codedeploy:CreateDeploymentGroup",
                "codedeploy:TagResource",
                "codedeploy:UpdateDeploymentGroup",
                "iam:PassRole",
            }
        ),
        remove=frozenset(
            {
                "codedeploy:DeleteDeploymentGroup",
                "codedeploy:ListDeployments",
                "codedeploy:StopDeployment",
            }
        ),
        show=frozenset({"codedeploy:GetDeployment", "codedeploy:GetDeploymentGroup"}) | _TARGETS,
        unbound=frozenset({"codedeploy:StopDeployment"}) | _TARGETS,
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"DeploymentGroupAlreadyExistsException"})
    priced: ClassVar[str] = "on-premises updates"
    meter: ClassVar[str] = "codedeploy-on-premises"

    role_arn: str
    config: str
    ec2_tags: _TagPairs
    on_premises_tags: _TagPairs
    rollback: bool

    @staticmethod
    def name_of(application: str, group: str) -> str:
        """The two names as one."""
        return f"{application}/{group}"

    def body(self) -> Body:
        """Role, servers, configuration and roll-back."""
        return {
            "serviceRoleArn": self.role_arn,
            "deploymentConfigName": self.config,
            "ec2TagFilters": _filters(self.ec2_tags),
            "onPremisesInstanceTagFilters": _filters(self.on_premises_tags),
            "autoRollbackConfiguration": {
                "enabled": self.rollback,
                "events": ["DEPLOYMENT_FAILURE"] if self.rollback else [],
            },
        }

    def create(self, aws: Aws) -> None:
        """One call, repeated while the role is too young."""
        application, group = self.name.split("/")
        self._send(
            aws,
            lambda: aws.client("codedeploy").create_deployment_group(
                applicationName=application,
                deploymentGroupName=group,
                tags=tag_list(self.scope.tags),
                **self.body(),
            ),
        )

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """The fields that differ."""
        application, group = self.name.split("/")
        changed = {key: self.body()[key] for key in fields}
        self._send(
            aws,
            lambda: aws.client("codedeploy").update_deployment_group(
                applicationName=application, currentDeploymentGroupName=group, **changed
            ),
        )

    def _send(self, aws: Aws, call: Any) -> None:
        aws.patiently(
            call,
            refused=_role_too_young,
            why="IAM needs a moment before CodeDeploy can use the new role",
            limit=300,
        )

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """A group holds no data: what it deploys to is replaced."""
        found = self.read(aws, self.scope, self.name, frozenset())
        return found or Untouchable("it has gone meanwhile")

    def claim(self, aws: Aws) -> None:
        """One tag more."""
        arn = self.scope.deployment_group_arn(*self.name.split("/"))
        aws.client("codedeploy").tag_resource(ResourceArn=arn, Tags=tag_list(self.scope.tags))

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The group's settings, filters sorted."""
        application, group = name.split("/")
        codedeploy = aws.client("codedeploy")
        found = maybe(
            lambda: codedeploy.get_deployment_group(applicationName=application, deploymentGroupName=group),
            _ABSENT,
            NO_APPLICATION,
        )
        if found is None:
            return None
        info = found["deploymentGroupInfo"]
        rollback = info.get("autoRollbackConfiguration") or {}
        body = {
            "serviceRoleArn": info["serviceRoleArn"],
            "deploymentConfigName": info["deploymentConfigName"],
            "ec2TagFilters": _sorted(info.get("ec2TagFilters")),
            "onPremisesInstanceTagFilters": _sorted(info.get("onPremisesInstanceTagFilters")),
            "autoRollbackConfiguration": {
                "enabled": rollback.get("enabled", False),
                "events": rollback.get("events", []),
            },
        }
        return cls.whole(aws, scope, name, body)

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.deployment_group_arn(*name.split("/"))
        ask = aws.client("codedeploy").list_tags_for_resource
        answer = maybe(lambda: ask(ResourceArn=arn), _ABSENT, NO_APPLICATION)
        return answer and tags_of(answer["Tags"])

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """A deployment that still runs is stopped first."""
        application, group = name.split("/")
        codedeploy = aws.client("codedeploy")
        for deployment in _running(codedeploy, application, group):
            with absent("DeploymentAlreadyCompletedException"):
                codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=False)
        codedeploy.delete_deployment_group(applicationName=application, deploymentGroupName=group)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The group; groups are listed by their application, and there is one."""
        if action in _OF_APPLICATION:
            return (scope.application_arn(scope.application),)
        return (scope.deployment_group_arn(*name.split("/")),)

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """The groups of the pipeline's application."""
        application = scope.application
        if not Application.listed(aws, scope):
            return frozenset()
        return frozenset(cls.name_of(application, group) for group in groups_of(aws, application))


def _filters(tags: _TagPairs) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value, "Type": "KEY_AND_VALUE"} for key, value in tags]


def _sorted(filters: list[dict[str, str]] | None) -> list[dict[str, str]]:
    return sorted(filters or [], key=lambda one: (one.get("Key", ""), one.get("Value", "")))


def _running(codedeploy: Any, application: str, group: str) -> list[str]:
    with absent(_ABSENT, NO_APPLICATION):
        answer = codedeploy.list_deployments(
            applicationName=application,
            deploymentGroupName=group,
            includeOnlyStatuses=["Created", "Queued", "InProgress", "Ready"],
        )
        return list(answer["deployments"])
    return []


def _role_too_young(error: ClientError) -> bool:
    """https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/deploy/deployment_group.go."""
    return code_of(error) == "InvalidRoleException"
