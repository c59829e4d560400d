"""AWS's public price list, compared with the prices that awspipe computes with.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from awspipe.aws import Aws, threads
from awspipe.cost.prices import PriceList, Row
from awspipe.explain import explained

_PLACE = "us-east-1"
_ASKERS = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """A price of ours beside AWS's, for the row's `per` units; `listed` is None where AWS's list lacks it."""

    meter: str
    region: str
    usage_type: str
    ours: Decimal
    listed: Decimal | None

    @property
    def same(self) -> bool:
        """Whether AWS's list says the same."""
        return self.ours == self.listed


def compare(aws: Aws, prices: PriceList) -> tuple[Compared, ...]:
    """Every price that has a place in AWS's list, in every region of the file: a call each, a few at a time.

    Raises AwsError where the credentials may not ask (pricing:GetProducts).
    """
    wanted = list(_wanted(prices))
    with threads(_ASKERS, "prices") as pool:
        return tuple(pool.map(lambda one: _compare(aws, *one), wanted))


def _wanted(prices: PriceList) -> Iterator[tuple[Row, str, str]]:
    for row in prices.rows.values():
        for region, usage_type in row.listed.usage_type.items() if row.listed else ():
            if region in row.usd:
                yield row, region, usage_type


def _compare(aws: Aws, row: Row, region: str, usage_type: str) -> Compared:
    assert row.listed is not None
    pages = aws.client("pricing", _PLACE).get_paginator("get_products")
    filters = [{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}]
    with explained(f"read AWS's price of {usage_type}"):
        products = [
            json.loads(one)
            for page in pages.paginate(ServiceCode=row.listed.service_code, Filters=filters)
            for one in page["PriceList"]
        ]
    listed = _price(products)
    return Compared(
        row.meter, region, usage_type, row.usd[region], None if listed is None else listed * row.per
    )


def _price(products: Iterable[dict[str, Any]]) -> Decimal | None:
    """The on-demand price of the first unit that is charged for: free steps come before it, cheaper after."""
    steps = sorted(
        (Decimal(one["beginRange"]), Decimal(one["pricePerUnit"]["USD"]))
        for product in products
        for term in product["terms"].get("OnDemand", {}).values()
        for one in term["priceDimensions"].values()
        if "USD" in one["pricePerUnit"]
    )
    return next((usd for _, usd in steps if usd), None)
