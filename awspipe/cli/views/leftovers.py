"""What past pipelines still hold, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.down import a_month
from awspipe.cost.leftovers import Leftovers, Remain, without_ours
from awspipe.cost.prices import PriceList
from awspipe.cost.stops import Facts, Stop, stops
from awspipe.live import Inventory
from awspipe.resources.base import Kept, Key


def lines(found: Leftovers, prices: PriceList, command: Callable[..., str], *, alone: bool) -> Iterator[str]:
    """Ours by past pipeline with the command that removes it, then others'. `alone`: the only region."""
    others = without_ours(found)
    if not (found.ours or others or found.unread) and not alone:
        return
    yield f"{found.region} (USD before tax, prices of {prices.as_of}):"
    for one in found.ours:
        yield from _ours(one, prices, command)
    if others:
        yield "  not made by awspipe, and nothing here seems to use it (never removed by awspipe):"
        rows = [(a_month(one.usd), f"{one.what} {one.name}", one.how) for one in others]
        yield from columns.table(rows, "    ")
    if not (found.ours or others):
        yield f"  nothing{' that could be read' if found.unread else ''} is left of past pipelines"
    for why in found.unread:
        yield f"  ! not looked at: {why}"


def nowhere(found: Sequence[Leftovers]) -> Iterator[str]:
    """That several regions hold nothing: a region that does has its own lines."""
    unread = any(one.unread for one in found)
    if len(found) > 1 and not (unread or any(one.ours or one.remains for one in found)):
        yield f"nothing is left of past pipelines in {len(found)} regions"


def _ours(one: Inventory, prices: PriceList, command: Callable[..., str]) -> Iterator[str]:
    name = one.scope.pipeline
    yield f"  {name} is gone, but awspipe made these for it:"
    priced = {stop.key: stop for stop in _priced(one, prices)}
    rows = [_row(key, one.kept.get(key), priced.get(key)) for key in one.keys]
    yield from columns.table(rows, "    ")
    data = ("--delete-data",) if set(one.keys) <= set(one.kept) else ()
    yield f"    `{command('down', name, *data)}` removes it"


def _row(key: Key, kept: Kept | None, stop: Stop | None) -> tuple[str, ...]:
    amount = a_month(stop.usd if stop else Decimal(0))
    how = stop.how if stop else "free"
    return amount, str(key), f"{how}; stays: {kept.why}" if kept else how


def _priced(one: Inventory, prices: PriceList) -> tuple[Stop, ...]:
    return stops(one.keys, Facts((), {}), prices, one.scope, datetime.now(UTC))


def document(found: Leftovers) -> dict[str, Any]:
    """A region's leftovers as JSON."""
    return {
        "region": found.region,
        "ours": [_inventory(one) for one in found.ours],
        "others": [_remain(one) for one in without_ours(found)],
        "not_looked_at": list(found.unread),
    }


def _inventory(one: Inventory) -> dict[str, Any]:
    return {
        "pipeline": one.scope.pipeline,
        "resources": [
            {"kind": key.kind, "name": key.name, "kept": one.kept[key].why if key in one.kept else None}
            for key in one.keys
        ],
    }


def _remain(one: Remain) -> dict[str, Any]:
    usd = None if one.usd is None else str(one.usd)
    return {"kind": one.what, "name": one.name, "usd_a_month": usd, "how": one.how}
