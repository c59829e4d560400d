"""How lines of several parts are laid out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_COMMAND = 45
"""A terminal of 80 columns has room for as long a command and what it does."""
_KIND = 16
"""As wide as the longest kind: `deployment-group`."""


def row(sign: str, kind: str, name: str) -> str:
    """A resource: what happens to it, what it is, which one."""
    return f"  {sign} {kind:<{_KIND}} {name}"


def next_commands(commands: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What to type next, with what it does: in a column, unless a long command would push it out of sight."""
    pairs = list(commands)
    widest = max((width(command) for command, _ in pairs), default=0)
    widest = widest if widest <= _COMMAND else 0
    for index, (command, what) in enumerate(pairs):
        yield f"{'next:' if index == 0 else '     '} {command:<{widest}}   {what}"


def counted(count: int, what: str) -> str:
    """A number of things: `1 build`, `2 builds`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def table(rows: Iterable[tuple[str, ...]], indent: str = "") -> Iterator[str]:
    """Rows with their cells in columns."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(most) for cell, most in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(padded)}".rstrip()


def width(text: str) -> int:
    """The columns of a terminal that a text takes: Hangul and its like take two."""
    return len(text) + sum(unicodedata.east_asian_width(one) in "WF" for one in text)


def start(text: str, columns: int) -> str:
    """As much of a text as fits."""
    while width(text) > columns:
        text = text[: -max(1, (width(text) - columns) // 2)]
    return text


def fitted(line: str, columns: int) -> str:
    """A line that is wider than the terminal broken between words, deeper where it goes on.

    What is one word, e.g. an ARN or an address to copy, stays whole.
    """
    if width(line) <= columns:
        return line
    deeper = " " * min(len(line) - len(line.lstrip()) + 4, columns // 3)
    rows = [""]
    for gap, word in re.findall(r"(\s*)(\S+)", line):
        if rows[-1].strip() and width(rows[-1] + gap + word) > columns:
            rows.append(deeper + word)
        else:
            rows[-1] += gap + word
    return "\n".join(rows)
