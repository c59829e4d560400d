"""Why an execution failed: as lines, which the console fits to a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from awspipe.cli.views import columns
from awspipe.failures import Cause

AFTER_COMMIT = "after a commit that mends it"
"""What the command that pushes is for, where that is what helps."""

_MOST = 240
"""Columns of a line of what ran: some tools write a whole file on one."""


def lines(causes: Iterable[Cause], indent: str = "  ") -> Iterator[str]:
    """Each cause with its fix and the last lines behind it.

    × Build: exit code 1 of the command: npm test
      fix: ...
      | the last lines of what ran
    """
    for cause in causes:
        where = place(cause)
        yield f"{indent}× {where}: {cause.line}" if where else f"{indent}× {cause.line}"
        if cause.fix:
            yield f"{indent}  fix: {cause.fix}"
        yield from (f"{indent}  | {_shortened(line)}" for line in cause.detail)


def place(cause: Cause) -> str:
    """`Build`, or `Build/Unit` where stage and action differ; "" for the whole execution."""
    return "/".join(dict.fromkeys(one for one in (cause.stage, cause.action) if one))


def mended_by_commit(causes: Sequence[Cause]) -> bool:
    """Whether it lies in what was pushed, all of it: a retry would run the same commit again."""
    return bool(causes) and all(one.commit for one in causes)


def documents(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    """The causes as JSON: the same keys for every cause, null where they say nothing."""
    return [
        {
            "stage": one.stage or None,
            "action": one.action or None,
            "known": one.known or None,
            "line": one.line,
            "fix": one.fix or None,
            "detail": list(one.detail),
        }
        for one in causes
    ]


def _shortened(line: str) -> str:
    """A line of what ran, no longer than three rows of a terminal."""
    return line if columns.width(line) <= _MOST else columns.start(line, _MOST - 1) + "…"
