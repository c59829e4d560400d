"""A pipeline's executions in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from awspipe.cli.views import causes
from awspipe.cli.views.moments import age, commit, first_line
from awspipe.cli.views.status import IDLE, SIGNS, execution_document
from awspipe.executions import Execution
from awspipe.failures import Cause
from awspipe.history import History
from awspipe.triggers import started_by


def lines(found: History, now: datetime) -> Iterator[str]:
    """An execution each: its state, when, how long, by whom; its commit; why it failed or was stopped."""
    if not found.executions:
        yield "no execution yet"
    for one in found.executions:
        yield _headline(one, now)
        yield from (f"      {line}" for line in _about(one, found.causes.get(one.id, ())))


def _headline(one: Execution, now: datetime) -> str:
    facts = [f"{one.id[:8]}  {one.state:<10}"]
    if one.started:
        facts.append(f"{age(one.started, now)} ago")
        if one.updated and not one.running:
            facts[-1] += f", took {age(one.started, one.updated)}"
    by = f"by {started_by(one.trigger, one.trigger_detail)}" if one.trigger else ""
    return "  ".join(filter(None, (f"  {SIGNS.get(one.state, IDLE)} {facts[0]}", *facts[1:], by))).rstrip()


def _about(one: Execution, why: tuple[Cause, ...]) -> Iterator[str]:
    if one.revision:
        yield commit(one.revision, one.message)
    if one.target:
        yield f"rolls back to {one.target[:8]}"
    if one.stop_reason:
        yield f"stopped: {first_line(one.stop_reason)}"
    for cause in why:
        where = causes.place(cause)
        yield f"{where}: {cause.line}" if where else cause.line
    if one.summary and not why:
        yield first_line(one.summary)


def document(found: History) -> list[dict[str, Any]]:
    """The executions as JSON; `causes` is null where no cause was looked for."""
    return [
        {
            **execution_document(one),
            "causes": causes.documents(found.causes[one.id]) if one.id in found.causes else None,
        }
        for one in found.executions
    ]
