"""What stops costing when things are removed: by the month where that is fixed, else by use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from awspipe.aws import Aws
from awspipe.cost.account import PipelineFacts, pipelines
from awspipe.cost.prices import PIPELINE_V1, ZERO, Price, PriceList, number
from awspipe.cost.unknown import Unknown, known
from awspipe.naming import Scope
from awspipe.resources.base import Key, kinds
from awspipe.resources.log_group import LogGroup
from awspipe.resources.pipeline import Pipeline

_GB = Decimal(1024**3)


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing: USD a month where that is known (None: by use only), and how it is charged."""

    key: Key
    usd: Decimal | None
    how: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of AWS to price a removal: the region's pipelines, and the bytes of log groups."""

    pipelines: tuple[PipelineFacts, ...] | Unknown
    stored: Mapping[str, int]


def facts(aws: Aws, scopes: Iterable[Scope]) -> Facts:
    """One call, beside the search for what is the pipelines' in a region."""
    there = pipelines(aws)
    stored: dict[str, int] = {}
    for scope in scopes:
        found = known(lambda scope=scope: LogGroup.stored(aws, scope), "logs:DescribeLogGroups")  # type: ignore[misc]
        stored |= {} if isinstance(found, Unknown) else found
    return Facts(there, stored)


def stops(
    keys: Iterable[Key], there: Facts, prices: PriceList, scope: Scope, now: datetime
) -> tuple[Stop, ...]:
    """What each of the keys that costs something stops costing."""
    return tuple(
        _stop(key, price, there, prices, now)
        for key in keys
        if (meter := kinds()[key.kind].meter) and (price := prices.price(meter, scope.region))
    )


def total(found: Iterable[Stop]) -> Decimal:
    """What stops a month, of that which is fixed."""
    return sum((one.usd for one in found if one.usd is not None), ZERO)


def _stop(key: Key, price: Price, there: Facts, prices: PriceList, now: datetime) -> Stop:
    by_use = f"${price.usd:f} {price.row.each} ({price.row.what})"
    if key.kind == Pipeline.kind:
        return _pipeline(key, by_use, there, prices, now)
    if key.kind == LogGroup.kind and key.name in there.stored:
        size = Decimal(there.stored[key.name]) / _GB
        return Stop(key, price.cost(size), f"{_size(size)} GB, {by_use}")
    return Stop(key, None, by_use)


def _size(gigabytes: Decimal) -> str:
    small = Decimal("0.001")
    return number(round(gigabytes, 3)) if gigabytes >= small or not gigabytes else f"under {small}"


def _pipeline(key: Key, by_use: str, there: Facts, prices: PriceList, now: datetime) -> Stop:
    """V2 has no price of its own; V1 a fixed one from day 31, unless it is the account's only one."""
    if isinstance(there.pipelines, Unknown):
        return Stop(key, None, f"its type is not known: {there.pipelines.why}")
    own = next((one for one in there.pipelines if one.name == key.name), None)
    price = prices.price(PIPELINE_V1, "")
    if own is None or own.type != "V1" or price is None:
        return Stop(key, ZERO, f"V2: {by_use}")
    others = [one for one in there.pipelines if one.type == "V1" and one is not own]
    if not others:
        return Stop(key, ZERO, "V1: the only one of this region, which is free")
    if not own.charged_as_v1(now):
        return Stop(key, ZERO, f"V1: ${price.usd:f} a month from day 31, not reached yet")
    return Stop(key, price.usd, "V1, in months in which a code change runs through it")
