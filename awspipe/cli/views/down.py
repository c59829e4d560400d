"""`down` in lines and as JSON: what goes, what stays and why, what was left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.plan import SIGNS
from awspipe.cost.prices import Price, number, shipped, usd
from awspipe.cost.stops import Stop, total
from awspipe.live import Inventory
from awspipe.naming import OWNER_TAG
from awspipe.plan import Plan
from awspipe.resources.base import Kept, Key, kinds


def lines(plan: Plan, inventory: Inventory, found: Sequence[Stop] = ()) -> Iterator[str]:
    """What goes and what stops costing with it; what stays and why."""
    for step in plan.work:
        yield columns.row(SIGNS[step.verb], step.key.kind, step.key.name)
    yield from _kept(plan.kept)
    yield from _notes(inventory)
    yield f"{plan.scope.pipeline}: {len(plan.work)} to delete, {len(plan.kept)} to keep"
    yield from stops(found)


def stops(found: Sequence[Stop]) -> Iterator[str]:
    """USD a month that each thing stops costing, and all together."""
    if not found:
        return
    prices = shipped()
    yield f"what stops costing (USD before tax, prices of {prices.as_of}):"
    rows = [(a_month(one.usd), f"{one.key}", one.how) for one in found]
    yield from columns.table([*rows, (a_month(total(found)), "in all", "and what is charged by use")], "  ")


def a_month(amount: Decimal | None) -> str:
    """USD a month, or that it depends on use."""
    return "by use" if amount is None else f"{usd(amount)} a month"


def nothing(inventory: Inventory, meant: str = "") -> Iterator[str]:
    """There is nothing to remove; `meant` is the command that may have been meant."""
    scope = inventory.scope
    but = " but what was kept" if inventory.kept else ""
    yield f"nothing of {scope.pipeline} is left{but} in account {scope.account}, {scope.region}"
    yield from _kept(inventory.kept.items())
    yield from _notes(inventory)
    if meant:
        yield f"  did you mean `{meant}`?"
    yield "  --region R looks in another region"


def proof(plan: Plan, again: Inventory, unowned: Iterable[Key] = ()) -> Iterator[str]:
    """The second search found nothing that was to go; `unowned` are what the first one saw of that kind."""
    scope = plan.scope
    again = replace(again, unowned=tuple(dict.fromkeys((*again.unowned, *unowned))))
    but = " but what was kept" if plan.kept else ""
    yield f"{scope.pipeline} is gone: {len(plan.work)} deleted"
    yield f"searched again by name and tag in account {scope.account}, {scope.region}: nothing is left{but}"
    yield from _kept(plan.kept)
    yield from _notes(again)
    if not (again.notes or again.unowned):
        yield _can_charge(plan)
    yield "what ran this month stays on the bill, which AWS shows up to a day late"


def _can_charge(plan: Plan) -> str:
    """What of the pipeline can still be charged for: nothing, or what was kept for its data."""
    prices, left = shipped(), f"{columns.counted(len(plan.kept), 'resource')} left that awspipe made"
    found = [
        price
        for key, _ in plan.kept
        if (meter := kinds()[key.kind].meter) and (price := prices.price(meter, plan.scope.region))
    ]
    if not found:
        return f"{left}; nothing of it can charge"
    each = "; ".join(dict.fromkeys(charged_as(price) for price in found))
    return f"{left}, for its data: {each}"


def charged_as(price: Price) -> str:
    """A meter in words: `$1.00 a user-month (active users), of which 5 are free`."""
    free = price.row.free
    some = f", of which {number(free.amount)} are free" if free and free.lasting else ""
    return f"${price.usd:f} {price.row.each} ({price.row.what}){some}"


def left(again: Inventory, found: Sequence[Stop]) -> Iterator[str]:
    """What is still there, each with how it is charged."""
    how = {one.key: one.how for one in found}
    yield from (f"{key} ({how.get(key, 'free')})" for key in again.keys)


def _kept(kept: Iterable[tuple[Key, Kept]]) -> Iterator[str]:
    for key, one in kept:
        yield columns.row("=", key.kind, f"{key.name} stays: {one.why}")


def _notes(inventory: Inventory) -> Iterator[str]:
    for note in inventory.notes:
        yield f"  ! {note}"
    for key in inventory.unowned:
        yield f"  ! {key} has a name as awspipe gives it, but not its tag: it stays{_costing(key)}"
        tag = f"{OWNER_TAG}={inventory.scope.pipeline}"
        yield f"    if it is this pipeline's: tag it {tag}, and `down` removes it"


def _costing(key: Key) -> str:
    return ", and may go on costing" if kinds()[key.kind].priced else ""


def document(
    plan: Plan,
    *,
    removed: bool,
    bundles: Sequence[Path] = (),
    found: Sequence[Stop] = (),
    stacks: Sequence[str] = (),
    unowned: Sequence[Key] = (),
) -> dict[str, Any]:
    """`down` as JSON; `removed`: the steps were carried out and the last search found nothing else.

    `stacks` are those that the pipeline deployed: they stay, and so do `unowned`, which lack our tag.
    """
    return {
        "pipeline": plan.scope.pipeline,
        "account": plan.scope.account,
        "region": plan.scope.region,
        "removed": removed,
        "steps": [
            {"verb": str(step.verb), "kind": step.key.kind, "name": step.key.name} for step in plan.work
        ],
        "keeps": [{"kind": key.kind, "name": key.name, "why": kept.why} for key, kept in plan.kept],
        "bundles": [str(path) for path in bundles],
        "stacks": list(stacks),
        "unowned": [{"kind": key.kind, "name": key.name} for key in unowned],
        "stops": [_stop(one) for one in found],
        "stops_usd_a_month": str(total(found)),
    }


def _stop(one: Stop) -> dict[str, Any]:
    amount = None if one.usd is None else str(one.usd)
    return {"kind": one.key.kind, "name": one.key.name, "usd_a_month": amount, "how": one.how}
