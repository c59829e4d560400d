"""Code frames: the line of a problem with a mark under the place, as wide as a terminal shows it.

6 |     acton: deploy
  |     ^^^^^
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

from awspipe.errors import Problem

SHOWN_LIMIT = 160
"""No more of a line than this is ever shown."""
_BEFORE_MARK = 60
_CUT = "..."
_MASK = "***"

Columns = tuple[int, int]
"""Where something stands in a line: first column (from 1) and the column after the last."""


def escaped(text: str) -> str:
    """`text` with everything that a terminal would act on, or not show, written as an escape."""
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    # Cc and Cf hold the control and bidi characters; Zs other than a space look like one and are not.
    if char == " " or (char.isprintable() and unicodedata.category(char) not in {"Cf", "Zs"}):
        return char
    if char in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(text: str) -> str:
    """A word of the user's for a message: escaped, and not too long."""
    shown = escaped(text)
    return f'"{shown[:57]}..."' if len(shown) > 60 else f'"{shown}"'


def width(text: str) -> int:
    """How many columns of a terminal `text` takes: Hangul takes two."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    # A vowel or final consonant of decomposed Hangul is drawn into the cell of the consonant before it.
    if "\u1160" <= char <= "\u11ff" or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Lines:
    """A text by its lines, with the columns that must not be shown."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"\r\n|\r|\n", text)
        self._starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", text))]
        self._secret: dict[int, set[Columns]] = {}

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def line(self, number: int) -> str:
        """Line `number`, counted from 1; "" past the end."""
        return self._lines[number - 1] if 1 <= number <= len(self._lines) else ""

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of a character of the text."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def hide(self, line: int, start: int, end: int) -> None:
        """Never show these columns: they may hold a secret."""
        if end > start:
            self._secret.setdefault(line, set()).add((start, end))

    def frame(self, line: int, column: int, length: int = 1) -> str:
        """The line and the mark under it; "" where there is no such line."""
        if not 1 <= line <= len(self._lines):
            return ""
        text = self.line(line)
        column = self._visible_column(line, min(column, len(text) + 1))
        first = max(column - _BEFORE_MARK, 1) if len(text) > SHOWN_LIMIT else 1
        before, rest = self._shown(line, first, column), self._shown(line, column, column + SHOWN_LIMIT)
        marked = self._shown(line, column, min(column + max(length, 1), len(text) + 1))
        start = (_CUT if first > 1 else "") + before
        shown = _clipped(start + rest, more=column + SHOWN_LIMIT <= len(text))
        carets = max(min(width(marked), width(shown) - width(start)), 1)
        return f"{f'{line:>5} | {shown}'.rstrip()}\n{'':>5} | {' ' * width(start)}{'^' * carets}"

    def _visible_column(self, line: int, column: int) -> int:
        """A mark inside of what is hidden stands at its beginning."""
        return min(
            (start for start, end in self._secret.get(line, ()) if start < column < end), default=column
        )

    def _shown(self, line: int, start: int, end: int) -> str:
        """Columns `start` to `end` of a line, escaped and with its secrets masked."""
        text, at, pieces = self.line(line), start, []
        for secret in sorted(one for one in self._secret.get(line, ()) if one[0] < end and one[1] > start):
            pieces += [escaped(text[at - 1 : max(secret[0], at) - 1]), _MASK]
            at = max(secret[1], at)
        return "".join([*pieces, escaped(text[at - 1 : end - 1]) if at < end else ""])


def _clipped(shown: str, *, more: bool) -> str:
    if len(shown) <= SHOWN_LIMIT and not more:
        return shown
    return shown[: SHOWN_LIMIT - len(_CUT)] + _CUT


def report(problem: Problem) -> str:
    """A problem as it is printed: what, where, the frame, what to do."""
    word = "warning" if problem.warning else "error"
    lines = [f"{word}: {problem.message}", f"  --> {problem.where()}"]
    lines += [problem.frame] if problem.frame else []
    lines += [f"   hint: {problem.hint}"] if problem.hint else []
    return "\n".join(lines)
