"""That the time of a pipeline (`up --ttl`) has passed: said at the end of every command that is about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import typer

from awspipe.cli.console import Console

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.cost.unknown import Unknown

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that a command which has done its work waits for the answer."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The question which pipelines have an end, on its way: it holds up nothing and fails nothing."""

    target: Target
    asked: Future[dict[str, datetime] | Unknown]

    def warnings(self) -> Iterator[str]:
        """A line for each whose end has passed, with the command that removes it."""
        from awspipe.cli.views.expiry import warning

        for name, end in self._passed():
            yield warning(name, end, self.target.command_anywhere("down", name))

    def plainly(self) -> Iterator[str]:
        """A line for each whose end has passed, where it is being removed."""
        from awspipe.cli.views.expiry import warning

        yield from (warning(name, end) for name, end in self._passed())

    def _passed(self) -> Iterator[tuple[str, datetime]]:
        """None where AWS does not say, or not in time."""
        from awspipe.expiry import passed

        try:
            found = self.asked.result(PATIENCE)
        except Exception:  # whatever it was: the command itself is not to fail for it
            return
        yield from passed(found, datetime.now(UTC))


def asked(target: Target, names: Sequence[str] = ()) -> Ends:
    """Ask in the background, beside the command's own calls. `names`: of these pipelines, else of all."""
    from awspipe.expiry import ends

    return Ends(target, _aside(lambda: ends(target.aws, names)))


def warn(context: typer.Context, console: Console, target: Target, *names: str) -> None:
    """Ask now; when the command has ended, say which of its pipelines should be gone."""
    warn_of(context, console, asked(target, names))


def warn_everywhere(context: typer.Context, console: Console, target: Target, regions: Sequence[str]) -> None:
    """As `warn`, of all of our pipelines in some regions."""
    from dataclasses import replace

    for region in regions:
        warn_of(context, console, asked(replace(target, aws=target.aws.at(region))))


def warn_of(context: typer.Context, console: Console, ends: Ends) -> None:
    """Say at the command's end what was asked."""
    context.call_on_close(lambda: console.warn(ends.warnings()))


def _aside(call: Callable[[], T]) -> Future[T]:
    """The answer of a call in a thread that the end of the program does not wait for."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # it is the answer
            answer.set_exception(error)

    threading.Thread(target=ask, name="awspipe-aside", daemon=True).start()
    return answer
