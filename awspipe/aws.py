"""The edge to AWS: one session, shared clients, retries, and errors in words.

Nothing above this module sees a botocore exception that it did not ask for by its code.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from awspipe.denials import remember
from awspipe.errors import AwsError, StoppedError
from awspipe.events import Listener, Waiting, silent
from awspipe.explain import DENIED, code_of, explained
from awspipe.naming import OWNER_TAG
from awspipe.silence import Silence

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

T = TypeVar("T")

_WORKERS = 24
_MANY = 2
"""From so many pipelines on, lists of everything are the shorter way."""
_IN_FLIGHT = {"codecommit": 8, "codepipeline": 8, "events": 8, "iam": 8, "s3": 16}
"""How many calls of a service are under way at once: those that throttle soonest get the fewest."""
_TOTAL_ATTEMPTS = 10
_PATIENCE = 0.5
"""Seconds after which somebody who waits wants to know what for."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: the account's 12 digits, the caller's ARN and the partition."""

    account: str
    arn: str
    partition: str


@dataclass
class Aws:
    """What a command needs of AWS: clients of one session and region, a clock, and a way to stop."""

    session: boto3.Session
    region: str
    endpoint_url: str | None = None
    listener: Listener = silent
    brief: bool = False
    """Give up soon where nobody answers: for commands that only look."""
    once_each: bool = False
    """Try each call once: who asks again and again does the waiting."""
    attended: bool = False
    """Somebody is there who can do what only a person can, and is waited for."""
    sleep: Callable[[float], object] | None = None
    now: Callable[[], float] = time.monotonic
    stopping: threading.Event = field(default_factory=threading.Event)
    about: frozenset[str] = frozenset()
    """The pipelines that a command is about: of many, what can be is asked for in one call."""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _memory: dict[tuple[str, ...], Future[Any]] = field(default_factory=dict)
    _elsewhere: dict[str, Aws] = field(default_factory=dict)
    _shared_silence: Silence | None = None
    _identity: Future[Identity] | None = None
    _told: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def client(self, service: str, region: str = "") -> Any:
        """A client for `service`, made once and shared between threads.

        `region` is for a service that AWS serves in few places, whatever region the pipeline is in; nothing
        that must be known hangs on those, so they are given up soon.
        """
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                with explained(f"prepare {service}"):
                    made = self.session.client(
                        service,  # type: ignore[call-overload]
                        region_name=key[1],
                        endpoint_url=self.endpoint_url,
                        config=self._asking if region else self._config_of(service),
                    )
                    remember(made)
                self._silence.watch(made.meta.events)
                places = threading.BoundedSemaphore(_IN_FLIGHT.get(service, _WORKERS))
                _limit(made.meta.events, places, _any_time if self.once_each else self._silence.check)
                self._clients[key] = made
            return self._clients[key]

    @property
    def endpoint(self) -> str:
        """Where the question who is calling goes: AWS's own address, unless the user named another."""
        return str(self.client("sts").meta.endpoint_url)

    @cached_property
    def _config(self) -> Any:
        from botocore.config import Config

        config = Config(connect_timeout=5, read_timeout=25, max_pool_connections=_WORKERS, tcp_keepalive=True)
        if _is_loopback(self.endpoint_url):  # a proxy of the user's cannot reach it
            config = config.merge(Config(proxies={}))
        if _chooses_retries(self.session):
            return config
        return config.merge(Config(retries={"mode": "standard", "total_max_attempts": _TOTAL_ATTEMPTS}))

    def _config_of(self, service: str) -> Any:
        from botocore.config import Config

        if service == "sts" or self.brief:
            return self._asking
        if self.once_each:
            single = Config(read_timeout=15, retries={"mode": "standard", "total_max_attempts": 1})
            return self._config.merge(single)
        return self._config

    @cached_property
    def _asking(self) -> Any:
        """For the first question of all: who waits for an address that does not answer is told soon."""
        from botocore.config import Config

        few = Config(connect_timeout=3, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
        return self._config.merge(few)

    @cached_property
    def _silence(self) -> Silence:
        return self._shared_silence or Silence(self.now)

    @property
    def identity(self) -> Identity:
        """Who the credentials belong to: one call, made once.

        Raises CredentialsError when there are none, or when they are expired or unknown to AWS.
        """
        return self.awaited(self.ask_who(), "who is calling")

    def ask_who(self) -> Future[Identity]:
        """Ask now who the credentials belong to, once: `identity` has the answer."""
        with self._lock:
            if self._identity is None:
                self._identity = self.submit(self._who)
            return self._identity

    def awaited(self, answer: Future[T], question: str) -> T:
        """A call's answer; once in a command, where it is slow to come, the listener hears what we ask."""
        if not answer.done():
            wait([answer], _PATIENCE)
            with self._lock:
                told, self._told = self._told, True
            if not (told or answer.done()):
                self.listener(Waiting(f"asking {self.endpoint} {question}"))
        return answer.result()

    def _who(self) -> Identity:
        with explained("ask AWS who is calling"):
            answer = self.client("sts").get_caller_identity()
        try:
            return Identity(answer["Account"], answer["Arn"], answer["Arn"].split(":")[1])
        except KeyError:
            raise AwsError(
                "the endpoint's answer to sts:GetCallerIdentity is not AWS's",
                operation="sts:GetCallerIdentity",
                hint="check --endpoint-url and AWS_ENDPOINT_URL",
            ) from None

    @property
    def account(self) -> str:
        """The account's 12 digits."""
        return self.identity.account

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_WORKERS, thread_name_prefix="awspipe-call")

    def gather(self, *calls: Callable[[], T]) -> tuple[T, ...]:
        """The results of `calls`, run side by side; the first error, once all have ended.

        A call must not gather itself: the pool is not that deep.
        """
        futures = [self._pool.submit(call) for call in calls]
        for future in futures:
            future.exception()
        return tuple(future.result() for future in futures)

    def once(self, key: tuple[str, ...], call: Callable[[], T]) -> T:
        """The answer of `call`, asked for once until `forget`: threads that come later wait for the first."""
        with self._lock:
            known = self._memory.get(key)
            future: Future[T] = known or Future()
            self._memory[key] = future
        if known is None:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def at(self, region: str) -> Aws:
        """The same connection in another region; itself where it is there already."""
        if region == self.region:
            return self
        with self._lock:
            if region not in self._elsewhere:
                self._elsewhere[region] = replace(
                    self,
                    region=region,
                    _clients={},
                    _memory={},
                    _elsewhere={},
                    _shared_silence=self._silence.elsewhere(),
                    _lock=threading.RLock(),
                )
            return self._elsewhere[region]

    def list_for_many(self, kind: str, prefix: str, ask: Callable[[str], T]) -> T | None:
        """One list for all the pipelines that a command is about, asked for once a reading.

        None where there is one pipeline, or where the credentials may not list so much: then ask for its own.
        """
        if len(self.about) < _MANY:
            return None
        return self.once((kind, prefix), lambda: maybe(lambda: ask(prefix), *DENIED))

    def preload(self, key: str, answers: Mapping[str, object]) -> None:
        """Remember answers by name, until `forget`: what one call told of many."""
        with self._lock:
            for name, answer in answers.items():
                future: Future[Any] = Future()
                future.set_result(answer)
                self._memory[key, name] = future

    def preloaded(self, key: str, name: str, ask: Callable[[], T]) -> T:
        """An answer that was loaded before; else that of `ask`, which is not remembered."""
        with self._lock:
            known = self._memory.get((key, name))
        return ask() if known is None else known.result()

    def rule_out(self, kind: str, names: Iterable[str], ask: Callable[[], Iterable[str]]) -> None:
        """Remember, until `forget`, which of `names` are in no list of all there are.

        Where the credentials may not list so much, nothing is ruled out. What a list does not show yet, the
        creating call says to be there; it is read by its name then.
        """
        listed = maybe(lambda: frozenset(ask()), *DENIED)
        if listed is not None:
            self.preload(f"absent {kind}", dict.fromkeys(frozenset(names) - listed, True))

    def is_ruled_out(self, kind: str, name: str) -> bool:
        """Whether a list of all there are has not this one."""
        return self.preloaded(f"absent {kind}", name, lambda: False)

    def forget(self) -> None:
        """Begin a new reading: what `once` knows may have changed."""
        with self._lock:
            self._memory.clear()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Start a call now; its answer comes later."""
        return self._pool.submit(call)

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up for Ctrl-C."""
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self.stopping.wait(seconds)
        if self.stopping.is_set():
            raise StoppedError("stopped while waiting")

    def patiently(
        self, call: Callable[[], T], *, refused: Callable[[ClientError], bool], why: str, limit: float
    ) -> T:
        """Call until it is no longer `refused`, at most `limit` seconds: for AWS's known delays only."""
        from botocore.exceptions import ClientError

        deadline, pause, told = self.now() + limit, 0.5, False
        while True:
            try:
                return call()
            except ClientError as error:
                if not refused(error) or self.now() + pause > deadline:
                    raise
            if not told:
                self.listener(Waiting(f"{why} (up to {limit:.0f} s)"))
                told = True
            self.wait(pause)
            pause = min(pause * 1.5, 5.0)

    def close(self) -> None:
        """End the threads."""
        for one in self._elsewhere.values():
            one.close()
        if "_pool" in self.__dict__:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _any_time() -> None:
    """Who asks again and again finds out that somebody answers again."""


def _limit(events: Any, places: threading.BoundedSemaphore, check: Callable[[], None]) -> None:
    """Let a call of a client wait until it has a place; a retry keeps it, which slows the others down too.

    `check` raises where it is not to be sent any more.
    """

    def take(context: dict[str, Any], **_: Any) -> None:
        places.acquire()
        try:
            check()
        except BaseException:
            places.release()
            raise
        context[_PLACE] = True

    def give_back(context: dict[str, Any], **_: Any) -> None:
        if context.pop(_PLACE, False):
            places.release()

    events.register_last("before-call", take)
    events.register_first("after-call", give_back)
    events.register_first("after-call-error", give_back)


_PLACE = "awspipe-place"


def _chooses_retries(session: boto3.Session) -> bool:
    """Whether the user says how often calls are sent: botocore's own answer has a default in it.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    of_profile = session._session.get_scoped_config()
    return any(
        os.environ.get(variable) or of_profile.get(variable.removeprefix("AWS_").lower())
        for variable in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS")
    )


def _is_loopback(url: str | None) -> bool:
    return urlsplit(url or "").hostname in ("127.0.0.1", "::1", "localhost")


@contextmanager
def absent(*codes: str) -> Iterator[None]:
    """Pass over the errors with which AWS says that the thing is not there."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def maybe(call: Callable[[], T], *codes: str) -> T | None:
    """The call's answer, or None where AWS says with one of `codes` that the thing is not there."""
    with absent(*codes):
        return call()
    return None


def refusal(call: Callable[[], object], *codes: str) -> str:
    """Which of `codes` AWS refused the call with; "" when it was carried out."""
    from botocore.exceptions import ClientError

    try:
        call()
    except ClientError as error:
        if code_of(error) not in codes:
            raise
        return code_of(error)
    return ""


def batches(names: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """A list in parts of at most `size`."""
    yield from (names[start : start + size] for start in range(0, len(names), size))


def tags_of(tags: list[dict[str, str]] | Mapping[str, str]) -> dict[str, str]:
    """A service's tags as a plain mapping, whichever of AWS's three shapes they come in."""
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag.get("Key") or tag["key"]: tag.get("Value", tag.get("value", "")) for tag in tags}


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """A mapping as the list of pairs most services want."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def owner_of(tags: list[dict[str, str]] | Mapping[str, str]) -> str | None:
    """The pipeline that a resource's tags name as its owner."""
    return tags_of(tags).get(OWNER_TAG)


@contextmanager
def threads(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """A pool for one job. After an error, or Ctrl-C, nobody waits for what is still on its way."""
    pool = ThreadPoolExecutor(count, thread_name_prefix=f"awspipe-{name}")
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
