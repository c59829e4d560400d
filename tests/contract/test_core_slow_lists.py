"""AWS's lists may be some seconds behind: `up`, `status` and `down` work all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.status import status
from tests.contract.test_core_repeat import cut_up, mutations
from tests.support import core
from tests.support.clock import FakeClock
from tests.support.core import SERVER, STATIC_SITE, World

SECONDS = 30
both = pytest.mark.parametrize("text", [STATIC_SITE, SERVER], ids=["static-site", "server"])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(core.now())


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    with core.world(tmp_path, clock=clock, slow_lists=SECONDS) as world:
        yield world


def listed(world: World) -> dict[str, int]:
    """How many things of ours each list shows."""
    tagged = world.client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"]
    return {
        "pipelines": len(world.client("codepipeline").list_pipelines()["pipelines"]),
        "repositories": len(world.client("codecommit").list_repositories()["repositories"]),
        "projects": len(world.client("codebuild").list_projects()["projects"]),
        "buckets": len(world.client("s3").list_buckets()["Buckets"]),
        "roles": len(world.client("iam").list_roles(PathPrefix="/awspipe/")["Roles"]),
        "rules": len(world.client("events").list_rules()["Rules"]),
        "tagged": len(tagged),
    }


def test_lists_are_behind(world: World, clock: FakeClock) -> None:
    core.up(world.aws, STATIC_SITE)
    clock.advance(SECONDS - 1)
    assert set(listed(world).values()) == {0}
    clock.advance(1)
    assert 0 not in listed(world).values()


@both
def test_up_again_changes_nothing(world: World, text: str) -> None:
    core.up(world.aws, text)
    assert core.planned(world.aws, text).work == ()


@both
def test_status_finds_what_was_just_made(world: World, text: str) -> None:
    core.up(world.aws, text)
    found = status(world.again(), "shop")
    assert found is not None
    assert found.executions


@both
def test_down_finds_what_was_just_made(world: World, clock: FakeClock, text: str) -> None:
    core.up(world.aws, text)
    assert core.down(world.again()).left == ()
    clock.advance(SECONDS)
    assert world.inventory == {}


@both
def test_down_with_the_spec_finds_what_an_up_left_that_was_cut_off_just_now(
    world: World, clock: FakeClock, text: str
) -> None:
    """No list shows it yet, and there is no pipeline that names it: the spec at hand does."""
    every = mutations(world, text)
    clock.advance(SECONDS)
    core.down(world.again())
    clock.advance(SECONDS)
    assert world.inventory == {}
    for at in every[1::3]:
        cut_up(world, text, at, after=True)
        assert core.down(world.again(), text=text).left == ()
        clock.advance(SECONDS)
        assert world.inventory == {}, at
