"""What `doctor` says, line by line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from awspipe.cli.views.doctor import document, exit_code, lines
from awspipe.doctor.caller import clock
from awspipe.doctor.findings import Finding, State, ok, problem, run
from awspipe.errors import AwsError, CredentialsError, DeniedError

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FOUND = [
    ok("git", "2.39.5"),
    Finding("account", State.PROBLEM, "none", "log in", 4),
    Finding("quotas", State.UNKNOWN, "not allowed"),
]


def test_a_problem_has_its_fix_below_it() -> None:
    assert list(lines(FOUND)) == [
        "ok       git      2.39.5",
        "problem  account  none",
        "                  fix: log in",
        "?        quotas   not allowed",
        "1 problem, 1 not known",
    ]


def test_json_says_the_same() -> None:
    assert document(FOUND)["problems"] == 1
    assert [one["state"] for one in document(FOUND)["checks"]] == ["ok", "problem", "unknown"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 0), ((1,), 1), ((1, 4), 4), ((4,), 4)],
    ids=["none", "one", "both", "credentials"],
)
def test_the_exit_code_says_whether_credentials_are_at_fault(codes: tuple[int, ...], code: int) -> None:
    found = [Finding("x", State.PROBLEM, "", "", one) for one in codes]
    assert exit_code([ok("y", ""), Finding("z", State.UNKNOWN, ""), *found]) == code


@pytest.mark.parametrize(
    ("seconds", "state", "says"),
    [
        (0, State.OK, "right"),
        (40, State.OK, "40 s off, which AWS tolerates"),
        (400, State.PROBLEM, "400 s ahead"),
        (-400, State.PROBLEM, "400 s behind"),
    ],
)
def test_a_clock_is_compared_with_aws_s(seconds: int, state: State, says: str) -> None:
    found = clock("Thu, 26 Nov 2026 12:00:00 GMT", NOW + timedelta(seconds=seconds))
    assert found.state is state
    assert says in found.says


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    assert clock(None, NOW).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (DeniedError("not allowed"), State.UNKNOWN, 1),
        (CredentialsError("expired"), State.PROBLEM, 4),
        (AwsError("throttled"), State.PROBLEM, 1),
    ],
)
def test_what_may_not_be_asked_is_not_known(error: AwsError, state: State, code: int) -> None:
    found = problem("quotas", error)
    assert (found.state, found.exit_code) == (state, code)


def test_a_check_that_does_not_end_is_given_up_and_the_others_are_told() -> None:
    free = threading.Event()

    def hanging() -> Iterator[Finding]:
        free.wait(10)
        yield ok("late", "too late")

    found = run({"late": hanging, "git": lambda: [ok("git", "2")]}, limit=0.05)
    first = next(found)
    free.set()
    assert first == Finding("late", State.UNKNOWN, "no answer within 0 s")
    assert list(found) == [ok("git", "2")]
