"""A build's lines, with every secret masked, handed on in bundles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from awspipe.sandbox.builds.world import Line

_FLUSH = 100
"""Milliseconds that a line waits at most, if another one comes then."""
_PAUSE = 0.3
_LONGEST = 16 * 1024
_SHORTEST = 4
_SECRET = 3
"""What is shorter is no secret, and would be masked out of every word."""
MASK = "***"


class Log:
    """The lines of one build, in order. Any thread may write."""

    def __init__(self, take: Callable[[Sequence[Line]], None], clock: Callable[[], float]) -> None:
        self._take = take
        self._clock = clock
        self._lines: list[Line] = []
        self._last = clock()
        self._secrets: list[str] = []
        self._turn = threading.Lock()

    def mask(self, value: str) -> None:
        """Never show this value; of one of several lines, none of them."""
        lines = [one.strip() for one in value.splitlines() if len(one.strip()) >= _SHORTEST]
        found = {one for one in (value, *(lines if len(lines) > 1 else ())) if len(one) >= _SECRET}
        with self._turn:
            self._secrets = sorted({*self._secrets, *found}, key=len, reverse=True)

    def say(self, text: str) -> None:
        """A line of CodeBuild's own."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        self.write(f"[Container] {now:%Y/%m/%d %H:%M:%S}.{now.microsecond:06d} {text}")

    def write(self, text: str) -> None:
        """A line of a command; a very long one becomes several."""
        moment = int(self._clock() * 1000)
        with self._turn:
            text = self._masked(text)
            for start in range(0, max(len(text), 1), _LONGEST):
                self._lines.append((moment, text[start : start + _LONGEST]))
            full = len(self._lines) >= _FLUSH
        if full or self._clock() - self._last >= _PAUSE:
            self.flush()

    def flush(self) -> None:
        """Hand on what has gathered."""
        with self._turn:
            lines, self._lines = self._lines, []
            self._last = self._clock()
            if lines:
                self._take(lines)

    def safe_cut(self, text: str) -> int:
        """Up to where a text may be written now, that a secret may go on behind its end."""
        with self._turn:
            cut = len(text) - max((len(one) for one in self._secrets), default=0)
            for secret in self._secrets:
                start = text.rfind(secret, 0, cut + len(secret))
                if start < cut < start + len(secret):
                    cut = start
        return max(cut, 0)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text
