"""What the agent is told to deploy, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LIFECYCLE = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
"""The lifecycle events of a deployment in place without a load balancer, in their order."""

SUCCESS = "Success"
SCRIPT_MISSING = "ScriptMissing"
SCRIPT_NOT_EXECUTABLE = "ScriptNotExecutable"
SCRIPT_TIMED_OUT = "ScriptTimedOut"
SCRIPT_FAILED = "ScriptFailed"
UNKNOWN_ERROR = "UnknownError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One deployment to one host."""

    deployment_id: str
    group_id: str
    group_name: str
    application: str
    bundle: str = ""
    """Where the revision lies: an archive or a directory. The agent copies it at DownloadBundle."""
    bundle_type: str | None = None
    """zip, tar or tgz; None: as the archive's first bytes say, or a directory."""
    file_exists_behavior: str = "DISALLOW"
    """Where the appspec says nothing."""
    root: str = "/"
    """What the host's `/` is here: where every absolute path of the appspec begins."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """More of the environment of scripts: BUNDLE_BUCKET and the like."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "variables": dict(self.variables)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a lifecycle event ended on a host. `code` is one of the API's LifecycleErrorCode."""

    event: str
    code: str = SUCCESS
    script: str = ""
    message: str = "Succeeded"
    log: str = ""

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == SUCCESS


class AgentError(Exception):
    """A lifecycle event fails; `log` is what its scripts had said."""

    def __init__(self, message: str, *, code: str = UNKNOWN_ERROR, script: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.script = script
