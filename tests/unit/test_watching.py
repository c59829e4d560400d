"""Executions read as they go on: what is seen, what has changed, and how many calls it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from awspipe.executions import Execution, Hold, commit_message
from awspipe.polling import Poller, Recovered, Trouble
from awspipe.snapshots import Change, changes
from awspipe.watching import Board, Chooser, Reader
from tests.support.watched import PIPELINE, Run, World, expired, most_in_a_minute, refuse, throttled


def watched(world: World, run: Run, *, fresh: bool = False, limit: float = 3600) -> list[Execution]:
    """What a reader sees of an execution until it has ended."""
    line = world.line()
    found = []
    poller = Poller(line, deadline=world.clock.time() + limit)
    for one in poller.looks(Reader(line, PIPELINE, run.id, fresh).read, "look"):
        if isinstance(one, Execution):
            found.append(one)
            if not one.running:
                break
    return found


def told(looks: list[Execution]) -> list[str]:
    """The changes, in short."""
    before = [None, *looks]
    return [short(one) for old, new in zip(before, looks, strict=False) for one in changes(old, new)]


def short(change: Change) -> str:
    if change.action:
        return f"{change.action.label} {change.action.state}"
    return f"waits before {change.hold.stage}" if change.hold else change.execution.state


def played(world: World, run: Run) -> None:
    """An execution of three stages, two minutes long."""
    world.after(1, run.begins("Source"))
    world.after(5, run.ends("Source"), run.begins("Build", "Unit"), run.begins("Build", "Lint"))
    world.after(40, run.ends("Build", "Lint"))
    world.after(100, run.ends("Build", "Unit"))
    world.after(103, run.begins("Deploy"))
    world.after(120, run.ends("Deploy"), run.becomes("Succeeded"))


def test_each_change_is_seen_once_and_in_order() -> None:
    world = World()
    run = world.execution()
    played(world, run)
    found = watched(world, run)
    assert told(found) == [
        "InProgress",
        "InProgress",  # now with its revision
        "Source InProgress",
        "Source Succeeded",
        "Build/Unit InProgress",
        "Build/Lint InProgress",
        "Build/Lint Succeeded",
        "Build/Unit Succeeded",
        "Deploy InProgress",
        "Deploy Succeeded",
    ]
    last = found[-1]
    assert (last.state, last.revision[:7], last.message) == ("Succeeded", "d0aedeb", "Fix the title")
    assert [last.stage_state(name) for name, _ in last.stages] == ["Succeeded"] * 3
    assert last.started and last.updated
    assert (last.updated - last.started).total_seconds() == 119
    assert most_in_a_minute(world.calls) <= 20
    assert world.now < 131


def test_an_hour_of_watching_takes_few_calls() -> None:
    world = World()
    run = world.execution()
    run.begins("Source")()
    assert len(watched(world, run)) > 300
    assert most_in_a_minute(world.calls) <= 20
    assert len(world.calls) < 3600 / 10 * 1.25


def test_an_execution_that_ended_before_the_first_look_is_read_whole_at_once() -> None:
    world = World()
    run = world.execution()
    run.begins("Source")()
    run.ends("Source", state="Failed", error="no such branch")()
    run.becomes("Failed")()
    (only,) = watched(world, run)
    assert world.now == 0
    assert (only.state, only.actions[0].error[1]) == ("Failed", "no such branch")
    assert [operation for _, operation in world.calls] == [
        "get_pipeline_execution",
        "get_pipeline",
        "list_action_executions",
    ]


def test_the_last_look_has_the_actions_as_they_ended() -> None:
    """Even where an action ends between the two calls of one look."""
    world = World()
    run = world.execution()
    run.begins("Source")()
    world.after(3, run.ends("Source", state="Failed", error="x"), run.becomes("Failed"))
    last = watched(world, run)[-1]
    assert [one.state for one in last.actions] == ["Failed"]


def test_who_took_over_is_told_of_a_superseded_execution() -> None:
    world = World()
    run, second, third = world.execution(), world.execution(), world.execution()
    second.becomes("Superseded")()
    run.becomes("Superseded")()
    assert watched(world, run)[-1].superseded_by == third.id
    named = World()
    old, new, newest = named.execution(), named.execution(), named.execution()
    old.becomes("Superseded", f"Superseded by pipeline execution {new.id}.")()
    assert watched(named, old)[-1].superseded_by == new.id
    assert newest.id != new.id


def test_what_an_execution_waits_for_is_found_without_asking_each_time_while_something_goes_on() -> None:
    world = World()
    run = world.execution()
    run.begins("Source")()
    world.closed["Build"] = "not before Monday"
    world.after(20, run.ends("Source"), run.waits_before("Build"))
    found = watched(world, run, limit=60)
    assert found[-1].hold == Hold("Build", closed="not before Monday")
    assert told(found)[-1] == "waits before Build"
    assert min(moment for moment, one in world.calls if one == "get_pipeline_state") > 20

    behind = World()
    first, late = behind.execution(), behind.execution()
    first.begins("Build", "Unit")()
    late.begins("Source")()
    late.ends("Source")()
    late.waits_before("Build")()
    assert watched(behind, late, limit=30)[-1].hold == Hold("Build", behind=first.id)


def test_an_approval_is_an_action_that_goes_on() -> None:
    world = World()
    run = world.execution()
    run.begins("Approve")()
    found = watched(world, run, limit=30)[-1]
    assert [one.label for one in found.approvals] == ["Approve"]


def test_a_retried_action_is_shown_with_its_newest_try() -> None:
    world = World()
    run = world.execution()
    run.begins("Source")()
    world.after(5, run.ends("Source", state="Failed", error="x"), run.begins("Source"))
    world.after(20, run.ends("Source"), run.becomes("Succeeded"))
    last = watched(world, run)[-1]
    assert [one.state for one in last.actions] == ["Succeeded"]


def test_a_stop_is_seen_while_an_action_goes_on() -> None:
    world = World()
    run = world.execution()
    run.begins("Build", "Unit")()
    world.after(30, run.becomes("Stopping"))
    world.after(200, run.ends("Build", "Unit"), run.becomes("Stopped"))
    assert told(watched(world, run)) == [
        "InProgress",
        "Build/Unit InProgress",
        "Stopping",
        "Build/Unit Succeeded",
    ]


def test_an_execution_that_aws_does_not_know_yet_is_waited_for_if_it_was_just_started() -> None:
    world = World()
    run = world.execution()
    world.fails(0, 4, refuse("PipelineExecutionNotFoundException"))
    world.after(5, run.begins("Source"))
    world.after(9, run.ends("Source"), run.becomes("Succeeded"))
    found = watched(world, run, fresh=True)
    assert [found[0].state, found[-1].state] == ["InProgress", "Succeeded"]
    assert found[-1].stages
    with pytest.raises(Exception, match="PipelineExecutionNotFoundException"):
        again = World()
        again.fails(0, 4, refuse("PipelineExecutionNotFoundException"))
        watched(again, run)


def test_the_whole_way_through_throttling_and_lost_credentials_nothing_is_missed() -> None:
    world = World()
    run = world.execution()
    played(world, run)
    world.fails(10, 50, throttled)
    line = world.line(renew=lambda: world.line().aws, account=lambda: "123456789012")
    world.fails(80, 95, expired)
    seen: list[Any] = []
    for one in Poller(line).looks(Reader(line, PIPELINE, run.id).read, "look"):
        seen.append(one)
        if isinstance(one, Execution) and not one.running:
            break
    states = {one.label: one.state for one in seen[-1].actions}
    assert states == dict.fromkeys(["Source", "Build/Unit", "Build/Lint", "Deploy"], "Succeeded")
    assert [type(one) for one in seen if not isinstance(one, Execution)] == [Trouble, Recovered] * 2
    assert most_in_a_minute(world.calls) <= 20


def board(world: World, limit: float) -> list[tuple[Execution, ...]]:
    """What a board sees."""
    line = world.line()
    found = []
    for one in Poller(line, deadline=world.clock.time() + limit).looks(Board(line, PIPELINE).read, "look"):
        assert isinstance(one, tuple)
        found.append(one)
        if not any(it.running for it in one):
            break
    return found


@pytest.mark.parametrize("parallel", [False, True])
def test_fifty_executions_at_once_take_as_many_calls_as_there_are_pages(parallel: bool) -> None:
    world = World(parallel=parallel)
    for _ in range(3):  # of yesterday
        old = world.execution()
        old.begins("Source")()
        old.ends("Source")()
        old.becomes("Succeeded")()
    world.clock.advance(86400)
    runs = []
    for number in range(50):
        run = world.execution()
        runs.append(run)
        for stage in ("Source", "Build", "Deploy"):
            run.begins(stage)()
            world.after(30 + number, run.ends(stage))
        world.after(30 + number, run.becomes("Succeeded"))
    found = board(world, 600)
    assert [one.id for one in found[-1]] == [run.id for run in runs]
    assert {one.state for one in found[-1]} == {"Succeeded"}
    assert all({it.state for it in one.actions} == {"Succeeded"} for one in found[-1])
    per_look = len(world.calls) / len(found)
    assert per_look <= 1 + 2  # a page of executions, two of 150 actions
    assert most_in_a_minute(world.calls) <= 20


def test_a_board_reads_more_pages_only_as_far_back_as_what_goes_on() -> None:
    world = World(page=10)
    for _ in range(100):
        old = world.execution()
        old.begins("Source")()
        old.ends("Source")()
        old.becomes("Succeeded")()
    world.clock.advance(60)
    run = world.execution()
    run.begins("Source")()
    line = world.line()
    (found,) = Board(line, PIPELINE).read()
    assert [one.label for one in found.actions] == ["Source"]
    assert len(world.calls) == 2


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        (lambda world: world.execution(), 0),
        (
            lambda world: (
                world.execution().becomes("Succeeded")(),
                world.after(20, world.execution),
            ),
            20,
        ),
    ],
)
def test_the_newest_that_goes_on_is_chosen_else_the_next_to_start(
    ready: Callable[[World], Any], expected: float
) -> None:
    world = World()
    ready(world)
    line = world.line()
    chooser = Chooser(line, PIPELINE)
    chosen = next(one for one in Poller(line).looks(chooser.read, "look") if isinstance(one, Execution))
    assert chosen.id == world.runs[-1].id
    assert expected <= world.now <= expected + 6
    assert chooser.newest is not None


def test_a_rollback_that_has_ended_is_meant_although_it_carries_an_older_commit() -> None:
    world = World()
    first, rollback = world.execution(), world.execution()
    first.becomes("Succeeded")()
    rollback.becomes("Failed")()
    rollback.target = first.id
    line = world.line()
    looks = Poller(line).looks(Chooser(line, PIPELINE, "another commit").read, "look")
    chosen = next(one for one in looks if isinstance(one, Execution))
    assert (chosen.id, world.now) == (rollback.id, 0)


def test_of_one_that_started_and_ended_between_two_looks_nothing_is_missed() -> None:
    world = World()
    line = world.line()

    def begin_and_fail() -> None:
        world.execution().becomes("Failed")()

    world.after(3.5, begin_and_fail)
    chosen = next(
        one for one in Poller(line).looks(Chooser(line, PIPELINE).read, "look") if isinstance(one, Execution)
    )
    assert chosen.state == "Failed"


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ("Fix the title\n\nmore", "Fix the title\n\nmore"),
        ('{"ProviderType":"GitHub","CommitMessage":"Fix {it}"}', "Fix {it}"),
        ("{not json", "{not json"),
        ('{"other": 1}', '{"other": 1}'),
    ],
)
def test_a_commit_message_is_unwrapped(summary: str, message: str) -> None:
    assert commit_message(summary) == message
