"""One at a time where moto looks through what other requests change: it was made for one thread.

Each of these services walks through dictionaries while it answers. Our own operations hold the runtime's
lock, and reach into these services with it held; so their requests take the same lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.events.responses import EventsHandler
from moto.iam.responses import IamResponse
from moto.logs.responses import LogsResponse
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from awspipe.sandbox import runtime

_SERVICES: tuple[Any, ...] = (EventsHandler, IamResponse, LogsResponse, ResourceGroupsTaggingAPIResponse)


def install() -> None:
    """Let the requests of these services wait for each other; again is harmless."""
    for response in _SERVICES:
        if not hasattr(response.call_action, _MARK):
            response.call_action = _in_turn(response.call_action)


_MARK = "takes_turns"


def _in_turn(original: Callable[..., Any]) -> Callable[..., Any]:
    def call_action(self: Any) -> Any:
        played = runtime.installed()
        if played is None:  # moto alone, in a process where a sandbox was before
            return original(self)
        with played.lock:
            return original(self)

    setattr(call_action, _MARK, True)
    return call_action
