"""When to give up: where nobody has answered for long, no call is sent once more.

botocore counts how often a call was sent, not how long that took: ten calls that nobody answers would take
minutes. As long as anything is answered, a call that is slow is sent again as botocore will have it. Once a
call was given up, those that come after it are not sent at all until one of those under way is answered: each
would take as long again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LIMIT = 30.0
"""Seconds without an answer after which nothing is sent again: with one more read time-out, a minute."""
_SENT = "awspipe-sent"


class Silence:
    """How long nobody has answered the calls of a command."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._heard = now()
        self._given_up: Exception | None = None

    def watch(self, events: Any) -> None:
        """Listen to the calls of a client, by its events."""
        events.register_first("before-call", self._begun)
        events.register_first("response-received", self._answered)
        events.register_first("needs-retry", self._failed)

    def check(self) -> None:
        """Raise what the last call ended with that was given up, where none was answered since."""
        error = self._given_up  # which an answer that comes meanwhile takes away
        if error is not None:
            raise error.with_traceback(None)

    def _begun(self, context: dict[str, Any], **_: Any) -> None:
        context[_SENT] = self._now()

    def _answered(self, response_dict: dict[str, Any] | None, **_: Any) -> None:
        if response_dict is not None:
            self._heard, self._given_up = self._now(), None

    def _failed(self, caught_exception: Exception | None, request_dict: dict[str, Any], **_: Any) -> None:
        """Raised here, an error ends the call: botocore asks nobody else whether to send it again."""
        since = max(self._heard, request_dict["context"].get(_SENT, self._heard))
        if caught_exception is not None and self._now() - since >= _LIMIT:
            self._given_up = caught_exception
            raise caught_exception
