"""What happens while `up` and `down` work, as values: a listener hears them, a view makes text of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from awspipe.errors import AwspipeError


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step began. `step` is its verb and resource, e.g. `create role awspipe-shop-...`."""

    step: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step ended well after `seconds`."""

    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed: a cause, never a consequence."""

    step: str
    error: AwspipeError


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """A step was not tried because one it waits for failed, or because we were told to stop."""

    step: str


@dataclass(frozen=True, slots=True)
class StepLeft:
    """A step was under way when we stopped, and nobody had answered: it may be done or not."""

    step: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """AWS needs time: `why` in one sentence, with the limit."""

    why: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """A connection waits for the person who completes it, in the console at `url`; for `limit` seconds."""

    name: str
    provider: str
    url: str
    limit: float


Event = StepStarted | StepDone | StepFailed | StepSkipped | StepLeft | Waiting | Handshake
Listener = Callable[[Event], None]


def silent(_: Event) -> None:
    """A listener that hears nothing."""
