"""An execution as it goes on: a line for each change, a tree that is drawn anew, JSON lines, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from awspipe.cli.views import causes as causes_view
from awspipe.cli.views.moments import commit, first_line, iso
from awspipe.cli.views.sandbox import duration
from awspipe.cli.views.status import IDLE, SIGNS
from awspipe.executions import ActionExecution, Execution, Hold
from awspipe.failures import Cause
from awspipe.polling import Kind, Trouble
from awspipe.snapshots import Change
from awspipe.triggers import started_by


def sign(state: str) -> str:
    """A state's mark."""
    return SIGNS.get(state, IDLE)


def line(change: Change, approve: str, *, zone: tzinfo | None = None, several: bool = False) -> str:
    """A change as one line, with the time AWS gives for it.

    `zone` is where the clock hangs, by default here; `several`: say which execution it is of; `approve` is
    the command that answers an approval.
    """
    of = f"{change.execution.id[:8]} " if several else ""
    if change.action is not None:
        moment = change.action.started if change.action.state == "InProgress" else change.action.updated
        return f"{sign(change.action.state)} {_clock(moment, zone)}{of}{_action(change.action, approve)}"
    one = change.execution
    if change.hold is not None:
        return f"○ {_clock(one.updated, zone)}{of}{held(change.hold)}"
    which = f"execution {one.id[:8]}{f' {one.state}' if one.running else ''}"
    about = f"{which}: {_about(one)}" if one.revision else f"{which} {_about(one)}"
    return f"{sign(one.state)} {_clock(one.started, zone)}{about}".rstrip()


def _clock(moment: datetime | None, zone: tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S} " if moment else ""


def _action(one: ActionExecution, approve: str) -> str:
    if one.state == "InProgress":
        return f"{one.label} waits for an answer: {approve}" if one.is_approval else f"{one.label} InProgress"
    took = f" ({_took(one)})" if one.started and one.updated else ""
    why = f": {first_line(one.error[1])}" if one.error[1] else ""
    return f"{one.label} {one.state}{took}{why}"


def why(one: ActionExecution) -> str:
    """What an action says of its end itself."""
    return first_line(one.says) or one.state


def _took(one: ActionExecution | Execution, now: datetime | None = None) -> str:
    end = now or one.updated
    return duration((end - one.started).total_seconds()) if one.started and end else ""


def _about(one: Execution) -> str:
    """What it carries and what started it."""
    trigger = started_by(one.trigger, one.trigger_detail)
    return " ".join(
        filter(None, (commit(one.revision, one.message), f"(started by {trigger})" if trigger else ""))
    )


def held(hold: Hold) -> str:
    """Why an execution does nothing."""
    if hold.closed is not None:
        return f"waits before {hold.stage}: its entry is disabled ({first_line(hold.closed)})"
    behind = f": execution {hold.behind[:8]} is in it" if hold.behind else ""
    return f"waits before {hold.stage}{behind}"


def trouble(one: Trouble) -> Iterator[str]:
    """AWS cannot be asked at present."""
    yield f"! {one.message}"
    if one.kind is not Kind.THROTTLED:
        yield "  still watching: nothing has been stopped"
    if one.hint:
        yield f"  try: {one.hint}"


RECOVERED = "  AWS answers again"


def waiting(pipeline: str, newest: Execution | None, command: str) -> Iterator[str]:
    """No execution goes on: the next is waited for. `command` shows the newest."""
    if newest is None:
        yield f"{pipeline} has had no execution yet: waiting for one to start"
        return
    yield f"no execution of {pipeline} goes on: waiting for the next to start"
    facts = ", ".join(filter(None, (newest.state, commit(newest.revision, newest.message))))
    yield f"  the newest, {newest.id[:8]}, is {facts}"
    yield f"  try: `{command}` shows that one"


def waiting_record(pipeline: str, newest: Execution | None) -> dict[str, Any]:
    """The same as a JSON line."""
    return {
        "event": "waiting",
        "pipeline": pipeline,
        "newest_execution_id": newest.id if newest else None,
        "newest_status": newest.state if newest else None,
    }


def tree(one: Execution, approve: str, now: datetime) -> Iterator[str]:
    """The whole execution, for a terminal that is drawn anew."""
    yield f"{one.pipeline}: execution {one.id[:8]} {one.state}{_for(one, now)}"
    if facts := _about(one):
        yield f"  {facts}"
    rows = list(_rows(one, approve, now))
    width = max((len(name) for name, _ in rows), default=0)
    for name, fact in rows:
        yield f"{name:<{width}}  {fact}".rstrip()
    if one.hold is not None:
        yield f"  {held(one.hold)}"


def _for(one: Execution, now: datetime) -> str:
    took = _took(one, now if one.running else None)
    return f", {took}" if took else ""


def _rows(one: Execution, approve: str, now: datetime) -> Iterator[tuple[str, str]]:
    """A stage, its actions below it where they are not all it is: name and facts."""
    tries = {(it.stage, it.name): it for it in one.actions}
    declared = one.stages or tuple(
        (stage, tuple(it.name for it in one.actions if it.stage == stage))
        for stage in dict.fromkeys(it.stage for it in one.actions)
    )
    for stage, names in declared:
        state = one.stage_state(stage)
        if names == (stage,):
            found = tries.get((stage, stage))
            yield f"  {sign(state)} {stage}", _facts(found, approve, now) if found else ""
            continue
        yield f"  {sign(state)} {stage}", state
        for name in names if state else ():
            found = tries.get((stage, name))
            mark = sign(found.state if found else "")
            yield f"    {mark} {name}", _facts(found, approve, now) if found else ""


def _facts(one: ActionExecution, approve: str, now: datetime) -> str:
    if one.state == "InProgress" and one.is_approval:
        return f"waits for {_took(one, now)}: {approve}"
    took = _took(one, now if one.state == "InProgress" else None)
    return ", ".join(filter(None, (one.state, took)))


def end(one: Execution, causes: Sequence[Cause], sites: Sequence[str] = ()) -> Iterator[str]:
    """How an execution has ended, and why; or what it has brought up to date."""
    took = f" {'in' if one.state == 'Succeeded' else 'after'} {_took(one)}" if _took(one) else ""
    yield f"{sign(one.state)} {one.pipeline}: execution {one.id[:8]} {one.state}{took}"
    yield from causes_view.lines(causes)
    yield from (f"  Site        {url}" for url in sites)


def document(one: Execution) -> dict[str, Any]:
    """An execution as JSON: part of every line about it."""
    return {
        "pipeline": one.pipeline,
        "execution_id": one.id,
        "status": one.state,
        "revision": one.revision or None,
        "message": one.message or None,
        "trigger": one.trigger or None,
        "started": iso(one.started),
        "updated": iso(one.updated),
    }


def record(change: Change) -> dict[str, Any]:
    """A change as a JSON line: `event` is execution, action or hold."""
    of = document(change.execution)
    if change.action is not None:
        one = change.action
        return {"event": "action", **_keys(of), **_action_document(one)}
    if change.hold is not None:
        held_ = change.hold
        return {
            "event": "hold",
            **_keys(of),
            "stage": held_.stage,
            "transition_disabled": held_.closed,
            "behind_execution_id": held_.behind or None,
        }
    return {"event": "execution", **of}


def _keys(of: dict[str, Any]) -> dict[str, Any]:
    return {key: of[key] for key in ("pipeline", "execution_id")}


def _action_document(one: ActionExecution) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "action": one.name,
        "status": one.state,
        "provider": one.kind.rpartition("/")[2] or None,
        "waits_for_approval": one.is_approval and one.state == "InProgress",
        "started": iso(one.started),
        "updated": iso(one.updated),
        "summary": one.says or None,
        "url": one.url or None,
    }


def trouble_record(one: Trouble) -> dict[str, Any]:
    """A trouble as a JSON line; an event `recovered` comes when it is over."""
    return {"event": "trouble", "kind": str(one.kind), "message": one.message, "hint": one.hint or None}


def end_record(
    one: Execution, causes: Sequence[Cause], code: int, sites: Sequence[str] = ()
) -> dict[str, Any]:
    """The end as the last JSON line about an execution."""
    return {
        "event": "end",
        **document(one),
        "superseded_by_execution_id": one.superseded_by or None,
        "exit_code": code,
        "causes": causes_view.documents(causes),
        "sites": list(sites),
    }
