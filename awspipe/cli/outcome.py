"""What `up` and `down` say when steps failed or were not started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from awspipe.apply import Outcome
from awspipe.cli.console import Console
from awspipe.errors import ApplyError, AwspipeError, HandshakeError, PendingError, StoppedError
from awspipe.plan import Verb


@contextmanager
def halted(console: Console, stands: str, go_on: str) -> Iterator[None]:
    """Ctrl-C in here leaves things as `stands` says, and `go_on` is what to do then. Raises StoppedError."""
    try:
        yield
    except KeyboardInterrupt:
        if console.interactive:
            console.say("")  # the terminal has written ^C
        raise StoppedError(f"interrupted: {stands}", hint=go_on) from None


def check_all(outcomes: Sequence[Outcome], command: str, *undo: str) -> None:
    """As `check`, for plans that ran side by side: `undo` takes back what stands of each of them."""
    together = Outcome(
        done=[step for one in outcomes for step in one.done],
        failed=[failure for one in outcomes for failure in one.failed],
        skipped=[step for one in outcomes for step in one.skipped],
        left=[step for one in outcomes for step in one.left],
        stopped=any(one.stopped for one in outcomes),
    )
    check(together, command, undo[0] if len(undo) == 1 else "")


def check(outcome: Outcome, command: str, undo: str = "") -> None:
    """Raise what the outcome means; nothing when every step was done.

    `command` goes on, `undo` takes back what stands. Raises StoppedError after Ctrl-C, else ApplyError, with
    the causes.
    """
    done = sum(step.verb is not Verb.KEEP for step in outcome.done)
    stands = f"{_plural(done)} done, {len(outcome.skipped)} not started"
    if outcome.left:  # AWS may have the call, and carry it out
        stands += f", {len(outcome.left)} without an answer: maybe done"
    go_on = f"`{command}` goes on where this ended" + (f"; `{undo}` removes what there is" if undo else "")
    causes = tuple(error for _, error in outcome.failed)
    if outcome.stopped and not outcome.complete:
        raise StoppedError(f"interrupted: {stands}{_met(causes)}", causes=causes, hint=go_on)
    if not causes:
        return
    waits = all(isinstance(one, PendingError) for one in causes)
    became = "not possible yet" if waits else "failed"
    error = ApplyError(f"{_plural(len(causes))} {became}, {stands}", causes=causes, hint=go_on)
    error.exit_code = max((cause.exit_code for cause in causes), key=_rank)
    raise error


def _met(causes: Sequence[AwspipeError]) -> str:
    """What else stands at Ctrl-C: connections that were made and nobody has completed, and failures."""
    pending = sum(isinstance(one, HandshakeError) for one in causes)
    failed = len(causes) - pending
    connections = "1 connection" if pending == 1 else f"{pending} connections"
    said = f", {connections} there and pending" if pending else ""
    return f"{said}, {failed} failed" if failed else said


def _plural(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _rank(code: int) -> int:
    """A safety stop says more than missing credentials, those more than a failure."""
    order = (AwspipeError.exit_code, 2, 4, 3)
    return order.index(code) if code in order else -1
