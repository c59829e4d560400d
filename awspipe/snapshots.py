"""Executions and their actions as frozen values, and what has changed between two looks at one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from awspipe.executions import UNFINISHED


@dataclass(frozen=True, slots=True)
class ActionExecution:
    """One try of an action. `kind` is `Category/Provider`; `error` is AWS's code and message, or empty."""

    id: str
    execution: str
    stage: str
    name: str
    state: str
    kind: str
    started: datetime | None
    updated: datetime | None
    summary: str
    error: tuple[str, str]
    url: str
    external_id: str
    log_stream: str

    @property
    def label(self) -> str:
        """`Stage/Action`, or one word where they are the same."""
        return self.stage if self.stage == self.name else f"{self.stage}/{self.name}"

    @property
    def is_approval(self) -> bool:
        """Whether somebody has to answer."""
        return self.kind.startswith("Approval/")


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an execution does nothing: it waits before `stage`. `behind` is the execution that is in it."""

    stage: str
    closed: str | None = None
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution as it stands. `actions` are the newest tries; `stages` the declared ones, in order."""

    pipeline: str
    id: str
    state: str
    summary: str = ""
    revision: str = ""
    message: str = ""
    trigger: str = ""
    trigger_detail: str = ""
    mode: str = ""
    started: datetime | None = None
    updated: datetime | None = None
    stages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    actions: tuple[ActionExecution, ...] = ()
    hold: Hold | None = None
    superseded_by: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state in UNFINISHED

    @property
    def busy(self) -> tuple[ActionExecution, ...]:
        """The actions that go on."""
        return tuple(one for one in self.actions if one.state == "InProgress")

    @property
    def approvals(self) -> tuple[ActionExecution, ...]:
        """The approvals that wait for an answer."""
        return tuple(one for one in self.busy if one.is_approval)

    def stage_state(self, stage: str) -> str:
        """AWS's word for how this execution stands in a stage; "" where it has not come to it."""
        states = {one.state for one in self.actions if one.stage == stage}
        declared = next((names for name, names in self.stages if name == stage), ())
        done = {one.name for one in self.actions if one.stage == stage and one.state == "Succeeded"}
        if not states:
            return ""
        if "InProgress" in states:
            return "InProgress"
        if states == {"Succeeded"} and (done >= set(declared) or not self.running):
            return "Succeeded"
        worst = next((one for one in ("Failed", "Abandoned") if one in states), "InProgress")
        return "Stopped" if worst == "Abandoned" else worst


def overtaker(newest_first: Iterable[dict[str, Any]], found: Execution) -> str:
    """The execution AWS names as the one that took over, else the oldest newer one that was not overtaken."""
    newer: list[dict[str, Any]] = []
    for one in newest_first:
        if one["pipelineExecutionId"] == found.id:
            break
        newer.insert(0, one)
    ids = [str(one["pipelineExecutionId"]) for one in newer]
    named = [one for one in ids if one in found.summary]
    passed = [str(one["pipelineExecutionId"]) for one in newer if one["status"] != "Superseded"]
    return next(iter(named or passed or ids), "")


def hold(stage_states: Iterable[dict[str, Any]], execution_id: str) -> Hold | None:
    """What an execution waits for, in GetPipelineState's answer; a PARALLEL pipeline has no state."""
    for stage in stage_states:
        waiting = stage.get("inboundExecutions") or [stage.get("inboundExecution") or {}]
        if execution_id not in [one.get("pipelineExecutionId") for one in waiting]:
            continue
        transition = stage.get("inboundTransitionState") or {"enabled": True}
        inside = stage.get("latestExecution") or {}
        return Hold(
            stage["stageName"],
            None if transition["enabled"] else str(transition.get("disabledReason") or "no reason given"),
            inside["pipelineExecutionId"] if inside.get("status") in UNFINISHED else "",
        )
    return None


def execution(answer: dict[str, Any]) -> Execution:
    """An execution from AWS's PipelineExecution or PipelineExecutionSummary; only this one has times."""
    revisions = answer.get("artifactRevisions") or answer.get("sourceRevisions") or ()
    revision: dict[str, str] = next(iter(revisions), {})
    trigger = answer.get("trigger") or {}
    return Execution(
        pipeline=answer.get("pipelineName", ""),
        id=answer["pipelineExecutionId"],
        state=answer["status"],
        summary=answer.get("statusSummary", ""),
        revision=revision.get("revisionId", ""),
        message=commit_message(revision.get("revisionSummary", "")),
        trigger=trigger.get("triggerType", ""),
        trigger_detail=trigger.get("triggerDetail", ""),
        mode=answer.get("executionMode", ""),
        started=answer.get("startTime"),
        updated=answer.get("lastUpdateTime"),
    )


def commit_message(summary: str) -> str:
    """A revision's message: that of a connection's source comes wrapped in JSON, with its provider."""
    if not summary.startswith("{"):
        return summary
    try:
        found = json.loads(summary)
    except ValueError:
        return summary
    return str(found.get("CommitMessage", summary)) if isinstance(found, dict) else summary


def action(detail: dict[str, Any]) -> ActionExecution:
    """One try of an action from AWS's ActionExecutionDetail."""
    kind = (detail.get("input") or {}).get("actionTypeId") or {}
    result = (detail.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    return ActionExecution(
        id=detail["actionExecutionId"],
        execution=detail["pipelineExecutionId"],
        stage=detail["stageName"],
        name=detail["actionName"],
        state=detail["status"],
        kind=f"{kind.get('category', '')}/{kind.get('provider', '')}",
        started=detail.get("startTime"),
        updated=detail.get("lastUpdateTime"),
        summary=result.get("externalExecutionSummary", ""),
        error=(error.get("code", ""), error.get("message", "")),
        url=result.get("externalExecutionUrl", ""),
        external_id=result.get("externalExecutionId", ""),
        log_stream=result.get("logStreamARN", ""),
    )


def newest_tries(found: Iterable[ActionExecution]) -> tuple[ActionExecution, ...]:
    """The newest try of each action, in the order in which they began. AWS lists the newest first."""
    newest: dict[tuple[str, str], ActionExecution] = {}
    for one in found:
        known = newest.get((one.stage, one.name))
        if known is None or _moment(one) > _moment(known):
            newest[one.stage, one.name] = one
    oldest_first = list(newest.values())[::-1]
    return tuple(sorted(oldest_first, key=_moment))


def _moment(one: ActionExecution) -> float:
    return one.started.timestamp() if one.started else 0.0


def _last_news(one: ActionExecution) -> float:
    moment = one.started if one.state == "InProgress" else one.updated
    return moment.timestamp() if moment else 0.0


def with_actions(whole: Execution, actions: tuple[ActionExecution, ...]) -> Execution:
    """An execution with its actions, and the times that they tell of it."""
    first = min((one.started for one in actions if one.started), default=None)
    last = max((one.updated for one in actions if one.updated), default=None)
    updated = max(filter(None, (whole.updated, last)), default=None)
    return replace(whole, actions=actions, started=whole.started or first, updated=updated, hold=None)


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise than at the last look: the execution itself, one of its actions, or its wait."""

    execution: Execution
    action: ActionExecution | None = None
    hold: Hold | None = None


def changes(before: Execution | None, after: Execution) -> Iterator[Change]:
    """What has changed between two looks, in the order in which it must have been."""
    told = before is not None and (before.state, before.revision) == (after.state, after.revision)
    if not told and (before is None or after.running):
        yield Change(after)
    known = {one.id: one.state for one in before.actions} if before else {}
    news = [one for one in after.actions if known.get(one.id) != one.state]
    for one in sorted(news, key=_last_news):
        yield Change(after, action=one)
    if after.hold is not None and (before is None or before.hold != after.hold):
        yield Change(after, hold=after.hold)
