"""What a removal stops costing: each kind, V1 in all its states, and what cannot be known."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from awspipe.cost.account import PipelineFacts
from awspipe.cost.prices import shipped
from awspipe.cost.stops import Facts, stops, total
from awspipe.cost.unknown import Unknown
from awspipe.resources.base import Key, kinds
from tests.unit.views import NOW, SCOPE

PIPELINE = Key("pipeline", "shop")


def pipeline(type_: str = "V1", days: int = 90, name: str = "shop") -> PipelineFacts:
    return PipelineFacts(name, type_, NOW - timedelta(days=days))


OTHER = pipeline(name="blog")


@pytest.mark.parametrize(
    ("listed", "amount", "how"),
    [
        ((pipeline(), OTHER), "1.00", "V1, in months in which a code change runs through it"),
        ((pipeline(),), "0", "V1: the only one of this region, which is free"),
        ((pipeline(days=3), OTHER), "0", "V1: $1.00 a month from day 31, not reached yet"),
        ((pipeline("V2"), OTHER), "0", "V2: $0.002 a minute (action minutes of V2 pipelines)"),
    ],
)
def test_a_pipeline(listed: tuple[PipelineFacts, ...], amount: str, how: str) -> None:
    (one,) = stops([PIPELINE], Facts(listed, {}), shipped(), SCOPE, NOW)
    assert (one.usd, one.how) == (Decimal(amount), how)


def test_a_pipeline_whose_type_cannot_be_read_has_no_invented_price() -> None:
    (one,) = stops([PIPELINE], Facts(Unknown("denied"), {}), shipped(), SCOPE, NOW)
    assert (one.usd, one.how) == (None, "its type is not known: denied")


def test_log_lines_cost_by_what_aws_has_counted() -> None:
    key = Key("log-group", "/aws/codebuild/shop-Build")
    (one,) = stops([key], Facts((), {key.name: 2 * 1024**3}), shipped(), SCOPE, NOW)
    assert (one.usd, one.how) == (Decimal("0.066"), "2 GB, $0.033 a GB-month (lines kept)")
    (unread,) = stops([key], Facts((), {}), shipped(), SCOPE, NOW)
    assert unread.usd is None


def test_every_kind_that_says_what_it_costs_has_a_price_and_no_other() -> None:
    for kind in kinds().values():
        assert bool(kind.priced) == bool(kind.meter)
        assert not kind.meter or kind.meter in shipped().rows


def test_a_sum_leaves_out_what_is_charged_by_use() -> None:
    keys = [PIPELINE, Key("bucket", "b"), Key("role", "r")]
    found = stops(keys, Facts((pipeline(), OTHER), {}), shipped(), SCOPE, NOW)
    assert [one.key.kind for one in found] == ["pipeline", "bucket"]
    assert total(found) == Decimal("1.00")
