"""How the commands that steer a pipeline read."""

from __future__ import annotations

from datetime import timedelta

from awspipe.approvals import Approval
from awspipe.cli.views import approvals
from awspipe.cli.views.columns import fitted
from awspipe.triggers import started_by, who
from tests.unit.views import NOW

EXECUTION = "11111111-2222-3333-4444-555555555555"


def _approval(**members: object) -> Approval:
    return Approval(
        **{
            "stage": "Release",
            "action": "Sign",
            "execution": EXECUTION,
            "since": NOW - timedelta(minutes=5),
            "revision": "d0aedeb1234",
            "message": "첫 페이지\n\nmore",
            "review": "https://staging.example.com",
            "data": "Look at the page",
            **members,
        }  # type: ignore[arg-type]
    )


def test_an_approval_says_what_is_asked_and_since_when() -> None:
    assert list(approvals.lines(_approval(), NOW)) == [
        "  ▶ Release/Sign: waits for 5 min, execution 11111111",
        "    d0aedeb 첫 페이지",
        "    review  https://staging.example.com",
        "    comment Look at the page",
    ]
    bare = _approval(action="Release", since=None, revision="", review="", data="")
    assert list(approvals.lines(bare, NOW)) == ["  ▶ Release: execution 11111111"]


def test_an_answer_says_what_was_answered_and_what_to_type() -> None:
    said = list(approvals.answered("shop", _approval(), "Approved", "awspipe watch shop"))
    assert said == [
        "approved: Release/Sign of shop, execution 11111111 (d0aedeb 첫 페이지)",
        "next: awspipe watch shop   follows what comes next",
    ]
    assert [fitted(line, 40) for line in said] == [
        "approved: Release/Sign of shop,\n    execution 11111111 (d0aedeb 첫\n    페이지)",
        "next: awspipe watch shop   follows what\n    comes next",
    ]


def test_people_and_triggers_have_short_names() -> None:
    assert who("arn:aws:iam::123456789012:user/ann") == "ann"
    assert who("arn:aws:sts::123456789012:assumed-role/Admin/ann") == "Admin/ann"
    assert who("arn:aws:iam::123456789012:root") == "root"
    assert started_by("StartPipelineExecution", "arn:aws:iam::123456789012:user/ann") == "ann"
    assert started_by("ManualRollback", "") == "hand, as a rollback"
    assert started_by("CloudWatchEvent", "arn:aws:events:r:1:rule/mine") == "the rule mine"
    assert started_by("CloudWatchEvent", "arn:aws:events:r:1:rule/awspipe-shop-Source") == (
        "a change of the source"
    )
    assert started_by("CreatePipeline", "x") == "its creation"
    assert started_by("Tomorrow", "x") == "Tomorrow"
