"""Many pipelines in one command: one reading, one executor, and fewer calls than one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from awspipe.apply import Job, Outcome, apply_all
from awspipe.graph import Graph, wanted
from awspipe.live import prefetch, read_all, scan_again, scan_all
from awspipe.plan import Plan, plan, removal
from awspipe.resources.base import kinds
from awspipe.spec.load import load_text
from tests.support import core
from tests.support.core import World

HUNDRED = tuple(f"shop{number}" for number in range(100))
SOME = HUNDRED[:6]
MOST = {"iam": 8, "codepipeline": 8, "events": 8, "s3": 16}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def graphs(world: World, names: Sequence[str]) -> list[Graph]:
    prefetch(world.aws, *names)
    specs = [load_text(core.template("static-site", name), "awspipe.yml")[0] for name in names]
    return [wanted(spec, world.scope(spec.name)) for spec in specs]


def planned(world: World, names: Sequence[str]) -> list[Plan]:
    world.aws.forget()
    wants = graphs(world, names)
    states = read_all(world.aws, wants)
    return [plan(one, state, push=False) for one, state in zip(wants, states, strict=True)]


def run(world: World, plans: list[Plan]) -> tuple[Outcome, ...]:
    return tuple(core.done(one) for one in apply_all([Job(world.aws, plan) for plan in plans]))


def removals(world: World, names: Sequence[str]) -> list[Plan]:
    world.aws.forget()
    prefetch(world.aws, *names, listings=kinds())
    scopes = [world.scope(name) for name in names]
    found = scan_all(world.aws, scopes)
    return [removal(scope, one.keys, one.kept) for scope, one in zip(scopes, found, strict=True)]


@pytest.mark.timeout(600)  # 6,500 calls: a minute of CPU, and other tests run beside
def test_a_hundred_go_up_read_back_unchanged_and_come_down(world: World) -> None:
    run(world, planned(world, HUNDRED))
    for service, most in MOST.items():
        assert 1 < world.calls.peak(service) <= most, service

    world.calls.clear()
    again = planned(world, HUNDRED)
    assert [one.work for one in again] == [()] * len(HUNDRED)
    assert not world.calls.mutating
    assert world.calls.count() <= 19.5 * len(HUNDRED)
    assert world.calls.count("codebuild") == world.calls.count("codecommit", "BatchGetRepositories") == 1
    assert world.calls.count("iam", "ListRoles") == 1  # a page holds a thousand
    assert world.calls.count("resourcegroupstaggingapi") <= 15  # twenty pipelines in a question, in pages

    gone = removals(world, HUNDRED)
    run(world, gone)
    assert [one.keys for one in scan_again(world.aws, *gone)] == [()] * len(HUNDRED)
    assert world.inventory == {}


def test_one_that_fails_stops_no_other(world: World) -> None:
    """A stranger takes a name of one pipeline between reading and writing."""
    shown = planned(world, SOME)
    world.client("codecommit").create_repository(repositoryName=SOME[3])
    outcomes = apply_all([Job(world.aws, one) for one in shown])
    assert [one.complete for one in outcomes] == [name != SOME[3] for name in SOME]


def test_a_neighbour_is_not_taken_for_one_of_many(world: World) -> None:
    """Lists of everything hold other pipelines' things too."""
    core.up(world.again(), core.template("static-site", "shop"))
    before = core.lasting(world.inventory)
    run(world, planned(world, SOME))
    run(world, removals(world, SOME))
    assert core.lasting(world.inventory) == before


def test_what_no_list_has_is_not_asked_for_one_by_one(world: World) -> None:
    shown = planned(world, SOME)
    for operation in ("GetRole", "GetPipeline", "DescribeRule", "GetBucketTagging"):
        assert world.calls.count(operation=operation) == 0, operation
    world.calls.clear()
    run(world, shown)
    assert world.calls.count() <= 20 * len(SOME)


def test_what_lists_do_not_show_yet_is_found_when_it_is_made(world: World) -> None:
    """Two of many were made already, and no list has them: the creating calls say so."""
    shown = planned(world, SOME)
    for name in SOME[:2]:
        core.up(world.again(), core.template("static-site", name))
    made = core.lasting(world.inventory)
    run(world, shown)
    assert made.items() <= core.lasting(world.inventory).items()
    assert [one.work for one in planned(world, SOME)] == [()] * len(SOME)
