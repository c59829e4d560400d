"""The table of known causes: what to look for, and what it means.

A row's `line` and `fix` are sentences with `{names}`: groups of its pattern, `facts` of the failure, and what
its `more` finds out, which is None where the row is not meant after all. Rows are tried in order, so what is
special stands before what is general.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from awspipe.failures import plain
from awspipe.failures.cause import Cause, Failure, Said, Where

_LONGEST = 8000
"""As much of a text is searched: anybody may have written it, and of any length."""

More = Callable[[Failure, re.Match[str]], Mapping[str, str] | None]


def nothing(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """No more is to be found out."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One known cause.

    `where` says whose words are looked at, `code` and `text` are searched in them without regard to case.
    `means` is the cause in general, where `line` alone does not say it. `commit`: it lies in what was pushed,
    so a commit mends it. `source` is where the words are
    public; a row that is not `verified` was made from a description of the
    failure, or from what the sandbox says, and is therefore matched loosely.
    """

    name: str
    where: tuple[Where, ...]
    text: str = ""
    code: str = ""
    category: str = ""
    provider: str = ""
    line: str
    fix: str = ""
    more: More = nothing
    means: str = ""
    commit: bool = False
    source: str
    verified: bool = True


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def explained(rows: Iterable[Row], failure: Failure) -> Cause:
    """The first row that knows a failure, filled in; AWS's own words where none does."""
    for row in rows:
        found = _match(row, failure)
        more = None if found is None else row.more(failure, found)
        if found is not None and more is not None:
            return _cause(row, failure, {**_groups(found), **more})
    return _made(failure, _own_words(failure))


def _match(row: Row, failure: Failure) -> re.Match[str] | None:
    if row.category not in ("", failure.category) or row.provider not in ("", failure.provider):
        return None
    for one in failure.said:
        if one.where in row.where and re.search(row.code, one.code, re.IGNORECASE):
            found = re.search(row.text, one.text[:_LONGEST], re.IGNORECASE | re.DOTALL)
            if found is not None:
                return found
    return None


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value or "" for name, value in match.groupdict().items()}


def _cause(row: Row, failure: Failure, found: Mapping[str, str]) -> Cause:
    facts = _Facts({**failure.facts, **found})
    made = _made(failure, row.line.format_map(facts), row.fix.format_map(facts), row.name)
    return replace(made, commit=row.commit)


def _made(failure: Failure, line: str, fix: str = "", known: str = "") -> Cause:
    """A cause in words, with the evidence behind it."""
    return Cause(
        stage=failure.stage,
        action=failure.action,
        line=plain.line(line),
        fix=plain.line(fix),
        detail=(*plain.tail(failure.detail), *(f"({one})" for one in dict.fromkeys(failure.unread))),
        known=known,
    )


def _own_words(failure: Failure) -> str:
    said: Said | None = next((one for one in failure.said if one.text and one.where is not Where.LOG), None)
    if said is None:
        return f"{failure.action} {failure.status.lower()}, and AWS does not say why"
    return f"{said.text} ({said.code})" if said.code and said.code not in said.text else said.text
