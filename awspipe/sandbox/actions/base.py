"""What plays an action, and what it is given: the interface between the engine and the providers.

A module here defines one class for each way of working:

    class CodeBuild(Job):
        plays = (("Build", "AWS", "CodeBuild"), ("Test", "AWS", "CodeBuild"))

        def start(self, run: ActionRun) -> None:
            run.require("codebuild:StartBuild", project_arn)   # fails the action where the role may not
            ...
            run.note(external_id=build_id)                     # seen while the action goes on
            run.succeed(external_id=build_id, variables={"VERSION": "1"})

`start` is called in a thread of its own, without the runtime's lock: it may take its time, and may end the
run before it returns or leave that to somebody else (a build that has ended). Whatever it raises fails the
action; `ActionError` says with which code and sentence. A run ends once; what comes later is not heard,
because the action may have been abandoned meanwhile. Never call the sandbox's own services through HTTP
while holding the runtime's lock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

Key = tuple[str, str, str]
"""An action's category, owner and provider, e.g. ("Deploy", "AWS", "S3")."""

JOB_FAILED = "JobFailed"
CONFIGURATION_ERROR = "ConfigurationError"
PERMISSION_ERROR = "PermissionError"
REVISION_UNAVAILABLE = "RevisionUnavailable"
NOT_PLAYED = "ActionNotPlayedInSandbox"
"""The code of what the sandbox does not do: never a pretence."""


class ActionError(Exception):
    """The action fails, with this code and sentence in its `errorDetails`."""

    def __init__(self, code: str, message: str, *, external_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.external_id = external_id


@dataclass(frozen=True, slots=True)
class Revision:
    """What a source action fetched: a commit, a version of an object."""

    id: str
    summary: str | None = None
    url: str | None = None
    created: float | None = None
    branch: str | None = None
    """Where it was pushed to, if that is another branch than the action's."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact of one execution: a zip object in the artifact bucket."""

    name: str
    bucket: str
    key: str
    revision: Revision | None = None
    """Where a source action made it: what it fetched."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an action ended."""

    error: ActionError | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None
    external_url: str | None = None
    summary: str | None = None
    revision: Revision | None = None


class Engine(Protocol):
    """What a run tells the engine; both take the runtime's lock themselves."""

    def note(self, run: ActionRun, facts: Mapping[str, str]) -> None:
        """Keep what is known of an action that goes on."""

    def finish(self, run: ActionRun, result: Result) -> None:
        """End an action, and go on with its pipeline."""

    def wanted(self, run: ActionRun) -> bool:
        """Whether the action still goes on."""

    def refusal(self, run: ActionRun, action: str, resource: str, context: Mapping[str, str]) -> str | None:
        """IAM's sentence when the run's role may not do something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRun:
    """One action of one execution, as its provider sees it."""

    account: str
    region: str
    """Where the action works: its own region, else the pipeline's."""
    pipeline: str
    pipeline_arn: str
    stage: str
    name: str
    """The action's name."""
    execution_id: str
    """The pipeline execution's id."""
    id: str
    """The action execution's own id: a new one for each try."""
    declaration: Mapping[str, Any]
    """The action as it was declared, with what stands beside the configuration (`commands` ...)."""
    configuration: Mapping[str, str]
    """Its configuration, with every `#{...}` resolved."""
    inputs: tuple[Artifact, ...]
    outputs: tuple[Artifact, ...]
    """Where to write the output artifacts."""
    role_arn: str
    """The role that the action works with: its own, else the pipeline's."""
    overrides: Mapping[str, str]
    """For a source: which revision was asked for, by type (`COMMIT_ID`, `S3_OBJECT_VERSION_ID` ...)."""
    pushed: Revision | None
    """For a source: the revision of the event that started the execution."""
    token: str | None
    """For an approval: what its answer must name."""
    folder: Path
    """A directory of the run's own; it is made when it is first asked for, and goes when the run ends."""
    engine: Engine = field(repr=False)

    def work_folder(self) -> Path:
        """`folder`, made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for the result: False once it was abandoned."""
        return self.engine.wanted(self)

    def may(self, action: str, resource: str) -> bool:
        """Whether the run's role may do something: `run.may("s3:GetObject", arn)`."""
        return self.engine.refusal(self, action, resource, {}) is None

    def require(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
        """Fail the action, in IAM's words, where its role may not do something.

        `context`: what the request says beside that, its keys in small letters (`aws:resourcetag/name`).
        """
        refused = self.engine.refusal(self, action, resource, context or {})
        if refused is not None:
            raise ActionError(PERMISSION_ERROR, refused)

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the action's account and region."""
        partition = self.pipeline_arn.split(":")[1]
        return f"arn:{partition}:{service}:{self.region}:{self.account}:{resource}"

    def note(self, **facts: str) -> None:
        """Tell while the action goes on: `external_id`, `external_url`, `summary`, `log_stream_arn`."""
        self.engine.note(self, facts)

    def succeed(
        self,
        *,
        variables: Mapping[str, str] | None = None,
        external_id: str | None = None,
        external_url: str | None = None,
        summary: str | None = None,
        revision: Revision | None = None,
    ) -> None:
        """End well. The output artifacts have been written; `variables` go under the action's namespace."""
        result = Result(
            variables=dict(variables or {}),
            external_id=external_id,
            external_url=external_url,
            summary=summary,
            revision=revision,
        )
        self.engine.finish(self, result)

    def fail(
        self, code: str, message: str, *, external_id: str | None = None, external_url: str | None = None
    ) -> None:
        """End badly: code and message are the action's `errorDetails`."""
        error = ActionError(code, message, external_id=external_id)
        self.engine.finish(self, Result(error=error, external_id=external_id, external_url=external_url))


class Job(ABC):
    """Plays the actions of some providers."""

    plays: ClassVar[tuple[Key, ...]] = ()
    """The action types: (category, owner, provider)."""

    @abstractmethod
    def start(self, run: ActionRun) -> None:
        """Do the action's work, or begin it."""

    def stop(self, run: ActionRun) -> None:  # noqa: B027 - most actions have nothing to stop
        """The sandbox stops: end at once what still runs for this action. Called with the lock held.

        Not called for an abandoned action: as on AWS, its provider goes on.
        """
