"""Steps as they happen: redrawn on a terminal, one line an event elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from awspipe.cli.console import Console
from awspipe.cli.views import columns
from awspipe.errors import PendingError
from awspipe.events import Event, Handshake, StepDone, StepFailed, StepLeft, StepSkipped, StepStarted, Waiting

if TYPE_CHECKING:
    from rich.live import Live

_SIGNS = {"create": "+", "push": "+", "update": "~", "adopt": "@", "delete": "-"}


def line(event: Event) -> str:
    """An event as one line; "" for those that say nothing yet."""
    match event:
        case StepDone(step, seconds):
            return f"{_row(step)} ({seconds:.1f} s)"
        case StepFailed(_, PendingError() as error):
            return f"  . {error.message}"
        case StepFailed(step, error):
            return f"  ! failed: {error.message if step in error.message else f'{step}: {error.message}'}"
        case StepSkipped(step) | StepLeft(step):
            return f"  . {step}: {'not started' if isinstance(event, StepSkipped) else 'no answer yet'}"
        case Waiting(why):
            return f"  . {why}"
        case Handshake() | StepStarted():  # `handshakes.told` says the first in words
            return ""


def _row(step: str) -> str:
    """`create role NAME` as a plan shows it."""
    verb, kind, name = (*step.split(" ", 2), "")[:3]
    return columns.row(_SIGNS.get(verb, " "), kind, name)


def now_running(done: int, total: int, running: list[tuple[str, float]]) -> str:
    """How far it is, and what takes the time: steps with the seconds they have taken."""
    if not running:
        return f"  {done} of {total} done"
    step, seconds = running[0]
    more = f" and {len(running) - 1} more" if len(running) > 1 else ""
    return f"  {done} of {total} done; {step} ({seconds:.0f} s){more}"


class Progress:
    """Listens to events. Use it as a context: on a terminal it redraws what is running until it leaves."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._running: dict[str, float] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        """Take note of an event, from any thread."""
        with self._lock:
            match event:
                case StepStarted(step):
                    self._running[step] = time.monotonic()
                case StepDone(step, _) | StepFailed(step, _):
                    self._running.pop(step, None)
                    self._done += 1
            text = line(event)
            if text:
                self._show(text)

    def _show(self, text: str) -> None:
        if self._live is not None:
            from rich.text import Text

            shaped = self._console.shaped(text, self._console.err)
            self._live.console.print(Text.from_ansi(shaped), soft_wrap=True)
        else:
            self._console.say(text)

    def __rich__(self) -> str:
        """What is running now, for the redrawn part."""
        now, running = time.monotonic(), list(self._running.items())
        return now_running(self._done, self._total, [(step, now - since) for step, since in running])

    def __enter__(self) -> Progress:
        """Begin redrawing where that is possible."""
        if self._console.err.isatty() and not self._console.json:
            from rich.console import Console as RichConsole
            from rich.live import Live

            plain = not self._console.colour(self._console.err)
            rich = RichConsole(file=self._console.err, highlight=False, markup=False, no_color=plain)
            self._live = Live(
                get_renderable=self.__rich__, console=rich, refresh_per_second=8, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End redrawing."""
        if self._live is not None:
            self._live.stop()
            self._live = None
