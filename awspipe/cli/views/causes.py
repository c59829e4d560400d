"""Why an execution failed: as lines that fit 80 columns, and as JSON."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from awspipe.failures import Cause

_WIDTH = 80
_ROWS = 3


def lines(causes: Iterable[Cause], indent: str = "  ") -> Iterator[str]:
    """Each cause with its fix and the last lines behind it.

    × Build: exit code 1 of the command: npm test
      fix: ...
      | the last lines of what ran, each in three rows at most
    """
    for cause in causes:
        where = place(cause)
        yield from _wrapped(f"{where}: {cause.line}" if where else cause.line, f"{indent}× ", indent + "    ")
        if cause.fix:
            yield from _wrapped(f"fix: {cause.fix}", indent + "  ", indent + "       ")
        for line in cause.detail:
            yield from _rows(line, indent)


def place(cause: Cause) -> str:
    """`Build`, or `Build/Unit` where stage and action differ; "" for the whole execution."""
    return "/".join(dict.fromkeys(one for one in (cause.stage, cause.action) if one))


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


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """Broken between words only: an ARN or a statement to copy stays whole."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rows(line: str, indent: str) -> Iterator[str]:
    """A line of what ran, in as many rows as it takes."""
    first, rest = f"{indent}  | ", f"{indent}    "
    width = _WIDTH - len(first)
    for number in range(_ROWS):
        row = _start(line, width)
        line = line[len(row) :]
        if line and number == _ROWS - 1:
            row = _start(row, width - 1) + "…"
        yield (rest if number else first) + row
        if not line:
            return


def _start(line: str, columns: int) -> str:
    """As much of a line as fits."""
    while _columns(line) > columns:
        line = line[: -max(1, (_columns(line) - columns) // 2)]
    return line


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes: Hangul and its like take two."""
    return len(text) + sum(unicodedata.east_asian_width(one) in "WF" for one in text)
