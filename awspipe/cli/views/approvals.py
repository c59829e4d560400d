"""Approvals that wait, and the answer to one, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from awspipe.approvals import Approval
from awspipe.cli.views import columns, moments
from awspipe.cli.views.moments import age, first_line, iso

_SAID = {"Approved": "approved", "Rejected": "rejected"}


def lines(approval: Approval, now: datetime) -> Iterator[str]:
    """An approval that waits: since when, for which commit, and what its asker wants to be read."""
    yield f"  ▶ {_waits(approval, now)}"
    yield from _about(approval)


def choice(approval: Approval, now: datetime) -> str:
    """The same as one of several to choose from."""
    return "\n".join([_waits(approval, now), *_about(approval)])


def _waits(approval: Approval, now: datetime) -> str:
    since = f"waits for {age(approval.since, now)}, " if approval.since else ""
    return f"{place(approval)}: {since}execution {approval.execution[:8]}"


def _about(approval: Approval) -> Iterator[str]:
    if approval.revision:
        yield f"    {commit(approval)}"
    if approval.review:
        yield f"    review  {first_line(approval.review)}"
    if approval.data:
        yield f"    comment {first_line(approval.data)}"


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
