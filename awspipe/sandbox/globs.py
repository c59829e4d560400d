"""Glob patterns of trigger filters, as CodePipeline reads them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
"""

from __future__ import annotations

import re
from functools import cache

_TOKEN = re.compile(
    r"(?P<deep>(?:(?<=/)|^)\*\*/)|(?P<any>\*\*)|(?P<name>\*)|(?P<one>\?)|\\(?P<plain>.)"
    r"|\[(?P<not>!?)(?P<set>[^\]]+)\]|\{(?P<group>[^{}]*)\}|(?P<text>.)",
    re.DOTALL,
)


def matches(pattern: str, text: str) -> bool:
    """Whether a whole text matches: `*` and `?` stay within a folder, `**` crosses folders."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_expression(pattern), re.DOTALL)


def _expression(pattern: str) -> str:
    return "".join(_piece(token) for token in _TOKEN.finditer(pattern))


_WILD = {
    "deep": "(?:.*/)?",  # AWS's example has common/**/*.js include common/app.js
    "any": ".*",
    "name": "[^/]*",
    "one": "[^/]",
}


def _piece(token: re.Match[str]) -> str:
    kind = str(token.lastgroup)
    if kind == "set":
        return _set(token["not"], token["set"])
    if kind == "group":
        return f"(?:{'|'.join(_expression(one) for one in token['group'].split(','))})"
    return _WILD.get(kind) or re.escape(token[kind])


def _set(negated: str, members: str) -> str:
    """Within brackets `*`, `?` and the backslash mean themselves, and so does a hyphen that comes first."""
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    return f"(?!/)[{'^' if negated else ''}{escaped}]"
