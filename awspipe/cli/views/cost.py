"""What a month's pipelines cost, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.prices import stale
from awspipe.cost.account import AccountPlan, Used
from awspipe.cost.bill import Bill
from awspipe.cost.meters import PipelineUse
from awspipe.cost.prices import (
    BUILD_POOL,
    CODECOMMIT_USERS,
    PIPELINE_V1,
    PIPELINE_V2,
    Price,
    number,
    usd,
)
from awspipe.cost.report import Report, Totals
from awspipe.cost.unknown import Unknown
from awspipe.cost.usage import Reading

_HEAD = ("PIPELINE", "TYPE", "EXECUTIONS", "ACTION MIN", "BUILD MIN", "WITHOUT FREE")


def lines(
    report: Report, reading: Reading, plan: AccountPlan, used: Used | Unknown, name: str = ""
) -> Iterator[str]:
    """The table, what is free, the forecast, V1 against V2, what else may cost, and what was assumed."""
    from awspipe.cli.views.money import plan_words

    yield _title(report, reading)
    if report.uses:
        rows = [_HEAD, *(_row(report, one) for one in report.uses)]
        yield from columns.table(rows, "  ")
    else:
        yield f"  no pipeline{f' called {name}' if name else ''}"
    if name:
        for one in report.uses:
            yield from _actions(one)
    yield from _sums(report)
    yield from _by_aws(report, used, name)
    if not name:
        yield from _types(report)
    yield from _others(report)
    yield from _users(report)
    yield f"  account     {plan_words(plan)}"
    yield from _notes(report, reading, name)
    yield from stale(report.prices, report.month.now.date())


def _title(report: Report, reading: Reading) -> str:
    month = f"{report.month.begin:%Y-%m}"
    where = (
        f"in {reading.regions[0]} only (--region all looks in every region)"
        if len(reading.regions) == 1
        else f"in {len(reading.regions)} regions"
    )
    return f"{month} so far, {where}; USD before tax, prices of {report.prices.as_of}"


def _row(report: Report, use: PipelineUse) -> tuple[str, ...]:
    builds = sum(use.build_minutes.values())
    counts = (str(use.executions), str(use.action_minutes), str(builds))
    return (report.label(use), use.type, *counts, usd(gross(report, use)))


def gross(report: Report, use: PipelineUse) -> Decimal:
    """What a pipeline would cost alone, with no free allowance; meters without a price are left out."""
    rates = report.rates
    charged = report.charged_as_v1(use)
    own = rates.v2 * use.action_minutes if use.type == "V2" else rates.v1 if charged else Decimal(0)
    builds = [
        price.cost(amount)
        for meter, amount in use.build_amounts.items()
        if (price := report.prices.price(meter, use.region))
    ]
    return sum(builds, own)


def _actions(use: PipelineUse) -> Iterator[str]:
    """One pipeline's actions: how often, how many minutes, how many of those failed or were stopped."""
    rows: list[tuple[str, ...]] = [("", "ACTION", "TRIES", "MINUTES", "OF FAILED", "OF STOPPED")]
    for stage, name in dict.fromkeys((one.stage, one.name) for one in reversed(use.in_month)):
        tries = [one for one in use.in_month if (one.stage, one.name) == (stage, name)]
        minutes = {
            status: sum(one.minutes(use.month) for one in tries if status in ("", one.status))
            for status in ("", "Failed", "Abandoned")
        }
        free = " (free)" if all(one.free for one in tries) else ""
        rows.append(("", f"{name}{free}", str(len(tries)), *(str(one) for one in minutes.values())))
    yield from columns.table(rows, "  ")


def _sums(report: Report) -> Iterator[str]:
    so_far, forecast = report.totals(forecast=False), report.totals(forecast=True)
    yield f"  so far      {_money(report, so_far)}"
    yield f"  free        {_free(report, so_far)}"
    yield f"  forecast    {_money(report, forecast)} at the month's end, if it goes on as it began"


def _money(report: Report, totals: Totals) -> str:
    pipelines = report.pipelines_usd(totals)
    builds, unknown = report.builds_usd(totals)
    more = f" and {', '.join(unknown)}, whose price is not known" if unknown else ""
    return f"{usd(pipelines + builds)} (pipelines {usd(pipelines)}, builds {usd(builds)}{more})"


def _free(report: Report, totals: Totals) -> str:
    actions, builds = report.free_action_minutes, report.prices.allowance(BUILD_POOL)
    used = (min(Decimal(totals.v2_minutes), actions), min(Decimal(report.pooled_minutes(totals)), builds))
    return (
        f"{number(used[0])} of {number(actions)} action minutes and "
        f"{number(used[1])} of {number(builds)} build minutes used by pipelines that are still there"
    )


_COUNTED = (
    (PIPELINE_V2, "action minutes"),
    (BUILD_POOL, "build minutes"),
    (PIPELINE_V1, "active V1"),
    (CODECOMMIT_USERS, "CodeCommit users"),
)


def _by_aws(report: Report, used: Used | Unknown, name: str) -> Iterator[str]:
    """AWS's own count of the account, beside what was counted here."""
    if isinstance(used, Unknown):
        yield f"  AWS counts  not known: {used.why}"
        return
    parts = [_of_allowance(report, used, pool, what) for pool, what in _COUNTED if used.pools.get(pool)]
    yield f"  AWS counts  {', '.join(parts) or 'nothing yet'}; all regions and what was deleted, hours late"
    if not name and _more_by_aws(report, used):
        yield "  ! AWS counts more: of deleted pipelines, other regions, or builds that no pipeline started"


def _of_allowance(report: Report, used: Used, pool: str, what: str) -> str:
    """`120 of 100 action minutes ($0.04)`; the minutes of different machines have different prices."""
    amount, free = used.pools[pool], report.prices.allowance(pool)
    price = report.prices.price(pool, report.region)
    over = f" ({usd(price.cost(amount, free=free))})" if price and amount > free else ""
    return f"{number(amount)} of {number(free)} {what}{over}"


def _more_by_aws(report: Report, used: Used) -> bool:
    so_far = report.totals(forecast=False)
    ours = {PIPELINE_V2: so_far.v2_minutes, BUILD_POOL: report.pooled_minutes(so_far)}
    return any(used.pools.get(pool, 0) > minutes for pool, minutes in ours.items())


def _types(report: Report) -> Iterator[str]:
    """V1 against V2, at the month's end."""
    if not report.uses:
        return
    present, best = report.present, report.best
    all_v1 = f"all V1 {usd(report.all_v1)} from day 31"
    now = f"as they are {usd(present.usd)}, all V2 {usd(report.all_v2)}, {all_v1}"
    if best.usd == present.usd:
        yield f"  V1 or V2    {now}: no mix is cheaper"
        return
    v1, v2 = ", ".join(best.v1) or "none", ", ".join(best.v2) or "none"
    yield f"  V1 or V2    {now}; cheapest {usd(best.usd)}: V1 {v1}; V2 {v2}"


_SERVICES = {
    "CodeDeploy": ("codedeploy-on-premises", "CodeDeploy: EC2 is free, on-premises {usd} {each}"),
}


def _users(report: Report) -> Iterator[str]:
    """The active users of CodeCommit that can be counted for nothing, and what each further one costs."""
    price = report.prices.price(CODECOMMIT_USERS, report.region)
    if price and report.readers:
        roles = columns.counted(len(report.readers), "role")
        free, each = _allowance(price), _exact(price)
        charged = f"{free} are free, then {each} a month each"
        yield f"  CodeCommit  active users: {roles} and all who push or clone (AWS alone knows); {charged}"


def _others(report: Report) -> Iterator[str]:
    """What each other service of the pipelines may add."""
    services = {service for one in report.uses for service in one.services}
    parts = [
        text.format(usd=_exact(price), each=price.row.each)
        for service, (meter, text) in _SERVICES.items()
        if service in services and (price := report.prices.price(meter, report.region))
    ]
    amounts = {"s3-storage": "S3", "logs-written": "logs", "data-out": "traffic out"}
    for meter, label in amounts.items():
        if price := report.prices.price(meter, report.region):
            parts.append(f"{label} {_exact(price)} {price.row.each}")
    yield f"  may add     {'; '.join(parts)}"


def _exact(price: Price) -> str:
    return f"${price.usd:f}"


def _allowance(price: Price) -> str:
    return number(price.row.free.amount) if price.row.free else "0"


def _notes(report: Report, reading: Reading, name: str) -> Iterator[str]:
    """What the numbers assume, and what they lack."""
    failed = sum(one.minutes_that("Failed", "Abandoned") for one in report.uses)
    if failed:
        counted = columns.counted(failed, "action minute")
        yield f"  . {counted} of failed or stopped tries counted: not verified on a bill"
    running = sum(one.ended is None and not one.free for use in report.uses for one in use.actions)
    if running:
        yield f"  . still running and counted until now: {columns.counted(running, 'action')}"
    if lost := sum(one.lost for one in report.uses):
        gone = columns.counted(lost, "build")
        yield f"  ! not known to CodeBuild any more, their minutes are missing: {gone}"
    for why in reading.unread:
        yield f"  ! not counted: {why}"
    yield "  . not counted: deleted pipelines, builds that no pipeline started, what other services store"
    if name:
        yield "  . other pipelines share the free minutes: `awspipe cost` counts all of them"


def document(report: Report, reading: Reading, plan: AccountPlan, used: Used | Unknown) -> dict[str, Any]:
    """The month as JSON; amounts are strings, so that no digit is lost."""
    from awspipe.cli.views.money import plan_document

    return {
        "month": f"{report.month.begin:%Y-%m}",
        "regions": list(reading.regions),
        "currency": "USD",
        "prices_as_of": report.prices.as_of.isoformat(),
        "pipelines": [_pipeline(report, one) for one in report.uses],
        "so_far": _totals(report, report.totals(forecast=False)),
        "forecast": _totals(report, report.totals(forecast=True)),
        "types": {
            "present": str(report.present.usd),
            "all_v1": str(report.all_v1),
            "all_v2": str(report.all_v2),
            "cheapest": {"usd": str(report.best.usd), "v1": list(report.best.v1), "v2": list(report.best.v2)},
        },
        "aws_counts": None if isinstance(used, Unknown) else {k: str(v) for k, v in used.pools.items()},
        "codecommit_roles": sorted(report.readers),
        "account_plan": plan_document(plan),
        "not_counted": list(reading.unread),
    }


def _pipeline(report: Report, use: PipelineUse) -> dict[str, Any]:
    return {
        "pipeline": use.name,
        "region": use.region,
        "type": use.type,
        "created": use.created.isoformat() if use.created else None,
        "executions": use.executions,
        "action_minutes": use.action_minutes,
        "failed_action_minutes": use.minutes_that("Failed", "Abandoned"),
        "build_minutes": use.build_minutes,
        "lost_builds": use.lost,
        "usd_without_free": str(gross(report, use)),
        "only_v2_has": list(use.needs_v2),
    }


def _totals(report: Report, totals: Totals) -> dict[str, Any]:
    builds, unknown = report.builds_usd(totals)
    return {
        "v1_pipelines_charged": totals.v1,
        "v2_action_minutes": totals.v2_minutes,
        "pipelines_usd": str(report.pipelines_usd(totals)),
        "builds_usd": str(builds),
        "unknown_prices": list(unknown),
    }


def bill_lines(bill: Bill) -> Iterator[str]:
    """What Cost Explorer answered."""
    if not bill.services:
        yield "  bill        Cost Explorer lists nothing for this month yet"
        return
    total = sum((amount for _, amount in bill.services), Decimal(0))
    yield f"  bill        {usd(total)} so far, by Cost Explorer"
    yield from columns.table([(name, usd(amount)) for name, amount in bill.services if amount], "    ")
    if bill.more:
        yield "  ! there are more services than one request tells: the sum is too small"


def bill_document(bill: Bill) -> dict[str, Any]:
    """The bill as JSON."""
    services = {name: str(amount) for name, amount in bill.services}
    return {"services": services, "complete": not bill.more}
