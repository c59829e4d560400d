"""No call that is not needed, and none waits for another without a reason: counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awspipe.cli import expiring
from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.cost import account
from awspipe.graph import Source
from awspipe.status import status
from tests.support import core
from tests.support.core import SERVER, STATIC_SITE, World

_HOLD = 0.15  # seconds; longer than what awspipe does between an answer and the calls that follow from it


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path / "warm") as once:  # moto loads its services, the model check its patterns
        for text in (STATIC_SITE, SERVER):
            core.up(once.aws, text)
            core.down(once.aws)
    with core.world(tmp_path / "world", delay=_HOLD) as world:
        for service in core.SERVICES:
            world.aws.client(service)
        yield world


Command = Callable[[World], object]


def rest(world: World) -> None:
    """No execution under way, and commits in the repository: as a pipeline usually is when it goes.

    The commits are on another branch, so that they start no execution.
    """
    if not world.client("codecommit").list_branches(repositoryName="shop")["branches"]:
        core.first_commit(world)(Source("shop", "other"))
    codepipeline = world.client("codepipeline")
    for one in codepipeline.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]:
        if one["status"] == "InProgress":
            codepipeline.stop_pipeline_execution(
                pipelineName="shop", pipelineExecutionId=one["pipelineExecutionId"], abandon=True
            )


def assert_within(
    world: World, command: Command, calls: int, chain: int, *, after: Command = lambda world: None
) -> None:
    """A command takes so many calls, and so many in a row; it asks who is calling, as each command does.

    A busy machine can only split a round in two, so the best of three counts.
    """
    trips = []
    for _ in range(3):
        after(world)
        world.aws._identity = None
        world.aws.forget()
        world.calls.clear()
        command(world)
        assert len(world.calls.calls) <= calls, world.calls.names
        trips.append(world.calls.chain)
        if trips[-1] <= chain:
            return
    raise AssertionError(f"{min(trips)} round trips: {[call.name for call in world.calls.critical]}")


def make(text: str) -> Command:
    return lambda world: core.up(world.again(), text)


def down(world: World) -> None:
    core.down(world.aws)


def remove(world: World) -> None:
    core.down(world.again(), delete_data=True)


@pytest.mark.parametrize(("text", "calls"), [(STATIC_SITE, 34), (SERVER, 27)])
def test_up_is_as_short_as_promised(world: World, text: str, calls: int) -> None:
    """Promised: at most 45 calls and 6 round trips."""
    assert_within(world, lambda world: core.up(world.aws, text), calls, 6, after=remove)


@pytest.mark.parametrize(("text", "calls", "chain"), [(STATIC_SITE, 25, 2), (SERVER, 23, 3)])
def test_up_with_nothing_to_do_is_as_short_as_promised(
    world: World, text: str, calls: int, chain: int
) -> None:
    """Promised: at most 25 calls and 4 round trips."""
    make(text)(world)
    assert_within(world, lambda world: core.up(world.aws, text), calls, chain)


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER])
def test_status_takes_three_calls_side_by_side(world: World, text: str) -> None:
    make(text)(world)
    rest(world)
    assert_within(world, lambda world: status(world.aws, "shop"), 3, 1)


def test_whether_its_time_has_passed_costs_status_one_call_more_and_no_trip(world: World) -> None:
    make(STATIC_SITE)(world)
    rest(world)

    def asked(world: World) -> None:
        target = Target(world.aws, sandbox=False, profile=None, options=Options())
        ends = expiring.asked(target, ["shop"])
        status(world.aws, "shop")
        assert list(ends.warnings()) == []

    assert_within(world, asked, 4, 1)


def test_status_of_what_runs_takes_one_call_more(world: World) -> None:
    make(STATIC_SITE)(world)
    assert_within(world, lambda world: status(world.aws, "shop"), 4, 2)


def test_down_of_empty_buckets_is_as_short_as_promised(world: World) -> None:
    """Promised: at most 31 calls and 6 round trips; the search for what is left and for reports included."""

    def made_and_at_rest(world: World) -> None:
        make(STATIC_SITE)(world)
        rest(world)

    assert_within(world, down, 31, 5, after=made_and_at_rest)


def test_what_runs_and_an_empty_repository_cost_down_four_calls_more(world: World) -> None:
    """And three round trips: builds are stopped before the report groups they may make are looked for."""
    assert_within(world, down, 35, 8, after=make(STATIC_SITE))


def test_down_of_nothing_takes_two_round_trips(world: World) -> None:
    assert_within(world, down, 11, 2)


def test_what_the_account_is_takes_three_calls_side_by_side(world: World) -> None:
    """Asked while `up` works, so on no path of it: with them `up` keeps to its 45 calls and 6 round trips."""
    world.aws.client("freetier", account.HOME)
    assert_within(world, lambda world: account.ask(world.aws).answer(), 3, 1)
