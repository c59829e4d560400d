"""What `awspipe deploy` says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awspipe.sandbox.agent.order import Order, Outcome


def said(line: str) -> str:
    """A line of a script."""
    return f"    {line}"


def event(outcome: Outcome) -> list[str]:
    """A lifecycle event that has ended."""
    if outcome.ok:
        return [f"  + {outcome.event}"]
    first, *more = outcome.message.splitlines() or ["it failed"]
    return [f"  ! {outcome.event}: {first} ({outcome.code})", *(f"    {line}" for line in more)]


def end(deployment: str, outcomes: Sequence[Outcome], events: Sequence[str]) -> str:
    """How it went."""
    if outcomes[-1].ok:
        return f"deployed: {deployment}"
    skipped = events[len(outcomes) :]
    rest = f"; skipped: {', '.join(skipped)}" if skipped else ""
    return f"{deployment} failed in {outcomes[-1].event}{rest}"


def document(order: Order, outcomes: Sequence[Outcome], events: Sequence[str]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "deployment": order.deployment_id,
        "root": order.root,
        "status": "Succeeded" if outcomes[-1].ok else "Failed",
        "events": [asdict(one) for one in outcomes],
        "skipped": list(events[len(outcomes) :]),
    }
