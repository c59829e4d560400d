"""A cause, and the evidence it is found in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an action failed, or why an execution ended without one that did.

    `stage` and `action` are "" where the whole execution is meant; `fix` is "" where none is known; `detail`
    are the last lines of what ran, oldest first. `known` is the cause's name in our tables, which stays; ""
    where it is in none. `commit`: it lies in what was pushed, so that a retry would run into it again. No
    line holds a control character or a known secret.
    """

    stage: str
    action: str
    line: str
    fix: str = ""
    detail: tuple[str, ...] = ()
    known: str = ""
    commit: bool = False


class Where(Enum):
    """Who says it."""

    ACTION = "the action's error details"
    PHASE = "a build's phase context"
    DEPLOYMENT = "a deployment's error information"
    EVENT = "the diagnostics of a lifecycle event"
    LOG = "the last lines of what ran"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that AWS says of a failure; `code` is AWS's, "" where it has none."""

    where: Where
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An artifact's object in S3."""

    bucket: str
    key: str


def _no_names() -> Sequence[str]:
    return ()


@dataclass(slots=True, kw_only=True)
class Failure:
    """An action that failed, with the evidence as it gathers.

    `facts` are named values for the sentences of the tables; `unread` says which reads AWS refused, so that
    less is known than could be; `names` lists the files of the input artifact, when it is first asked for.
    """

    pipeline: str
    stage: str
    action: str
    category: str
    provider: str
    status: str
    configuration: Mapping[str, str]
    inputs: tuple[Place, ...] = ()
    external_id: str = ""
    log_stream: str = ""
    said: list[Said] = field(default_factory=list)
    detail: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    names: Callable[[], Sequence[str]] = _no_names
