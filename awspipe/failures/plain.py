"""What a build or a script said, made fit to be shown: anybody may have written it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from awspipe.formats.secrets import redacted

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LONGEST = 1000
LAST = 10
"""Lines of detail that are kept."""


def line(text: str) -> str:
    """A text as one line: no secret, no colour, no control character, no line end."""
    joined = " ".join(redacted(_ESCAPE.sub("", text)).split())
    return _printable(joined[:_LONGEST])


def tail(texts: Iterable[str], count: int = LAST) -> list[str]:
    """The last lines of a text in pieces, with what only moves the cursor taken out."""
    text = redacted(_ESCAPE.sub("", "".join(one if one.endswith("\n") else f"{one}\n" for one in texts)))
    lines = (_shown(one) for one in reversed(text.split("\n")))
    return list(itertools.islice(filter(None, lines), count))[::-1]


def _shown(text: str) -> str:
    return _printable(_final(text)[:_LONGEST].expandtabs(4).rstrip())[:_LONGEST]


def _final(text: str) -> str:
    """What a line ends as: progress bars write over themselves."""
    return text.rstrip("\r").rpartition("\r")[2]


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "?" for mark in text)
