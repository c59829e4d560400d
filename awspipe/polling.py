"""Asking AWS again and again: at most 20 calls a minute, through throttling, cut lines and lost credentials.

A `Line` counts the calls, a `Poller` decides when the next look is due and which errors pass by themselves.
AWS publishes no rates for CodePipeline, and answers a caller it finds too quick with `ThrottlingException`:
https://docs.aws.amazon.com/codepipeline/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from awspipe.aws import Aws
from awspipe.errors import AwsError, AwspipeError, CredentialsError
from awspipe.explain import explained

T = TypeVar("T")

MOST_CALLS = 20
"""As many calls as go out in any minute while one pipeline is watched."""
_MINUTE = 60.0

_QUICK, SLOWEST, _GROWTH = 1.0, 10.0, 1.25
"""Seconds between two looks: at first, and at most; and by how much more each time nothing has changed."""
_RETRY, _LONGEST_RETRY = 2.0, 60.0
_RENEW, _LONGEST_RENEW = 5.0, 30.0
_FIRST_TRIES = 4
"""As often a first look is tried through cut lines: an address that never answered may be wrong."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded"}
    | {"TooManyRequestsException", "RequestThrottledException", "SlowDown", "BandwidthLimitExceeded"}
)
_PASSING = frozenset({"InvalidNextTokenException", "RequestTimeout", "RequestTimeoutException"})


class Kind(StrEnum):
    """What stands between us and AWS."""

    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Trouble:
    """AWS cannot be asked at present, and why; what is watched goes on meanwhile. `hint`: what to do."""

    kind: Kind
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """AWS answers again after `trouble`."""

    trouble: Trouble


@dataclass
class Line:
    """Calls to AWS, each tried once and counted by service: one that would be too many waits for its minute.

    `renew` makes a connection with the credentials as they are now; None where they cannot be renewed from
    outside, as those in this process's own environment.
    """

    aws: Aws
    renew: Callable[[], Aws] | None = None
    account: Callable[[], str] = str
    """The account that was talked to from the beginning, known by then."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    most: Mapping[str, int] = field(default_factory=dict)
    """As many calls of a service as go out in a minute, where that is not `MOST_CALLS`."""
    _times: dict[str, deque[float]] = field(default_factory=dict)

    def ask(self, operation: str, *, service: str = "codepipeline", **request: Any) -> dict[str, Any]:
        """One call's answer; `operation` in botocore's spelling."""
        times = self._times.setdefault(service, deque())
        self._wait_for_room(times, self.most.get(service, MOST_CALLS))
        times.append(self.clock())
        answer: dict[str, Any] = getattr(self.aws.client(service), operation)(**request)
        return answer

    def pages(
        self, operation: str, *, service: str = "codepipeline", **request: Any
    ) -> Iterator[dict[str, Any]]:
        """Every page of an operation that pages with `nextToken`."""
        token: str | None = None
        while True:
            paged = request if token is None else {**request, "nextToken": token}
            page = self.ask(operation, service=service, **paged)
            yield page
            token = page.get("nextToken")
            if not token:
                return

    def _wait_for_room(self, times: deque[float], most: int) -> None:
        while times and times[0] <= self.clock() - _MINUTE:
            times.popleft()
        if len(times) >= most:
            self.sleep(times.popleft() + _MINUTE - self.clock())

    def reconnect(self) -> None:
        """Read the credentials again. Raises CredentialsError where they are missing or another account's."""
        if self.renew is None:
            return
        fresh = self.renew()
        try:
            before, now = self.account(), fresh.identity.account
            if before != now:
                raise CredentialsError(
                    f"the credentials are now those of account {now}; what is watched is in account {before}"
                )
        except BaseException:
            fresh.close()
            raise
        self.aws.close()
        self.aws = fresh


@dataclass
class Poller:
    """Looks at something again and again, quickly at first, more slowly while nothing changes."""

    line: Line
    deadline: float | None = None
    """When to give up, by the line's clock."""
    interval: float = _QUICK
    slowest: float = SLOWEST
    _pause: float = 0.0
    _failures: int = 0
    _seen: bool = False

    def looks(self, read: Callable[[], T], doing: str) -> Iterator[T | Trouble | Recovered]:
        """What `read` gives, at each look; troubles as they begin and end. It ends at the deadline.

        Raises what does not pass by itself, and what should have passed before the first answer.
        """
        last: T | None = None
        trouble: Trouble | None = None
        renewing = False
        while not self._is_over():
            found = self._attempt(self._renewed if renewing else lambda: Answer(read()), doing)
            if isinstance(found, Trouble):
                renewing = renewing or found.kind is Kind.CREDENTIALS
                if not _is_known(found, trouble):
                    yield found
                    trouble = found
                self._wait_out(found)
            elif found is None:
                renewing = False
            else:
                if trouble is not None:
                    yield Recovered(trouble)
                self._pace(changed=found.value != last)
                trouble, last = None, found.value
                yield found.value
                self._rest(self.interval)

    def _pace(self, *, changed: bool) -> None:
        self.interval = _QUICK if changed else min(self.interval * _GROWTH, self.slowest)
        self._pause, self._failures, self._seen = 0.0, 0, True

    def _attempt(self, call: Callable[[], Answer[T] | None], doing: str) -> Answer[T] | Trouble | None:
        try:
            with explained(doing):
                return call()
        except AwspipeError as error:
            found = trouble_of(error)
            if found is None or not self._passes(found):
                raise
            return found

    def _renewed(self) -> None:
        self.line.reconnect()

    def _passes(self, trouble: Trouble) -> bool:
        self._failures += 1
        match trouble.kind:
            case Kind.CREDENTIALS:
                return self._seen and self.line.renew is not None
            case Kind.NETWORK:
                return self._seen or self._failures < _FIRST_TRIES
            case Kind.THROTTLED:
                return True

    def _wait_out(self, trouble: Trouble) -> None:
        lost = trouble.kind is Kind.CREDENTIALS
        first, longest = (_RENEW, _LONGEST_RENEW) if lost else (_RETRY, _LONGEST_RETRY)
        self._pause = min(self._pause * 2, longest) if self._pause else max(first, self.interval)
        self._rest(self._pause)

    def _rest(self, seconds: float) -> None:
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - self.line.clock())
        if seconds > 0:
            self.line.sleep(seconds)

    def _is_over(self) -> bool:
        asked = self._seen or self._failures
        return bool(asked) and self.deadline is not None and self.line.clock() >= self.deadline


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a look gave."""

    value: T


def _is_known(found: Trouble, told: Trouble | None) -> bool:
    """Whether it says nothing new. Of expired credentials several services tell, each in its own words."""
    expired = "credentials have expired"
    return found == told or (told is not None and expired in found.message and expired in told.message)


def trouble_of(error: AwspipeError) -> Trouble | None:
    """The passing trouble that an error tells of; None for one that will be the same next time."""
    match error:
        case CredentialsError():
            hint = "log in again in another terminal (`aws login`, `aws sso login`): this goes on by itself"
            return Trouble(Kind.CREDENTIALS, error.message, hint)
        case AwsError(code=code) if code in _THROTTLED:
            return Trouble(Kind.THROTTLED, "AWS asks for fewer questions: looking less often for a while")
        case AwsError(code=code) if code in _PASSING or _is_no_answer(error):
            return Trouble(Kind.NETWORK, error.message, error.hint)
    return None


def _is_no_answer(error: AwsError) -> bool:
    """Whether nobody answered, or what did was not AWS, or AWS had a fault of its own."""
    from botocore.exceptions import ParamValidationError

    if not error.code:
        return not isinstance(error.__cause__, ParamValidationError)
    answer = getattr(error.__cause__, "response", None) or {}
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
