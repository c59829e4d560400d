"""How causes read."""

from __future__ import annotations

from awspipe.cli.views import causes as view
from awspipe.failures import Cause


def test_a_cause_with_its_fix_and_the_last_lines() -> None:
    cause = Cause(
        "Build",
        "Build",
        "the build has no program nmp (exit code 127): nmp ci",
        "install it under `install:` in the buildspec, or take an `image:` that has it",
        ("sh: 1: nmp: not found",),
    )
    assert list(view.lines([cause])) == [
        "  × Build: the build has no program nmp (exit code 127): nmp ci",
        "    fix: install it under `install:` in the buildspec, or take an `image:` that",
        "         has it",
        "    | sh: 1: nmp: not found",
    ]


def test_an_action_with_another_name_than_its_stage_and_the_whole_execution() -> None:
    found = [Cause("Test", "Unit", "one"), Cause("", "", "stopped by hand")]
    assert list(view.lines(found, "")) == ["× Test/Unit: one", "× stopped by hand"]


def test_what_is_to_be_copied_is_not_broken() -> None:
    arn = "arn:aws:s3:::" + "b" * 90
    fix = f'add to role x: {{"Resource": "{arn}"}}'
    lines = list(view.lines([Cause("Build", "Build", "no", fix)]))
    assert lines[2] == f'         "{arn}"}}'


def test_long_lines_of_what_ran_take_three_rows_at_most() -> None:
    found = Cause("Build", "Build", "no", "", ("가" * 60, "a" * 74, "b" * 75, "c" * 400))
    lines = list(view.lines([found]))
    assert lines[1:] == [
        "    | " + "가" * 37,
        "      " + "가" * 23,
        "    | " + "a" * 74,
        "    | " + "b" * 74,
        "      b",
        "    | " + "c" * 74,
        "      " + "c" * 74,
        "      " + "c" * 73 + "…",
    ]
    "\n".join(lines).encode("cp949")


def test_as_json_every_key_is_there() -> None:
    found = [Cause("Build", "Unit", "why", "do", ("x",), "command-failed"), Cause("", "", "gone")]
    assert view.documents(found) == [
        {
            "stage": "Build",
            "action": "Unit",
            "known": "command-failed",
            "line": "why",
            "fix": "do",
            "detail": ["x"],
        },
        {"stage": None, "action": None, "known": None, "line": "gone", "fix": None, "detail": []},
    ]
