"""What `doctor` found, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from awspipe.doctor.findings import Finding, State


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, what to do below a problem, and the count."""
    width = max(len(one.name) for one in found)
    for one in found:
        yield f"{one.state!s:<8} {one.name:<{width}}  {one.says}"
        if one.fix:
            yield f"{'':<{width + 11}}fix: {one.fix}"
    yield _count(found)


def _count(found: Sequence[Finding]) -> str:
    problems, unknown = (sum(one.state is state for one in found) for state in (State.PROBLEM, State.UNKNOWN))
    count = "no problems" if not problems else "1 problem" if problems == 1 else f"{problems} problems"
    return count + (f", {unknown} not known" if unknown else "")


def exit_code(found: Sequence[Finding]) -> int:
    """4 where the credentials are a problem, 1 where anything else is, else 0."""
    return max((one.exit_code for one in found if one.state is State.PROBLEM), default=0)


def document(found: Sequence[Finding]) -> dict[str, Any]:
    """The findings as JSON."""
    return {
        "problems": sum(one.state is State.PROBLEM for one in found),
        "checks": [
            {"name": one.name, "state": _WORDS[one.state], "says": one.says, "fix": one.fix or None}
            for one in found
        ],
    }


_WORDS = {State.OK: "ok", State.PROBLEM: "problem", State.UNKNOWN: "unknown"}
