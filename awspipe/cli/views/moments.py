"""Times, commits and texts of others in a few words."""

from __future__ import annotations

from datetime import datetime


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in its largest unit: `40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = max(0, int((now - moment).total_seconds()))
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} d"


def first_line(text: str) -> str:
    """The first line of a text, without control characters: commit messages are anybody's."""
    line = text.strip().partition("\n")[0]
    return "".join(mark if mark.isprintable() else "?" for mark in line)


def commit(revision: str, message: str) -> str:
    """A revision and the first line of its message: `d0aedeb First page`; "" where there is none."""
    return f"{revision[:7]} {first_line(message)}".rstrip() if revision else ""


def iso(moment: datetime | None) -> str | None:
    """A time in ISO 8601, for JSON."""
    return moment.isoformat() if moment else None
