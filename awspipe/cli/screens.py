"""Where a watched execution is shown: redrawn on a terminal, a line a change elsewhere, or JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from awspipe.cli.console import Console
from awspipe.cli.views import watch as view
from awspipe.executions import Execution
from awspipe.polling import Recovered, Trouble
from awspipe.snapshots import changes

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text


class Screen(Protocol):
    """Shows what a poller sees. A context: what is redrawn ends with it."""

    def __enter__(self) -> Screen: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def look(self, before: Execution | None, now: Execution) -> None:
        """An execution as it is now, and as it was at the look before."""

    def tell(self, news: Trouble | Recovered) -> None:
        """A trouble that began or is over."""


def screen(console: Console, approve: str, *, several: bool = False) -> Screen:
    """What suits where the answer goes. `approve` is the command that answers an approval."""
    if console.json:
        return Records(console)
    if console.out.isatty() and console.environ.get("TERM") != "dumb" and not several:
        return Redrawn(console, approve)
    return Lines(console, approve, several)


@dataclass
class Still:
    """A screen that nothing need be done for at its end."""

    console: Console

    def __enter__(self) -> Screen:
        return self  # type: ignore[return-value]

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class Lines(Still):
    """A line for each change on standard output; troubles on standard error."""

    approve: str
    several: bool = False

    def look(self, before: Execution | None, now: Execution) -> None:
        """Print what has changed."""
        found = changes(before, now)
        self.console.answer(view.line(one, self.approve, several=self.several) for one in found)

    def tell(self, news: Trouble | Recovered) -> None:
        """Say it."""
        self.console.say(view.trouble(news) if isinstance(news, Trouble) else view.RECOVERED)


@dataclass
class Records(Still):
    """JSON lines on standard output."""

    def look(self, before: Execution | None, now: Execution) -> None:
        """A line for each change."""
        for one in changes(before, now):
            self.console.record(view.record(one))

    def tell(self, news: Trouble | Recovered) -> None:
        """A line."""
        self.console.record(
            view.trouble_record(news) if isinstance(news, Trouble) else {"event": "recovered"}
        )


@dataclass
class Redrawn:
    """A tree that is drawn anew; its last state stays."""

    console: Console
    approve: str
    _now: Execution | None = None
    _trouble: Trouble | None = None
    _live: Live | None = None

    def __enter__(self) -> Redrawn:
        from rich.console import Console as RichConsole
        from rich.live import Live

        plain = not self.console.colour(self.console.out)
        rich = RichConsole(file=self.console.out, highlight=False, markup=False, no_color=plain)
        self._live = Live(get_renderable=self.__rich__, console=rich, refresh_per_second=4, transient=True)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        if self._now is not None:
            self.console.answer(list(self._tree(self._now))[1:])

    def look(self, before: Execution | None, now: Execution) -> None:
        """Draw it at the next moment."""
        self._now = now

    def tell(self, news: Trouble | Recovered) -> None:
        """Draw it below."""
        self._trouble = news if isinstance(news, Trouble) else None

    def _tree(self, one: Execution) -> list[str]:
        return list(view.tree(one, self.approve, datetime.now(UTC)))

    def __rich__(self) -> Text:
        """What is on the screen now."""
        from rich.text import Text

        lines = self._tree(self._now) if self._now else []
        lines += view.trouble(self._trouble) if self._trouble else ()
        lines.append("  Ctrl-C stops watching: the execution goes on")
        shown = [self.console.shaped(one, self.console.out) for one in lines]
        return Text.from_ansi("\n".join(shown), no_wrap=True)
