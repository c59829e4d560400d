"""What `watch`, `run --watch` and `up --watch` share: an execution followed, shown and judged."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from awspipe.aws import Aws
from awspipe.cli import choosing
from awspipe.cli.console import Console, ToldError
from awspipe.cli.endings import Ending
from awspipe.cli.options import SPEC
from awspipe.cli.screens import Screen, screen
from awspipe.cli.target import Target, connect
from awspipe.cli.views import errors
from awspipe.cli.views import watch as view
from awspipe.errors import AwsError, AwspipeError, CredentialsError, PendingError, StoppedError
from awspipe.executions import Execution
from awspipe.logs import CALLS
from awspipe.naming import EXECUTION_ID
from awspipe.polling import SLOWEST, Line, Poller, Recovered, Trouble
from awspipe.watching import Board, Chooser, Reader, listing

T = TypeVar("T")

LATEST = "latest"
_EXPLAINED = 5
"""Of many executions that fail, so many are looked into: each takes calls of its own."""


def renewal(target: Target) -> Callable[[], Aws] | None:
    """What makes a connection with the credentials as they are now.

    None where they were given to this process and nobody outside can change them.
    """
    credentials = target.aws.session.get_credentials()
    if credentials is None or credentials.method in ("env", "explicit"):
        return None
    return lambda: polling(connect(target.options, Console(json=True), target.aws.region).aws)


def polling(aws: Aws) -> Aws:
    """The same connection for a poller, which does the waiting itself."""
    return Aws(aws.session, aws.region, aws.endpoint_url, listener=aws.listener, once_each=True)


@dataclass
class Following:
    """One pipeline that is watched. `limit` is in seconds; None: for as long as it takes."""

    console: Console
    target: Target
    pipeline: str
    limit: float | None = None
    commit: str = ""
    """The commit that is checked out where the command was typed."""
    file: str = SPEC
    """The spec that may be at hand."""
    command: str = "watch"
    """The command that comes back."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    line: Line = field(init=False)
    _deadline: float | None = field(init=False)
    _now: str = ""

    def __post_init__(self) -> None:
        renew = None if self.target.sandbox else renewal(self.target)
        aws = self.target.aws
        self.line = Line(polling(aws), renew, lambda: aws.account, self.clock, self.sleep, CALLS)
        self._deadline = None if self.limit is None else self.line.clock() + self.limit

    def one(self, wanted: str | None = None) -> None:
        """Follow one execution: `wanted`, the newest that goes on, or the next to start.

        Raises ToldError where it does not succeed, PendingError at the time limit.
        """
        self.id(self.found(wanted) if wanted else self._chosen())

    def begun(self, *, expected: bool) -> None:
        """Follow the execution that what was just done has started, or that goes on.

        `expected`: one was started for sure; else it may be that there is none to follow, which is said.
        """
        if expected or any(one.running for one in self._listing()):
            self.one()
        else:
            self.console.say(f"no execution of {self.pipeline} was started: there is nothing to watch")
            self.console.record({"event": "nothing", "pipeline": self.pipeline})

    def id(self, execution: str, *, fresh: bool = False) -> None:
        """Follow the execution of an id; `fresh`: it was started a moment ago."""
        self._now = execution
        reader = Reader(self.line, self.pipeline, execution, fresh)
        with self._screen() as shown:
            last = self._watched(shown, reader)
        if code := self._ending.say(last, reader.declaration):
            raise ToldError(code)

    def all(self) -> None:
        """Follow every execution that goes on, until none does. Raises ToldError where one failed."""
        before: dict[str, Execution] = {}
        code = explained = 0
        with self._screen(several=True) as shown:
            for found in self.looks(shown, Board(self.line, self.pipeline).read):
                for one in found:
                    old = before.get(one.id)
                    if old == one:
                        continue
                    shown.look(old, one)
                    before[one.id] = one
                    if not one.running:
                        explained += one.state != "Succeeded"
                        failed = self._ending.say(one, briefly=explained > _EXPLAINED)
                        code = code if one.state == "Superseded" else max(code, failed)
                if before and not any(one.running for one in before.values()):
                    break
            else:
                raise self._pending(f"{sum(one.running for one in before.values())} executions go on")
        if code:
            raise ToldError(code)

    @property
    def _ending(self) -> Ending:
        return Ending(self.console, self.target, self.pipeline, self.line.aws)

    def _screen(self, *, several: bool = False) -> Screen:
        approve = self.target.command_anywhere("approve", self.pipeline)
        return screen(self.console, approve, several=several)

    def _watched(self, shown: Screen, reader: Reader) -> Execution:
        before: Execution | None = None
        for one in self.looks(shown, reader.read):
            if one != before:
                shown.look(before, one)
            before = one
            if not one.running:
                return one
        raise self._pending(f"execution {reader.id[:8]} goes on")

    def looks(self, shown: Screen, read: Callable[[], T], slowest: float = SLOWEST) -> Iterator[T]:
        """What is seen, look after look, until the time is over; troubles are told of."""
        poller = Poller(self.line, self._deadline, slowest=slowest)
        with self._existing():
            for one in poller.looks(read, f"look at pipeline {self.pipeline}"):
                if isinstance(one, Trouble | Recovered):
                    shown.tell(one)
                else:
                    yield one

    @contextlib.contextmanager
    def _existing(self) -> Iterator[None]:
        """Say it in our words where there is no such pipeline."""
        try:
            yield
        except AwsError as error:
            if error.code == "PipelineNotFoundException":
                raise choosing.missing(self.target, self.pipeline, self.file) from error
            raise

    def _chosen(self) -> str:
        """The newest execution that goes on, or the next to start: waited for, and said so."""
        chooser = Chooser(self.line, self.pipeline, self.commit)
        told = False
        for found in self.looks(self._screen(several=True), chooser.read):
            if found is not None:
                return found.id
            if not told:
                self.console.say(view.waiting(self.pipeline, chooser.newest, self._command(LATEST)))
                self.console.record(view.waiting_record(self.pipeline, chooser.newest))
            told = True
        raise self._pending("no execution has started")

    def found(self, wanted: str) -> str:
        """The execution of an id, of how one begins, or the newest."""
        if EXECUTION_ID.fullmatch(wanted):
            return wanted
        listed = self._listing()
        fitting = [one.id for one in listed if wanted == LATEST or one.id.startswith(wanted.lower())]
        if wanted != LATEST and len(fitting) > 1:
            raise choosing.begin_alike(wanted, fitting)
        if not fitting:
            which = (
                "no execution yet" if not listed else f"no execution {wanted} among its newest {len(listed)}"
            )
            recent = ", ".join(one.id[:8] for one in listed[:5])
            raise AwspipeError(
                f"{self.pipeline} has {which}",
                hint=f"its newest are {recent}" if recent else f"`{self._run()}` starts one",
            )
        return fitting[0]

    def _listing(self) -> tuple[Execution, ...]:
        """The newest executions."""
        return next(self.looks(self._screen(several=True), lambda: listing(self.line, self.pipeline)))

    def _run(self) -> str:
        return self.target.command_anywhere("run", self.pipeline)

    def _command(self, execution: str) -> str:
        """What comes back to an execution."""
        return self.target.command_anywhere(self.command, self.pipeline, "--execution", execution[:8])

    def _pending(self, what: str) -> PendingError:
        again = (
            self._command(self._now)
            if self._now
            else self.target.command_anywhere(self.command, self.pipeline)
        )
        return PendingError(
            f"{what}, and the time of --timeout is over; nothing was stopped", hint=f"`{again}` waits on"
        )

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Say how to come back after Ctrl-C and lost credentials; errors are JSON lines among others."""
        try:
            yield
        except KeyboardInterrupt:
            self.console.say("")  # the terminal has written ^C
            raise self._told(self._detached()) from None
        except CredentialsError as error:
            if self._now:
                error.hint = (
                    f"log in again; `{self._command(self._now)}` comes back to it: the execution goes on"
                )
            raise self._told(error) from error
        except AwspipeError as error:
            raise self._told(error) from error

    def _detached(self) -> StoppedError:
        if not self._now:
            return StoppedError("interrupted: nothing was stopped")
        return StoppedError(
            f"stopped watching: execution {self._now[:8]} of {self.pipeline} goes on",
            hint=f"`{self._command(self._now)}` comes back to it",
        )

    def _told(self, error: AwspipeError) -> Exception:
        """An error among JSON lines is a line of its own."""
        if not self.console.json:
            return error
        self.console.record({"event": "error", "error": errors.document(error)})
        return ToldError(error.exit_code)
