"""Whether it is the time for something: the seven fields of a Quartz cron expression.

Second, minute, hour, day of the month, month, day of the week (1 is Sunday) and, where it is given, the year.
https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, {}, _MONTHS, _DAYS, {})
_OFFSET = re.compile(r"UTC([+-])([0-9]{1,2})(?::([0-9]{2}))?")
_DAY, _WEEKDAY = 3, 5


class WindowError(Exception):
    """An expression or a time zone that cannot be read."""


def zone(name: str) -> datetime.tzinfo:
    """A time zone: `Asia/Seoul`, `UTC`, `UTC+9`."""
    offset = _OFFSET.fullmatch(name)
    try:
        if offset:
            minutes = int(offset[2]) * 60 + int(offset[3] or 0)
            return datetime.timezone(datetime.timedelta(minutes=minutes if offset[1] == "+" else -minutes))
        return datetime.UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WindowError(f"there is no time zone {name}") from error


def is_open(cron: str, moment: datetime.datetime) -> bool:
    """Whether a moment is one that an expression names; WindowError where it is none."""
    fields = cron.upper().split()
    if len(fields) not in (6, 7):
        raise WindowError(f"'{cron}' has {len(fields)} fields and not 6 or 7")
    now = (
        moment.second,
        moment.minute,
        moment.hour,
        moment.day,
        moment.month,
        moment.isoweekday() % 7 + 1,
        moment.year,
    )
    return all(
        any(_fits(part, index, now[index], moment) for part in field.split(","))
        for index, field in enumerate(fields)
    )


def _fits(part: str, index: int, value: int, moment: datetime.datetime) -> bool:
    if index == _DAY and ("L" in part or "W" in part):
        return value == _special_day(part, moment)
    if index == _WEEKDAY and ("L" in part or "#" in part):
        return _special_weekday(part, value, moment)
    return value in _values(part, index)


def _values(part: str, index: int) -> Iterator[int]:
    """The values of `*`, `?`, `5`, `MON-FRI`, `0/15`, `9-17/2`; a range may go over the end."""
    low, high = _RANGES[index]
    span, _, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, index)
        end = _number(last, index) if dash else (high if step else start)
    size = high - low + 1
    length = (end - start) % size + 1 if dash else end - start + 1
    yield from (low + (start - low + n) % size for n in range(0, length, _step(step)))


def _step(text: str) -> int:
    if text and not text.isdecimal():
        raise WindowError(f"'{text}' is no step")
    return max(1, int(text or 1))


def _number(text: str, index: int) -> int:
    low, high = _RANGES[index]
    number = _NAMES[index].get(text, int(text) if text.isdecimal() else -1)
    if not low <= number <= high:
        raise WindowError(f"'{text}' is not between {low} and {high}")
    return number


def _special_day(part: str, moment: datetime.datetime) -> int:
    """`L` is the last day, `15W` the working day nearest to the 15th, `LW` the last working day."""
    last = calendar.monthrange(moment.year, moment.month)[1]
    number = part.removesuffix("W")
    day = last if number == "L" else min(_number(number, _DAY), last)
    if not part.endswith("W"):
        return day
    weekday = datetime.date(moment.year, moment.month, day).isoweekday()
    shift = {6: -1 if day > 1 else 2, 7: 1 if day < last else -2}.get(weekday, 0)
    return day + shift


def _special_weekday(part: str, value: int, moment: datetime.datetime) -> bool:
    """`6L` is the month's last Friday, `6#3` its third; `L` is Saturday."""
    if part == "L":
        return value == 7
    name, _, count = part.partition("#")
    if value != _number(name.removesuffix("L"), _WEEKDAY):
        return False
    if name.endswith("L"):
        return moment.day + 7 > calendar.monthrange(moment.year, moment.month)[1]
    return (moment.day - 1) // 7 + 1 == _step(count)
