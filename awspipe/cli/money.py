"""Money in `plan` and `up`: the estimate, the further question, and the limit of --max-cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from awspipe.cli.console import Console
    from awspipe.cli.planning import Prepared
    from awspipe.cost.account import Account, Asked, PipelineFacts
    from awspipe.cost.consequence import Standing
    from awspipe.cost.estimate import Estimate, Left
    from awspipe.cost.prices import PriceList
    from awspipe.plan import Plan

Runs = Annotated[
    int, typer.Option("--runs", metavar="N", min=0, help="Executions a month that the cost is estimated for.")
]
RUNS = 20
"""One a working day."""

MaxCost = Annotated[
    str | None,
    typer.Option(
        "--max-cost",
        metavar="USD",
        help="Refuse what could cost more a month at worst; 0: whatever could be charged for.",
    ),
]


@dataclass(frozen=True, slots=True)
class Priced:
    """A pipeline of a spec with what it costs. `account` is None where nothing is done, so nothing asked."""

    one: Prepared
    estimate: Estimate
    account: Account | None
    standing: Standing | None
    now: datetime

    @property
    def prices(self) -> PriceList:
        """The prices of the estimate."""
        return self.estimate.prices

    @property
    def left(self) -> Left:
        """What is left of the free allowance; all of it where that is not known."""
        from awspipe.cost.account import Used
        from awspipe.cost.estimate import Left

        if self.account and isinstance(self.account.used, Used):
            return self.account.used.left(self.prices)
        return Left.whole(self.prices)

    @property
    def reads_codecommit(self) -> bool:
        """Whether its role is an active user of CodeCommit in a month in which it runs."""
        from awspipe.resources.pipeline import Pipeline

        stages = (one.stages for one in self.one.graph.resources if isinstance(one, Pipeline))
        actions = (action for found in stages for stage in found for action in stage["actions"])
        return any(action["actionTypeId"]["provider"] == "CodeCommit" for action in actions)

    @property
    def nothing_is_charged(self) -> bool:
        """Whether the account is on the free plan: credits are used up, money is never asked for."""
        from awspipe.cost.account import FreePlan

        return bool(self.account) and isinstance(self.account and self.account.plan, FreePlan)

    @property
    def asks_once_more(self) -> bool:
        """Whether it is made beside others, or what is made or changed costs something in a usual month."""
        further = bool(self.standing and self.standing.further)
        return further or (_adds(self.one.plan) and self.estimate.month(self.left).usd > 0)


def _adds(plan: Plan) -> bool:
    from awspipe.plan import Verb
    from awspipe.resources.base import kinds

    made = (step for step in plan.work if step.verb in (Verb.CREATE, Verb.UPDATE))
    return any(kinds()[step.key.kind].priced for step in made)


@dataclass(frozen=True, slots=True)
class Pricing:
    """A pipeline's cost on its way: what the account is, is asked in the background."""

    one: Prepared
    runs: int
    asked: Asked | None
    ahead: tuple[Plan, ...] = ()
    """What the same file makes before it."""

    def answer(self) -> Priced:
        """Wait for what was asked."""
        from awspipe.cost.consequence import standing
        from awspipe.cost.estimate import Estimate, run_use
        from awspipe.cost.prices import shipped

        now = datetime.now(UTC)
        account = self.asked.answer() if self.asked else None
        ahead = tuple(_made(plan, now) for plan in self.ahead)
        place = standing(account, self.one.plan.scope.pipeline, now, ahead) if account else None
        others = len(place.other_v1) if place else 0
        region = self.one.plan.scope.region
        estimate = Estimate(run_use(self.one.graph), region, self.runs, shipped(), others)
        return Priced(self.one, estimate, account, place, now)


def begin(prepared: Sequence[Prepared], runs: int) -> list[Pricing]:
    """Ask what the account is, in each region with something to do: three calls, waited for later."""
    from awspipe.cost.account import ask

    working = {id(one.target): one.target.aws for one in prepared if one.plan.work}
    asked = {target: ask(aws) for target, aws in working.items()}
    return [
        Pricing(
            one,
            runs,
            asked[id(one.target)] if one.plan.work else None,
            tuple(_ahead(prepared[:index], one)),
        )
        for index, one in enumerate(prepared)
    ]


def _ahead(before: Sequence[Prepared], one: Prepared) -> Iterator[Plan]:
    """The plans before it that make a pipeline in its region."""
    for other in before:
        made = any(step.verb == "create" and step.key.kind == "pipeline" for step in other.plan.work)
        if made and other.plan.scope.region == one.plan.scope.region:
            yield other.plan


def _made(plan: Plan, now: datetime) -> PipelineFacts:
    """A pipeline that a plan makes, as AWS will list it."""
    from awspipe.cost.account import PipelineFacts
    from awspipe.resources.pipeline import Pipeline

    types = [one.resource.type for one in plan.work if isinstance(one.resource, Pipeline)]
    return PipelineFacts(plan.scope.pipeline, types[0], now)


def working(priced: Iterable[Priced]) -> list[Priced]:
    """Those with something to do: what they cost is of interest."""
    return [one for one in priced if one.one.plan.work]


def limit(text: str | None) -> Decimal | None:
    """The limit of --max-cost. Raises UsageError for what is no amount."""
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"--max-cost {text} is no amount", hint="USD a month, e.g. --max-cost 2.50")
    return amount


def refuse_above(priced: Iterable[Priced], most: Decimal) -> None:
    """Raise RefusedError where something with work to do could cost more than `most` USD a month.

    On the free plan nothing is charged, whatever is made. What has no known price is over every limit; and
    what is charged by amount (storage, logs) is over 0.
    """
    charged = [one for one in working(priced) if not one.nothing_is_charged]
    reasons = [reason for one in charged for reason in _over(one, most)]
    total = sum((one.estimate.worst.usd for one in charged), Decimal(0))
    if not reasons and total <= most:
        return
    from awspipe.cost.prices import usd

    reasons = reasons or [f"at worst {usd(total)} a month at {charged[0].estimate.runs} executions each"]
    fewer = ", or fewer --runs," if most else ""
    raise RefusedError(
        f"more than --max-cost {most}: {'; '.join(reasons)}; nothing was changed",
        hint=f"`awspipe plan` shows the estimate; a higher --max-cost{fewer} allows it",
    )


def _over(one: Priced, most: Decimal) -> Iterator[str]:
    name = one.one.plan.scope.pipeline
    for meter in one.estimate.worst.unknown:
        yield f"{name} uses {meter}, whose price is not known"
    if most == 0:
        yield f"{name} stores artifacts, which S3 charges for by the amount"


def agree_once_more(console: Console, priced: Iterable[Priced]) -> None:
    """Ask again, once for all, where it costs something or where there is a pipeline already."""
    from awspipe.cli import asking
    from awspipe.cli.views import money_together as view

    if doubtful := [one for one in priced if one.asks_once_more]:
        question = f"{view.once_more(doubtful)} Go on all the same? [y/N] "
        asking.go_on(console, question, asking.is_yes, otherwise="nothing was changed")
