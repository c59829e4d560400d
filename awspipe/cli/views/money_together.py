"""What several pipelines cost: one box, a line for each and the sum; and why it is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from awspipe.cli.views import columns
from awspipe.cli.views import money as single
from awspipe.cli.views.prices import stale
from awspipe.cost.estimate import together as estimated_together
from awspipe.cost.prices import PIPELINE_V2, usd

if TYPE_CHECKING:
    from awspipe.cli.money import Priced


def box(several: Sequence[Priced]) -> Iterator[str]:
    """One box for several pipelines; nothing for fewer than two."""
    if len(several) < 2:
        return
    first = several[0]
    regions = " and ".join(dict.fromkeys(single.region_of(one.estimate) for one in several))
    sandbox = ", on AWS only" if first.one.target.sandbox else ""
    dated = f"(USD before tax, prices of {first.prices.as_of})"
    yield f"cost of {len(several)} pipelines in {regions}{sandbox} {dated}"
    yield from (f"  {line}" for line in columns.table([_row(one) for one in several]))
    yield single.row("together", f"{_in_all(several)}; they share what is free")
    yield single.row("at worst", _worst(several))
    yield from (single.row(label, text) for label, text in _facts(several))
    yield single.row(
        "besides", "S3 and logs by the amount; `--json` has the minutes that are assumed of each"
    )
    yield from stale(first.prices, first.now.date())


def _row(one: Priced) -> tuple[str, ...]:
    """A pipeline in one line, what is free left aside."""
    estimate = one.estimate
    run = f"{single.at_least(estimate.run.unknown)}{usd(estimate.run.usd)} an execution if not free"
    worst = f"at worst {single.at_least(estimate.worst.unknown)}{usd(estimate.worst.usd)} a month"
    day = f" from {one.standing.charged_from:%Y-%m-%d}" if estimate.fixed and one.standing else ""
    return (one.one.plan.scope.pipeline, f"{usd(estimate.fixed)} fixed{day}", run, worst)


def _worst(several: Sequence[Priced]) -> str:
    total = sum((one.estimate.worst.usd for one in several), Decimal(0))
    unknown = tuple(meter for one in several for meter in one.estimate.worst.unknown)
    builds = any(use.limit for one in several for use in one.estimate.use.actions)
    hang = ", each build hangs" if builds else ""
    return f"{single.at_least(unknown)}{usd(total)} a month: nothing is free{hang}"


def _facts(several: Sequence[Priced]) -> Iterator[tuple[str, str]]:
    """What is true of all of them, or of those of one type."""
    for kind, said in (("V1", _of_v1), ("V2", _of_v2)):
        if some := [one for one in several if one.estimate.use.type == kind]:
            yield f"type {kind}", f"{len(some)} of them: {said(some[0])}"
    if users := _last(several, single.users):
        yield "CodeCommit", users
    if account := next((one.account for one in several if one.account), None):
        yield "account", single.plan_words(account.plan)


def _of_v1(one: Priced) -> str:
    fixed = single.v1_price(one.estimate)
    return f"one V1 pipeline of an account is free, each other one costs {fixed} a month from its day 31 on"


def _of_v2(one: Priced) -> str:
    free = one.prices.allowance(PIPELINE_V2)
    return f"no monthly price; all V2 ones of the account share {free} free action minutes"


def _last(several: Sequence[Priced], say: Callable[[Priced], str]) -> str:
    """What is said of the last one of which anything is said."""
    return next((text for one in reversed(several) if (text := say(one))), "")


def together(working: Sequence[Priced]) -> Iterator[str]:
    """In one line, where the box was shown before: what several cost in all, as what is free is shared."""
    if len(working) > 1:
        yield f"cost of the {len(working)} pipelines together: {_in_all(working)}; they share what is free"


def _in_all(several: Sequence[Priced]) -> str:
    usd_a_month = estimated_together((one.estimate for one in several), several[0].left)
    unknown = tuple(meter for one in several for meter in one.estimate.month(one.left).unknown)
    runs = several[0].estimate.runs
    return f"{single.at_least(unknown)}{usd(usd_a_month)} a month at {runs} executions each"


def once_more(several: Sequence[Priced]) -> str:
    """Why it is asked again, of one or of several."""
    if len(several) == 1:
        return _once_more(several[0])
    further = sum(1 for one in several if one.standing and one.standing.further)
    beside = f"{further} of these are made beside other pipelines; " if further else ""
    return f"{beside}{len(several)} pipelines cost {_in_all(several)}."


def _once_more(priced: Priced) -> str:
    estimate, name = priced.estimate, priced.one.plan.scope.pipeline
    bill = estimate.month(priced.left)
    amount = f"{single.at_least(bill.unknown)}{usd(bill.usd)}"
    costs = f"{name} costs {amount} a month at {estimate.runs} executions."
    if priced.standing and priced.standing.further:
        return f"This is pipeline #{priced.standing.number} of this account and region; {costs}"
    return costs
