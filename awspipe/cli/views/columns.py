"""How lines of several parts are laid out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

_KIND = 16
"""As wide as the longest kind: `deployment-group`."""


def row(sign: str, kind: str, name: str) -> str:
    """A resource: what happens to it, what it is, which one."""
    return f"  {sign} {kind:<{_KIND}} {name}"


def next_commands(commands: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What to type next, with what it does."""
    pairs = list(commands)
    width = max((len(command) for command, _ in pairs), default=0)
    for index, (command, what) in enumerate(pairs):
        yield f"{'next:' if index == 0 else '     '} {command:<{width}}   {what}"


def counted(count: int, what: str) -> str:
    """A number of things: `1 build`, `2 builds`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def table(rows: Iterable[tuple[str, ...]], indent: str = "") -> Iterator[str]:
    """Rows with their cells in columns."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(padded)}".rstrip()


def fitted(line: str, width: int) -> str:
    """A line that is wider than the terminal broken between words, deeper where it goes on."""
    if len(line) <= width:
        return line
    indent = " " * min(len(line) - len(line.lstrip()) + 4, width // 3)
    return "\n".join(
        textwrap.wrap(
            line,
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
    )
