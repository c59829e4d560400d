"""How causes read."""

from __future__ import annotations

import pytest

from awspipe.cli.views import causes as view
from awspipe.cli.views import columns
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
        "    fix: install it under `install:` in the buildspec, or take an `image:` that has it",
        "    | sh: 1: nmp: not found",
    ]


def test_an_action_with_another_name_than_its_stage_and_the_whole_execution() -> None:
    found = [Cause("Test", "Unit", "one"), Cause("", "", "stopped by hand")]
    assert list(view.lines(found, "")) == ["× Test/Unit: one", "× stopped by hand"]


def test_what_is_to_be_copied_is_not_broken_on_a_terminal() -> None:
    arn = "arn:aws:s3:::" + "b" * 90
    fix = f'add to role x: {{"Resource": "{arn}"}}'
    _, line = view.lines([Cause("Build", "Build", "no", fix)])
    assert columns.fitted(line, 80).splitlines() == [
        '    fix: add to role x: {"Resource":',
        f'        "{arn}"}}',
    ]


def test_a_line_of_what_ran_is_three_rows_of_a_terminal_long_at_most() -> None:
    found = Cause("Build", "Build", "no", "", ("가" * 60, "가" * 130, "c" * 240, "c" * 1000))
    lines = list(view.lines([found]))
    assert lines[1:] == [
        "    | " + "가" * 60,
        "    | " + "가" * 119 + "…",
        "    | " + "c" * 240,
        "    | " + "c" * 239 + "…",
    ]
    "\n".join(lines).encode("cp949")


def test_hangul_takes_two_columns_where_a_line_is_fitted() -> None:
    assert columns.fitted("  ! " + "배포가 실패 " * 3, 24).splitlines() == [
        "  ! 배포가 실패 배포가",
        "      실패 배포가 실패",
    ]


@pytest.mark.parametrize(
    ("commits", "mended"), [((), False), ((True,), True), ((True, True), True), ((True, False), False)]
)
def test_a_commit_mends_what_lies_in_commits_alone(commits: tuple[bool, ...], mended: bool) -> None:
    assert view.mended_by_commit([Cause("", "", "x", commit=one) for one in commits]) is mended


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
