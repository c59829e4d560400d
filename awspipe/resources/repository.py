"""CodeCommit repositories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from awspipe.aws import Aws, batches, maybe, tags_of
from awspipe.explain import DENIED
from awspipe.naming import Scope
from awspipe.resources.base import Body, Kept, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

_ABSENT = "RepositoryDoesNotExistException"
_BATCH = 100
DEFAULT_BRANCH = "defaultBranch"
"""CodeCommit sets it with the first push."""
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?<!\.git)")
"""A pipeline's name may be none that a repository can have; AWS refuses even to look for it."""


@dataclass(frozen=True, kw_only=True)
class Repository(Resource):
    """A CodeCommit repository: made empty, filled by `git push`, kept when it holds commits."""

    kind: ClassVar[str] = "repository"
    priced: ClassVar[str] = "users beyond the free ones"
    meter: ClassVar[str] = "codecommit-user"
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"codecommit:ListBranches"}),
        find=frozenset(
            {"codecommit:GetRepository", "codecommit:ListBranches", "codecommit:ListTagsForResource"}
        ),
        use=frozenset({"codecommit:GetRepository"}),
        many=frozenset({"codecommit:BatchGetRepositories"}),
        make=frozenset({"codecommit:CreateRepository", "codecommit:GitPush", "codecommit:TagResource"}),
        remove=frozenset({"codecommit:DeleteRepository", "codecommit:GitPull"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"RepositoryNameExistsException"})

    @staticmethod
    def https_url(scope: Scope, name: str) -> str:
        """The address AWS gives a repository for git over HTTPS."""
        domain = "amazonaws.com.cn" if scope.partition == "aws-cn" else "amazonaws.com"
        return f"https://git-codecommit.{scope.region}.{domain}/v1/repos/{name}"

    def body(self) -> Body:
        """Nothing: a repository is its commits, and those are the user's."""
        return {}

    def create(self, aws: Aws) -> None:
        """One call, whose answer has the address too."""
        made = aws.client("codecommit").create_repository(repositoryName=self.name, tags=self.scope.tags)
        aws.preload(self.kind, {self.name: made["repositoryMetadata"]})

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """An empty one: commits are somebody's work."""
        if self.branches(aws, self.name):
            return Untouchable("it holds commits; `existing: true` uses it as it is")
        return Live({DEFAULT_BRANCH: None}, None)

    def claim(self, aws: Aws) -> None:
        """One tag more."""
        aws.client("codecommit").tag_resource(
            resourceArn=self.scope.repository_arn(self.name), tags=self.scope.tags
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The repository's owner, and its default branch: one that is empty has none."""
        metadata = cls._metadata(aws, name)
        if metadata is None:
            return None
        return cls.whole(aws, scope, name, {DEFAULT_BRANCH: metadata.get(DEFAULT_BRANCH)})

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.repository_arn(name)
        answer = maybe(lambda: aws.client("codecommit").list_tags_for_resource(resourceArn=arn), _ABSENT)
        return answer and tags_of(answer["tags"])

    @classmethod
    def exists(cls, aws: Aws, scope: Scope, name: str) -> bool:
        """Whether there is one of this name."""
        return cls._metadata(aws, name) is not None

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """A hundred in a call. Those that it cannot look at, or may not, are asked for one by one.

        https://docs.aws.amazon.com/codecommit/latest/APIReference/API_BatchGetRepositories.html
        """
        for some in batches([name for name in names if _NAME.fullmatch(name)], _BATCH):
            ask = partial(aws.client("codecommit").batch_get_repositories, repositoryNames=list(some))
            answer = maybe(ask, *DENIED)
            if answer is None:
                return
            found: dict[str, Any] = {one["repositoryName"]: one for one in answer["repositories"]}
            aws.preload(cls.kind, {**dict.fromkeys(answer["repositoriesNotFound"]), **found})

    @classmethod
    def _metadata(cls, aws: Aws, name: str) -> dict[str, Any] | None:
        def ask() -> dict[str, Any] | None:
            get = aws.client("codecommit").get_repository
            found = maybe(lambda: get(repositoryName=name), _ABSENT)
            if found is None:
                return None
            aws.preload(cls.kind, {name: found["repositoryMetadata"]})
            return dict(found["repositoryMetadata"])

        return aws.preloaded(cls.kind, name, ask)

    @classmethod
    def clone_url(cls, aws: Aws, name: str) -> str:
        """The address for git over HTTPS, as AWS gives it: asked for where no answer had it yet."""

        def ask() -> dict[str, Any]:
            return dict(aws.client("codecommit").get_repository(repositoryName=name)["repositoryMetadata"])

        return str(aws.preloaded(cls.kind, name, ask)["cloneUrlHttp"])

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Deleting one that is absent succeeds."""
        aws.client("codecommit").delete_repository(repositoryName=name)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The repository; a search looks for the usual one."""
        return (scope.repository_arn(name or scope.pipeline),)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The repository's name, where the ARN is one's."""
        prefix = scope.repository_arn("")
        return arn.removeprefix(prefix) if arn.startswith(prefix) else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """Under the pipeline's own name, the usual one; under another only the tag index knows it."""
        name = scope.pipeline
        if not _NAME.fullmatch(name) or aws.preloaded(cls.kind, name, dict[str, Any]) is None:
            return frozenset()
        return frozenset(() if cls.branches(aws, name) is None else {name})

    @classmethod
    def branches(cls, aws: Aws, name: str) -> tuple[str, ...] | None:
        """The names of its branches, asked for once a reading; None when there is no such repository."""
        pages = aws.client("codecommit").get_paginator("list_branches")

        def ask() -> tuple[str, ...]:
            return tuple(one for page in pages.paginate(repositoryName=name) for one in page["branches"])

        return aws.once(("branches", name), lambda: maybe(ask, _ABSENT))

    @classmethod
    def keep(cls, aws: Aws, scope: Scope, name: str) -> Kept | None:
        """A repository that holds commits is somebody's work."""
        held = cls.branches(aws, name)
        return Kept("it holds commits; --delete-data removes it too") if held else None
