"""The clock moves only when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.clock import FakeClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_stands_still() -> None:
    clock = FakeClock(NOON)
    assert clock() == clock() == NOON


def test_sleeping_moves_the_time_and_is_remembered() -> None:
    clock = FakeClock(NOON)
    clock.sleep(1.5)
    clock.sleep(2)
    assert clock() == NOON + timedelta(seconds=3.5)
    assert clock.sleeps == [1.5, 2]
    assert clock.slept == 3.5


def test_advancing_is_not_sleeping() -> None:
    clock = FakeClock(NOON)
    before = clock.time()
    clock.advance(60)
    assert clock.time() - before == 60
    assert clock.sleeps == []


def test_never_goes_back() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        FakeClock().sleep(-1)
