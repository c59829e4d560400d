"""`down` in lines and as JSON: what goes, what stays and why, what was left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awspipe.cli.views.plan import SIGNS
from awspipe.live import Inventory
from awspipe.plan import Plan
from awspipe.resources.base import kinds


def lines(plan: Plan, inventory: Inventory) -> Iterator[str]:
    """What goes and what stops costing with it; what stays and why."""
    for step in plan.work:
        priced = kinds()[step.key.kind].priced
        note = f"   (stops: {priced})" if priced else ""
        yield f"  {SIGNS[step.verb]} {step.key}{note}"
    yield from _kept(plan)
    for note in inventory.notes:
        yield f"  ! {note}"
    yield f"{plan.scope.pipeline}: {len(plan.work)} to delete, {len(plan.kept)} to keep"


def nothing(inventory: Inventory) -> Iterator[str]:
    """There is nothing to remove."""
    scope = inventory.scope
    yield f"nothing of {scope.pipeline} is left in account {scope.account}, {scope.region}"
    for key, kept in inventory.kept.items():
        yield f"  = {key} stays: {kept.why}"
    for note in inventory.notes:
        yield f"  ! {note}"


def proof(plan: Plan, again: Inventory) -> Iterator[str]:
    """The second search found nothing that was to go."""
    scope = plan.scope
    yield (
        f"{scope.pipeline} is gone: {len(plan.work)} deleted; "
        f"searched again by name and tag in account {scope.account}, {scope.region}: nothing is left"
        + (" but what was kept" if plan.kept else "")
    )
    yield from _kept(plan)
    for note in again.notes:
        yield f"  ! {note}"


def _kept(plan: Plan) -> Iterator[str]:
    for key, kept in plan.kept:
        yield f"  = {key} stays: {kept.why}"


def document(plan: Plan, *, removed: bool) -> dict[str, Any]:
    """`down` as JSON; `removed`: the steps were carried out and the last search found nothing else."""
    return {
        "pipeline": plan.scope.pipeline,
        "account": plan.scope.account,
        "region": plan.scope.region,
        "removed": removed,
        "steps": [
            {"verb": str(step.verb), "kind": step.key.kind, "name": step.key.name} for step in plan.work
        ],
        "keeps": [{"kind": key.kind, "name": key.name, "why": kept.why} for key, kept in plan.kept],
    }
