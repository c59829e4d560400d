"""`up` cut off anywhere, answers lost, roles too young: it always ends well.

The same with the real command, killed: tests/e2e/test_crashes.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from awspipe.aws import Aws
from awspipe.events import Waiting
from tests.support import core, iamactions
from tests.support.clock import FakeClock
from tests.support.core import GITHUB, SERVER, STATIC_SITE, World


class PowerCut(Exception):  # noqa: N818 - no error of the program
    """What nothing retries nor explains: as if the process had ended."""


class Fault:
    """Meets the calls of a connection on the wire, below botocore's retries.

    `before` and `after` are asked at each sending, before AWS carries it out and after; they may raise.
    """

    def __init__(self, aws: Aws) -> None:
        self._names: dict[int, str] = {}
        events = aws.session.events
        events.register_last("request-created", self._created)
        events.register_first("before-send", self._before)
        events.register_last("before-send", self._after)
        events.register_first("needs-retry.*.*", self._at_once)

    def before(self, name: str, request: Any) -> None:
        pass

    def after(self, name: str, request: Any) -> None:
        pass

    def _created(self, request: Any, operation_name: str, **_: Any) -> None:
        request.context["fault"] = operation_name

    def _before(self, request: Any, event_name: str, **_: Any) -> None:
        self.before(event_name, request)

    def _after(self, request: Any, event_name: str, **_: Any) -> None:
        self.after(event_name, request)

    def _at_once(self, caught_exception: Exception | None, **_: Any) -> int | None:
        """botocore's retry without botocore's pause."""
        return 0 if isinstance(caught_exception, ConnectionClosedError) else None


def call_of(event_name: str) -> str:
    return ".".join(event_name.split(".")[-2:])


def is_mutating(event_name: str) -> bool:
    _, _, operation = event_name.split(".")
    return iamactions.is_mutating("", operation)


class Cut(Fault):
    """The power goes at one of the changing calls, by what it is and whom it names; and stays off."""

    def __init__(self, aws: Aws, at: str, *, after: bool) -> None:
        super().__init__(aws)
        self._at, self._after_it, self._off = at, after, False

    def before(self, name: str, request: Any) -> None:
        if self._off or (not self._after_it and signature(name, request) == self._at):
            self._off = True
            raise PowerCut(self._at)

    def after(self, name: str, request: Any) -> None:
        if self._after_it and signature(name, request) == self._at:
            self._off = True
            raise PowerCut(self._at)


def signature(event_name: str, request: Any) -> str:
    """What tells one call from all others of an `up`."""
    body = request.body or b""
    text = body.decode() if isinstance(body, bytes) else str(body)
    text = re.sub(r"(connection(/|%2F))[0-9a-f-]{36}", r"\1ID", text)  # AWS makes it up anew each time
    return f"{call_of(event_name)} {request.method} {request.url} {text}"


class Mutations(Fault):
    """Notes the changing calls."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(aws)
        self.seen: list[str] = []

    def after(self, name: str, request: Any) -> None:
        if is_mutating(name):
            self.seen.append(signature(name, request))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def cut_up(world: World, text: str, at: str, *, after: bool) -> None:
    """An `up` that the power cut ends; nothing of it goes on."""
    aws = world.again()
    Cut(aws, at, after=after)
    with pytest.raises(PowerCut):
        core.up(aws, text)
    aws.close()
    world.settle()


def mutations(world: World, text: str) -> list[str]:
    aws = world.again()
    noted = Mutations(aws)
    core.up(aws, text)
    return sorted(noted.seen)


@pytest.mark.parametrize(
    ("text", "after"),
    [(STATIC_SITE, False), (SERVER, True), (GITHUB, False), (GITHUB, True)],
    ids=["static-site, before it is carried out", "server, after", "github, before", "github, after"],
)
def test_down_removes_what_an_up_left_that_was_cut_off(world: World, text: str, after: bool) -> None:
    every = mutations(world, text)
    core.down(world.aws)
    for at in every:
        cut_up(world, text, at, after=after)
        assert core.down(world.aws).left == (), at
        assert world.inventory == {}, at


class LostAnswers(Fault):
    """Every call of some kinds is carried out, and its first answer is lost."""

    def __init__(self, aws: Aws, lost: Callable[[str], bool]) -> None:
        super().__init__(aws)
        self._lost, self.seen = lost, set[str]()

    def after(self, name: str, request: Any) -> None:
        sent = signature(name, request)
        if self._lost(name) and sent not in self.seen:
            self.seen.add(sent)
            raise ConnectionClosedError(endpoint_url=request.url)


@pytest.mark.parametrize(
    ("text", "count"),
    [(STATIC_SITE, 20), (SERVER, 15), (GITHUB, 9)],
    ids=["static-site", "server", "github"],
)
def test_lost_answers_do_no_harm(world: World, text: str, count: int) -> None:
    """botocore sends again, AWS says that it is there already; it is ours, so that very `up` succeeds."""
    core.up(world.aws, text)
    undisturbed = core.lasting(world.inventory)
    core.down(world.aws)
    aws = world.again()
    lost = LostAnswers(aws, is_mutating)
    core.up(aws, text)
    assert len(lost.seen) == count
    assert core.lasting(world.inventory) == undisturbed


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, GITHUB], ids=["static-site", "server", "github"])
def test_lost_answers_of_down_do_no_harm(world: World, text: str) -> None:
    core.up(world.aws, text)
    aws = world.again()
    LostAnswers(aws, is_mutating)
    assert core.down(aws).left == ()
    assert world.inventory == {}


@pytest.mark.parametrize(
    ("text", "services"),
    [(STATIC_SITE, {"CodeBuild", "CodePipeline"}), (SERVER, {"CodeDeploy", "CodePipeline"})],
    ids=["static-site", "server"],
)
def test_a_role_that_is_too_young_is_waited_for_and_said_once(
    tmp_path: Path, text: str, services: set[str]
) -> None:
    clock = FakeClock(core.now())
    with core.world(tmp_path, clock=clock, role_delay=12) as world:
        core.up(world.aws, text)
        heard = [event.why for event in world.events if isinstance(event, Waiting)]
        waits = [why for why in heard if not why.startswith("asking ")]  # a busy machine is slow to answer
        assert len(waits) == len(set(waits)) <= len(services)
        assert all(why.startswith("IAM needs a moment before ") for why in waits)
        assert 10 < clock.slept < 60
        assert core.planned(world.aws, text).work == ()


@pytest.mark.parametrize(
    ("text", "service"), [(STATIC_SITE, "build-project shop-Build"), (SERVER, "deployment-group shop/Deploy")]
)
def test_a_role_that_never_is_usable_ends_the_waiting(tmp_path: Path, text: str, service: str) -> None:
    clock = FakeClock(core.now())
    with core.world(tmp_path, clock=clock, role_delay=100_000) as world:
        error = core.refused(core.up, world.aws, text)
        assert error.message.startswith(f"create {service}: ")
        assert clock.slept < 700


def test_two_ups_at_once_end_as_one(world: World) -> None:
    """Both plan before either writes: what one made, the other finds ready."""
    from awspipe.apply import apply

    core.up(world.aws, STATIC_SITE)
    undisturbed = core.lasting(world.inventory)
    core.down(world.aws)
    one, other = world.again(), world.again()
    first, second = core.planned(one, STATIC_SITE), core.planned(other, STATIC_SITE)
    core.done(apply(one, first))
    core.done(apply(other, second))
    assert core.lasting(world.inventory) == undisturbed


def test_what_a_stranger_made_meanwhile_is_refused_and_left_alone(world: World) -> None:
    """Between reading and writing: the create says the name is taken, and whose it is decides."""
    from awspipe.apply import apply
    from awspipe.errors import RefusedError

    shown = core.planned(world.aws, STATIC_SITE)
    world.client("codecommit").create_repository(repositoryName="shop")
    theirs = world.inventory["codecommit/shop"]
    outcome = apply(world.aws, shown)
    ((step, error),) = outcome.failed
    assert str(step) == "create repository shop"
    assert isinstance(error, RefusedError)
    assert world.inventory["codecommit/shop"] == theirs
    assert json.dumps([str(one) for one in outcome.skipped]) == '["create pipeline shop"]'
