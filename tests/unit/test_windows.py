"""When a deployment window is open."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from awspipe.sandbox import windows


@pytest.mark.parametrize(
    ("cron", "moment", "expected"),
    [
        ("* * 9-17 ? * MON-FRI", "2026-01-05 09:00", True),  # a Monday
        ("* * 9-17 ? * MON-FRI", "2026-01-05 17:59", True),
        ("* * 9-17 ? * MON-FRI", "2026-01-05 18:00", False),
        ("* * 9-17 ? * MON-FRI", "2026-01-04 12:00", False),  # a Sunday
        ("* * * ? * 1", "2026-01-04 12:00", True),
        ("* * 22-5 ? * *", "2026-01-05 23:00", True),
        ("* * 22-5 ? * *", "2026-01-05 04:00", True),
        ("* * 22-5 ? * *", "2026-01-05 12:00", False),
        ("* 0/15 * ? * *", "2026-01-05 12:45", True),
        ("* 0/15 * ? * *", "2026-01-05 12:46", False),
        ("* * * ? * FRI-MON", "2026-01-04 12:00", True),
        ("* * * ? JAN,MAR * 2026", "2026-03-04 12:00", True),
        ("* * * ? JAN,MAR * 2027", "2026-03-04 12:00", False),
        ("* * * L * ?", "2026-02-28 12:00", True),
        ("* * * L * ?", "2026-02-27 12:00", False),
        ("* * * LW * ?", "2026-02-27 12:00", True),  # the 28th is a Saturday
        ("* * * 15W * ?", "2026-02-16 12:00", True),  # the 15th is a Sunday
        ("* * * 1W * ?", "2026-08-03 12:00", True),  # the 1st is a Saturday, and the month begins
        ("* * * ? * 6L", "2026-01-30 12:00", True),
        ("* * * ? * 6L", "2026-01-23 12:00", False),
        ("* * * ? * FRI#3", "2026-01-16 12:00", True),
        ("* * * ? * FRI#3", "2026-01-09 12:00", False),
        ("* * * ? * L", "2026-01-03 12:00", True),
    ],
)
def test_a_window(cron: str, moment: str, expected: bool) -> None:
    assert windows.is_open(cron, datetime.fromisoformat(moment)) is expected


@pytest.mark.parametrize(
    ("cron", "text"),
    [
        ("* * * * *", "has 5 fields"),
        ("* 60 * ? * *", "'60' is not between 0 and 59"),
        ("* * * ? * SAN", "'SAN' is not between 1 and 7"),
        ("* 0/x * ? * *", "'X' is no step"),
    ],
)
def test_what_is_no_window(cron: str, text: str) -> None:
    with pytest.raises(windows.WindowError, match=text):
        windows.is_open(cron, datetime(2026, 1, 5, 9, 0))  # noqa: DTZ001 - read as it is written


@pytest.mark.parametrize(("name", "hour"), [("UTC", 9), ("Asia/Seoul", 18), ("UTC+9", 18), ("UTC-3:30", 5)])
def test_a_time_zone(name: str, hour: int) -> None:
    moment = datetime.fromisoformat("2026-01-05T09:00:00+00:00")
    assert moment.astimezone(windows.zone(name)).hour == hour


@pytest.mark.parametrize("name", ["Mars/Base", "UTC+99", "America"])
def test_a_time_zone_that_is_none(name: str) -> None:
    with pytest.raises(windows.WindowError, match=f"there is no time zone {re.escape(name)}"):
        windows.zone(name)
