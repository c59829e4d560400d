"""The free allowances in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.money import plan_document, plan_words
from awspipe.cost.account import AccountPlan
from awspipe.cost.freetier import Allowance, Service
from awspipe.cost.prices import number
from awspipe.cost.unknown import Unknown


def lines(
    services: Sequence[Service], used: Sequence[Allowance] | Unknown, plan: AccountPlan
) -> Iterator[str]:
    """Each service in a few lines, what AWS counts as used, and what the account's plan makes of it."""
    for one in services:
        yield f"{one.service}: {one.what}; {one.state}"
        if one.free != "-":
            yield f"  free      {one.free}"
        if one.charged != "-":
            yield f"  charged   {one.charged}"
    yield ""
    yield from _used(used)
    yield f"account: {plan_words(plan)}"
    yield f"as of {min(one.as_of for one in services)}; `awspipe cost prices` has the prices"


def _used(used: Sequence[Allowance] | Unknown) -> Iterator[str]:
    if isinstance(used, Unknown):
        yield f"used this month: not known: {used.why}"
        return
    if not used:
        yield "used this month: nothing that AWS lists (it counts some hours late)"
        return
    yield "used this month, as AWS counts it (some hours late):"
    rows = [("SERVICE", "USAGE", "USED", "OF", "UNIT", "KIND")]
    rows += [
        (one.service, one.usage_type, number(one.used), number(one.limit), one.unit, one.kind)
        for one in sorted(used, key=lambda one: -one.share)
    ]
    yield from columns.table(rows, "  ")


def document(
    services: Sequence[Service], used: Sequence[Allowance] | Unknown, plan: AccountPlan
) -> dict[str, Any]:
    """The same as JSON; `used` is null where it may not be read."""
    return {
        "services": [_service(one) for one in services],
        "used": None if isinstance(used, Unknown) else [_allowance(one) for one in used],
        "why_not_used": used.why if isinstance(used, Unknown) else None,
        "account_plan": plan_document(plan),
    }


def _service(one: Service) -> dict[str, Any]:
    return {
        "service": one.service,
        "what": one.what,
        "free": None if one.free == "-" else one.free,
        "charged": None if one.charged == "-" else one.charged,
        "state": one.state,
        "source": one.source,
        "as_of": one.as_of.isoformat(),
    }


def _allowance(one: Allowance) -> dict[str, Any]:
    return {
        "service": one.service,
        "usage_type": one.usage_type,
        "used": str(one.used),
        "limit": str(one.limit),
        "unit": one.unit,
        "kind": one.kind,
    }
