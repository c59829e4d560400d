"""What the sources behind a connection share: a repository at GitHub and its like, and what starts runs.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from awspipe.providers.base import Place, Producer
from awspipe.providers.codecommit import BranchName, clone_format
from awspipe.providers.fields import Flag, Json, Several, Spelled, Strict, Text
from awspipe.resources.base import Key, Reference, Resource
from awspipe.resources.connection import Connection
from awspipe.resources.late import late
from awspipe.resources.policy import Statement

Pattern = Annotated[Text, Field(max_length=255), Spelled(r"[^\n]+", "a pattern is one line")]
Patterns = Annotated[Several[Pattern], Field(max_length=8)]


class Filter(Strict):
    """Glob patterns, of which one must match and none may: `*` stays within a folder, `**` does not.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
    """

    includes: Patterns | None = None
    """What starts the pipeline; by default everything does."""
    excludes: Patterns | None = None
    """What does not, even if it is included."""

    @model_validator(mode="after")
    def _says_something(self) -> Filter:
        if not (self.includes or self.excludes):
            raise ValueError("write `includes`, `excludes` or both")
        return self

    def body(self) -> dict[str, list[str]]:
        """As CodePipeline takes it."""
        given = {"includes": self.includes, "excludes": self.excludes}
        return {key: list(value) for key, value in given.items() if value}


class PushFilter(Strict):
    """Which pushes start the pipeline: of tags, to branches, or to branches where certain files changed."""

    branches: Filter | None = None
    """The branches."""
    file_paths: Filter | None = None
    """The files, of which one must have changed. The push that makes a branch does not count."""
    tags: Filter | None = None
    """The tags."""

    @model_validator(mode="after")
    def _valid_combination(self) -> PushFilter:
        if self.tags and (self.branches or self.file_paths):
            raise ValueError("`tags` stand alone: branches and files go into a second filter of `push`")
        if not (self.tags or self.branches):
            raise ValueError("`push` needs `branches` or `tags`; `file_paths` only narrow branches down")
        return self

    def body(self) -> dict[str, object]:
        """As CodePipeline takes it."""
        return _body(branches=self.branches, filePaths=self.file_paths, tags=self.tags)


def _once(events: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(events)) < len(events):
        raise ValueError("`events` names one twice")
    return events


class PullRequestFilter(Strict):
    """Which pull requests start the pipeline, by the branch that they are to be merged into."""

    events: Annotated[Several[Literal["OPEN", "UPDATED", "CLOSED"]], AfterValidator(_once)] | None = None
    """What has happened to it; by default any of the three."""
    branches: Filter
    """The branches."""
    file_paths: Filter | None = None
    """The files, of which one must have changed."""

    def body(self) -> dict[str, object]:
        """As CodePipeline takes it."""
        events = {"events": list(self.events)} if self.events else {}
        return {**events, **_body(branches=self.branches, filePaths=self.file_paths)}


def _body(**filters: Filter | None) -> dict[str, object]:
    return {key: one.body() for key, one in filters.items() if one}


@dataclass(frozen=True, slots=True)
class _OneOrList:
    """One mapping may stand for a list of one; a mistake in it is reported where it stands."""

    model: type[Strict]

    def _read(self, value: Any, several: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, dict):
            return (self.model.model_validate(value),)
        if value == []:
            raise ValueError("a list of filters has at least one; leave the key out where there is none")
        return several(tuple(value) if isinstance(value, list) else value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        many = {**handler(schema), "minItems": 1}
        return {"anyOf": [many["items"], many]}


_ARN = r"arn:[a-z-]+:(?:codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[A-Za-z0-9-]+"
_CONNECTION = Spelled(
    rf"{_ARN}|(?!arn:)[^\n]{{1,32}}", "write a connection's ARN, or its name of at most 32 characters"
)
REPOSITORY = Spelled(r"[^\s/:]+/[^\s/:]+(?<!\.git)", "write owner/name, as in the address, without .git")


class Connected(Producer):
    """A branch of a repository that a connection leads to. A push to it starts the pipeline.

    Where the region has a complete connection to the provider that is nobody's else, it is used; else awspipe
    makes one, and `up` waits for the person who completes it in the console.
    """

    category = "Source"
    aws_provider = "CodeStarSourceConnection"
    output_count = (1, 1)
    default_outputs = 1
    output_variables = frozenset(
        {"AuthorDate", "BranchName", "CommitId", "CommitMessage", "ConnectionArn", "FullRepositoryName"}
    )
    word: ClassVar[str]
    """What a spec calls the provider."""

    repository: Annotated[Text, Field(max_length=500), REPOSITORY]
    """The repository, in the right letter case: `owner/name`."""
    branch: BranchName = "main"
    """The branch whose pushes start the pipeline; with `push` or `pull_request`, that of other runs."""
    connection: Annotated[Text, _CONNECTION] | None = None
    """A connection that is there, by name or ARN: used, never changed or removed. By default the region's
    only complete one to the provider; else a new one, which a person completes while `up` waits."""
    full_clone: Flag = False
    """true: a build gets a git clone with the whole history instead of the commit's files; only codebuild
    can take that."""
    detect_changes: Flag = True
    """false: no push starts the pipeline."""
    push: Annotated[tuple[PushFilter, ...], Field(max_length=3), _OneOrList(PushFilter)] | None = None
    """Only these pushes start the pipeline: of tags, to branches, to branches where certain files changed."""
    pull_request: (
        Annotated[tuple[PullRequestFilter, ...], Field(max_length=3), _OneOrList(PullRequestFilter)] | None
    ) = None
    """These pull requests start the pipeline."""

    @model_validator(mode="after")
    def _detects_or_filters(self) -> Connected:
        if not self.detect_changes and self.trigger():
            raise ValueError("`detect_changes: false` leaves nothing to filter for `push` and `pull_request`")
        return self

    def _key(self, place: Place) -> Key:
        return Key(Connection.kind, self.connection or place.scope.connection(self.word))

    def _arn(self, place: Place) -> str:
        known = self.connection and self.connection.startswith("arn:")
        return str(self.connection) if known else late(self._key(place))

    def resources(self, place: Place) -> Iterator[Resource]:
        """A connection, unless the spec names one. (Where one is there that serves, that is used.)"""
        if self.connection is None:
            yield Connection(name=self._key(place).name, scope=place.scope)

    def references(self, place: Place) -> Iterator[Reference]:
        """The connection that the spec names."""
        if self.connection is not None:
            yield Reference(Connection.kind, self.connection)

    def trigger(self) -> dict[str, object]:
        """The filters. With them AWS looks at nothing else, and takes the commit that they let through."""
        given = {"push": self.push, "pullRequest": self.pull_request}
        return {key: [one.body() for one in filters] for key, filters in given.items() if filters}

    def configuration(self, place: Place) -> dict[str, str]:
        """The table of AWS's has DetectChanges false where there are filters.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
        """
        return {
            "ConnectionArn": self._arn(place),
            "FullRepositoryId": self.repository,
            "BranchName": self.branch,
            "DetectChanges": "true" if self.detect_changes and not self.trigger() else "false",
            **clone_format(full=self.full_clone),
        }

    @property
    def hands_on_clone(self) -> bool:
        """With `full_clone`."""
        return self.full_clone

    def reading(self, place: Place) -> Iterator[Statement]:
        """A build clones with its own role, through the connection."""
        if self.full_clone:
            yield from self.statements(place)

    def statements(self, place: Place) -> Iterator[Statement]:
        """AWS asks for both, whichever of the service's two names the ARN has."""
        yield Statement(
            actions=("codeconnections:UseConnection", "codestar-connections:UseConnection"),
            resources=(self._arn(place),),
        )
