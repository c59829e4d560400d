"""`ls --cost`: every pipeline with what it used this month, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.cost import gross
from awspipe.cli.views.moments import age, iso
from awspipe.cli.views.prices import stale
from awspipe.cost.meters import PipelineUse
from awspipe.cost.prices import usd
from awspipe.cost.report import Report
from awspipe.cost.usage import Reading

_YOUNG = timedelta(days=30)


def lines(report: Report, reading: Reading, ours: frozenset[tuple[str, str]]) -> Iterator[str]:
    """A table; `ours` are the (name, region) that awspipe made."""
    where = reading.regions[0] if len(reading.regions) == 1 else f"{len(reading.regions)} regions"
    if not report.uses:
        yield f"no pipelines in {where}"
    else:
        head = ("NAME", "MADE BY", "TYPE", "AGE", "EXECUTIONS", "ACTION MIN", "BUILD MIN", "WITHOUT FREE", "")
        yield from columns.table([head, *(_row(report, one, ours) for one in report.uses)])
    so_far = report.totals(forecast=False)
    builds, unknown = report.builds_usd(so_far)
    more = f" and {', '.join(unknown)}, whose price is not known" if unknown else ""
    total = f"{usd(report.pipelines_usd(so_far) + builds)}{more} with the free minutes"
    dated = f"(USD before tax, prices of {report.prices.as_of})"
    yield f"{report.month.begin:%Y-%m} so far in {where}: {total} {dated}"
    if len(reading.regions) == 1:
        yield "this region only: --region all looks in every region"
    yield "pipelines deleted since are not in it: `awspipe cost` shows AWS's own count"
    for why in reading.unread:
        yield f"  ! not counted: {why}"
    yield from stale(report.prices, report.month.now.date())


def _row(report: Report, use: PipelineUse, ours: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    made = "awspipe" if (use.name, use.region) in ours else "others"
    created = age(use.created, report.month.now) if use.created else "?"
    counts = (str(use.executions), str(use.action_minutes), str(sum(use.build_minutes.values())))
    flag = "idle" if is_idle(use) else ""
    return (report.label(use), made, use.type, created, *counts, usd(gross(report, use)), flag)


def is_idle(use: PipelineUse) -> bool:
    """Older than 30 days, and nothing ran in the month: it may be forgotten."""
    old = use.created is None or use.month.now - use.created > _YOUNG
    return old and not use.executions


def document(report: Report, reading: Reading, ours: frozenset[tuple[str, str]]) -> dict[str, Any]:
    """The list as JSON."""
    so_far = report.totals(forecast=False)
    builds, unknown = report.builds_usd(so_far)
    return {
        "month": f"{report.month.begin:%Y-%m}",
        "regions": list(reading.regions),
        "currency": "USD",
        "prices_as_of": report.prices.as_of.isoformat(),
        "pipelines": [_entry(report, one, ours) for one in report.uses],
        "usd": str(report.pipelines_usd(so_far) + builds),
        "unknown_prices": list(unknown),
        "not_counted": list(reading.unread),
    }


def _entry(report: Report, use: PipelineUse, ours: frozenset[tuple[str, str]]) -> dict[str, Any]:
    return {
        "name": use.name,
        "region": use.region,
        "made_by_awspipe": (use.name, use.region) in ours,
        "type": use.type,
        "created": iso(use.created),
        "executions": use.executions,
        "action_minutes": use.action_minutes,
        "build_minutes": use.build_minutes,
        "usd_without_free": str(gross(report, use)),
        "idle": is_idle(use),
    }
