"""V1 against V2: what an account's pipelines cost, and the cheapest mix of both, exactly.

V1 is a fixed price for each pipeline that is older than 30 days and through which a code change ran in the
month; one such pipeline of the account is free. V2 is a price a minute of every action, with a free
allowance that all V2 pipelines of the account share. https://aws.amazon.com/codepipeline/pricing/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from awspipe.cost.prices import PIPELINE_V1, PIPELINE_V2, ZERO, PriceList

FREE_DAYS = timedelta(days=30)
"""How long after its creation a V1 pipeline is free."""


@dataclass(frozen=True, slots=True)
class Member:
    """A pipeline of an account: its action minutes a month, and what it would be as V1.

    `charged_as_v1`: it is older than 30 days and active. `needs_v2`: it uses what only V2 has.
    """

    name: str
    minutes: int
    charged_as_v1: bool = True
    needs_v2: bool = False


@dataclass(frozen=True, slots=True)
class Mix:
    """Which pipelines are V1, which are V2, and what the account pays a month for all of them."""

    v1: tuple[str, ...]
    v2: tuple[str, ...]
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """The four numbers of the two types."""

    v1: Decimal
    v1_free: int
    v2: Decimal
    v2_free: int

    @classmethod
    def of(cls, prices: PriceList, region: str) -> Rates:
        """The rates of a price list. Both types' prices are in the file for the reference region at least."""
        v1, v2 = prices.price(PIPELINE_V1, region), prices.price(PIPELINE_V2, region)
        assert v1 is not None
        assert v2 is not None
        free = int(prices.allowance(PIPELINE_V1)), int(prices.allowance(PIPELINE_V2))
        return cls(v1.usd, free[0], v2.usd, free[1])

    def cost(self, v1_pipelines: int, v2_minutes: int) -> Decimal:
        """What so many charged V1 pipelines and so many V2 minutes cost a month."""
        fixed = max(0, v1_pipelines - self.v1_free) * self.v1
        return fixed + max(0, v2_minutes - self.v2_free) * self.v2

    def break_even(self, pipelines: int) -> Decimal:
        """The action minutes a month above which all of them as V1 cost less than all of them as V2."""
        return self.v2_free + max(0, pipelines - self.v1_free) * self.v1 / self.v2


def mixed(members: Sequence[Member], v1: Iterable[str], rates: Rates) -> Mix:
    """The mix in which the named ones are V1, with its price."""
    chosen = frozenset(v1)
    fixed = sum(one.charged_as_v1 for one in members if one.name in chosen)
    minutes = sum(one.minutes for one in members if one.name not in chosen)
    names = tuple(one.name for one in members)
    return Mix(
        tuple(name for name in names if name in chosen),
        tuple(name for name in names if name not in chosen),
        rates.cost(fixed, minutes),
    )


def cheapest(members: Sequence[Member], rates: Rates) -> Mix:
    """The mix that costs least.

    What V1 does not charge is V1; of the rest the k busiest are, for the best k: with k given, nothing saves
    more than to take the most minutes off V2. Among equals the one with the fewest V1 pipelines wins.
    """
    able = [one for one in members if not one.needs_v2]
    uncharged = [one.name for one in able if not one.charged_as_v1]
    charged = sorted((one for one in able if one.charged_as_v1), key=lambda one: -one.minutes)
    names = [one.name for one in charged]
    mixes = [mixed(members, [*uncharged, *names[:k]], rates) for k in range(len(names) + 1)]
    return min([mixed(members, (), rates), *mixes], key=lambda mix: (mix.usd, len(mix.v1)))


def v1_charge_begins(created: datetime) -> datetime:
    """When a V1 pipeline's charge begins: on day 31 after its creation."""
    return created + FREE_DAYS


def as_v1(members: Sequence[Member], rates: Rates) -> Decimal:
    """What all of them cost as V1, once each is older than 30 days and active."""
    return rates.cost(len(members), 0) if members else ZERO


def as_v2(members: Sequence[Member], rates: Rates) -> Decimal:
    """What all of them cost as V2."""
    return rates.cost(0, sum(one.minutes for one in members))
