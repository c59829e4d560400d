"""How a pipeline's state, a list of them and the sandbox's own state read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from awspipe.cli.views import ls as ls_view
from awspipe.cli.views import sandbox as sandbox_view
from awspipe.cli.views import status as view
from awspipe.executions import ActionStatus, ExecutionStatus, PipelineEntry, PipelineStatus, StageStatus
from awspipe.providers.base import Address
from awspipe.sandbox.control import Status
from tests.unit.views import NOW, SCOPE, target

LATEST = "11111111-2222"
OLDER = "99999999-2222"


def _action(name: str, state: str, seconds: float | None = None, summary: str = "") -> ActionStatus:
    at = None if seconds is None else NOW - timedelta(seconds=seconds)
    return ActionStatus(name, state, at, "d0aedeb1", summary, "")


def _found(*stages: StageStatus, executions: tuple[ExecutionStatus, ...] = ()) -> PipelineStatus:
    addresses = (Address("Repository", "https://git-codecommit...", "shop"),)
    return PipelineStatus(SCOPE, "V2", 3, NOW, NOW, stages, executions, addresses)


def test_the_latest_execution_comes_first_and_each_stage_says_how_it_stands() -> None:
    execution = ExecutionStatus(
        id=LATEST,
        state="Failed",
        started=NOW - timedelta(minutes=5),
        updated=NOW - timedelta(minutes=2),
        revision="d0aedeb1234",
        message="첫 페이지\x1b[31m\n\nmore",
        trigger="PutRepositoryTrigger",
        summary="",
    )
    found = _found(
        StageStatus("Source", "Succeeded", LATEST, None, (_action("Source", "Succeeded", 290),)),
        StageStatus(
            "Build",
            "Failed",
            LATEST,
            None,
            (_action("Unit", "Succeeded", 200), _action("Package", "Failed", 120, "npm failed\nline 2")),
        ),
        StageStatus("Approve", "InProgress", OLDER, None, (_action("Approve", "InProgress", 40),)),
        StageStatus("Deploy", "", "", "too early", (_action("Deploy", ""),)),
        executions=(execution,),
    )
    assert list(view.lines(target(), found, NOW)) == [
        "shop (V2, version 3) in the sandbox, ap-northeast-2",
        "  execution 11111111: Failed, started 5 min ago, took 3 min by PutRepositoryTrigger",
        "    d0aedeb 첫 페이지?[31m",
        "  ● Source     Succeeded, 4 min ago",
        "  × Build      Failed",
        "    ● Unit     Succeeded, 3 min ago",
        "    × Package  Failed, 2 min ago",
        "      npm failed",
        "  ▶ Approve    InProgress, for 40 s, execution 99999999",
        "  ○ Deploy     not run yet",
        "      entry disabled: too early",
        "  Repository  http://127.0.0.1:20613/_awspipe/git/ap-northeast-2/v1/repos/shop",
        "next: awspipe down shop --sandbox   removes it; commits stay",
    ]


def test_on_aws_the_account_is_named_and_a_region_that_only_the_spec_knows() -> None:
    lines = list(view.lines(target(sandbox=False, region="us-east-1"), _found(), NOW))
    assert lines[0] == "shop (V2, version 3) in account 123456789012, ap-northeast-2"
    assert lines[-2].startswith("  Console     https://ap-northeast-2.console.aws.amazon.com/")
    assert lines[-1] == "next: awspipe down shop --region ap-northeast-2   removes it; commits stay"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (90000, "1 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert view.age(NOW - timedelta(seconds=seconds), NOW) == shown


def test_pipelines_stand_in_columns() -> None:
    found = [
        PipelineEntry("a", "V1", 12, NOW - timedelta(days=3), NOW - timedelta(hours=2)),
        PipelineEntry("long-name", "V2", 1, None, None),
    ]
    assert list(ls_view.lines(found, NOW)) == [
        "NAME       TYPE  VERSION  AGE  CHANGED",
        "a          V1    12       3 d  2 h ago",
        "long-name  V2    1        ?    ?",
    ]
    assert list(ls_view.lines([], NOW)) == ["no pipelines made by awspipe in this region"]


def test_the_sandbox_says_where_it_is_and_what_it_holds() -> None:
    running = Status(
        running=True,
        url="http://127.0.0.1:20613",
        pid=42,
        uptime_seconds=3723,
        state_bytes=61_400,
        not_kept=("sns",),
        notes=("port 1 is taken",),
    )
    assert list(sandbox_view.lines(running, "/state")) == [
        "the sandbox runs at http://127.0.0.1:20613 (process 42, for 1 h 2 min)",
        "  account    123456789012",
        "  state      61 kB in /state",
        "  ! not kept over a restart: sns",
        "  ! port 1 is taken",
    ]
    assert list(sandbox_view.lines(Status(running=False, state_bytes=0), "/state")) == [
        "the sandbox does not run: --sandbox starts it when it is needed",
        "  state      0 bytes in /state",
    ]


@pytest.mark.parametrize(
    ("count", "shown"), [(999, "999 bytes"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")]
)
def test_bytes_are_said_in_a_unit_that_one_can_picture(count: int, shown: str) -> None:
    assert sandbox_view.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (86400 + 3600 + 59, "1 d 1 h")],
)
def test_a_length_of_time_is_said_in_two_units(seconds: float, shown: str) -> None:
    assert sandbox_view.duration(seconds) == shown
