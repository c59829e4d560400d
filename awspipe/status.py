"""Where a pipeline stands: its stages and actions, its latest executions, what a user may want to open.

GetPipelineState is the board of a SUPERSEDED or QUEUED pipeline; each stage on it may be of another
execution. A PARALLEL pipeline has no board: it is made here from the actions of its newest execution.
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from awspipe.addresses import addresses, scope_of
from awspipe.aws import Aws, maybe
from awspipe.errors import AwsError
from awspipe.executions import (
    UNFINISHED,
    ActionExecution,
    Execution,
    action_details,
    as_action,
    executions_of,
    newest_tries,
)
from awspipe.explain import explained
from awspipe.failures import Cause, causes
from awspipe.naming import Scope
from awspipe.providers.base import Address

RECENT = 10
"""As many executions are looked at."""

OPEN = UNFINISHED | {"Failed"}
"""The states of a stage of which more is asked than the board tells."""


@dataclass(frozen=True, slots=True)
class ActionStatus:
    """An action's latest run. `state` is AWS's word, or "" when it has not run yet.

    `at` is when that last changed. `started` and `ended` are known of stages that run or have failed.
    """

    name: str
    state: str
    at: datetime | None
    revision: str
    summary: str
    url: str
    asks: bool = False
    """Whether it waits for approval."""
    review: str = ""
    """What its approver is to look at."""
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageStatus:
    """A stage: the execution in it, those that wait to enter, and whether they may.

    `closed` is the reason they may not.
    """

    name: str
    state: str
    execution: str
    closed: str | None
    actions: tuple[ActionStatus, ...]
    inbound: tuple[str, ...] = ()
    deploys: bool = False
    """Whether it has an action that deploys."""
    causes: tuple[Cause, ...] = ()
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another execution of a PARALLEL pipeline that is under way, and the actions that go on in it."""

    execution: Execution
    runs: tuple[ActionExecution, ...]


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """A pipeline as it stands."""

    scope: Scope
    type: str
    version: int
    created: datetime | None
    updated: datetime | None
    stages: tuple[StageStatus, ...]
    executions: tuple[Execution, ...]
    addresses: tuple[Address, ...]
    mode: str = "SUPERSEDED"
    beside: tuple[Beside, ...] = ()

    @property
    def latest(self) -> Execution | None:
        """The newest execution."""
        return next(iter(self.executions), None)

    def execution(self, id_: str) -> Execution | None:
        """A recent execution of this id."""
        return next((one for one in self.executions if one.id == id_), None)


def status(aws: Aws, name: str) -> PipelineStatus | None:
    """A pipeline's state with the times and causes of what runs or has failed; None when there is none.

    The calls of `board`, then one for each execution that runs, waits or has failed in a stage, and for each
    that has failed those that its cause takes.
    """
    found = board(aws, name)
    if found is None or found.mode == "PARALLEL":
        return found
    with explained(f"look at pipeline {name}"):
        return _detailed(aws, found)


def board(aws: Aws, name: str, recent: int = RECENT) -> PipelineStatus | None:
    """A pipeline's state as AWS's board has it, in three calls side by side; None when there is none.

    A PARALLEL pipeline's takes one call more for each of its recent executions that is under way.
    """
    codepipeline = aws.client("codepipeline")
    absent = "PipelineNotFoundException"
    with explained(f"look at pipeline {name}"):
        declared, state, listed = aws.gather(
            lambda: maybe(lambda: codepipeline.get_pipeline(name=name), absent),
            lambda: maybe(lambda: codepipeline.get_pipeline_state(name=name), absent),
            lambda: maybe(lambda: _recent(aws, name, recent), absent),
        )
        if declared is None or state is None or listed is None:
            return None
        metadata, pipeline = declared["metadata"], declared["pipeline"]
        scope = scope_of(metadata["pipelineArn"])
        found = PipelineStatus(
            scope=scope,
            type=pipeline.get("pipelineType", "V1"),
            version=pipeline["version"],
            created=metadata.get("created"),
            updated=metadata.get("updated"),
            stages=tuple(_stage(one, pipeline) for one in state["stageStates"]),
            executions=listed,
            addresses=tuple(addresses(scope, pipeline)),
            mode=pipeline.get("executionMode", "SUPERSEDED"),
        )
        return _parallel(aws, found, pipeline) if found.mode == "PARALLEL" else found


def _recent(aws: Aws, name: str, limit: int) -> Any:
    return tuple(executions_of(aws, name, limit))


def _detailed(aws: Aws, found: PipelineStatus) -> PipelineStatus:
    """With the times of the actions in stages that run or have failed, and the causes of the failures."""
    name = found.scope.pipeline
    ids = dict.fromkeys(one.execution for one in found.stages if one.state in OPEN)
    failed = dict.fromkeys(one.execution for one in found.stages if one.state == "Failed")
    details = _details(aws, name, ids)
    why = {
        one: aws.submit(partial(why_failed, aws, name, one, details[one].result, found.execution(one)))
        for one in failed
    }
    runs = _runs(details)
    stages = (_with_runs(one, runs[one.execution]) if one.state in OPEN else one for one in found.stages)
    explained_ = (
        _with_causes(one, why[one.execution].result()) if one.state == "Failed" else one for one in stages
    )
    return replace(found, stages=tuple(explained_))


def timed(aws: Aws, found: PipelineStatus) -> PipelineStatus:
    """With the times of every action: one call for each execution of which they are not known yet."""
    with explained(f"look at the actions of {found.scope.pipeline}"):
        ids = dict.fromkeys(one.execution for one in found.stages if _untimed(one))
        runs = _runs(_details(aws, found.scope.pipeline, ids))
    stages = (_with_runs(one, runs[one.execution]) if _untimed(one) else one for one in found.stages)
    return replace(found, stages=tuple(stages))


def _untimed(stage: StageStatus) -> bool:
    return bool(stage.execution) and any(one.state and one.started is None for one in stage.actions)


def why_failed(
    aws: Aws,
    name: str,
    id_: str,
    actions: Callable[[], list[dict[str, Any]]] | None = None,
    known: Execution | None = None,
) -> tuple[Cause, ...]:
    """The causes of an execution's failure. Where they cannot be read that is said, and the rest is shown.

    `actions` and `known` as `causes` takes them.
    """
    try:
        return causes(aws, name, id_, actions, known)
    except AwsError as error:
        return (Cause("", "", f"why could not be read: {error.message}", error.hint),)


def _with_causes(stage: StageStatus, found: Iterable[Cause]) -> StageStatus:
    return replace(stage, causes=tuple(one for one in found if one.stage in (stage.name, "")))


def _details(aws: Aws, name: str, ids: Iterable[str]) -> dict[str, Future[list[dict[str, Any]]]]:
    """The actions of executions, asked for side by side."""
    return {one: aws.submit(partial(action_details, aws, name, one)) for one in ids}


def _runs(details: Mapping[str, Future[list[dict[str, Any]]]]) -> dict[str, tuple[ActionExecution, ...]]:
    return {one: newest_tries(map(as_action, asked.result())) for one, asked in details.items()}


def _with_runs(stage: StageStatus, runs: Iterable[ActionExecution]) -> StageStatus:
    own = {one.name: one for one in runs if one.stage == stage.name}
    actions = (_with_run(one, own[one.name]) if one.name in own else one for one in stage.actions)
    return replace(stage, actions=tuple(actions))


def _with_run(action: ActionStatus, run: ActionExecution) -> ActionStatus:
    return replace(
        action,
        started=run.started,
        ended=None if run.state == "InProgress" else run.updated,
        review=run.configuration.get("ExternalEntityLink", ""),
    )


def _parallel(aws: Aws, found: PipelineStatus, declaration: dict[str, Any]) -> PipelineStatus:
    """The board of the newest execution, and the others that are under way."""
    going_on = [one for one in found.executions[1:] if one.running]
    newest = found.latest
    if newest is None:
        return replace(found, stages=tuple(_made(one, (), None) for one in declaration["stages"]))
    name = found.scope.pipeline
    details = _details(aws, name, [newest.id, *(one.id for one in going_on)])
    runs = _runs(details)
    failed = newest.state == "Failed"
    why = why_failed(aws, name, newest.id, details[newest.id].result, newest) if failed else ()
    made = (_made(one, runs[newest.id], newest) for one in declaration["stages"])
    stages = tuple(_with_causes(one, why) if one.state == "Failed" else one for one in made)
    beside = (
        Beside(one, tuple(run for run in runs[one.id] if run.state == "InProgress")) for one in going_on
    )
    return replace(found, stages=stages, beside=tuple(beside))


def _made(stage: dict[str, Any], runs: Iterable[ActionExecution], execution: Execution | None) -> StageStatus:
    """A stage as the actions of one execution tell of it."""
    own = {one.name: one for one in runs if one.stage == stage["name"]}
    actions = tuple(made_action(one["name"], own.get(one["name"])) for one in stage["actions"])
    state = _state([one.state for one in actions], running=bool(execution and execution.running))
    return StageStatus(
        name=stage["name"],
        state=state,
        execution=execution.id if execution and own else "",
        closed=None,
        actions=actions,
        deploys=_deploys(stage),
    )


def made_action(name: str, run: ActionExecution | None) -> ActionStatus:
    """An action's state as its last try tells it."""
    if run is None:
        return ActionStatus(name, "", None, "", "", "")
    asks = run.is_approval and run.state == "InProgress"
    made = ActionStatus(name, run.state, run.updated, "", run.says, run.url, asks=asks)
    return _with_run(made, run)


def _state(states: Sequence[str], *, running: bool) -> str:
    """A stage's state from those of its actions."""
    for word, means in (("InProgress", "InProgress"), ("Failed", "Failed"), ("Abandoned", "Stopped")):
        if word in states:
            return means
    if all(states):
        return "Succeeded"
    return "InProgress" if running and any(states) else ""


def _deploys(stage: dict[str, Any]) -> bool:
    return any(one["actionTypeId"]["category"] == "Deploy" for one in stage["actions"])


def _stage(state: dict[str, Any], declaration: dict[str, Any]) -> StageStatus:
    latest = state.get("latestExecution") or {}
    transition = state.get("inboundTransitionState") or {"enabled": True}
    closed = None if transition["enabled"] else str(transition.get("disabledReason") or "no reason given")
    inbound = state.get("inboundExecutions") or filter(None, [state.get("inboundExecution")])
    return StageStatus(
        name=state["stageName"],
        state=latest.get("status", ""),
        execution=latest.get("pipelineExecutionId", ""),
        closed=closed,
        actions=tuple(_action(one) for one in state.get("actionStates", ())),
        inbound=tuple(one["pipelineExecutionId"] for one in inbound),
        deploys=any(_deploys(one) for one in declaration["stages"] if one["name"] == state["stageName"]),
    )


def _action(state: dict[str, Any]) -> ActionStatus:
    latest = state.get("latestExecution") or {}
    revision = state.get("currentRevision") or {}
    error = latest.get("errorDetails") or {}
    running = latest.get("status") == "InProgress"
    return ActionStatus(
        name=state["actionName"],
        state=latest.get("status", ""),
        at=latest.get("lastStatusChange"),
        revision=revision.get("revisionId", ""),
        summary=error.get("message") or latest.get("summary", ""),
        url=latest.get("externalExecutionUrl") or state.get("entityUrl", ""),
        asks=running and bool(latest.get("token")),
    )
