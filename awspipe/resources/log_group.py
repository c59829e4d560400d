"""CloudWatch log groups of builds and of what CodePipeline runs itself.

Made by us, because those that the services make keep every line for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, absent, maybe, tags_of
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

_BUILDS = "/aws/codebuild/"
_PIPELINES = "/aws/codepipeline/"
_RETENTION_DAYS = 14
_ABSENT = "ResourceNotFoundException"
_TAGS_READ = frozenset({"logs:ListTagsForResource"})
_NAME = re.compile(r"[-._/#A-Za-z0-9]{1,512}")
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""


@dataclass(frozen=True, kw_only=True)
class LogGroup(Resource):
    """A log group whose lines go after two weeks."""

    kind: ClassVar[str] = "log-group"
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"logs:DescribeLogGroups"}),
        find=_TAGS_READ,
        read=_TAGS_READ | {"logs:DescribeLogGroups"},
        make=frozenset({"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"}),
        remove=frozenset({"logs:DeleteLogGroup"}),
        show=frozenset({"logs:GetLogEvents"}),
        unbound=frozenset({"logs:DescribeLogGroups"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"ResourceAlreadyExistsException"})
    priced: ClassVar[str] = "log storage"
    meter: ClassVar[str] = "logs-stored"

    retention_days: int = _RETENTION_DAYS

    @classmethod
    def for_project(cls, scope: Scope, project: str) -> LogGroup:
        """Where CodeBuild writes a project's builds."""
        return cls(name=_BUILDS + project, scope=scope)

    @classmethod
    def for_pipeline(cls, scope: Scope) -> LogGroup:
        """Where CodePipeline writes what it runs itself. AWS fixes the name.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
        """
        return cls(name=_PIPELINES + scope.pipeline, scope=scope)

    def body(self) -> Body:
        """How long lines stay."""
        return {"retentionInDays": self.retention_days}

    def create(self, aws: Aws) -> None:
        """The group, then its retention."""
        aws.client("logs").create_log_group(logGroupName=self.name, tags=self.scope.tags)
        self.update(aws, frozenset({"retentionInDays"}))

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """There is one field."""
        aws.client("logs").put_retention_policy(logGroupName=self.name, retentionInDays=self.retention_days)

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """A group that would lose no line it has."""
        found = _group(aws, self.name)
        if found is None:
            return Untouchable("it has gone meanwhile")
        days = found.get("retentionInDays")
        if found.get("storedBytes") and (days is None or days > self.retention_days):
            return Untouchable(
                f"it holds lines, and those older than {self.retention_days} days would be lost"
            )
        return Live({"retentionInDays": days}, None)

    def claim(self, aws: Aws) -> None:
        """One tag more."""
        aws.client("logs").tag_resource(resourceArn=self.scope.log_group_arn(self.name), tags=self.scope.tags)

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of all groups of a service."""
        for service in {_service(name) for name in names}:
            _groups(aws, service)

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """Log groups are listed by prefix only; the one of this very name counts."""
        found = _group(aws, name)
        if found is None:
            return None
        return cls.whole(aws, scope, name, {"retentionInDays": found.get("retentionInDays")})

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        answer = maybe(
            lambda: aws.client("logs").list_tags_for_resource(resourceArn=scope.log_group_arn(name)), _ABSENT
        )
        return answer and tags_of(answer["tags"])

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """The group with every line."""
        with absent(_ABSENT):
            aws.client("logs").delete_log_group(logGroupName=name)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The tagging actions take the bare ARN, all others the one that ends in `:*`.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
        """
        arn = scope.log_group_arn(name)
        return (arn if action in ("logs:TagResource", *_TAGS_READ) else f"{arn}:*",)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The group's name, where the ARN is one's."""
        prefix = scope.log_group_arn("")
        return arn.removeprefix(prefix).removesuffix(":*") if arn.startswith(prefix) else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """By the beginning of the name."""
        return frozenset(cls.stored(aws, scope))

    @classmethod
    def fixed(cls, scope: Scope) -> frozenset[str]:
        """The group of what CodePipeline runs itself; few pipelines have one."""
        name = cls.for_pipeline(scope).name
        return frozenset({name} if _NAME.fullmatch(name) else ())

    @classmethod
    def stored(cls, aws: Aws, scope: Scope) -> dict[str, int]:
        """The bytes that AWS has counted in each group listed, some hours late; asked for once a reading."""
        prefix = _BUILDS + scope.project_prefix
        return aws.once(
            ("log-groups", prefix),
            lambda: {one["logGroupName"]: one.get("storedBytes", 0) for one in _groups(aws, prefix)},
        )


def _group(aws: Aws, name: str) -> dict[str, Any] | None:
    return next((group for group in _groups(aws, name) if group["logGroupName"] == name), None)


def _service(name: str) -> str:
    """How the names of all groups of a service begin."""
    return _BUILDS if name.startswith(_BUILDS) else _PIPELINES


def _groups(aws: Aws, prefix: str) -> Iterable[dict[str, Any]]:
    """The groups whose names begin so; of many pipelines in one list of all groups of that service."""

    def ask(beginning: str) -> list[dict[str, Any]]:
        pages = aws.client("logs").get_paginator("describe_log_groups")
        return [group for page in pages.paginate(logGroupNamePrefix=beginning) for group in page["logGroups"]]

    wider = _service(prefix)
    every = aws.list_for_many(f"log-groups {wider}", wider, ask)
    if every is None:
        return ask(prefix)
    return (group for group in every if group["logGroupName"].startswith(prefix))
