"""Records the HTTP calls of one botocore session: what, when, how deep.

    recording = recorder.record(session)             # before the session makes its clients
    up(session)
    assert recording.count() <= 26
    assert recording.actions == declared

For `chain` under moto, where a call takes a millisecond and order is chance, give a delay:

    recording = recorder.record(session, delay=0.05)
    assert recording.chain <= 5

A delayed call waits until no other call has begun or ended for `delay` seconds, then all that wait go
together. So calls that can run together do, however long Python takes to start them, and `chain` is the
number of rounds. `delay` need only be longer than what the code under test does between an answer and the
calls that follow from it; making a client takes up to 0.1 s, so make clients first or take 0.2.
A pool of N threads shows as ceil(calls / N) rounds: it is what a user would wait for.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.hooks import BaseEventHooks
from botocore.model import OperationModel

from tests.support import iamactions
from tests.support.modelcheck import emitter

_HOLD_LIMIT = 10.0  # seconds; a call inside a call in another thread would else wait for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request and its answer. Retries are calls of their own."""

    service: str
    operation: str
    params: dict[str, Any] = field(repr=False)
    start: float
    end: float
    error_code: str | None = None
    attempt: int = 1

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def mutating(self) -> bool:
        return iamactions.is_mutating(self.service, self.operation)

    @property
    def actions(self) -> frozenset[str]:
        return iamactions.actions(self.service, self.operation, self.params)


class Recording:
    """The calls so far; safe to read while others still call."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    @property
    def calls(self) -> tuple[Call, ...]:
        """In the order they began."""
        with self._lock:
            return tuple(sorted(self._calls, key=lambda call: call.start))

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    @property
    def mutating(self) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.mutating)

    @property
    def failed(self) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.error_code)

    @property
    def actions(self) -> set[str]:
        return set().union(*(call.actions for call in self.calls))

    @property
    def passed_roles(self) -> set[str]:
        return {
            role
            for call in self.calls
            for role in iamactions.passed_roles(call.service, call.operation, call.params)
        }

    def count(self, service: str | None = None, operation: str | None = None) -> int:
        return len(self.of(service, operation))

    def of(self, service: str | None = None, operation: str | None = None) -> tuple[Call, ...]:
        return tuple(
            call
            for call in self.calls
            if service in (None, call.service) and operation in (None, call.operation)
        )

    def peak(self, service: str | None = None) -> int:
        """The most calls in flight at one time."""
        change = Counter[float]()
        for call in self.of(service):
            change[call.start] += 1
            change[call.end] -= 1
        highest = now = 0
        for _, step in sorted(change.items()):
            now += step
            highest = max(highest, now)
        return highest

    @property
    def chain(self) -> int:
        """How many round trips came one after the other; the wall time at high latency is this many."""
        return len(self.critical)

    @property
    def critical(self) -> tuple[Call, ...]:
        """One longest row of calls of which each began after the one before had ended."""
        longest: dict[int, tuple[Call, ...]] = {}
        best: tuple[Call, ...] = ()
        for _, starts, index, call in _moments(self.calls):
            if starts:
                longest[index] = (*best, call)
            else:
                best = max(best, longest[index], key=len)
        return best


def _moments(calls: tuple[Call, ...]) -> list[tuple[float, bool, int, Call]]:
    moments = [(call.end, False, index, call) for index, call in enumerate(calls)]
    moments += [(call.start, True, index, call) for index, call in enumerate(calls)]
    return sorted(moments, key=lambda moment: moment[:3])


def record(session_or_client_or_events: Any, *, delay: float = 0.0) -> Recording:
    """Record all calls from now on of a session (boto3's or botocore's), a client or an event emitter.

    A client copies its session's hooks when it is made, so record before making clients.
    """
    recording = Recording()
    _Recorder(recording, _Rounds(delay) if delay else None).register(emitter(session_or_client_or_events))
    return recording


@dataclass(slots=True)
class _Slot:
    """What is known of a call on its way; lives in botocore's request context, so retries share it."""

    service: str
    operation: str
    params: dict[str, Any]
    attempt: int = 0
    start: float = 0.0


class _Recorder:
    """The hooks. One per recording: several can listen to one session."""

    def __init__(self, recording: Recording, rounds: _Rounds | None) -> None:
        self._recording = recording
        self._rounds = rounds
        self._thread = threading.local()
        self._key = f"awspipe-tests-recorder-{id(self)}"

    def register(self, events: BaseEventHooks) -> None:
        events.register_last("before-parameter-build", self._built)
        events.register_last("request-created", self._created)
        events.register_first("before-send", self._sent)
        events.register_last("response-received", self._received)

    def _built(
        self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
    ) -> None:
        context[self._key] = _Slot(model.service_model.service_name, model.name, _snapshot(params))

    def _created(self, request: AWSRequest, **_: Any) -> None:
        self._thread.slot = request.context.get(self._key)

    def _sent(self, **_: Any) -> None:
        slot: _Slot | None = getattr(self._thread, "slot", None)
        if slot is None:
            return
        slot.attempt += 1
        slot.start = time.perf_counter()
        flying = self._thread.flying = getattr(self._thread, "flying", 0) + 1
        if self._rounds and flying == 1:  # a call made while answering another must not wait for it
            self._rounds.wait()

    def _received(self, context: dict[str, Any], parsed_response: Any, exception: Any, **_: Any) -> None:
        slot: _Slot | None = context.get(self._key)
        if slot is None:
            return
        self._recording.add(
            Call(
                service=slot.service,
                operation=slot.operation,
                params=slot.params,
                start=slot.start,
                end=time.perf_counter(),
                error_code=_error_code(parsed_response, exception),
                attempt=slot.attempt,
            )
        )
        self._thread.flying -= 1
        if self._rounds and self._thread.flying == 0:
            self._rounds.ended()


@dataclass(slots=True, eq=False)
class _Round:
    size: int = 0
    gone: bool = False


class _Rounds:
    """Lets calls go in rounds: all that wait, once nothing has begun or ended for `delay` seconds.

    The first that waits counts the quiet in ticks, of which a late one counts as one: on a busy machine,
    where a thread that has work may get no turn for a while, the quiet takes longer.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._changed = threading.Condition()
        self._next = _Round()
        self._flying = 0
        self._quiet = 0.0

    def wait(self) -> None:
        with self._changed:
            mine = self._next
            mine.size += 1
            self._quiet = 0.0
            if mine.size > 1:
                self._changed.wait_for(lambda: mine.gone)
            else:
                self._lead()

    def _lead(self) -> None:
        now = time.monotonic()
        limit, tick = now + _HOLD_LIMIT, self._delay / 8
        while (self._flying > 0 or self._quiet < self._delay) and now < limit:
            self._changed.wait(tick)
            before, now = now, time.monotonic()
            self._quiet += min(now - before, tick)
        self._go()

    def ended(self) -> None:
        with self._changed:
            self._flying -= 1
            self._quiet = 0.0
            self._changed.notify_all()

    def _go(self) -> None:
        self._next.gone = True
        self._flying = max(self._flying, 0) + self._next.size
        self._next = _Round()
        self._changed.notify_all()


def _error_code(parsed: Any, exception: BaseException | None) -> str | None:
    if exception is not None:
        return type(exception).__name__
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(parsed.get("Error", {}).get("Code") or status) if status >= 300 else None


def _snapshot(value: Any) -> Any:
    """A copy that later changes do not reach; bodies and other objects stay themselves."""
    if isinstance(value, Mapping):
        return {key: _snapshot(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_snapshot(item) for item in value]
    return value
