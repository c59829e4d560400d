"""What ran, in the minutes that AWS bills: pure arithmetic on executions and builds that were read.

Each try of an action is rounded up to a minute by itself; a retry is a try of its own. Failed and stopped
ones count: by the price page an action is charged for once it has started and reached an end. What goes
over the end of a month is clipped to the month, UTC: in which month AWS bills it is not documented, and both
parts rounded up are a minute more at most. https://aws.amazon.com/codepipeline/pricing/
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from awspipe.cost.estimate import is_free
from awspipe.cost.prices import by_the_second

_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC, and how far it has gone."""

    begin: datetime
    end: datetime
    now: datetime

    @classmethod
    def of(cls, now: datetime) -> Month:
        """The month that a moment is in."""
        begin = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return cls(begin, (begin + timedelta(days=32)).replace(day=1), now)

    def within(self, start: datetime, end: datetime | None) -> timedelta | None:
        """How much of a time is in the month; None where nothing is. No end: it goes on."""
        last = min(end or self.now, self.end)
        first = max(start, self.begin)
        return last - first if first <= last and first < self.end and last >= self.begin else None

    def minutes(self, start: datetime, end: datetime | None) -> int:
        """The begun minutes of a time in the month: at least one where it touches it."""
        return self._begun(start, end, _MINUTE)

    def seconds(self, start: datetime, end: datetime | None) -> int:
        """The begun seconds of a time in the month: at least one where it touches it."""
        return self._begun(start, end, _SECOND)

    def _begun(self, start: datetime, end: datetime | None, unit: timedelta) -> int:
        part = self.within(start, end)
        return 0 if part is None else max(1, math.ceil(part / unit))

    def whole(self, so_far: int) -> int:
        """What a month comes to that goes on as it began; a day is the least that is looked back on."""
        gone = max(min(self.now, self.end) - self.begin, timedelta(days=1))
        return math.ceil(so_far * ((self.end - self.begin) / gone))

    @property
    def share(self) -> Decimal:
        """How much of it is over, 0 to 1."""
        return Decimal((min(self.now, self.end) - self.begin) / (self.end - self.begin))


@dataclass(frozen=True, slots=True)
class ActionRun:
    """One try of one action. `status` is AWS's word; no `ended`: it goes on. `build`: the build's id.

    `meter`: what a machine is charged as that CodePipeline itself ran it on.
    """

    execution: str
    stage: str
    name: str
    category: str
    owner: str
    status: str
    started: datetime
    ended: datetime | None
    build: str = ""
    region: str = ""
    meter: str = ""

    @property
    def free(self) -> bool:
        """Whether its minutes are never charged."""
        return is_free(self.category, self.owner)

    def minutes(self, month: Month) -> int:
        """Its billed minutes in a month."""
        return 0 if self.free else month.minutes(self.started, self.ended)


@dataclass(frozen=True, slots=True)
class BuildRun:
    """One build: charged for from when its machine is provided; None where it still waits in the queue.

    `role` is its own role's ARN; "" where it has none of its own.
    """

    id: str
    meter: str
    began: datetime | None
    ended: datetime | None
    role: str = ""

    def minutes(self, month: Month) -> int:
        """Its minutes in a month: a build is rounded up as a whole."""
        return 0 if self.began is None else month.minutes(self.began, self.ended)

    def amount(self, month: Month) -> int:
        """What is billed of it in a month, in the unit of its meter: minutes, or seconds on Lambda."""
        if self.began is None or not by_the_second(self.meter):
            return self.minutes(month)
        return month.seconds(self.began, self.ended)


@dataclass(frozen=True, slots=True)
class PipelineUse:
    """What a pipeline used in a month. `lost`: builds that are no longer known, and not counted."""

    name: str
    region: str
    type: str
    created: datetime | None
    month: Month
    actions: tuple[ActionRun, ...]
    builds: tuple[BuildRun, ...]
    lost: int = 0
    needs_v2: tuple[str, ...] = ()
    """What it uses that only V2 has."""
    services: frozenset[str] = frozenset()
    """The providers of its actions."""
    readers: frozenset[str] = frozenset()
    """The roles with which it reads CodeCommit, each an active user in a month in which it runs."""

    @property
    def in_month(self) -> tuple[ActionRun, ...]:
        """The tries that touch the month."""
        return tuple(one for one in self.actions if self.month.within(one.started, one.ended) is not None)

    @property
    def executions(self) -> int:
        """How many executions did something in the month."""
        return len({one.execution for one in self.in_month})

    @property
    def action_minutes(self) -> int:
        """Its billed action minutes, were it V2."""
        return sum(one.minutes(self.month) for one in self.actions)

    def minutes_that(self, *statuses: str) -> int:
        """The action minutes of tries that ended so."""
        return sum(one.minutes(self.month) for one in self.actions if one.status in statuses)

    @property
    def build_minutes(self) -> dict[str, int]:
        """Its build minutes by meter."""
        return summed((one.meter, one.minutes(self.month)) for one in self.builds)

    @property
    def build_amounts(self) -> dict[str, int]:
        """What is billed of its builds by meter, in the meter's unit."""
        return summed((one.meter, one.amount(self.month)) for one in self.builds)

    @property
    def changed(self) -> bool:
        """Whether a source action succeeded in the month: what makes a V1 pipeline active.

        Whether AWS counts an execution that carries no new revision is not documented; it is counted.
        """
        return any(one.category == "Source" and one.status == "Succeeded" for one in self.in_month)


def summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums by name, without what comes to nothing."""
    found: dict[str, int] = {}
    for name, count in pairs:
        if count:
            found[name] = found.get(name, 0) + count
    return found
