"""What CodePipeline keeps of a pipeline and of an execution: plain data, pickled with its backend.

The engine that plays executions will add what it needs to `Execution`; the answers are made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

UNFINISHED = ("InProgress", "Stopping")


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why an execution started."""

    type: str
    detail: str


@dataclass(frozen=True, slots=True)
class Transition:
    """Whether executions may pass into or out of a stage, who said so, when and why."""

    enabled: bool
    changed_by: str
    changed_at: float
    reason: str | None


@dataclass
class Execution:
    """One run of a pipeline. It keeps the version of the structure that it began with."""

    id: str
    version: int
    mode: str
    trigger: Trigger
    started: float
    updated: float
    action_execution_id: str
    status: str = "InProgress"
    summary: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    source_revisions: list[dict[str, str]] = field(default_factory=list)
    token: str | None = None
    stop_reason: str | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it still goes on."""
        return self.status in UNFINISHED


@dataclass
class Pipeline:
    """A pipeline: every version of its structure, its transitions and its executions, oldest first."""

    name: str
    created: float
    updated: float
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    transitions: dict[tuple[str, str], Transition] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The newest version's number."""
        return max(self.versions)

    @property
    def declaration(self) -> dict[str, Any]:
        """The newest version of its structure."""
        return self.versions[self.version]

    @property
    def stage_names(self) -> list[str]:
        """The stages, in order."""
        return [stage["name"] for stage in self.declaration["stages"]]

    def forget_stages(self) -> None:
        """Drop the transitions of stages that are no more."""
        names = self.stage_names
        self.transitions = {key: value for key, value in self.transitions.items() if key[0] in names}
