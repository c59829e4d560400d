"""What has changed between two looks at an execution, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from awspipe.executions import UNFINISHED, ActionExecution, Execution, Hold


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
