"""How an execution that is watched reads: lines, the tree, its end, JSON lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from awspipe.cli import durations
from awspipe.cli.views import watch as view
from awspipe.errors import UsageError
from awspipe.executions import ActionExecution, Execution, Hold
from awspipe.failures import Cause
from awspipe.polling import Kind, Trouble
from awspipe.snapshots import Change

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=2)
ID = "1a2b3c4d-0000-4000-8000-000000000001"
APPROVE = "awspipe approve shop"


def action(
    stage: str, name: str, state: str, begin: int, end: int | None = None, **members: Any
) -> ActionExecution:
    """An action that began and was last changed so many seconds after the start."""
    whole: dict[str, Any] = {
        "id": f"{stage}-{name}",
        "execution": ID,
        "stage": stage,
        "name": name,
        "state": state,
        "kind": "Build/CodeBuild",
        "started": START + timedelta(seconds=begin),
        "updated": START + timedelta(seconds=begin if end is None else end),
        "summary": "",
        "error": ("", ""),
        "url": "",
        "external_id": "",
        "log_stream": "",
    }
    return ActionExecution(**whole | members)


def execution(*actions: ActionExecution, state: str = "InProgress", **members: Any) -> Execution:
    whole: dict[str, Any] = {
        "pipeline": "shop",
        "id": ID,
        "state": state,
        "revision": "d0aedeb1234",
        "message": "첫 페이지\x1b[31m\n\nmore",
        "trigger": "StartPipelineExecution",
        "trigger_detail": "arn:aws:iam::123456789012:user/ann",
        "started": START,
        "updated": START + timedelta(seconds=80),
        "stages": (
            ("Source", ("Source",)),
            ("Build", ("Unit", "Lint")),
            ("Approve", ("Approve",)),
            ("Deploy", ("Deploy",)),
        ),
        "actions": actions,
    }
    return Execution(**whole | members)


SOURCE = action("Source", "Source", "Succeeded", 1, 5)
UNIT = action("Build", "Unit", "InProgress", 5)
LINT = action("Build", "Lint", "Failed", 5, 80, error=("JobFailed", "exit code 1\x1b[2J\nsecond line"))
APPROVAL = action("Approve", "Approve", "InProgress", 90, kind="Approval/Manual")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            Change(execution()),
            "▶ 12:00:00 execution 1a2b3c4d InProgress: d0aedeb 첫 페이지?[31m (started by ann)",
        ),
        (Change(execution(revision="", trigger="")), "▶ 12:00:00 execution 1a2b3c4d InProgress"),
        (
            Change(execution(state="Stopping", trigger="")),
            "▶ 12:00:00 execution 1a2b3c4d Stopping: d0aedeb 첫 페이지?[31m",
        ),
        (
            Change(execution(state="Failed", message="x", trigger="Webhook")),
            "× 12:00:00 execution 1a2b3c4d: d0aedeb x (started by a push)",
        ),
        (Change(execution(), action=SOURCE), "● 12:00:05 Source Succeeded (4 s)"),
        (Change(execution(), action=UNIT), "▶ 12:00:05 Build/Unit InProgress"),
        (Change(execution(), action=LINT), "× 12:01:20 Build/Lint Failed (1 min 15 s): exit code 1?[2J"),
        (
            Change(execution(), action=APPROVAL),
            "▶ 12:01:30 Approve waits for an answer: awspipe approve shop",
        ),
        (
            Change(execution(), action=action("Build", "Unit", "Abandoned", 5, 9)),
            "■ 12:00:09 Build/Unit Abandoned (4 s)",
        ),
        (Change(execution(), hold=Hold("Deploy")), "○ 12:01:20 waits before Deploy"),
        (
            Change(execution(), hold=Hold("Deploy", closed="not\nnow")),
            "○ 12:01:20 waits before Deploy: its entry is disabled (not)",
        ),
        (
            Change(execution(), hold=Hold("Deploy", behind="99999999-1")),
            "○ 12:01:20 waits before Deploy: execution 99999999 is in it",
        ),
    ],
)
def test_a_change_is_a_line(change: Change, line: str) -> None:
    assert view.line(change, APPROVE, zone=UTC) == line


def test_of_several_executions_each_line_says_which() -> None:
    assert view.line(Change(execution(), action=SOURCE), APPROVE, zone=UTC, several=True) == (
        "● 12:00:05 1a2b3c4d Source Succeeded (4 s)"
    )


def test_the_tree_unfolds_stages_with_several_actions_once_they_have_begun() -> None:
    one = execution(SOURCE, UNIT, LINT, message="Fix it")
    assert list(view.tree(one, APPROVE, NOW)) == [
        "shop: execution 1a2b3c4d InProgress, 2 min",
        "  d0aedeb Fix it (started by ann)",
        "  ● Source   Succeeded, 4 s",
        "  ▶ Build    InProgress",
        "    ▶ Unit   InProgress, 1 min 55 s",
        "    × Lint   Failed, 1 min 15 s",
        "  ○ Approve",
        "  ○ Deploy",
    ]
    waiting = execution(
        SOURCE, APPROVAL, message="Fix it", trigger="", hold=Hold("Deploy", behind="99999999")
    )
    assert list(view.tree(waiting, APPROVE, NOW))[2:] == [
        "  ● Source   Succeeded, 4 s",
        "  ○ Build",
        "  ▶ Approve  waits for 30 s: awspipe approve shop",
        "  ○ Deploy",
        "  waits before Deploy: execution 99999999 is in it",
    ]


def test_a_pipeline_whose_declaration_may_not_be_read_is_shown_as_far_as_it_has_come() -> None:
    assert list(view.tree(execution(SOURCE, UNIT, stages=(), revision="", trigger=""), APPROVE, NOW)) == [
        "shop: execution 1a2b3c4d InProgress, 2 min",
        "  ● Source  Succeeded, 4 s",
        "  ▶ Build   InProgress",
        "    ▶ Unit  InProgress, 1 min 55 s",
    ]


def test_the_end_carries_its_causes() -> None:
    cause = Cause("Build", "Lint", "exit code 1 of the command: npm test", "mend the test", ("1 failing",))
    assert list(view.end(execution(state="Failed"), [cause])) == [
        "× shop: execution 1a2b3c4d Failed after 1 min 20 s",
        "  × Build/Lint: exit code 1 of the command: npm test",
        "    fix: mend the test",
        "    | 1 failing",
    ]
    assert list(view.end(execution(state="Succeeded"), [])) == [
        "● shop: execution 1a2b3c4d Succeeded in 1 min 20 s"
    ]
    assert list(view.end(execution(state="Superseded", started=None), [])) == [
        "■ shop: execution 1a2b3c4d Superseded"
    ]


@pytest.mark.parametrize(
    ("trouble", "lines"),
    [
        (Trouble(Kind.THROTTLED, "slowly"), ["! slowly"]),
        (
            Trouble(Kind.CREDENTIALS, "expired", "log in"),
            ["! expired", "  still watching: nothing has been stopped", "  try: log in"],
        ),
    ],
)
def test_a_trouble_says_that_watching_goes_on(trouble: Trouble, lines: list[str]) -> None:
    assert list(view.trouble(trouble)) == lines


def test_what_is_waited_for_is_said() -> None:
    assert list(view.waiting("shop", None, "c")) == [
        "shop has had no execution yet: waiting for one to start"
    ]
    newest = execution(state="Succeeded", message="Fix it")
    assert list(view.waiting("shop", newest, "awspipe watch shop --execution latest")) == [
        "no execution of shop goes on: waiting for the next to start",
        "  the newest, 1a2b3c4d, is Succeeded, d0aedeb Fix it",
        "  try: `awspipe watch shop --execution latest` shows that one",
    ]


EXECUTION_KEYS = [
    "pipeline",
    "execution_id",
    "status",
    "revision",
    "message",
    "trigger",
    "started",
    "updated",
]
ACTION_KEYS = [
    "stage",
    "action",
    "status",
    "provider",
    "waits_for_approval",
    "started",
    "updated",
    "summary",
    "url",
]


@pytest.mark.parametrize(
    ("record", "event", "keys"),
    [
        (view.record(Change(execution())), "execution", EXECUTION_KEYS),
        (
            view.record(Change(execution(), action=APPROVAL)),
            "action",
            ["pipeline", "execution_id", *ACTION_KEYS],
        ),
        (
            view.record(Change(execution(), hold=Hold("Deploy", "x"))),
            "hold",
            ["pipeline", "execution_id", "stage", "transition_disabled", "behind_execution_id"],
        ),
        (view.trouble_record(Trouble(Kind.NETWORK, "x")), "trouble", ["kind", "message", "hint"]),
        (view.waiting_record("shop", None), "waiting", ["pipeline", "newest_execution_id", "newest_status"]),
        (
            view.end_record(execution(state="Failed"), [Cause("Build", "Lint", "x")], 5),
            "end",
            [*EXECUTION_KEYS, "superseded_by_execution_id", "exit_code", "causes", "sites"],
        ),
    ],
)
def test_the_keys_of_json_lines_are_these_for_good(
    record: dict[str, Any], event: str, keys: list[str]
) -> None:
    assert record["event"] == event
    assert list(record) == ["event", *keys]
    json.dumps(record)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400)]
)
def test_a_length_of_time(text: str, seconds: float) -> None:
    assert durations.seconds("--timeout", text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "-5", "1.5h", "1h30", "9999999d", "\u0663m"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no length of time"):
        durations.seconds("--timeout", text)
