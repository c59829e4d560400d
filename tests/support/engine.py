"""Pipelines played in this process, with actions that go on until the test says how they end.

with engine.playing(tmp_path) as stage:
    stage.create(source(), build(), approval())
    stage.end("Source")                        # its action succeeds, and the engine goes on
    assert stage.going_on() == [("Build", 1)]  # the action, and the number of its execution
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import ActionRun, Job, Key, Revision
from tests.support import sandbox
from tests.support.clock import FakeClock

KEYS: tuple[Key, ...] = (
    ("Source", "AWS", "CodeCommit"),
    ("Build", "AWS", "CodeBuild"),
    ("Test", "AWS", "CodeBuild"),
    ("Deploy", "AWS", "S3"),
)


@dataclass
class Puppet(Job):
    """Plays an action by doing nothing: the test ends it."""

    runs: list[ActionRun] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def start(self, run: ActionRun) -> None:
        self.runs.append(run)

    def stop(self, run: ActionRun) -> None:
        self.stopped.append(run.name)


def still() -> dict[Key, Job]:
    """What makes every execution go on in its first stage for ever."""
    return dict.fromkeys(KEYS, Puppet())


@dataclass
class Stage:
    """A sandbox whose actions are puppets."""

    runtime: runtime.Runtime
    puppet: Puppet
    clock: FakeClock
    aws: Any
    role: str
    name: str = "shop"

    def create(self, *stages: dict[str, Any], **members: Any) -> None:
        """Make a pipeline of these stages; its first execution starts."""
        self.aws.create_pipeline(pipeline=self.declaration(*stages, **members))
        self.runtime.drain()

    def declaration(self, *stages: dict[str, Any], **members: Any) -> dict[str, Any]:
        return sandbox.pipeline(self.role, stages=list(stages), **members)

    def start(self, **request: Any) -> str:
        """Start an execution; its id."""
        made = self.aws.start_pipeline_execution(name=self.name, **request)["pipelineExecutionId"]
        self.runtime.drain()
        return str(made)

    def ids(self) -> list[str]:
        """The executions, oldest first."""
        found = self.aws.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]
        return [one["pipelineExecutionId"] for one in reversed(found)]

    def id(self, number: int) -> str:
        """The id of an execution: 1 is the oldest, -1 the newest."""
        return self.ids()[number - 1 if number > 0 else number]

    def statuses(self) -> list[str]:
        """How the executions stand, oldest first."""
        found = self.aws.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]
        return [one["status"] for one in reversed(found)]

    def live(self) -> list[ActionRun]:
        """The runs that the engine waits for."""
        return [run for run in self.puppet.runs if run.wanted]

    def going_on(self) -> list[tuple[str, int]]:
        """The actions that go on, and whose execution's."""
        numbers = {one: number for number, one in enumerate(self.ids(), 1)}
        return sorted((run.name, numbers[run.execution_id]) for run in self.live())

    def end(self, action: str, number: int | None = None, *, error: str = "", **result: Any) -> None:
        """Let an action end, of the oldest execution in which it goes on or of a given one."""
        wanted = None if number is None else self.id(number)
        run = next(one for one in self.live() if one.name == action and wanted in (None, one.execution_id))
        finish(run, error=error, **result)
        self.runtime.drain()

    def state(self, stage: str) -> dict[str, Any]:
        """A stage in GetPipelineState."""
        found = self.aws.get_pipeline_state(name=self.name)["stageStates"]
        return next(one for one in found if one["stageName"] == stage)

    def latest(self, stage: str) -> tuple[int, str] | None:
        """The execution that entered a stage last, and how it stands there."""
        found = self.state(stage).get("latestExecution")
        return found and (self.ids().index(found["pipelineExecutionId"]) + 1, found["status"])

    def waiting(self, stage: str) -> list[int]:
        """The executions that wait before a stage."""
        found = self.state(stage).get("inboundExecutions", [])
        return [self.ids().index(one["pipelineExecutionId"]) + 1 for one in found]

    def action(self, stage: str, name: str = "") -> dict[str, Any]:
        """The latest try of an action, in GetPipelineState."""
        states = self.state(stage)["actionStates"]
        found = next(one for one in states if one["actionName"] == (name or stage))
        return dict(found["latestExecution"])

    def approve(self, stage: str, status: str = "Approved", token: str | None = None, **names: str) -> Any:
        """Answer the approval of a stage."""
        token = token or self.action(stage)["token"]
        answer = self.aws.put_approval_result(
            pipelineName=self.name,
            **{"stageName": stage, "actionName": stage, **names},
            result={"status": status, "summary": "because"},
            token=token,
        )
        self.runtime.drain()
        return answer

    def stop(self, number: int, *, abandon: bool = False) -> None:
        self.aws.stop_pipeline_execution(
            pipelineName=self.name, pipelineExecutionId=self.id(number), abandon=abandon, reason="enough"
        )
        self.runtime.drain()

    def retry(self, stage: str, number: int, mode: str = "FAILED_ACTIONS") -> None:
        self.aws.retry_stage_execution(
            pipelineName=self.name, stageName=stage, pipelineExecutionId=self.id(number), retryMode=mode
        )
        self.runtime.drain()

    def hold(self, stage: str) -> None:
        """Disable the transition into a stage."""
        where = {"pipelineName": self.name, "stageName": stage, "transitionType": "Inbound"}
        self.aws.disable_stage_transition(**where, reason="wait")

    def let(self, stage: str) -> None:
        """Enable the transition into a stage."""
        where = {"pipelineName": self.name, "stageName": stage, "transitionType": "Inbound"}
        self.aws.enable_stage_transition(**where)
        self.runtime.drain()


def finish(run: ActionRun, *, error: str = "", **result: Any) -> None:
    """End a run, as its provider would."""
    if error:
        run.fail("JobFailed", error)
    else:
        result.setdefault("external_id", f"x-{run.name}")
        if run.outputs and not run.inputs:
            result.setdefault("revision", Revision("c" * 40, "a commit", created=1.0))
        run.succeed(**result)


@contextmanager
def playing(tmp_path: Path, **options: Any) -> Iterator[Stage]:
    """An empty account in which nothing but approvals is really played."""
    clock, puppet = FakeClock(), Puppet()
    given = {"actions": dict.fromkeys(KEYS, puppet), "clock": clock.time, **options}
    with sandbox.in_process(tmp_path, **given) as played:
        role = sandbox.role("pipeline", "codepipeline")
        yield Stage(played, puppet, clock, sandbox.client("codepipeline"), role)


def source(name: str = "Source", output: str = "Src", **members: Any) -> dict[str, Any]:
    """A stage with one source action."""
    where = {"RepositoryName": "shop", "BranchName": "main", "PollForSourceChanges": "false"}
    made = sandbox.action(
        name,
        "Source/CodeCommit",
        **{"configuration": where, "outputArtifacts": sandbox.artifacts(output), **members},
    )
    return {"name": name, "actions": [made]}


def build_action(name: str = "Build", **members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "configuration": {"ProjectName": "p"},
        "inputArtifacts": sandbox.artifacts("Src"),
    }
    return sandbox.action(name, "Build/CodeBuild", **given | members)


def build(name: str = "Build", *actions: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A stage that builds, with one action of its own name or the given ones."""
    return {"name": name, "actions": list(actions) or [build_action(name)], **members}


def approval(name: str = "Approve", **members: Any) -> dict[str, Any]:
    """A stage with one approval."""
    return {"name": name, "actions": [sandbox.action(name, "Approval/Manual", **members)]}
