"""What CodePipeline keeps of a pipeline and of an execution: plain data, pickled with its backend.

The engine changes it (`engine.py`), the answers are made from it (`codepipeline_state.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from awspipe.sandbox.actions.base import Artifact, Revision

UNFINISHED = ("InProgress", "Stopping")
SUCCEEDED, FAILED, STOPPED, IN_PROGRESS = "Succeeded", "Failed", "Stopped", "InProgress"
SKIPPED = "Skipped"


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
class ActionExecution:
    """One try of one action."""

    id: str
    execution_id: str
    version: int
    stage: str
    declaration: dict[str, Any]
    role_arn: str
    region: str
    started: float
    updated: float
    inputs: list[Artifact]
    outputs: list[Artifact]
    status: str = IN_PROGRESS
    configuration: dict[str, str] = field(default_factory=dict)
    """With every variable resolved."""
    variables: dict[str, str] = field(default_factory=dict)
    error: tuple[str, str] | None = None
    summary: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    log_stream_arn: str | None = None
    revision: Revision | None = None
    token: str | None = None
    updated_by: str | None = None
    told: str = ""
    """The status that EventBridge has heard of."""

    @property
    def name(self) -> str:
        """The action's name."""
        return str(self.declaration["name"])

    @property
    def category(self) -> str:
        """The action's category."""
        return str(self.declaration["actionTypeId"]["category"])

    @property
    def going_on(self) -> bool:
        """Whether its end is waited for."""
        return self.status == IN_PROGRESS


@dataclass(frozen=True)
class RuleExecution:
    """One check of a rule of a stage's condition."""

    id: str
    execution_id: str
    version: int
    stage: str
    declaration: dict[str, Any]
    configuration: dict[str, str]
    """With its variables resolved."""
    status: str
    at: float
    summary: str = ""
    error: str | None = None
    """Why it could not be checked."""

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.declaration["name"])


@dataclass(frozen=True)
class Gate:
    """A stage's condition as it came out; `result` is what follows where it has failed."""

    kind: str
    """Where the stage declares it."""
    result: str
    status: str
    at: float
    rules: tuple[RuleExecution, ...] = ()


@dataclass
class StageExecution:
    """How far one execution came in one stage: the present try of each action that was begun."""

    status: str = IN_PROGRESS
    actions: dict[str, ActionExecution] = field(default_factory=dict)
    manual_retries: int = 0
    automatic_retries: int = 0
    last_retry: str | None = None
    gates: tuple[Gate, ...] = ()
    """The conditions that were checked."""

    @property
    def busy(self) -> bool:
        """Whether an action is waited for."""
        return any(one.going_on for one in self.actions.values())


@dataclass
class Execution:
    """One run of a pipeline. It keeps the version of the structure that it began with."""

    id: str
    version: int
    mode: str
    trigger: Trigger
    started: float
    updated: float
    action_execution_id: str = ""
    status: str = "InProgress"
    summary: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    source_revisions: list[dict[str, str]] = field(default_factory=list)
    token: str | None = None
    stop_reason: str | None = None
    type: str = "STANDARD"
    rollback_target: str | None = None
    pushed: dict[str, Revision] = field(default_factory=dict)
    """By source action: the revision of the event that started it."""
    at: str | None = None
    """The stage that it is in or waits for."""
    inside: bool = False
    """Whether it is in that stage; else it waits before it."""
    cancelling: bool = False
    """Whether the pipeline was updated meanwhile: it ends when its actions have."""
    stages: dict[str, StageExecution] = field(default_factory=dict)
    actions: list[ActionExecution] = field(default_factory=list)
    """Every try of every action, oldest first."""
    rules: tuple[RuleExecution, ...] = ()
    """Every check of every rule, oldest first."""
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    emptied: bool = False
    """Whether its artifacts are no longer there (pruning.py)."""
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)

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
    latest: dict[str, str] = field(default_factory=dict)
    """By stage: the execution that entered it last."""
    latest_actions: dict[tuple[str, str], ActionExecution] = field(default_factory=dict)
    """By stage and action: its last try, of whatever execution."""

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
        """Drop what is known of stages that are no more."""
        names = self.stage_names
        self.transitions = {key: value for key, value in self.transitions.items() if key[0] in names}
        self.latest = {stage: one for stage, one in self.latest.items() if stage in names}

    @property
    def unfinished(self) -> list[Execution]:
        """The executions that go on, oldest first."""
        return [one for one in self.executions if one.unfinished]

    def execution(self, wanted: str) -> Execution | None:
        """The execution of an id."""
        return next((one for one in self.executions if one.id == wanted), None)

    def stage(self, name: str, version: int | None = None) -> dict[str, Any] | None:
        """A stage's declaration, in the newest or a given version."""
        declaration = self.versions[version or self.version]
        return next((one for one in declaration["stages"] if one["name"] == name), None)

    def occupant(self, stage: str) -> Execution | None:
        """The execution that holds a stage. PARALLEL executions hold none."""
        inside = (one for one in self.unfinished if one.inside and one.at == stage)
        return next((one for one in inside if one.mode != "PARALLEL"), None)

    def waiting(self, stage: str) -> list[Execution]:
        """The executions that wait before a stage, oldest first."""
        return [one for one in self.unfinished if one.at == stage and not one.inside]

    def allowed_into(self, stage: str, version: int) -> bool:
        """Whether no transition on the way into a stage is disabled."""
        names = [one["name"] for one in self.versions[version]["stages"]]
        before = names[names.index(stage) - 1 : names.index(stage)] if stage != names[0] else []
        gates = [(stage, "Inbound"), *((one, "Outbound") for one in before)]
        return all(self.transitions[gate].enabled for gate in gates if gate in self.transitions)

    def approvals(self) -> Iterator[tuple[Execution, ActionExecution]]:
        """Every approval that waits for its answer."""
        for execution in self.unfinished:
            for one in execution.actions:
                if one.going_on and one.category == "Approval":
                    yield execution, one
