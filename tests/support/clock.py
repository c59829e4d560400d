"""A clock that only moves when told to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class FakeClock:
    """Stands where code takes `now` and `sleep`; sleeping moves the time and returns at once."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def __call__(self) -> datetime:
        return self._now

    @property
    def slept(self) -> float:
        return sum(self.sleeps)

    def time(self) -> float:
        """Seconds since the epoch, in place of `time.time` and `time.monotonic`."""
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        with self._lock:
            self.sleeps.append(seconds)

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def rewind(self, seconds: float) -> None:
        """Go back, for what should have happened earlier."""
        with self._lock:
            self._now -= timedelta(seconds=seconds)
