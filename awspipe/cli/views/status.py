"""A pipeline's state as a tree and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from awspipe.cli.target import Target
from awspipe.cli.views import addresses
from awspipe.executions import ActionStatus, ExecutionStatus, PipelineStatus, StageStatus

_SIGNS = {
    "Succeeded": "●",
    "InProgress": "▶",
    "Stopping": "▶",
    "Failed": "×",
    "Stopped": "■",
    "Abandoned": "■",
    "Cancelled": "■",
    "Superseded": "■",
    "Skipped": "-",
}
_IDLE = "○"


def lines(target: Target, found: PipelineStatus, now: datetime) -> Iterator[str]:
    """The tree, the latest executions, the addresses, the next command."""
    place = "sandbox" if target.sandbox else f"account {found.scope.account}"
    yield f"{found.scope.pipeline} ({found.type}, version {found.version}) in {place}, {found.scope.region}"
    for stage in found.stages:
        yield from _stage(stage, now)
    for execution in found.executions[:1]:
        yield from _execution(execution, now)
    yield from addresses.lines(target, found.scope, found.addresses)
    sandbox = " --sandbox" if target.sandbox else ""
    yield f"next: awspipe down {found.scope.pipeline}{sandbox}   (removes all of it)"


def _stage(stage: StageStatus, now: datetime) -> Iterator[str]:
    closed = f"  [entry disabled: {stage.closed}]" if stage.closed is not None else ""
    yield f"  {_SIGNS.get(stage.state, _IDLE)} {stage.name}  {stage.state or 'not run yet'}{closed}"
    if len(stage.actions) == 1 and stage.actions[0].name == stage.name:
        yield from _details(stage.actions[0], "    ", now)
        return
    for action in stage.actions:
        yield f"    {_SIGNS.get(action.state, _IDLE)} {action.name}  {action.state or 'not run yet'}"
        yield from _details(action, "      ", now)


def _details(action: ActionStatus, indent: str, now: datetime) -> Iterator[str]:
    facts = [action.revision[:7], f"{age(action.at, now)} ago" if action.at else ""]
    if any(facts):
        yield indent + ", ".join(filter(None, facts))
    if action.summary:
        yield indent + first_line(action.summary)


def _execution(execution: ExecutionStatus, now: datetime) -> Iterator[str]:
    started = f", started {age(execution.started, now)} ago" if execution.started else ""
    trigger = f" by {execution.trigger}" if execution.trigger else ""
    yield f"  execution {execution.id[:8]}: {execution.state}{started}{trigger}"
    if execution.revision:
        yield f"    {execution.revision[:7]} {first_line(execution.message)}".rstrip()
    if execution.summary:
        yield f"    {first_line(execution.summary)}"


def first_line(text: str) -> str:
    """The first line of a text, without control characters: commit messages are anybody's."""
    line = text.strip().partition("\n")[0]
    return "".join(mark if mark.isprintable() else "?" for mark in line)


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in its largest unit: `40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = max(0, int((now - moment).total_seconds()))
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} d"


def document(target: Target, found: PipelineStatus) -> dict[str, Any]:
    """The state as JSON; times in ISO 8601."""
    return {
        "pipeline": found.scope.pipeline,
        "account": found.scope.account,
        "region": found.scope.region,
        "type": found.type,
        "version": found.version,
        "created": _time(found.created),
        "updated": _time(found.updated),
        "stages": [_stage_document(stage) for stage in found.stages],
        "executions": [_execution_document(one) for one in found.executions],
        "addresses": addresses.documents(target, found.scope, found.addresses),
    }


def _stage_document(stage: StageStatus) -> dict[str, Any]:
    return {
        "name": stage.name,
        "status": stage.state or None,
        "execution_id": stage.execution or None,
        "transition_disabled": stage.closed,
        "actions": [
            {
                "name": action.name,
                "status": action.state or None,
                "changed": _time(action.at),
                "revision": action.revision or None,
                "summary": action.summary or None,
                "url": action.url or None,
            }
            for action in stage.actions
        ],
    }


def _execution_document(one: ExecutionStatus) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.state,
        "started": _time(one.started),
        "updated": _time(one.updated),
        "revision": one.revision or None,
        "message": one.message or None,
        "trigger": one.trigger or None,
        "summary": one.summary or None,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
