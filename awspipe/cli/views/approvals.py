"""Approvals that wait, and the answer to one, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from awspipe.approvals import Approval
from awspipe.cli.views import columns, moments
from awspipe.cli.views.moments import age, first_line, iso

_SAID = {"Approved": "approved", "Rejected": "rejected"}


def lines(approval: Approval, now: datetime, sign: str = "▶") -> Iterator[str]:
    """An approval that waits: since when, for which commit, and what its asker wants to be read."""
    since = f"waits for {age(approval.since, now)}, " if approval.since else ""
    yield f"  {sign} {place(approval)}: {since}execution {approval.execution[:8]}"
    if approval.revision:
        yield f"    {commit(approval)}"
    if approval.review:
        yield f"    review  {first_line(approval.review)}"
    if approval.data:
        yield f"    comment {first_line(approval.data)}"


def choice(approvals: Sequence[Approval], now: datetime) -> Iterator[str]:
    """Several approvals, with numbers to choose by."""
    for number, one in enumerate(approvals, 1):
        yield from lines(one, now, sign=str(number))


def place(approval: Approval) -> str:
    """Where it waits: its stage, and its action where that is called otherwise."""
    return approval.stage if approval.stage == approval.action else f"{approval.stage}/{approval.action}"


def commit(approval: Approval) -> str:
    """The commit that it is about."""
    return moments.commit(approval.revision, approval.message)


def answered(pipeline: str, approval: Approval, status: str, follow: str) -> Iterator[str]:
    """The answer was taken; `follow` is what to type next."""
    about = f" ({commit(approval)})" if approval.revision else ""
    yield f"{_SAID[status]}: {place(approval)} of {pipeline}, execution {approval.execution[:8]}{about}"
    what = "follows what comes next" if status == "Approved" else "where it stands"
    yield from columns.next_commands([(follow, what)])


def document(approval: Approval) -> dict[str, Any]:
    """An approval as JSON."""
    return {
        "stage": approval.stage,
        "action": approval.action,
        "execution_id": approval.execution,
        "since": iso(approval.since),
        "revision": approval.revision or None,
        "message": approval.message or None,
        "review": approval.review or None,
        "comment": approval.data or None,
    }
