"""A pipeline's state as a tree and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from awspipe.cli.target import Target
from awspipe.cli.views import addresses, columns
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
_RUNNING = frozenset({"InProgress", "Stopping"})


def lines(target: Target, found: PipelineStatus, now: datetime) -> Iterator[str]:
    """The latest execution, the tree of stages, the addresses, the next command."""
    place = "the sandbox" if target.sandbox else f"account {found.scope.account}"
    yield f"{found.scope.pipeline} ({found.type}, version {found.version}) in {place}, {found.scope.region}"
    latest = next(iter(found.executions), None)
    if latest is not None:
        yield from _execution(latest, now)
    rows = list(_tree(found, latest.id if latest else "", now))
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, facts, details in rows:
        yield f"{name:<{width}}  {facts}"
        yield from (f"      {one}" for one in details)
    yield from addresses.lines(target, found.scope, found.addresses)
    name = found.scope.pipeline
    yield from columns.next_commands([(target.command_anywhere("down", name), "removes it; commits stay")])


_Row = tuple[str, str, tuple[str, ...]]
"""A name with its sign, facts beside it, details below."""


def _tree(found: PipelineStatus, latest: str, now: datetime) -> Iterator[_Row]:
    for stage in found.stages:
        only = stage.actions[0] if len(stage.actions) == 1 else None
        yield _stage(stage, only, latest, now)
        if only is None or only.name != stage.name:
            yield from (_action(action, now) for action in stage.actions)


def _stage(stage: StageStatus, only: ActionStatus | None, latest: str, now: datetime) -> _Row:
    merged = only is not None and only.name == stage.name
    facts = [stage.state or "not run yet", *(_times(only, now) if only and merged else ())]
    if stage.execution and stage.execution != latest:
        facts.append(f"execution {stage.execution[:8]}")
    details = [f"entry disabled: {stage.closed}"] if stage.closed is not None else []
    if only and merged:
        details += _summary(only)
    return f"  {_SIGNS.get(stage.state, _IDLE)} {stage.name}", ", ".join(facts), tuple(details)


def _action(action: ActionStatus, now: datetime) -> _Row:
    facts = [action.state or "not run yet", *_times(action, now)]
    return f"    {_SIGNS.get(action.state, _IDLE)} {action.name}", ", ".join(facts), tuple(_summary(action))


def _times(action: ActionStatus, now: datetime) -> Iterator[str]:
    """For how long it has been so."""
    if action.at:
        past = age(action.at, now)
        yield f"for {past}" if action.state == "InProgress" else f"{past} ago"


def _summary(action: ActionStatus) -> list[str]:
    return [first_line(action.summary)] if action.summary else []


def _execution(execution: ExecutionStatus, now: datetime) -> Iterator[str]:
    facts = [f"execution {execution.id[:8]}: {execution.state}"]
    if execution.started:
        facts.append(f"started {age(execution.started, now)} ago")
    if execution.started and execution.updated and execution.state not in _RUNNING:
        facts.append(f"took {age(execution.started, execution.updated)}")
    by = f" by {execution.trigger}" if execution.trigger else ""
    yield f"  {', '.join(facts)}{by}"
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
