"""Lines of builds and deployments: anybody may have written them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from awspipe.executions import ActionExecution, Execution
from awspipe.logs import Gap, LogLine

_COLOURS = ("36", "33", "35", "34", "32", "96", "93", "95", "94", "92")
_PLAIN, _ENDED = "\x1b[39m", "\x1b[0m"
_ESCAPE = re.compile(
    r"(?P<colour>\x1b\[[0-9;:]*m)"
    r"|\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)


def lines(found: Sequence[LogLine], labels: dict[str, int], *, terminal: bool, colour: bool) -> Iterator[str]:
    """Each line behind the action that wrote it. `labels` numbers the actions as they come.

    On a terminal nothing in a line can move the cursor or hide another; colours stay where they are wanted.
    """
    for one in found:
        label = one.action.label
        number = labels.setdefault(label, len(labels))
        text = neutral(one.text, colour=colour) if terminal or colour else one.text
        prefix = f"{label} | "
        if colour:
            prefix = f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{prefix}{_PLAIN}"
            text += _ENDED if "\x1b" in text else ""
        yield f"{prefix}{text}"


def neutral(text: str, *, colour: bool) -> str:
    """A line that a terminal can be given: what a progress bar ends as, no escape but colours."""
    last = text.rstrip("\r").rpartition("\r")[2]
    pieces: list[str] = []
    end = 0
    for found in _ESCAPE.finditer(last):
        pieces += (_printable(last[end : found.start()]), (found["colour"] or "") if colour else "")
        end = found.end()
    return "".join((*pieces, _printable(last[end:])))


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() or mark == "\t" else "?" for mark in text)


def record(one: LogLine) -> dict[str, Any]:
    """A line as JSON."""
    return {
        "event": "line",
        "time": datetime.fromtimestamp(one.moment / 1000, UTC).isoformat(timespec="milliseconds"),
        "execution_id": one.action.execution,
        "stage": one.action.stage,
        "action": one.action.name,
        "text": one.text,
    }


def gap(one: Gap) -> Iterator[str]:
    """What cannot be read."""
    yield f"! {one.action.label}: {one.why}"
    if one.hint:
        yield f"  try: {one.hint}"


def gap_record(one: Gap) -> dict[str, Any]:
    """The same as JSON."""
    where = {"stage": one.action.stage, "action": one.action.name}
    return {"event": "gap", **where, "message": one.why, "hint": one.hint or None}


def nothing(one: Execution, *, stage: str, action: str, silent: bool) -> Iterator[str]:
    """There are no lines of what was asked for; `silent`: what has begun of it has written none."""
    head = f"execution {one.id[:8]}"
    wanted = [it for it in one.actions if stage in ("", it.stage) and action in ("", it.name)]
    where = "/".join(dict.fromkeys(filter(None, (stage, action))))
    if silent:
        yield f"{head}: no lines" + (f" of {where}" if where else "")
    elif not wanted:
        yield f"{head} has run nothing in {where}" if where else f"{head}: no action has begun"
    else:
        yield f"{head}: there is no log of {', '.join(map(_does, wanted))}"
        yield "  builds (CodeBuild), commands (Commands) and deployments (CodeDeploy) write one"


def _does(one: ActionExecution) -> str:
    """An action with who does it."""
    return f"{one.label} ({one.kind.rpartition('/')[2]})"


def waits(label: str, approve: str) -> str:
    """An approval keeps the execution from going on."""
    return f"{label} waits for an answer: {approve}"


def ended(one: Execution) -> str:
    """How an execution ended whose lines were followed."""
    return f"execution {one.id[:8]} {one.state}"


def end_record(one: Execution) -> dict[str, Any]:
    """The same as JSON."""
    return {"event": "end", "execution_id": one.id, "status": one.state}
