"""What the sandbox does behind its answers: a thread for each job, so that a long build keeps nobody waiting.

The threads are daemons: what still runs when the process must end does not hold it up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("awspipe.sandbox")

_PATIENCE = 60.0


class Jobs:
    """The jobs of one runtime. A job must take the runtime's lock while it changes a backend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the sandbox stops: nothing new is begun."""
        return self._closed

    def submit(self, name: str, work: Callable[[], None]) -> None:
        """Do `work` in a thread of its own; nothing once the sandbox stops."""
        thread = threading.Thread(target=lambda: self._run(name, work), name=f"awspipe-{name}", daemon=True)
        with self._lock:
            if self._closed:
                return
            self._threads.add(thread)
            thread.start()

    def close(self) -> None:
        """Begin nothing new."""
        with self._lock:
            self._closed = True

    def drain(self, timeout: float = _PATIENCE) -> bool:
        """Wait until no job runs, nor any that these began; whether that came to be.

        Never call it with the runtime's lock held: jobs need the lock to end.
        """
        until = time.monotonic() + timeout
        while True:
            with self._lock:
                thread = next(iter(self._threads), None)
            if thread is None:
                return True
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                return False
            with self._lock:
                self._threads.discard(thread)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("%s failed", name)
        finally:
            self._forget_ended()

    def _forget_ended(self) -> None:
        """Keep no thread that has ended; the present one goes at the next turn."""
        with self._lock:
            self._threads = {one for one in self._threads if one.is_alive()}
