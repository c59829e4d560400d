"""V1 against V2: the worked examples, and the optimiser against brute force."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.cost.mix import Member, Rates, as_v1, as_v2, cheapest, mixed, v1_charge_begins
from awspipe.cost.prices import shipped

RATES = Rates.of(shipped(), "us-east-1")


def members(*minutes: int, **facts: bool) -> list[Member]:
    return [Member(f"p{number}", one, **facts) for number, one in enumerate(minutes)]


@pytest.mark.parametrize(
    ("minutes", "v1", "v2"),
    [
        (20, "4.00", "0.00"),
        (60, "4.00", "0.40"),
        (200, "4.00", "1.80"),
        (420, "4.00", "4.00"),
        (500, "4.00", "4.80"),
        (1_000, "4.00", "9.80"),
    ],
)
def test_worked_example_of_five_pipelines(minutes: int, v1: str, v2: str) -> None:
    five = members(*[minutes] * 5)
    assert (as_v1(five, RATES), as_v2(five, RATES)) == (Decimal(v1), Decimal(v2))


def test_worked_example_of_a_mixed_account() -> None:
    """One busy pipeline takes the free V1, the others share the free minutes."""
    account = members(800, 100, 50, 50, 50)
    best = cheapest(account, RATES)
    assert (best.v1, best.usd) == (("p0",), Decimal("0.30"))
    assert (as_v2(account, RATES), as_v1(account, RATES)) == (Decimal("1.90"), Decimal("4.00"))


@pytest.mark.parametrize(("pipelines", "minutes"), [(1, 100), (2, 600), (3, 1100), (5, 2100), (10, 4600)])
def test_where_v1_begins_to_cost_less(pipelines: int, minutes: int) -> None:
    assert RATES.break_even(pipelines) == minutes


def test_five_young_v1_pipelines_cost_nothing() -> None:
    assert mixed(members(9, 9, 9, charged_as_v1=False), ["p0", "p1", "p2"], RATES).usd == 0


def test_a_v1_pipeline_is_charged_from_day_31() -> None:
    made = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
    assert v1_charge_begins(made) == datetime(2026, 12, 26, 10, 0, tzinfo=UTC)


ACCOUNTS = st.lists(
    st.tuples(st.integers(0, 3_000), st.booleans(), st.booleans()), min_size=0, max_size=6
).map(lambda found: [Member(f"p{index}", *facts) for index, facts in enumerate(found)])


@given(ACCOUNTS)
def test_no_mix_is_cheaper_than_the_cheapest(account: list[Member]) -> None:
    able = [one.name for one in account if not one.needs_v2]
    every = [
        mixed(account, chosen, RATES).usd
        for size in range(len(able) + 1)
        for chosen in combinations(able, size)
    ]
    best = cheapest(account, RATES)
    assert best.usd == min(every)
    assert sorted(best.v1 + best.v2) == sorted(one.name for one in account)
    assert not {one.name for one in account if one.needs_v2} & set(best.v1)
