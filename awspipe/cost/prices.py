"""AWS's prices and free allowances, as a dated data file: a row a meter, with its source.

A price that the file does not have is None, never 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from typing import Any

STALE = timedelta(days=180)
"""Prices older than this are shown with a warning."""

ZERO = Decimal(0)

PIPELINE_V1 = "pipeline-v1"
PIPELINE_V2 = "pipeline-v2"
BUILD_POOL = "build-minutes"
CODECOMMIT_USERS = "codecommit-user"


@dataclass(frozen=True, slots=True)
class Free:
    """A free allowance a month. Meters of one `pool` share it; `expires` is "never" or e.g. "12 months".

    An allowance of 12 months is only that of accounts older than 2025-07-15; newer ones pay from credits.
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
    """

    amount: Decimal
    pool: str
    expires: str

    @property
    def lasting(self) -> bool:
        """Whether every account has it, and for ever."""
        return self.expires == "never"


@dataclass(frozen=True, slots=True)
class Listed:
    """Where AWS's price list has a meter, priced by the single unit: service code, usage type by region.

    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
    """

    service_code: str
    usage_type: Mapping[str, str]


_AN = frozenset({"hour", "update"})


@dataclass(frozen=True, slots=True)
class Row:
    """One meter: USD for `per` units, by region; `as_of` is the day the price was read at `source`."""

    meter: str
    service: str
    what: str
    unit: str
    per: Decimal
    usd: Mapping[str, Decimal]
    free: Free | None
    listed: Listed | None
    note: str
    source: str
    as_of: date

    @property
    def each(self) -> str:
        """One unit in words: `a minute`, `an hour`."""
        return f"{'an' if self.unit in _AN else 'a'} {self.unit}"


@dataclass(frozen=True, slots=True)
class Price:
    """What a meter costs in a region: `usd` for `per` units. `reference`: it is another region's price."""

    row: Row
    usd: Decimal
    region: str
    reference: bool

    def cost(self, quantity: Decimal | int, *, free: Decimal | int = 0) -> Decimal:
        """What `quantity` units cost, of which the first `free` are free."""
        charged = max(ZERO, Decimal(quantity) - Decimal(free))
        return charged * self.usd / self.row.per


@dataclass(frozen=True, slots=True)
class PriceList:
    """Every row by its meter, and the region that stands in for one that is not in the file."""

    rows: Mapping[str, Row]
    reference_region: str

    def price(self, meter: str, region: str) -> Price | None:
        """A meter's price in a region, else the reference region's; None where it is not known."""
        row = self.rows.get(meter)
        if row is None:
            return None
        known = region if region in row.usd else self.reference_region
        return Price(row, row.usd[known], known, reference=known != region) if known in row.usd else None

    def knows(self, region: str) -> bool:
        """Whether any price of a region was read."""
        return any(region in row.usd for row in self.rows.values())

    def cost(self, meter: str, quantity: Decimal | int, region: str) -> Decimal | None:
        """What a quantity costs with a whole month's lasting free allowance; None where it is not known."""
        price = self.price(meter, region)
        if price is None:
            return None
        free = price.row.free
        return price.cost(quantity, free=free.amount if free and free.lasting else 0)

    def allowance(self, pool: str) -> Decimal:
        """How much of a pool is free a month, for ever; 0 where nothing is."""
        found = (row.free for row in self.rows.values() if row.free and row.free.pool == pool)
        return next((free.amount for free in found if free.lasting), ZERO)

    @property
    def as_of(self) -> date:
        """The day of the oldest price."""
        return min(row.as_of for row in self.rows.values())

    def stale(self, today: date) -> tuple[Row, ...]:
        """The rows that are older than half a year."""
        return tuple(row for row in self.rows.values() if today - row.as_of > STALE)

    def with_prices(self, changed: Mapping[tuple[str, str], Decimal], as_of: date) -> PriceList:
        """The list with other prices, by meter and region, read on a later day."""
        rows = dict(self.rows)
        for (meter, region), usd in changed.items():
            rows[meter] = replace(rows[meter], usd={**rows[meter].usd, region: usd}, as_of=as_of)
        return PriceList(rows, self.reference_region)


@cache
def shipped() -> PriceList:
    """The prices that come with awspipe."""
    text = resources.files("awspipe").joinpath("cost", "prices.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return PriceList(_rows(document["rows"]), document["reference_region"])


def _rows(rows: Iterable[dict[str, Any]]) -> dict[str, Row]:
    return {one["meter"]: _row(one) for one in rows}


def _row(one: dict[str, Any]) -> Row:
    free, listed = one.get("free"), one.get("listed")
    return Row(
        meter=one["meter"],
        service=one["service"],
        what=one["what"],
        unit=one["unit"],
        per=Decimal(one["per"]),
        usd={region: Decimal(usd) for region, usd in one["usd"].items()},
        free=Free(Decimal(free["amount"]), free["pool"], free["expires"]) if free else None,
        listed=Listed(listed["service_code"], listed["usage_type"]) if listed else None,
        note=one.get("note", ""),
        source=one["source"],
        as_of=date.fromisoformat(one["as_of"]),
    )


_BUILD_KINDS = {
    "LINUX_CONTAINER": "linux",
    "ARM_CONTAINER": "arm",
    "WINDOWS_CONTAINER": "windows",
    "WINDOWS_SERVER_2019_CONTAINER": "windows",
    "WINDOWS_SERVER_2022_CONTAINER": "windows",
    "LINUX_LAMBDA_CONTAINER": "lambda-linux",
    "ARM_LAMBDA_CONTAINER": "lambda-arm",
}


def build_meter(environment_type: str, compute_type: str) -> str:
    """The meter of a build by its project's `environment`; it may be one that no row has.

    https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
    """
    kind = _BUILD_KINDS.get(environment_type, environment_type.lower())
    size = compute_type.lower().removeprefix("build_").removeprefix("general1_").removeprefix("lambda_")
    return f"build-{kind}-{size}"


def by_the_second(meter: str) -> bool:
    """Whether a build's meter counts begun seconds: on Lambda; else begun minutes.

    https://aws.amazon.com/codebuild/pricing/
    """
    return meter.startswith("build-lambda-")


_LEAST = Decimal("0.0001")


def usd(amount: Decimal) -> str:
    """An amount as people read it: cents; below a dollar a tenth of a cent; below a cent what it takes."""
    size = abs(amount)
    if 0 < amount < _LEAST:
        return f"under ${_LEAST}"
    if size and size < Decimal("0.01"):
        return f"${amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1), ROUND_HALF_UP).normalize():f}"
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    tenths = amount.quantize(Decimal("0.001"), ROUND_HALF_UP)
    return f"${tenths if size < 1 and tenths != cents else cents:,f}"


def number(amount: Decimal) -> str:
    """A quantity without zeros that say nothing."""
    return f"{amount.normalize():f}" if amount else "0"
