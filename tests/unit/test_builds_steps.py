"""Which phases of a buildspec run, how often, and how the build goes on after a failure."""

from __future__ import annotations

import pytest

from awspipe.formats import buildspec
from awspipe.formats.buildspec_model import Phase
from awspipe.sandbox.builds.journal import Journal
from awspipe.sandbox.builds.record import STOPPED
from awspipe.sandbox.builds.shell import Ended
from awspipe.sandbox.builds.steps import Steps, Went
from tests.support.buildworld import FakeWorld, build

DONE, FAILED, DROPPED = Went(True, True), Went(False, True), Went(False, False)


class Played:
    """Runs a buildspec whose commands are words: `bad` fails, `flaky` fails the first two times."""

    def __init__(self, phases: str, *, stop_at: str = "") -> None:
        parsed = buildspec.parse(f"version: 0.2\nphases:\n{phases}")
        assert parsed.value is not None, parsed.problems
        self.ran: list[str] = []
        self.told: list[str] = []
        self.journal = Journal(build(), FakeWorld())
        self._stop_at = stop_at
        steps = Steps(self.journal, self._run, lambda: self.told.append(self.ran[-1]))
        self.went = steps.all(parsed.value)

    @property
    def statuses(self) -> dict[str, str | None]:
        return {one.type: one.status for one in self.journal.build.phases}

    def _run(self, command: str, phase: Phase) -> Ended:
        self.ran.append(command)
        if command == self._stop_at:
            self.journal.ended_by = STOPPED
            return Ended(137, "")
        bad = command == "bad" or (command == "flaky" and self.ran.count("flaky") < 3)
        return Ended(3 if bad else 0, "network down" if bad else "")


def phase(name: str, commands: str, on_failure: str = "", last: str = "") -> str:
    policy = f"    on-failure: {on_failure}\n" if on_failure else ""
    end = f"    finally: [{last}]\n" if last else ""
    return f"  {name}:\n{policy}    commands: [{commands}]\n{end}"


ALL = ("install", "pre_build", "build", "post_build")


@pytest.mark.parametrize(
    ("failing", "policy", "ran", "went"),
    [
        ("install", "", ["bad"], DROPPED),
        ("pre_build", "", ["install", "bad"], DROPPED),
        ("build", "", ["install", "pre_build", "bad", "post_build"], FAILED),
        ("post_build", "", ["install", "pre_build", "build", "bad"], FAILED),
        ("install", "ABORT", ["bad"], DROPPED),
        ("pre_build", "ABORT", ["install", "bad"], DROPPED),
        ("build", "ABORT", ["install", "pre_build", "bad"], FAILED),
        ("install", "CONTINUE", ["bad", "pre_build", "build", "post_build"], DONE),
        ("pre_build", "CONTINUE", ["install", "bad", "build", "post_build"], DONE),
        ("build", "CONTINUE", ["install", "pre_build", "bad", "post_build"], DONE),
        ("post_build", "CONTINUE", ["install", "pre_build", "build", "bad"], DONE),
        ("install", "RETRY", ["bad"] * 4, DROPPED),
        ("install", "RETRY-0", ["bad"], DROPPED),
        ("pre_build", "RETRY-2", ["install", *["bad"] * 3], DROPPED),
        ("build", "RETRY-1", ["install", "pre_build", "bad", "bad"], FAILED),
        ("build", "RETRY-2-network", ["install", "pre_build", *["bad"] * 3], FAILED),
        ("build", "RETRY-2-other", ["install", "pre_build", "bad"], FAILED),
        ("build", "RETRY-exit status 3", ["install", "pre_build", *["bad"] * 4], FAILED),
        ("build", "RETRY-2-[", ["install", "pre_build", "bad"], FAILED),
    ],
)
def test_what_comes_after_a_failure(failing: str, policy: str, ran: list[str], went: Went) -> None:
    text = "".join(phase(one, "bad", policy) if one == failing else phase(one, one) for one in ALL)
    played = Played(text)
    assert (played.ran, played.went) == (ran, went)


def test_a_phase_that_succeeds_when_it_is_retried_is_a_success() -> None:
    played = Played(phase("build", "one, flaky, two", "RETRY-5") + phase("post_build", "last"))
    assert played.ran == ["one", "flaky"] * 2 + ["one", "flaky", "two", "last"]
    assert played.went == DONE
    assert played.told == []


def test_phases_that_the_buildspec_does_not_have_succeed_at_once() -> None:
    assert Played(phase("build", "make")).statuses == dict.fromkeys(
        ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"), "SUCCEEDED"
    )


@pytest.mark.parametrize(
    ("commands", "last", "ran", "status"),
    [
        ("one", "end", ["one", "end"], "SUCCEEDED"),
        ("bad, never", "end", ["bad", "end"], "FAILED"),
        ("one", "bad, never", ["one", "bad"], "FAILED"),
        ("bad", "bad", ["bad", "bad"], "FAILED"),
    ],
)
def test_finally_always_runs_and_its_failure_counts(
    commands: str, last: str, ran: list[str], status: str
) -> None:
    played = Played(phase("build", commands, last=last))
    assert (played.ran, played.statuses["BUILD"]) == (ran, status)


def test_a_failed_build_is_told_before_post_build_runs() -> None:
    played = Played(phase("build", "bad") + phase("post_build", "look"))
    assert played.told == ["bad"]


@pytest.mark.parametrize("policy", ["", "CONTINUE", "RETRY"])
def test_nothing_runs_after_a_stop_not_even_finally(policy: str) -> None:
    text = phase("build", "one, here, two", policy, last="end") + phase("post_build", "last")
    played = Played(text, stop_at="here")
    assert (played.ran, played.went) == (["one", "here"], DROPPED)
    assert played.statuses["BUILD"] == STOPPED


def test_the_log_of_a_failure_is_as_codebuild_writes_it() -> None:
    played = Played(phase("build", "bad"))
    played.journal.log.flush()
    world = played.journal._world
    assert isinstance(world, FakeWorld)
    said = [one.partition(" ")[2].partition(" ")[2].partition(" ")[2] for one in world.lines]
    assert said[6:12] == [
        "Entering phase BUILD",
        "Running command bad",
        "Command did not exit successfully bad exit status 3",
        "Phase complete: BUILD State: FAILED",
        "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: bad. "
        "Reason: exit status 3",
        "Entering phase POST_BUILD",
    ]
