"""How a pipeline's state, a list of them and the sandbox's own state read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from awspipe.cli.views import ls as ls_view
from awspipe.cli.views import moments
from awspipe.cli.views import sandbox as sandbox_view
from awspipe.cli.views import status as view
from awspipe.cli.views.columns import fitted
from awspipe.executions import ActionExecution, Execution, as_execution
from awspipe.failures import Cause
from awspipe.listing import PipelineEntry
from awspipe.providers.base import Address
from awspipe.sandbox.control import Status
from awspipe.status import ActionStatus, Beside, PipelineStatus, StageStatus
from tests.unit.views import NOW, SCOPE, target

LATEST = "11111111-2222"
OLDER = "99999999-2222"


def _action(name: str, state: str, seconds: float | None = None, summary: str = "") -> ActionStatus:
    at = None if seconds is None else NOW - timedelta(seconds=seconds)
    return ActionStatus(name, state, at, "d0aedeb1", summary, "")


def _found(*stages: StageStatus, executions: tuple[Execution, ...] = ()) -> PipelineStatus:
    addresses = (Address("Repository", "https://git-codecommit...", "shop"),)
    return PipelineStatus(SCOPE, "V2", 3, NOW, NOW, stages, executions, addresses)


def _execution(id_: str = LATEST, state: str = "Failed", **members: Any) -> Execution:
    return Execution(
        **{
            "pipeline": SCOPE.pipeline,
            "id": id_,
            "state": state,
            "started": NOW - timedelta(minutes=5),
            "updated": NOW - timedelta(minutes=2),
            "revision": "d0aedeb1234",
            "message": "첫 페이지\x1b[31m\n\nmore",
            "trigger": "CloudWatchEvent",
            "summary": "",
            "trigger_detail": "arn:aws:events:r:1:rule/awspipe-shop-Source",
            **members,
        }
    )


def _lines(found: PipelineStatus) -> list[str]:
    return list(view.lines(target(), found, NOW))


def test_what_failed_shows_its_actions_and_what_succeeded_folds() -> None:
    package = replace(
        _action("Package", "Failed", 120, "npm failed\nline 2"),
        started=NOW - timedelta(seconds=150),
        ended=NOW - timedelta(seconds=120),
    )
    older = _execution(OLDER, "Succeeded", revision="abc1234567")
    why = (Cause("Build", "Package", "exit code 1 of: npm test", "mend it", ("1 failing",)),)
    found = _found(
        StageStatus("Source", "Succeeded", LATEST, None, (_action("Source", "Succeeded", 290, "old"),)),
        StageStatus(
            "Build", "Failed", LATEST, None, (_action("Unit", "Succeeded", 200), package), causes=why
        ),
        StageStatus("Test", "Succeeded", OLDER, None, (_action("A", "Succeeded", 3600), _action("B", ""))),
        StageStatus("Deploy", "", "", "too early", (_action("Deploy", "Succeeded", 9),)),
        executions=(_execution(), older),
    )
    assert _lines(found) == [
        "shop (V2, version 3) in the sandbox, ap-northeast-2",
        "  execution 11111111: Failed, started 5 min ago by a change of the source, took 3 min",
        "    d0aedeb 첫 페이지?[31m",
        "  ● Source     Succeeded, 4 min ago",
        "  × Build      Failed",
        "    ● Unit     Succeeded, 3 min ago",
        "    × Package  Failed after 30 s, 2 min ago",
        "      exit code 1 of: npm test",
        "      fix: mend it",
        "      | 1 failing",
        "  ● Test       Succeeded, 1 h ago, of older execution 99999999 (abc1234)",
        "  ○ Deploy     not run yet",
        "      entry disabled: too early",
        "  Repository  http://127.0.0.1:20613/_awspipe/git/ap-northeast-2/v1/repos/shop",
        "next: awspipe logs shop --sandbox       what the failed action said",
        "      awspipe retry -n shop --sandbox   runs Build again",
    ]


def test_what_a_commit_mends_is_pushed_and_not_tried_again() -> None:
    why = (Cause("Build", "Build", "exit code 1 of: npm test", commit=True),)
    failed = StageStatus("Build", "Failed", LATEST, None, (_action("Build", "Failed", 120),), causes=why)
    found = _found(failed, executions=(_execution(),))
    assert _lines(found)[-2:] == [
        "next: awspipe logs shop --sandbox   what the failed action said",
        "      git push awspipe              after a commit that mends it",
    ]
    assert _lines(replace(found, addresses=()))[-1].startswith("next: awspipe logs")


def test_on_a_narrow_terminal_lines_break_between_words() -> None:
    approve = replace(_action("Approve", "InProgress", 40), asks=True, review="https://example.com/page")
    found = _found(
        StageStatus("Approve", "InProgress", OLDER, None, (approve,)),
        executions=(_execution(state="InProgress"), _execution(OLDER, revision="abc1234567")),
    )
    assert "\n".join(fitted(line, 40) for line in _lines(found)).splitlines() == [
        "shop (V2, version 3) in the sandbox,",
        "    ap-northeast-2",
        "  execution 11111111: InProgress,",
        "      started 5 min ago by a change of",
        "      the source",
        "    d0aedeb 첫 페이지?[31m",
        "  ▶ Approve  waits 40 s for approval, of",
        "      older execution 99999999 (abc1234)",
        "      review https://example.com/page",
        "  Repository",
        "      http://127.0.0.1:20613/_awspipe/git/ap-northeast-2/v1/repos/shop",
        "next: awspipe approve shop --sandbox",
        "    lets Approve pass",
        "      awspipe reject shop --sandbox",
        "          fails it",
    ]


def test_what_waits_to_enter_is_named_and_how_it_is_let_in() -> None:
    deploy = StageStatus("Deploy", "Succeeded", OLDER, "night", (_action("Deploy", "Succeeded", 9000),), ())
    found = _found(replace(deploy, inbound=(LATEST, "x" * 8)), executions=(_execution(state="InProgress"),))
    assert _lines(found)[3:6] == [
        "  ● Deploy  Succeeded, 2 h ago, of older execution 99999999",
        "      entry disabled: night",
        "      wait to enter: 11111111 (d0aedeb), xxxxxxxx",
    ]
    assert _lines(found)[-1] == ("next: awspipe enable Deploy -n shop --sandbox   lets what waits enter")


def test_executions_beside_the_latest_one_are_listed() -> None:
    run = ActionExecution(
        *("1", OLDER, "Test", "Unit", "InProgress", "Build/CodeBuild", NOW, NOW), "", ("", ""), "", "", ""
    )
    other = _execution(OLDER, "InProgress", message="Other")
    found = replace(_found(executions=(_execution(state="Succeeded"),)), beside=(Beside(other, (run,)),))
    assert _lines(found)[3:5] == [
        "  ▶ beside it 99999999: InProgress in Test/Unit, for 5 min",
        "      d0aedeb Other",
    ]
    assert _lines(found)[-1] == "next: awspipe watch shop --sandbox   follows it"


def test_an_execution_says_why_it_ended_and_what_it_undoes() -> None:
    one = _execution(
        state="Stopped", target=OLDER, stop_reason="lunch", summary="x", trigger="ManualRollback"
    )
    assert list(view.execution(replace(one, trigger_detail="arn:aws:iam::1:user/ann"), NOW)) == [
        "  execution 11111111: Stopped, started 5 min ago by ann, as a rollback, took 3 min",
        "    d0aedeb 첫 페이지?[31m",
        "    rolls back to execution 99999999",
        "    stopped: lunch",
        "    x",
    ]


def test_the_message_of_a_commit_from_a_connection_is_shown_without_its_wrapping() -> None:
    wrapped = '{"ProviderType":"GitHub","CommitMessage":"First page\\n\\nMore."}'
    revision = {"actionName": "Source", "revisionId": "d0aedeb1234", "revisionSummary": wrapped}
    one = as_execution(
        "shop", {"pipelineExecutionId": LATEST, "status": "Succeeded", "sourceRevisions": [revision]}
    )
    assert list(view.execution(one, NOW)) == ["  execution 11111111: Succeeded", "    d0aedeb First page"]


def test_the_state_as_json_has_these_keys() -> None:
    deploy = StageStatus(
        "Deploy", "InProgress", LATEST, None, (_action("Deploy", "InProgress", 0),), (OLDER,)
    )
    assert view.document(target(), _found(deploy, executions=(_execution(),))) == {
        "pipeline": "shop",
        "account": "123456789012",
        "region": "ap-northeast-2",
        "type": "V2",
        "mode": "SUPERSEDED",
        "version": 3,
        "created": "2026-11-24T12:00:00+00:00",
        "updated": "2026-11-24T12:00:00+00:00",
        "stages": [
            {
                "name": "Deploy",
                "status": "InProgress",
                "execution_id": LATEST,
                "transition_disabled": None,
                "waiting_execution_ids": [OLDER],
                "causes": [],
                "actions": [
                    {
                        "name": "Deploy",
                        "status": "InProgress",
                        "changed": "2026-11-24T12:00:00+00:00",
                        "started": None,
                        "ended": None,
                        "waits_for_approval": False,
                        "review": None,
                        "revision": "d0aedeb1",
                        "summary": None,
                        "url": None,
                    }
                ],
            }
        ],
        "executions": [
            {
                "execution_id": LATEST,
                "status": "Failed",
                "started": "2026-11-24T11:55:00+00:00",
                "updated": "2026-11-24T11:58:00+00:00",
                "revision": "d0aedeb1234",
                "message": "첫 페이지\x1b[31m\n\nmore",
                "trigger": "CloudWatchEvent",
                "trigger_detail": "arn:aws:events:r:1:rule/awspipe-shop-Source",
                "target_execution_id": None,
                "stop_reason": None,
                "summary": None,
            }
        ],
        "addresses": [
            {
                "label": "Repository",
                "name": "shop",
                "url": "http://127.0.0.1:20613/_awspipe/git/ap-northeast-2/v1/repos/shop",
            }
        ],
    }


def test_on_aws_the_account_is_named_and_a_region_that_only_the_spec_knows() -> None:
    lines = list(view.lines(target(sandbox=False, region="us-east-1"), _found(), NOW))
    assert lines[0] == "shop (V2, version 3) in account 123456789012, ap-northeast-2"
    assert lines[-3].startswith("  Console     https://ap-northeast-2.console.aws.amazon.com/")
    assert lines[-1] == ("      awspipe down shop --region ap-northeast-2   removes it; commits stay")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (90000, "1 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert moments.age(NOW - timedelta(seconds=seconds), NOW) == shown


def test_pipelines_stand_in_columns() -> None:
    found = [
        PipelineEntry("a", "V1", 12, NOW - timedelta(days=3), NOW - timedelta(hours=2), _execution()),
        PipelineEntry("b", "V2", 2, NOW, NOW, _execution(state="InProgress")),
        PipelineEntry("long-name", "V2", 1, None, None),
        PipelineEntry("other", "V2", 1, NOW, NOW, unread="ThrottlingException"),
    ]
    assert list(ls_view.lines(found, NOW)) == [
        "NAME       LATEST      SINCE  TYPE  VERSION  AGE  CHANGED",
        "a          Failed      2 min  V1    12       3 d  2 h ago",
        "b          InProgress  5 min  V2    2        0 s  0 s ago",
        "long-name  never ran   -      V2    1        ?    ?",
        "other      ?           ?      V2    1        0 s  0 s ago",
    ]
    assert list(ls_view.notes(found)) == [
        "  ! the executions of 1 of 4 could not be read: ThrottlingException"
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
