"""When the sandbox's state is written to disk: before an answer tells anybody of it.

Whoever changes something notes in `Changes` which services it concerns, and an answer that could tell of it
waits until a snapshot with the change is on disk. Answers that wait at the same time share one snapshot.
So a `kill -9` at any moment loses nothing that anybody has been told; what no answer waits for, such as a
running build's lines, is at most a second behind. Nothing is synced: what a process has written, the system
keeps when that process is killed. Only a power cut may take the last seconds.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awspipe.sandbox.state import Store

log = logging.getLogger("awspipe.sandbox")

ALL = "*"
"""Stands for every service, where nobody knows which have changed."""

OWN = ("codebuild", "codecommit", "codeconnections", "codedeploy", "codepipeline")
"""The services that our lock guards."""

_ALONE = frozenset({"iam", "kms", "logs", "s3", "secretsmanager", "ssm", "sts", *OWN})
"""Services whose calls change nothing in others, but through events (eventbus.py) and our lock."""

READS = ("BatchGet", "Describe", "Get", "List")
"""What the operations that change nothing begin with."""

_INTERVAL = 1.0
_PATIENCE = 30.0
_TRIES = 10


def concerned(service: str) -> str:
    """What a call to a service may have changed."""
    return service if service in _ALONE else ALL


@dataclass(frozen=True, slots=True)
class Batch:
    """What to save: changes up to a number, in these services."""

    number: int
    services: frozenset[str]


@dataclass
class Changes:
    """What has changed since it was last saved."""

    clock: Callable[[], float] = time.monotonic
    failure: str = ""
    """Why the state cannot be saved; "" when it can."""
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _services: set[str] = field(default_factory=set)
    _passing: set[str] = field(default_factory=set)
    _made: int = 0
    _saved: int = 0
    _waiting: int = 0
    _last: float = 0.0
    _ended: bool = False

    def note(self, *services: str) -> None:
        """Something in these services has changed, and an answer will tell of it."""
        with self._turn:
            self._services.update(services)
            self._made += 1
            self._turn.notify_all()

    def note_in_passing(self, *services: str) -> None:
        """Something has changed that no answer needs to wait for."""
        with self._turn:
            if not self._passing:
                self._turn.notify_all()
            self._passing.update(services)

    def settle(self) -> None:
        """Wait until all that has been noted is saved, or has proved impossible to save."""
        with self._turn:
            upto = self._made
            if self._saved >= upto:
                return
            self._waiting += 1
            self._turn.notify_all()
            try:
                self._turn.wait_for(lambda: self._saved >= upto, _PATIENCE)
            finally:
                self._waiting -= 1

    def take(self) -> Batch | None:
        """What to save next: at once while somebody waits, else once a second; None at the end."""
        with self._turn:
            while not self._ended and (left := self._time_left()) != 0:
                self._turn.wait(left)
            services, self._services = self._services, set()
            if not self._waiting:
                services, self._passing = services | self._passing, set()
            return None if self._ended else Batch(self._made, frozenset(services))

    def done(self, batch: Batch, *, whole: bool) -> None:
        """A batch is saved; what kept changing meanwhile is to be saved again."""
        with self._turn:
            self._last = self.clock()
            self._saved = max(self._saved, batch.number)
            if not whole:
                self._services |= batch.services
            self._turn.notify_all()

    def end(self) -> None:
        """Give out no more batches."""
        with self._turn:
            self._ended = True
            self._turn.notify_all()

    def _time_left(self) -> float | None:
        """Seconds until the next batch; None while there is nothing to save."""
        if self._waiting and self._made > self._saved:
            return 0
        changed = self._services or self._passing
        return max(0.0, self._last + _INTERVAL - self.clock()) if changed else None


class WatchedLock(type(threading.RLock())):  # type: ignore[misc]
    """A runtime's lock that tells when it was let go.

    Every operation and every job of our backends holds the lock while it changes something, so this is how
    the sandbox notices the changes that no request made.
    """

    def __init__(self, released: Callable[[], None]) -> None:
        super().__init__()
        self._released = released

    def release(self) -> None:
        """Tell, and let go: who takes it next may save what was changed."""
        self._released()
        super().release()

    def __exit__(self, *_: object) -> None:
        self.release()

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Hold the lock to read only."""
        self.acquire()
        try:
            yield
        finally:
            super().release()


class Saver:
    """Saves in a thread of its own what has changed, and everything once more at the end."""

    def __init__(self, store: Store, lock: WatchedLock, changes: Changes) -> None:
        self._store = store
        self._lock = lock
        self._changes = changes
        self._thread = threading.Thread(target=self._run, name="awspipe-saver", daemon=True)

    def start(self) -> None:
        """Begin to save."""
        self._thread.start()

    def close(self) -> None:
        """Save for the last time."""
        self._changes.end()
        self._thread.join()
        self._try_to_save(frozenset({ALL}))

    def _run(self) -> None:
        while (batch := self._changes.take()) is not None:
            self._changes.done(batch, whole=self._try_to_save(batch.services))

    def _try_to_save(self, services: frozenset[str]) -> bool:
        return any(self._save(services) for _ in range(_TRIES))

    def _save(self, services: frozenset[str]) -> bool:
        """Whether it is done, as well as can be; False where it kept changing meanwhile."""
        try:
            whole = self._store.save(self._lock.unnoticed(), services)
        except RuntimeError:  # "dictionary changed size": a service was first used while they were listed
            return False
        except OSError as error:
            if str(error) != self._changes.failure:
                log.error("the sandbox's state could not be saved: %s", error)
            self._changes.failure = str(error)
            return True
        self._changes.failure = ""
        return whole
