"""No call that is not needed, and none waits for another without a reason: counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awspipe.executions import status
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


def rest(world: World) -> None:
    """No execution under way, and commits in the repository: as a pipeline usually is when it goes."""
    core.first_commit(world)(core.graph(world.aws, STATIC_SITE).sources[0])
    codepipeline = world.client("codepipeline")
    for one in codepipeline.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]:
        codepipeline.stop_pipeline_execution(
            pipelineName="shop", pipelineExecutionId=one["pipelineExecutionId"], abandon=True
        )


def measured(world: World, call: Callable[[], object]) -> tuple[int, int]:
    """How many calls a command takes, and how many in a row; it asks who is calling, as each command does."""
    world.aws._identity = None
    world.aws.forget()
    world.calls.clear()
    call()
    return len(world.calls.calls), world.calls.chain


@pytest.mark.parametrize(("text", "calls", "chain"), [(STATIC_SITE, 34, 6), (SERVER, 27, 6)])
def test_up_is_as_short_as_promised(world: World, text: str, calls: int, chain: int) -> None:
    """Promised: at most 45 calls and 6 round trips."""
    took = measured(world, lambda: core.up(world.aws, text))
    assert took[0] <= calls <= 45
    assert took[1] <= chain <= 6


@pytest.mark.parametrize(("text", "calls", "chain"), [(STATIC_SITE, 25, 3), (SERVER, 23, 4)])
def test_up_with_nothing_to_do_is_as_short_as_promised(
    world: World, text: str, calls: int, chain: int
) -> None:
    """Promised: at most 25 calls and 4 round trips."""
    core.up(world.again(), text)
    took = measured(world, lambda: core.up(world.aws, text))
    assert took[0] <= calls <= 25
    assert took[1] <= chain <= 4


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER])
def test_status_takes_three_calls_side_by_side(world: World, text: str) -> None:
    core.up(world.again(), text)
    assert measured(world, lambda: status(world.aws, "shop")) == (3, 1)


def test_down_of_empty_buckets_is_as_short_as_promised(world: World) -> None:
    """Promised: at most 30 calls and 6 round trips, the search for what is left included."""
    core.up(world.again(), STATIC_SITE)
    rest(world)
    calls, chain = measured(world, lambda: core.down(world.aws))
    assert calls <= 30
    assert chain <= 6


def test_what_runs_and_an_empty_repository_cost_down_four_calls_more(world: World) -> None:
    core.up(world.again(), STATIC_SITE)
    calls, chain = measured(world, lambda: core.down(world.aws))
    assert calls <= 34
    assert chain <= 7


def test_down_of_nothing_takes_two_round_trips(world: World) -> None:
    calls, chain = measured(world, lambda: core.down(world.aws))
    assert calls <= 11
    assert chain <= 2
