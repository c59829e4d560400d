"""AWS's price list read through its API: what is the same, what differs, and credentials that may not ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from awspipe.cost.bill import bill
from awspipe.cost.meters import Month
from awspipe.cost.prices import shipped
from awspipe.cost.refresh import compare
from awspipe.errors import AwsError
from tests.support import core
from tests.support.core import World
from tests.support.denying import deny


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as made:
        yield made


def test_the_sandbox_lists_the_shipped_prices(world: World) -> None:
    compared = compare(world.aws, shipped())
    assert len(compared) > 25
    assert [one for one in compared if not one.same] == []
    assert set(world.calls.names) == {"pricing:GetProducts"}


def test_a_price_that_changed_is_found(world: World) -> None:
    ours = shipped().with_prices({("s3-writes", "us-east-1"): Decimal("0.004")}, shipped().as_of)
    (changed,) = [one for one in compare(world.aws, ours) if not one.same]
    assert (changed.meter, changed.ours, changed.listed) == ("s3-writes", Decimal("0.004"), Decimal("0.005"))


def test_credentials_that_may_not_ask_are_told(world: World) -> None:
    deny(world.aws.session, {"pricing:GetProducts"})
    with pytest.raises(AwsError) as error:
        compare(world.aws, shipped())
    assert "not allowed" in error.value.message


def test_the_bill_is_asked_for_with_one_request(world: World) -> None:
    bill(world.aws, Month.of(datetime.now(UTC)))
    assert world.calls.names == ["ce:GetCostAndUsage"]
