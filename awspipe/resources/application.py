"""CodeDeploy applications: one a pipeline, the frame of its deployment groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, maybe, tag_list, tags_of
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

ABSENT = "ApplicationDoesNotExistException"
_GET = frozenset({"codedeploy:GetApplication"})
_LIST = frozenset({"codedeploy:ListApplications"})


@dataclass(frozen=True, kw_only=True)
class Application(Resource):
    """A CodeDeploy application for servers."""

    kind: ClassVar[str] = "application"
    indexed: ClassVar[bool] = False
    permissions: ClassVar[Rights] = Rights(
        search=_GET,
        many=_LIST,
        find=_GET | {"codedeploy:ListTagsForResource"},
        make=frozenset({"codedeploy:CreateApplication", "codedeploy:TagResource"}),
        remove=frozenset({"codedeploy:DeleteApplication"}),
        adopt=frozenset({"codedeploy:ListDeploymentGroups"}),
        unbound=_LIST,
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"ApplicationAlreadyExistsException"})

    def body(self) -> Body:
        """What it deploys to."""
        return {"computePlatform": "Server"}

    def create(self, aws: Aws) -> None:
        """One call."""
        aws.client("codedeploy").create_application(
            applicationName=self.name, computePlatform="Server", tags=tag_list(self.scope.tags)
        )

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """One for servers, with nothing in it: its deployment groups would go with it."""
        found = find_application(aws, self.name)
        if found is None:
            return Untouchable("it has gone meanwhile")
        platform = found["application"]["computePlatform"]
        if platform != "Server":
            return Untouchable(f"it deploys to {platform}, and that cannot be changed")
        groups = groups_of(aws, self.name)
        if groups:
            return Untouchable(f"it has deployment groups, which would go with it: {', '.join(groups)}")
        return Live({"computePlatform": platform}, None)

    def claim(self, aws: Aws) -> None:
        """One tag more."""
        aws.client("codedeploy").tag_resource(
            ResourceArn=self.scope.application_arn(self.name), Tags=tag_list(self.scope.tags)
        )

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of all there are."""
        every = _every(aws)
        if every is not None:
            aws.rule_out(cls.kind, names, lambda: every)

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """Platform and owner."""
        found = None if aws.is_ruled_out(cls.kind, name) else find_application(aws, name)
        if found is None:
            return None
        platform = found["application"]["computePlatform"]
        return cls.whole(aws, scope, name, {"computePlatform": platform})

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.application_arn(name)
        answer = maybe(lambda: aws.client("codedeploy").list_tags_for_resource(ResourceArn=arn), ABSENT)
        return answer and tags_of(answer["Tags"])

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """AWS removes what is left in it too; one that is absent is fine."""
        aws.client("codedeploy").delete_application(applicationName=name)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """There is one name it can have."""
        return (scope.application_arn(name or scope.application),)

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """There is one name it can have."""
        name, every = scope.application, _every(aws)
        if every is not None:
            return every & {name}
        return frozenset({name} if find_application(aws, name) else ())


def _every(aws: Aws) -> frozenset[str] | None:
    """The names of all there are; None where one pipeline alone is asked about, or they may not be listed."""

    def ask(_: str) -> frozenset[str]:
        pages = aws.client("codedeploy").get_paginator("list_applications")
        return frozenset(name for page in pages.paginate() for name in page["applications"])

    return aws.list_for_many("applications", "", ask)


def find_application(aws: Aws, name: str) -> dict[str, Any] | None:
    """GetApplication's answer, asked for once a reading; None when there is none."""
    get = aws.client("codedeploy").get_application
    return aws.once(("application", name), lambda: maybe(lambda: get(applicationName=name), ABSENT))


def groups_of(aws: Aws, application: str) -> tuple[str, ...]:
    """The names of an application's deployment groups; none where there is no application."""
    pages = aws.client("codedeploy").get_paginator("list_deployment_groups")

    def ask() -> tuple[str, ...]:
        listed = pages.paginate(applicationName=application)
        return tuple(group for page in listed for group in page["deploymentGroups"])

    return maybe(ask, ABSENT) or ()
