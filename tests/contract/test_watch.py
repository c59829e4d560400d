"""`watch` over executions that the sandbox's engine plays in this process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from awspipe.aws import Aws
from awspipe.cli.console import Console, ToldError
from awspipe.cli.following import Following
from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.errors import AwspipeError, PendingError, UsageError
from tests.support import engine
from tests.support.engine import Stage, approval, build, source
from tests.support.sandbox import REGION


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as played:
        yield played


class Watch:
    """A watch that, instead of sleeping, lets the next thing happen."""

    def __init__(
        self, stage: Stage, *steps: Callable[[], object], json: bool = False, **options: Any
    ) -> None:
        self.stage = stage
        self.steps = list(steps)
        self.out, self.err = io.StringIO(), io.StringIO()
        console = Console(out=self.out, err=self.err, environ={"NO_COLOR": "1"}, json=json)
        aws = Aws(boto3.Session(region_name=REGION), REGION, now=stage.clock.time)
        target = Target(aws, sandbox=True, profile=None, options=Options(sandbox=True), usual_region=REGION)
        self.following = Following(
            console, target, "shop", clock=stage.clock.time, sleep=self._sleep, **options
        )

    def _sleep(self, seconds: float) -> None:
        self.stage.clock.advance(seconds)
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()

    def run(self, wanted: str | None = None) -> int:
        """Watch one execution; the exit code."""
        return self.code(lambda: self.following.one(wanted))

    def code(self, watch: Callable[[], None]) -> int:
        try:
            with self.following.reporting():
                watch()
        except ToldError as told:
            return told.exit_code
        except AwspipeError as error:
            self.error = error
            return error.exit_code
        return 0

    @property
    def lines(self) -> list[str]:
        """The answer without the times of day, with the numbers of executions for their ids."""
        text = self.out.getvalue()
        for number, one in enumerate(self.stage.ids(), 1):
            text = text.replace(one[:8], f"#{number}")
        return [" ".join(it for it in line.split(" ") if it.count(":") != 2) for line in text.splitlines()]

    @property
    def text(self) -> str:
        """The lines without their breaks."""
        return " ".join(word for line in self.lines for word in line.split())

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


def finish(stage: Stage, number: int | None = None, error: str = "") -> None:
    """Let an execution of two stages end."""
    stage.end("Source", number)
    stage.end("Build", number, error=error)


def test_an_execution_is_followed_from_its_start_to_its_end(stage: Stage) -> None:
    stage.create(source(), build(), approval())
    watch = Watch(
        stage,
        lambda: stage.end("Source"),
        lambda: stage.end("Build"),
        lambda: None,
        lambda: stage.approve("Approve"),
    )
    assert watch.run() == 0
    assert watch.lines == [
        "▶ execution #1 InProgress (started by its creation)",
        "▶ Source InProgress",
        "▶ execution #1 InProgress: ccccccc a commit (started by its creation)",
        "● Source Succeeded (1 s)",
        "▶ Build InProgress",
        "● Build Succeeded (1 s)",
        "▶ Approve waits for an answer: awspipe approve shop --sandbox",
        "● Approve Succeeded (2 s)",
        "● shop: execution #1 Succeeded in 4 s",
        "next: awspipe status shop --sandbox   where the pipeline stands",
    ]


def test_a_failure_ends_it_with_5_and_its_cause(stage: Stage) -> None:
    stage.create(source(), build())
    watch = Watch(stage, lambda: stage.end("Source"), lambda: stage.end("Build", error="no luck"))
    assert watch.run() == 5
    at = watch.lines.index("× Build Failed (1 s): no luck")
    assert watch.lines[at + 1] == "× shop: execution #1 Failed after 2 s"
    assert watch.lines[at + 2].startswith("  × Build: no luck")
    assert watch.text.endswith(
        "next: awspipe logs shop --execution #1 --sandbox all that its builds and deployments wrote"
        " awspipe retry Build --name shop --sandbox runs what failed again"
    )


def test_what_a_commit_mends_is_pushed_and_not_tried_again(stage: Stage) -> None:
    stage.create(source(), build())
    error = "Error while executing command: npm test. Reason: exit status 1"
    watch = Watch(stage, lambda: stage.end("Source"), lambda: stage.end("Build", error=error))
    assert watch.run() == 5
    assert "  × Build: exit code 1 of the command: npm test" in watch.lines
    assert watch.text.endswith(" git push awspipe after a commit that mends it")
    assert "retry" not in watch.text


@pytest.mark.parametrize("abandon", [True, False])
def test_a_stop_ends_it_with_5(stage: Stage, abandon: bool) -> None:
    stage.create(source(), build())
    stage.end("Source")
    watch = Watch(stage, lambda: stage.stop(1, abandon=abandon), lambda: stage.end("Build"))
    assert watch.run() == 5
    assert "■ shop: execution #1 Stopped after" in watch.text
    assert "× stopped by hand" in watch.text
    assert ": enough fix: " in watch.text


def test_an_update_of_the_pipeline_cancels_what_is_watched(stage: Stage) -> None:
    stage.create(source(), build())
    update = stage.declaration(source(), build(), build("Again"))
    watch = Watch(stage, lambda: stage.aws.update_pipeline(pipeline=update), lambda: stage.end("Source"))
    assert watch.run() == 5
    assert "cancelled" in watch.out.getvalue()


def test_of_a_superseded_one_it_is_said_by_which_and_how_to_follow_that(stage: Stage) -> None:
    stage.create(source(), build())
    stage.end("Source")
    second = stage.start()
    stage.end("Source", 2)
    watch = Watch(stage, lambda: (stage.start(), stage.end("Source", 3)))
    assert watch.run(second) == 5
    assert "■ shop: execution #2 Superseded after" in watch.text
    assert "× superseded by execution #3, which overtook it" in watch.text
    assert (
        watch.lines[-1]
        == "next: awspipe watch shop --execution #3 --sandbox   follows the one that took over"
    )


@pytest.mark.parametrize(("error", "code"), [("", 0), ("no", 5)])
def test_one_that_had_ended_is_judged_at_once(stage: Stage, error: str, code: int) -> None:
    stage.create(source(), build())
    finish(stage, error=error)
    for wanted in (None, "latest", stage.id(1), stage.id(1)[:6].upper()):
        watch = Watch(stage)
        assert watch.run(wanted) == code
        assert "shop: execution #1" in watch.lines[3]


def test_the_newest_that_goes_on_is_watched_else_the_next(stage: Stage) -> None:
    stage.create(source(), build())
    finish(stage)
    stage.start()
    watch = Watch(stage, lambda: finish(stage))
    assert watch.run() == 0
    assert watch.lines[-2].startswith("● shop: execution #2 Succeeded")

    later = Watch(stage, lambda: None, stage.start, lambda: finish(stage, error="x"))
    assert later.run() == 5
    said = later.err.getvalue()
    assert said.startswith("no execution of shop goes on: waiting for the next to start\n")
    assert said.count("waiting") == 1
    assert any(line.startswith("× shop: execution #3 Failed") for line in later.lines)


def test_after_a_push_it_does_not_matter_which_was_quicker(stage: Stage) -> None:
    stage.create(source(), build())
    finish(stage)
    stage.start()
    finish(stage)
    ended = Watch(stage, commit="c" * 40)
    assert ended.run() == 0
    assert ended.lines[-2].startswith("● shop: execution #2 Succeeded")
    waited = Watch(stage, lambda: None, stage.start, lambda: finish(stage), commit="d" * 40)
    assert waited.run() == 0
    assert waited.lines[-2].startswith("● shop: execution #3 Succeeded")


def test_in_parallel_mode_one_is_followed_or_all(stage: Stage) -> None:
    stage.create(source(), build(), executionMode="PARALLEL")
    stage.start()
    one = Watch(stage, lambda: stage.end("Source", 2), lambda: stage.end("Build", 2))
    assert one.run() == 0
    assert one.lines[-2].startswith("● shop: execution #2 Succeeded")

    third = stage.start()
    every = Watch(
        stage,
        lambda: stage.end("Source", 1),
        lambda: stage.end("Source", 3, error="no such branch"),
        lambda: stage.end("Build", 1),
    )
    assert every.code(every.following.all) == 5
    assert "▶ #1 Source InProgress" in every.lines
    assert "× #3 Source Failed (2 s): no such branch" in every.lines
    assert "● #1 Build Succeeded (2 s)" in every.lines
    assert third == stage.id(3)
    assert not [line for line in every.lines if "#2" in line]


def test_of_many_that_fail_the_first_are_looked_into(stage: Stage) -> None:
    stage.create(source(), build(), executionMode="PARALLEL")
    for _ in range(6):
        stage.start()

    def fail() -> None:
        for number in range(1, 8):
            stage.end("Source", number, error=f"no branch {number}")

    every = Watch(stage, fail)
    assert every.code(every.following.all) == 5
    for number in range(1, 8):
        assert f"× Source: no branch {number}" in every.text
    assert every.text.count("(JobFailed)") == 5  # AWS's code, which only those tell who are looked into


def test_an_execution_that_waits_says_for_what(stage: Stage) -> None:
    stage.create(source(), build())
    stage.hold("Build")
    watch = Watch(
        stage,
        lambda: stage.end("Source"),
        lambda: None,
        lambda: None,
        lambda: stage.let("Build"),
        lambda: stage.end("Build"),
    )
    assert watch.run() == 0
    assert [line for line in watch.lines if "waits" in line] == [
        "○ waits before Build: its entry is disabled (wait)"
    ]


def test_ctrl_c_stops_nothing_and_says_how_to_come_back(stage: Stage) -> None:
    stage.create(source(), build())
    watch = Watch(stage)
    assert watch.run() == 130
    assert watch.error.message == f"stopped watching: execution {stage.id(1)[:8]} of shop goes on"
    assert (
        watch.error.hint == f"`awspipe watch shop --execution {stage.id(1)[:8]} --sandbox` comes back to it"
    )
    assert stage.statuses() == ["InProgress"]


def test_a_time_limit_ends_it_with_8(stage: Stage) -> None:
    stage.create(source(), build())
    watch = Watch(stage, *[lambda: None] * 20, limit=10)
    assert watch.run() == 8
    assert isinstance(watch.error, PendingError)
    assert watch.error.message.endswith("goes on, and the time of --timeout is over; nothing was stopped")
    finish(stage)
    idle = Watch(stage, *[lambda: None] * 20, limit=10, commit="d" * 40)
    assert idle.run() == 8
    assert idle.error.message.startswith("no execution has started")


def test_what_is_not_there_is_said(stage: Stage) -> None:
    nothing = Watch(stage)
    assert nothing.run() == 1
    assert nothing.error.message == f"there is no pipeline shop in {REGION} of the sandbox"
    stage.create(source(), build())
    unknown = Watch(stage)
    assert unknown.run("zz") == 1
    assert unknown.error.message == "shop has no execution zz among its newest 1"
    for _ in range(20):
        stage.start()
    ids = stage.ids()
    twice = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    several = Watch(stage)
    assert several.run(twice) == 2
    assert isinstance(several.error, UsageError)


def test_json_lines_tell_it_all(stage: Stage) -> None:
    stage.create(source(), approval())
    watch = Watch(stage, lambda: stage.end("Source"), lambda: stage.approve("Approve", "Rejected"), json=True)
    assert watch.run() == 5
    assert {one["schema_version"] for one in watch.records} == {1}
    assert [(one["event"], one.get("status")) for one in watch.records] == [
        ("execution", "InProgress"),
        ("action", "InProgress"),
        ("execution", "InProgress"),
        ("action", "Succeeded"),
        ("action", "InProgress"),
        ("action", "Failed"),
        ("end", "Failed"),
    ]
    assert [one["waits_for_approval"] for one in watch.records if one["event"] == "action"] == [
        False,
        False,
        True,
        False,
    ]
    end = watch.records[-1]
    assert (end["exit_code"], end["causes"][0]["stage"]) == (5, "Approve")
    assert watch.err.getvalue() == ""

    unknown = Watch(stage, json=True)
    assert unknown.run("zz") == 1
    assert [one["event"] for one in unknown.records] == ["error"]
    assert unknown.records[0]["error"]["exit_code"] == 1
