"""The bill itself, by Cost Explorer: the one thing here that AWS charges for, $0.01 a request.

https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from awspipe.aws import Aws
from awspipe.cost.meters import Month
from awspipe.explain import explained

_PLACE = "us-east-1"


@dataclass(frozen=True, slots=True)
class Bill:
    """USD by service this month, as far as AWS has counted. `more`: there were more than one page."""

    services: tuple[tuple[str, Decimal], ...]
    more: bool


def bill(aws: Aws, month: Month) -> Bill:
    """One request, never a second one: a further page would cost again."""
    until = min(month.now + timedelta(days=1), month.end)
    with explained("ask Cost Explorer"):
        answer = aws.client("ce", _PLACE).get_cost_and_usage(
            TimePeriod={"Start": f"{month.begin:%Y-%m-%d}", "End": f"{until:%Y-%m-%d}"},
            Granularity="MONTHLY",
            Metrics=["UnblendedCost"],
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        )
        groups = [group for result in answer["ResultsByTime"] for group in result.get("Groups", ())]
        return Bill(
            tuple((one["Keys"][0], Decimal(one["Metrics"]["UnblendedCost"]["Amount"])) for one in groups),
            more="NextPageToken" in answer,
        )
