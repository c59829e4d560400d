"""`provider: codecommit`: the source is a branch of a CodeCommit repository.

Changes are seen by an EventBridge rule, not by polling: a push starts the pipeline within seconds and nothing
is asked for in between.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator

from awspipe.providers.base import Address, Place, Producer
from awspipe.providers.events import starting
from awspipe.providers.fields import Flag, Spelled, Text
from awspipe.resources.base import Reference, Resource
from awspipe.resources.policy import Statement
from awspipe.resources.repository import Repository

RepositoryName = Annotated[
    Text, Field(max_length=100), Spelled(r"[A-Za-z0-9_.-]+", "use only letters, digits and . _ -")
]
BranchName = Annotated[
    Text, Field(max_length=256), Spelled(r"[^\s~^:?*\[\\]+", "git takes no spaces nor any of ~ ^ : ? * [ \\")
]


def clone_format(*, full: bool) -> dict[str, str]:
    """The artifact's format in a source's configuration; a zip of the files is the default."""
    return {"OutputArtifactFormat": "CODEBUILD_CLONE_REF"} if full else {}


class CodeCommit(Producer):
    """A branch of a CodeCommit repository. A push to it starts the pipeline."""

    category = "Source"
    aws_provider = "CodeCommit"
    output_count = (1, 1)
    default_outputs = 1
    output_variables = frozenset(
        {"AuthorDate", "BranchName", "CommitId", "CommitMessage", "CommitterDate", "RepositoryName"}
    )

    provider: Literal["codecommit"]
    repository: RepositoryName
    """The repository. awspipe makes it, and `up` pushes the current commit into it."""
    branch: BranchName = "main"
    """The branch whose pushes start the pipeline."""
    full_clone: Flag = False
    """true: a build gets a git clone with the whole history instead of the commit's files; only codebuild
    can take that. The build's role is then one more active user of CodeCommit."""
    existing: Flag = False
    """true: the repository is there already; awspipe uses it and never changes or removes it."""

    @field_validator("repository")
    @classmethod
    def _not_a_clone_url(cls, name: str) -> str:
        if name.endswith(".git"):
            raise ValueError('a CodeCommit repository name cannot end with ".git"')
        return name

    def resources(self, place: Place) -> Iterator[Resource]:
        """The repository, and the rule (with its role) that starts the pipeline on a push."""
        scope = place.scope
        if not self.existing:
            yield Repository(name=self.repository, scope=scope)
        yield from starting(place, self._pattern(place))

    def _pattern(self, place: Place) -> dict[str, object]:
        return {
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [place.scope.repository_arn(self.repository)],
            "detail": {
                "event": ["referenceCreated", "referenceUpdated"],
                "referenceType": ["branch"],
                "referenceName": [self.branch],
            },
        }

    def references(self, place: Place) -> Iterator[Reference]:
        """An existing repository."""
        if self.existing:
            yield Reference(Repository.kind, self.repository)

    def configuration(self, place: Place) -> dict[str, str]:
        """Polling is switched off: together with the rule, each push would start two executions."""
        return {
            "RepositoryName": self.repository,
            "BranchName": self.branch,
            "PollForSourceChanges": "false",
            **clone_format(full=self.full_clone),
        }

    @property
    def hands_on_clone(self) -> bool:
        """With `full_clone`."""
        return self.full_clone

    def reading(self, place: Place) -> Iterator[Statement]:
        """A build clones with its own role."""
        if self.full_clone:
            arn = place.scope.repository_arn(self.repository)
            yield Statement(actions=("codecommit:GitPull",), resources=(arn,))

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to fetch a commit as an artifact."""
        yield Statement(
            actions=(
                "codecommit:CancelUploadArchive",
                "codecommit:GetBranch",
                "codecommit:GetCommit",
                "codecommit:GetRepository",
                "codecommit:GetUploadArchiveStatus",
                "codecommit:UploadArchive",
            ),
            resources=(place.scope.repository_arn(self.repository),),
        )

    def addresses(self, place: Place) -> Iterator[Address]:
        """Where to push."""
        url = Repository.https_url(place.scope, self.repository)
        yield Address("Repository", url, self.repository)
