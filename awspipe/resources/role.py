"""IAM roles: one a service and job, least privilege, each with one inline policy.

A role's path, `/awspipe/<region>/<pipeline>/`, marks it as ours as the tag does: it is part of the creating
call, cannot be changed afterwards, and IAM lists by it (IAM's list has no tags, the tag index no roles).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote

from awspipe.aws import Aws, absent, maybe, refusal, tag_list, tags_of
from awspipe.errors import AwspipeError
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.policy import Document, Statement, policy, trust
from awspipe.resources.rights import Rights

POLICY_LIMIT = 10_240
"""As many characters have all inline policies of a role together: a quota that AWS does not raise.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
EVENTS = "events.amazonaws.com"
"""EventBridge: it takes on the role of each rule that starts a pipeline."""
_POLICY_NAME = "awspipe"
_ABSENT = "NoSuchEntity"


@dataclass(frozen=True, kw_only=True)
class Role(Resource):
    """A role that one AWS service takes on: who may take it on, and what it may then do."""

    kind: ClassVar[str] = "role"
    exact: ClassVar[frozenset[str]] = frozenset({"AssumeRolePolicyDocument", "Policy"})
    indexed: ClassVar[bool] = False
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"iam:ListRoles"}),
        read=frozenset({"iam:GetRole", "iam:GetRolePolicy"}),
        use=frozenset({"iam:GetRole"}),
        make=frozenset({"iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"}),
        remove=frozenset(
            {
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
            }
        ),
        tag=frozenset({"iam:ListRoleTags"}),
        unbound=frozenset({"iam:ListRoles"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"EntityAlreadyExists"})

    trusts: Document
    statements: tuple[Statement, ...]

    @property
    def arn(self) -> str:
        """The role's ARN, path included."""
        return self.scope.role_arn(self.name)

    @property
    def size(self) -> int:
        """The characters of its policy as IAM counts them: white space is none."""
        return len("".join(json.dumps(policy(self.statements)).split()))

    @property
    def service(self) -> str:
        """The AWS service that takes it on, e.g. `codebuild.amazonaws.com`."""
        (statement,) = self.trusts["Statement"]
        return str(statement["Principal"]["Service"])

    @classmethod
    def for_pipeline(cls, scope: Scope, statements: tuple[Statement, ...]) -> Role:
        """CodePipeline's role. AWS documents no condition for its trust policy, so there is none."""
        return cls(
            name=scope.role(""),
            scope=scope,
            trusts=trust("codepipeline.amazonaws.com"),
            statements=statements,
        )

    @classmethod
    def for_project(cls, scope: Scope, part: str, *, project: str, statements: tuple[Statement, ...]) -> Role:
        """A build project's role, for this project only.

        https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
        """
        condition = {
            "StringEquals": {
                "aws:SourceAccount": scope.account,
                "aws:SourceArn": scope.project_arn(project),
            }
        }
        return cls(
            name=scope.role(part),
            scope=scope,
            trusts=trust("codebuild.amazonaws.com", condition),
            statements=statements,
        )

    @classmethod
    def for_deployment_group(cls, scope: Scope, part: str, *, reads_ec2: bool) -> Role:
        """CodeDeploy's role: in-place deployments only look instances up.

        https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
        """
        condition = {
            "StringEquals": {"aws:SourceAccount": scope.account},
            "StringLike": {"aws:SourceArn": scope.deployment_group_arn(scope.application, "*")},
        }
        actions = ("ec2:DescribeInstances", "ec2:DescribeInstanceStatus") if reads_ec2 else ()
        return cls(
            name=scope.role(part),
            scope=scope,
            trusts=trust("codedeploy.amazonaws.com", condition),
            statements=(Statement(actions=(*actions, "tag:GetResources"), resources=("*",)),),
        )

    @classmethod
    def for_rule(cls, scope: Scope, part: str) -> Role:
        """EventBridge's role: it may start this one pipeline."""
        return cls(
            name=scope.role(part),
            scope=scope,
            trusts=trust(EVENTS),
            statements=(
                Statement(actions=("codepipeline:StartPipelineExecution",), resources=(scope.pipeline_arn,)),
            ),
        )

    def body(self) -> Body:
        """Trust policy and inline policy."""
        return {"AssumeRolePolicyDocument": self.trusts, "Policy": policy(self.statements)}

    def create(self, aws: Aws) -> None:
        """The role, then its policy."""
        aws.client("iam").create_role(
            RoleName=self.name,
            Path=self.scope.role_path,
            AssumeRolePolicyDocument=json.dumps(self.trusts),
            Description=f"awspipe: made for the pipeline {self.scope.pipeline}",
            Tags=tag_list(self.scope.tags),
        )
        self._put_policy(aws)

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """Only the document that differs."""
        if "AssumeRolePolicyDocument" in fields:
            aws.client("iam").update_assume_role_policy(
                RoleName=self.name, PolicyDocument=json.dumps(self.trusts)
            )
        if "Policy" in fields:
            self._put_policy(aws)

    def _put_policy(self, aws: Aws) -> None:
        aws.client("iam").put_role_policy(
            RoleName=self.name,
            PolicyName=_POLICY_NAME,
            PolicyDocument=json.dumps(policy(self.statements)),
        )

    def adoptable(self, aws: Aws) -> Untouchable:
        """The path is what makes a role ours, and AWS lets nobody change it."""
        return Untouchable("its path is not ours, and the path of a role cannot be changed")

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of all roles: a name that another path has is taken too."""
        every = cls._every(aws)
        if every is not None:
            aws.rule_out(cls.kind, names, lambda: (role["RoleName"] for role in every))

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """Both documents. A role on another path is not ours, whatever its name."""
        iam = aws.client("iam")
        role = cls.on_path(aws, scope.role_path).get(name)
        if role is None and aws.is_ruled_out(cls.kind, name):
            return None
        if role is None:
            found = maybe(lambda: iam.get_role(RoleName=name), _ABSENT)
            if found is None:
                return None
            role = found["Role"]
        if role["Path"] != scope.role_path:
            return Live({}, None)
        inline = maybe(lambda: iam.get_role_policy(RoleName=name, PolicyName=_POLICY_NAME), _ABSENT)
        return Live(
            {
                "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"]),
                "Policy": _document(inline["PolicyDocument"]) if inline else None,
            },
            scope.pipeline,
        )

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Our policy and the role; where somebody attached more, that is taken off first."""
        iam = aws.client("iam")
        with absent(_ABSENT):
            iam.delete_role_policy(RoleName=name, PolicyName=_POLICY_NAME)
        with absent(_ABSENT):
            if refusal(lambda: iam.delete_role(RoleName=name), "DeleteConflict"):
                cls._strip(aws, name)
                iam.delete_role(RoleName=name)

    @staticmethod
    def _strip(aws: Aws, name: str) -> None:
        iam = aws.client("iam")
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
            for attached in page["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
            for inline in page["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=inline)

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """Every role on the pipeline's path."""
        return frozenset(cls.on_path(aws, scope.role_path))

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The role. One that is not there has no path yet: IAM judges who looks for it by its bare name."""
        ours = scope.role_arn(name)
        return (ours, scope.any_role_arn(name)) if action in cls.permissions.read else (ours,)

    @classmethod
    def exists(cls, aws: Aws, scope: Scope, name: str) -> bool:
        """By its bare name IAM finds it on any path, but its ARN is another one then.

        Raises AwspipeError where a spec that names it so would hand on a role that is not there.
        """
        found = maybe(lambda: aws.client("iam").get_role(RoleName=name), _ABSENT)
        path = found["Role"]["Path"] if found else "/"
        if path not in ("/", scope.role_path):
            raise AwspipeError(
                f"the role {name} that the spec names is on the path {path}",
                hint=f"write it with its path, `{path[1:]}{name}`",
            )
        return found is not None

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """IAM's lists have no tags, so this is a call a role: only where the user has tags of their own."""
        answer = maybe(lambda: aws.client("iam").list_role_tags(RoleName=name), _ABSENT)
        return answer and tags_of(answer["Tags"])

    def claim(self, aws: Aws) -> None:
        """One call."""
        aws.client("iam").tag_role(RoleName=self.name, Tags=tag_list(self.scope.tags))

    @classmethod
    def owner(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The path says."""
        return scope.pipeline

    @staticmethod
    def on_path(aws: Aws, path: str) -> dict[str, dict[str, Any]]:
        """The roles on a pipeline's path by name, listed once a reading; of many pipelines in one list."""
        listed = Role._every(aws)
        if listed is None:
            listed = aws.once(("roles", path), lambda: _on(aws, path))
        return {role["RoleName"]: role for role in listed if role["Path"] == path}

    @classmethod
    def is_for(cls, aws: Aws, scope: Scope, service: str) -> bool:
        """Whether a role on the pipeline's path can be taken on by a service."""
        roles = cls.on_path(aws, scope.role_path).values()
        return any(f'"{service}"' in json.dumps(_document(one["AssumeRolePolicyDocument"])) for one in roles)

    @staticmethod
    def _every(aws: Aws) -> list[dict[str, Any]] | None:
        """All roles of the account, where a command is about many pipelines."""
        return aws.list_for_many("roles", "/", lambda prefix: _on(aws, prefix))


def _on(aws: Aws, prefix: str) -> list[dict[str, Any]]:
    pages = aws.client("iam").get_paginator("list_roles")
    asked = pages.paginate(PathPrefix=prefix, PaginationConfig={"PageSize": 1000})
    return [role for page in asked for role in page["Roles"]]


def _document(text: Document | str) -> Document:
    """A policy as botocore gives it: already read, or (from some endpoints) still quoted JSON."""
    if isinstance(text, str):
        return dict(json.loads(unquote(text)))
    return text
