"""The lines of one execution: read to where they are, or followed to the end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from awspipe.cli import choosing
from awspipe.cli.console import ToldError
from awspipe.cli.following import Following
from awspipe.cli.screens import Lines, Records
from awspipe.cli.views import logs as view
from awspipe.errors import UsageError
from awspipe.executions import ActionExecution, Execution
from awspipe.logs import LogLine, Logs, has_log
from awspipe.watching import Reader

_EVERY = 5.0
"""Seconds between two looks at the execution itself: it tells which actions there are."""
_SLOWEST = 3.0
_PAGES = 20
"""Pages of each action between two times that lines are shown."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which lines are wanted. `since` in milliseconds since 1970; 0 and "": all."""

    stage: str = ""
    action: str = ""
    since: int = 0
    tail: int = 0

    def takes(self, one: ActionExecution) -> bool:
        """Whether the lines of an action are wanted."""
        return has_log(one) and self.stage in ("", one.stage) and self.action in ("", one.name)


@dataclass(frozen=True, slots=True)
class Look:
    """What has come since the look before."""

    execution: Execution
    lines: tuple[LogLine, ...]
    more: bool
    settled: bool


@dataclass
class LogReading:
    """Shows the lines of one execution."""

    following: Following
    which: Which
    execution: str
    _reader: Reader = field(init=False)
    _logs: Logs = field(init=False)
    _now: Execution | None = None
    _due: float = 0.0
    _pending: list[LogLine] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)
    _gaps: int = 0
    _asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        line = self.following.line
        self._reader = Reader(line, self.following.pipeline, self.execution)
        self._logs = Logs(line, self.which.takes, self.which.since, self.which.tail)

    def show(self, *, follow: bool) -> None:
        """Show the lines that there are, and with `follow` those that come until the execution ends.

        Raises ToldError where lines of an action could not be read.
        """
        console = self.following.console
        last: Look | None = None
        kept: deque[LogLine] = deque(maxlen=self.which.tail or None)
        filling = bool(self.which.tail)
        teller = Records(console) if console.json else Lines(console, "")
        for look in self.following.looks(teller, self._read, _SLOWEST):
            last = look
            kept += look.lines
            filling = filling and look.more
            if not filling:
                self._print(tuple(kept))
                kept = deque()
            self._print_gaps()
            if follow:
                self._print_approvals(look.execution)
            if not look.more and (not follow or (look.settled and not look.execution.running)):
                break
        if last is not None:
            self._end(last, follow=follow)

    def _end(self, last: Look, *, follow: bool) -> None:
        console = self.following.console
        if not self._labels and not self._gaps:
            which = {"stage": self.which.stage, "action": self.which.action}
            console.say(view.nothing(last.execution, **which, silent=self._logs.begun))
        if follow:
            console.say(view.ended(last.execution))
            console.record(view.end_record(last.execution))
        if self._gaps:
            raise ToldError(1)

    def _read(self) -> Look:
        now = self._seen()
        for _ in range(_PAGES):
            self._pending += self._logs.read(now)
            if not self._logs.more:
                break
        lines, self._pending = tuple(self._pending), []
        return Look(now, lines, self._logs.more, self._logs.settled)

    def _seen(self) -> Execution:
        """The execution, looked at now and then."""
        clock = self.following.line.clock()
        if self._now is None or (self._now.running and clock >= self._due):
            self._now = self._reader.read()
            self._due = clock + _EVERY
            self._check(self._now)
        return self._now

    def _check(self, now: Execution) -> None:
        """Refuse a stage or action that the pipeline does not have."""
        names = [stage for stage, _ in now.stages]
        which, pipeline = self.which, self.following.pipeline
        if which.stage and names and which.stage not in names:
            raise choosing.no_stage(pipeline, which.stage, names)
        actions = [it for stage, several in now.stages for it in several if which.stage in ("", stage)]
        if which.action and actions and which.action not in actions:
            where = f"stage {which.stage} of {pipeline}" if which.stage else pipeline
            raise UsageError(f"{where} has no action {which.action}", hint=f"there are: {', '.join(actions)}")

    def _print(self, found: tuple[LogLine, ...]) -> None:
        console = self.following.console
        terminal, colour = console.out.isatty(), console.colour(console.out)
        console.write(view.lines(found, self._labels, terminal=terminal, colour=colour))
        for one in found if console.json else ():
            self._labels.setdefault(one.action.label, 0)
            console.record(view.record(one))

    def _print_gaps(self) -> None:
        console = self.following.console
        for one in self._logs.gaps[self._gaps :]:
            console.say(view.gap(one))
            console.record(view.gap_record(one))
        self._gaps = len(self._logs.gaps)

    def _print_approvals(self, now: Execution) -> None:
        """Say once what keeps the execution from going on."""
        new = [one for one in now.approvals if one.id not in self._asked]
        approve = self.following.target.command_anywhere("approve", self.following.pipeline)
        self.following.console.say(view.waits(one.label, approve) for one in new)
        self._asked |= {one.id for one in new}
