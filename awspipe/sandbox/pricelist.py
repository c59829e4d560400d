"""AWS's price list, made of the prices that come with awspipe: as new as those, and only what they have.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

from awspipe.sandbox import added, pricefile
from awspipe.sandbox.service import Answer, Backend, Request, page, response_class, unsupported

_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")
"""Where AWS serves its price list.
https://docs.aws.amazon.com/general/latest/gr/billing.html#pricing-region"""
_MATCHES = ("TERM_MATCH", "EQUALS")


class PricingBackend(Backend):
    """The price list; it is the same for everybody."""

    SERVICE_NAMESPACE: ClassVar[str] = "pricing"

    def op_get_products(self, request: Request) -> Answer:
        """The products of a service that match every filter, each a JSON text."""
        wanted = [(one["Field"], one["Value"]) for one in request.get("Filters") or ()]
        for one in request.get("Filters") or ():
            if one["Type"] not in _MATCHES:
                raise unsupported("pricing", f"GetProducts with a filter of the type {one['Type']}")
        found = [
            json.dumps(product)
            for product in _products(request["ServiceCode"])
            if all(product["product"]["attributes"].get(field) == value for field, value in wanted)
        ]
        items, token = page(found, request.get("NextToken"), request.get("MaxResults") or 100)
        more = {"NextToken": token} if token else {}
        return {"FormatVersion": "aws_v1", "PriceList": items, **more}

    @property
    def _url_module(self) -> Any:
        return added.routes(_HOST, _RESPONSE)


def _products(service_code: str) -> Iterator[dict[str, Any]]:
    for row in pricefile.rows():
        listed = row.get("listed")
        if listed and listed["service_code"] == service_code:
            for region, usage_type in listed["usage_type"].items():
                if region in row["usd"]:
                    yield _product(row, service_code, region, usage_type)


def _product(row: pricefile.Row, service_code: str, region: str, usage_type: str) -> dict[str, Any]:
    sku = hashlib.sha256(f"{service_code}/{usage_type}".encode()).hexdigest()[:16].upper()
    attributes = {"servicecode": service_code, "usagetype": usage_type, "regionCode": region}
    term = {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "priceDimensions": {
            f"{sku}.JRTCKXETXF.{index}": one for index, one in enumerate(_dimensions(row, region))
        },
        "termAttributes": {},
    }
    return {
        "product": {"productFamily": row["service"], "attributes": attributes, "sku": sku},
        "serviceCode": service_code,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
    }


def _dimensions(row: pricefile.Row, region: str) -> Iterator[dict[str, Any]]:
    """The price of one unit; of CodeCommit's users, AWS lists the free ones as a first step."""
    usd = f"{Decimal(row['usd'][region]) / row['per']:.10f}"
    free = f"{pricefile.lasting(row):g}" if row["service"] == "CodeCommit" else ""
    if free:
        yield _dimension(row, "0.0000000000", "0", free)
    yield _dimension(row, usd, free or "0", "Inf")


def _dimension(row: pricefile.Row, usd: str, begin: str, end: str) -> dict[str, Any]:
    return {
        "unit": row["unit"],
        "beginRange": begin,
        "endRange": end,
        "description": f"{row['service']}: {row['what']}",
        "pricePerUnit": {"USD": usd},
    }


_HOST = r"(?:api\.)?pricing"
pricing_backends: BackendDict[PricingBackend] = BackendDict(
    PricingBackend, "pricing", use_boto3_regions=False, additional_regions=list(_REGIONS)
)
_RESPONSE = response_class("pricing", pricing_backends)


def install() -> None:
    """Tell moto of the service; again is harmless."""
    added.install("pricing", pricing_backends, _HOST)
