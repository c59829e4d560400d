"""The prices in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from awspipe.cli.views import columns
from awspipe.cost.prices import STALE, Price, PriceList, Row
from awspipe.cost.refresh import Compared


def lines(prices: PriceList, region: str, today: date) -> Iterator[str]:
    """A table: what is charged, the price, what is free; then notes, sources and the date."""
    region = region or prices.reference_region
    found = [price for meter in prices.rows if (price := prices.price(meter, region))]
    rows = [("SERVICE", "WHAT", "USD", "PER", "FREE A MONTH")]
    rows += [(one.row.service, one.row.what, _usd(one), _unit(one.row), _free(one.row)) for one in found]
    yield f"prices in {region}, USD before tax, as of {prices.as_of}"
    yield from columns.table(rows)
    yield from _notes(found)
    yield from stale(prices, today)


def _usd(price: Price) -> str:
    return f"{price.usd:f}{'*' if price.reference else ''}"


def _unit(row: Row) -> str:
    return row.unit if row.per == 1 else f"{row.per:,f} {row.unit}s"


def _free(row: Row) -> str:
    if row.free is None:
        return "-"
    return f"{row.free.amount:,f}" if row.free.lasting else f"{row.free.amount:,f} ({row.free.expires})"


def _notes(found: list[Price]) -> Iterator[str]:
    if any(one.reference for one in found):
        region = next(one.region for one in found if one.reference)
        yield f"* the price of {region}: this region's was not read"
    if any(one.row.free and not one.row.free.lasting for one in found):
        yield "(12 months): only for accounts made before 2025-07-15; newer ones pay from their credits"
    for one in found:
        if one.row.note:
            yield f"{one.row.service}, {one.row.what}: {one.row.note}"
    yield "sources:"
    yield from (f"  {source}" for source in dict.fromkeys(one.row.source for one in found))


def stale(prices: PriceList, today: date) -> Iterator[str]:
    """A warning where prices are old."""
    if old := prices.stale(today):
        oldest = min(row.as_of for row in old)
        yield (
            f"  ! {len(old)} of {len(prices.rows)} prices are older than {STALE.days} days (the oldest is "
            f"of {oldest}): they may have changed; `awspipe cost refresh` reads AWS's list"
        )


def document(prices: PriceList, region: str, today: date) -> dict[str, Any]:
    """The prices as JSON; amounts are strings, so that no digit is lost."""
    region = region or prices.reference_region
    return {
        "region": region,
        "currency": "USD",
        "as_of": prices.as_of.isoformat(),
        "stale": bool(prices.stale(today)),
        "prices": [_entry(row, prices.price(meter, region)) for meter, row in prices.rows.items()],
    }


def _entry(row: Row, price: Price | None) -> dict[str, Any]:
    free = row.free
    return {
        "meter": row.meter,
        "service": row.service,
        "what": row.what,
        "usd": f"{price.usd:f}" if price else None,
        "price_region": price.region if price else None,
        "per": int(row.per),
        "unit": row.unit,
        "free_a_month": f"{free.amount:f}" if free else None,
        "free_expires": free.expires if free else None,
        "note": row.note or None,
        "source": row.source,
        "as_of": row.as_of.isoformat(),
    }


def compared_lines(compared: Sequence[Compared], prices: PriceList) -> Iterator[str]:
    """What AWS's price list says otherwise, what it does not have, and how much is the same."""
    same = [one for one in compared if one.same]
    differ = [one for one in compared if one.listed is not None and not one.same]
    rows = [("METER", "REGION", "AWSPIPE", "AWS", "CHANGE", "PER")]
    rows += [
        (
            one.meter,
            one.region,
            f"{one.ours:f}",
            f"{one.listed:f}",
            _change(one.ours, one.listed),
            _unit(prices.rows[one.meter]),
        )
        for one in differ
        if one.listed is not None
    ]
    if differ:
        yield from columns.table(rows)
    for one in compared:
        if one.listed is None:
            yield f"  ! {one.meter} in {one.region}: not in AWS's list as {one.usage_type}"
    rest = len(prices.rows) - len({one.meter for one in compared})
    yield f"{len(same)} prices are as in AWS's list, {len(differ)} differ; {rest} rows are not looked up"
    if differ:
        yield "AWS charges its own; awspipe computes with its file's until a version that has newer ones"


def _change(ours: Decimal, listed: Decimal) -> str:
    return f"{(listed - ours) / ours:+.0%}" if ours else "new"


def compared_document(compared: Sequence[Compared]) -> dict[str, Any]:
    """The comparison as JSON; a listed price of null is one that AWS's list does not have."""
    return {
        "prices": [
            {
                "meter": one.meter,
                "region": one.region,
                "usage_type": one.usage_type,
                "usd": f"{one.ours:f}",
                "listed_usd": None if one.listed is None else f"{one.listed:f}",
                "same": one.same,
            }
            for one in compared
        ]
    }
