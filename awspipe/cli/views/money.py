"""What a pipeline costs, in few lines and as JSON: each says what it assumes, and the date of its prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from awspipe.cli.views.prices import stale
from awspipe.cost.account import AccountPlan, FreePlan, Legacy, PaidPlan
from awspipe.cost.estimate import Estimate
from awspipe.cost.prices import BUILD_POOL, CODECOMMIT_USERS, PIPELINE_V1, PIPELINE_V2, Price, number, usd
from awspipe.cost.unknown import Unknown

if TYPE_CHECKING:
    from awspipe.cli.money import Priced

_COLUMN = 11


def lines(priced: Priced) -> Iterator[str]:
    """The box: what fits a terminal; `cost prices` has each price, JSON the minutes of each action."""
    estimate = priced.estimate
    sandbox = ", on AWS only" if priced.one.target.sandbox else ""
    yield f"cost in {region_of(estimate)}{sandbox} (USD before tax, prices of {priced.prices.as_of})"
    yield row("fixed", _fixed(priced))
    yield row("execution", _execution(estimate))
    yield row(f"{estimate.runs} a month", _month(priced))
    yield row("at worst", _worst(estimate))
    if priced.standing and (priced.standing.number > 1 or estimate.use.type == "V1"):
        yield row(f"pipeline #{priced.standing.number}", _beside(priced))
    if told := users(priced):
        yield row("CodeCommit", told)
    if priced.account:
        yield row("account", plan_words(priced.account.plan))
    yield from stale(priced.prices, priced.now.date())


def region_of(estimate: Estimate) -> str:
    """The region, and whose prices it is counted with where it has none that are known."""
    prices, region = estimate.prices, estimate.region
    return region if prices.knows(region) else f"{region} by the prices of {prices.reference_region}"


def row(label: str, text: str) -> str:
    """A line of the box."""
    return f"  {label:<{_COLUMN}} {text}"


def _fixed(priced: Priced) -> str:
    return f"{usd(priced.estimate.fixed)} a month{_when(priced)}; S3 and logs by the amount"


def _when(priced: Priced) -> str:
    """From when a V1 pipeline is charged for."""
    if priced.estimate.use.type != "V1":
        return ""
    day = f"{priced.standing.charged_from:%Y-%m-%d}" if priced.standing else "its creation + 30 days"
    if priced.estimate.fixed:
        return f" from {day} (day 31), in months in which a code change runs through it"
    return f" as the account's only V1 pipeline, else {v1_price(priced.estimate)} from {day} (day 31)"


def v1_price(estimate: Estimate) -> str:
    """What a V1 pipeline costs a month."""
    price = estimate.prices.price(PIPELINE_V1, estimate.region)
    return usd(price.usd) if price else "an unknown price"


def _stands_in(estimate: Estimate, price: Price) -> str:
    """Whose price it is, where one alone is another region's; the first line says it of all of them."""
    alone = price.reference and estimate.prices.knows(estimate.region)
    return f" ({price.region}'s price)" if alone else ""


def _execution(estimate: Estimate) -> str:
    """What one execution costs beyond the free minutes, and the minutes that this assumes."""
    use, bill = estimate.use, estimate.run
    builds = use.build_minutes.items()
    parts = [f"{minutes} build minutes ({_machine(estimate, meter)})" for meter, minutes in builds]
    if use.type == "V2":
        parts.insert(0, f"{use.action_minutes} action{'' if parts else ' minutes'}")
    if use.updates:
        parts.append("1 update of an on-premises instance")
    uses = f"about {', '.join(parts)}" if parts else "nothing"
    return f"{at_least(bill.unknown)}{usd(bill.usd)} if not free: {uses}"


def _machine(estimate: Estimate, meter: str) -> str:
    price = estimate.prices.price(meter, estimate.region)
    return f"{price.row.what}{_stands_in(estimate, price)}" if price else f"{meter}, price not known"


def at_least(unknown: tuple[str, ...]) -> str:
    """The words before an amount to which something without a known price comes."""
    return "more than " if unknown else ""


def _month(priced: Priced) -> str:
    month = priced.estimate.month(priced.left)
    return f"{at_least(month.unknown)}{usd(month.usd)}{_free(priced)}"


def _worst(estimate: Estimate) -> str:
    worst = estimate.worst
    limits = sorted({one.limit for one in estimate.use.actions if one.limit})
    hang = f", each build hangs for {'/'.join(map(str, limits))} minutes" if limits else ""
    return f"{at_least(worst.unknown)}{usd(worst.usd)} a month: nothing is free{hang}"


def _free(priced: Priced) -> str:
    """What of the free minutes counts: what is left, or all of them where that is not known."""
    whole, left = type(priced.left).whole(priced.prices), priced.left
    used = None if priced.account is None else priced.account.used
    if used is None or isinstance(used, Unknown):
        why = f"; {used.why}" if used else ""
        whole_ones = (
            f"{number(whole.action_minutes)} free action and {number(whole.build_minutes)} build minutes"
        )
        return f" if all {whole_ones} are left{why}"
    return (
        f"; still free: {number(left.action_minutes)} of {number(whole.action_minutes)} action, "
        f"{number(left.build_minutes)} of {number(whole.build_minutes)} build minutes"
    )


def _beside(priced: Priced) -> str:
    """What being one of several means, for its type."""
    place = priced.standing
    assert place is not None
    here = "of this region (others were not looked at)"
    if priced.estimate.use.type == "V2":
        free = priced.prices.allowance(PIPELINE_V2)
        only = "" if place.other_v1 else " unless it is the only V1 one"
        from_day = f"from {_day(place.charged_from)} (day 31){only}"
        as_v1 = f"V1 would cost {v1_price(priced.estimate)} a month {from_day}"
        return f"{here}: V2 adds no monthly price, all V2 ones share {free} free action minutes; {as_v1}"
    if not place.other_v1:
        return f"{here}: the only V1 one, and one V1 pipeline of an account is free"
    begins = f"from {place.charged_from:%Y-%m-%d} (day 31) it costs {v1_price(priced.estimate)} a month"
    return f"{here}, besides V1 {', '.join(place.other_v1)}: {begins}; one V1 pipeline of an account is free"


def users(priced: Priced) -> str:
    """That each pipeline's role is an active user of CodeCommit, where there may be more than are free."""
    price = priced.prices.price(CODECOMMIT_USERS, priced.estimate.region)
    free = priced.prices.allowance(CODECOMMIT_USERS)
    if not (priced.standing and price and priced.reads_codecommit) or priced.standing.number < free:
        return ""
    who = "each role that reads or clones and each person is an active user"
    return f"{who}: {number(free)} are free, then {usd(price.usd)} a month each"


def plan_words(plan: AccountPlan) -> str:
    """What the account's plan means for a charge."""
    match plan:
        case Legacy():
            return "made before 2025-07-15 (no plan): what exceeds the free allowances is charged"
        case FreePlan(expired=True):
            return "its free plan has ended: AWS closes it unless you upgrade"
        case FreePlan(credits=left, ends=ends):
            until = f" or {ends:%Y-%m-%d} comes" if ends else ""
            return f"free plan: credits{_credits(left)} instead of money; it closes when they end{until}"
        case PaidPlan(credits=left):
            return f"paid plan: credits first{_credits(left)}, then money"
        case Unknown(why=why):
            return f"its plan is not known: {why}"


def _credits(left: Any) -> str:
    return "" if left is None else f" ({usd(left)} left)"


def at_end(priced: Priced) -> str:
    """One line for the end of `up`, where the box was shown before."""
    run, month = priced.estimate.run, priced.estimate.month(priced.left)
    an_execution = f"{at_least(run.unknown)}{usd(run.usd)} an execution"
    return (
        f"cost: {usd(priced.estimate.fixed)} a month fixed, {an_execution} "
        f"beyond what is free; {usd(month.usd)} at {priced.estimate.runs} executions a month"
    )


def document(priced: Priced) -> dict[str, Any]:
    """The estimate as JSON; amounts are strings, so that no digit is lost, and null where not known."""
    estimate = priced.estimate
    used = priced.account.used if priced.account else None
    return {
        "currency": "USD",
        "prices_as_of": priced.prices.as_of.isoformat(),
        "region": estimate.region,
        "type": estimate.use.type,
        "fixed_a_month": str(estimate.fixed),
        "charged_from": _charged_from(priced),
        "an_execution": {
            "usd_beyond_free": str(estimate.run.usd),
            "action_minutes": estimate.use.action_minutes,
            "build_minutes": estimate.use.build_minutes,
            "assumed_minutes": {one.name: one.minutes for one in estimate.use.actions},
        },
        "executions_a_month": estimate.runs,
        "month": str(estimate.month(priced.left).usd),
        "worst_month": str(estimate.worst.usd),
        "unknown_prices": list(estimate.worst.unknown),
        "free_left": None if used is None or isinstance(used, Unknown) else _left(priced),
        "pipeline_number": priced.standing.number if priced.standing else None,
        "account_plan": plan_document(priced.account.plan) if priced.account else None,
    }


def _charged_from(priced: Priced) -> str | None:
    is_v1 = priced.estimate.use.type == "V1"
    return _day(priced.standing.charged_from) if is_v1 and priced.standing else None


def _day(moment: datetime | None) -> str | None:
    return moment.date().isoformat() if moment else None


def _left(priced: Priced) -> dict[str, str]:
    return {PIPELINE_V2: str(priced.left.action_minutes), BUILD_POOL: str(priced.left.build_minutes)}


def plan_document(plan: AccountPlan) -> dict[str, Any]:
    """The account's plan as JSON."""
    match plan:
        case Legacy():
            return {"type": "LEGACY"}
        case FreePlan():
            credits = None if plan.credits is None else str(plan.credits)
            return {"type": "FREE", "credits": credits, "ends": _day(plan.ends), "expired": plan.expired}
        case PaidPlan():
            return {"type": "PAID", "credits": None if plan.credits is None else str(plan.credits)}
        case Unknown(why=why):
            return {"type": None, "why": why}
