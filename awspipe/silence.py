"""When to give up: where nobody has answered for long, no call is sent once more.

botocore counts how often a call was sent, not how long that took: ten calls that nobody answers would take
minutes. As long as anything is answered, a call that is slow is sent again as botocore will have it. Once a
call was given up, those that come after it in its region are not sent at all until one of those under way is
answered: each would take as long again. Those of other regions are sent once, as a firewall may let through
some regions only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_LIMIT = 30.0
"""Seconds without an answer after which nothing is sent again: with one more read time-out, a minute."""
_SENT = "awspipe-sent"


@dataclass
class _Heard:
    """When a command last heard anything, in any region; `nothing_since` a call was given up for that."""

    at: float
    nothing_since: bool = False


class Silence:
    """How long nobody has answered the calls of a command in a region."""

    def __init__(self, now: Callable[[], float], heard: _Heard | None = None) -> None:
        self._now = now
        self._heard = heard or _Heard(now())
        self._given_up: Exception | None = None

    def elsewhere(self) -> Silence:
        """That of another region."""
        return Silence(self._now, self._heard)

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
            self._heard.at, self._heard.nothing_since, self._given_up = self._now(), False, None

    def _failed(self, caught_exception: Exception | None, request_dict: dict[str, Any], **_: Any) -> None:
        """Raised here, an error ends the call: botocore asks nobody else whether to send it again."""
        since = max(self._heard.at, request_dict["context"].get(_SENT, self._heard.at))
        limit = 0.0 if self._heard.nothing_since else _LIMIT
        if caught_exception is not None and self._now() - since >= limit:
            self._given_up, self._heard.nothing_since = caught_exception, True
            raise caught_exception
