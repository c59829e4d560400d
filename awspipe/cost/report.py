"""What a month's use comes to for an account: so far, at its end, and with the cheapest mix of V1 and V2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from awspipe.cost.account import PipelineFacts
from awspipe.cost.meters import Month, PipelineUse, summed
from awspipe.cost.mix import Member, Mix, Rates, as_v1, as_v2, cheapest, mixed
from awspipe.cost.prices import BUILD_POOL, PIPELINE_V2, ZERO, PriceList

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the account uses: charged V1 pipelines, V2 action minutes, builds by (region, meter)."""

    v1: int
    v2_minutes: int
    builds: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Report:
    """The pipelines of the regions that were looked at."""

    month: Month
    uses: tuple[PipelineUse, ...]
    prices: PriceList
    region: str
    """Whose prices CodePipeline is computed with: it has the same in every region that was read."""

    @property
    def rates(self) -> Rates:
        """CodePipeline's prices."""
        return Rates.of(self.prices, self.region)

    def totals(self, *, forecast: bool) -> Totals:
        """So far, or at the month's end if it goes on as it began."""
        grown = self.month.whole if forecast else int
        builds: dict[tuple[str, str], int] = {}
        for one in self.uses:
            for meter, amount in one.build_amounts.items():
                place = (one.region, meter)
                builds[place] = builds.get(place, 0) + amount
        return Totals(
            v1=sum(self.charged_as_v1(one, at_end=forecast) for one in self.uses if one.type == "V1"),
            v2_minutes=grown(sum(one.action_minutes for one in self.uses if one.type == "V2")),
            builds={place: grown(amount) for place, amount in builds.items()},
        )

    def pipelines_usd(self, totals: Totals) -> Decimal:
        """What CodePipeline itself costs, with the free allowance."""
        return self.rates.cost(totals.v1, totals.v2_minutes)

    def builds_usd(self, totals: Totals) -> tuple[Decimal, tuple[str, ...]]:
        """What the builds cost, with the free allowance, and the meters that have no known price."""
        left: dict[str, Decimal] = {}
        total, unknown = ZERO, []
        for (region, meter), amount in sorted(totals.builds.items()):
            price = self.prices.price(meter, region)
            if price is None:
                unknown.append(meter)
                continue
            pool = price.row.free.pool if price.row.free else ""
            free = min(left.setdefault(pool, self.prices.allowance(pool)), Decimal(amount))
            left[pool] -= free
            total += price.cost(amount, free=free)
        return total, tuple(dict.fromkeys(unknown))

    def charged_as_v1(self, use: PipelineUse, *, at_end: bool = False) -> bool:
        """Whether V1 is charged for a pipeline this month: its 30 days are over, and a change ran through.

        `at_end`: when the month ends, in which its day 31 may come yet.
        """
        facts = PipelineFacts(use.name, use.type, use.created)
        when = self.month.end - _MOMENT if at_end else self.month.now
        return use.changed and facts.charged_as_v1(when)

    @property
    def readers(self) -> frozenset[str]:
        """The roles that read CodeCommit for the pipelines this month."""
        return frozenset(role for one in self.uses if one.executions for role in one.readers)

    @property
    def members(self) -> tuple[Member, ...]:
        """The pipelines as the choice between V1 and V2 sees them, at the month's end."""
        return tuple(
            Member(
                self.label(one),
                self.month.whole(one.action_minutes),
                charged_as_v1=self.charged_as_v1(one, at_end=True),
                needs_v2=bool(one.needs_v2),
            )
            for one in self.uses
        )

    def label(self, use: PipelineUse) -> str:
        """A pipeline's name, with its region where several were looked at."""
        regions = {one.region for one in self.uses}
        return use.name if len(regions) == 1 else f"{use.name} ({use.region})"

    @property
    def present(self) -> Mix:
        """The mix as it is."""
        return mixed(self.members, [self.label(one) for one in self.uses if one.type == "V1"], self.rates)

    @property
    def best(self) -> Mix:
        """The cheapest mix; the present one where none is cheaper."""
        best = cheapest(self.members, self.rates)
        return best if best.usd < self.present.usd else self.present

    @property
    def all_v1(self) -> Decimal:
        """All of them as V1, each older than 30 days and active."""
        return as_v1(self.members, self.rates)

    @property
    def all_v2(self) -> Decimal:
        """All of them as V2."""
        return as_v2(self.members, self.rates)

    @property
    def free_action_minutes(self) -> Decimal:
        """The allowance of V2."""
        return self.prices.allowance(PIPELINE_V2)

    def pooled_minutes(self, totals: Totals) -> int:
        """The build minutes that the free allowance is for."""
        rows = self.prices.rows
        pooled = {meter for meter, row in rows.items() if row.free and row.free.pool == BUILD_POOL}
        return sum(summed((meter, n) for (_, meter), n in totals.builds.items() if meter in pooled).values())
