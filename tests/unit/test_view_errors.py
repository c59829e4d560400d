"""How errors and narrow terminals are dealt with, and where a console's words go."""

from __future__ import annotations

import io
import json

import pytest

from awspipe.apply import Outcome
from awspipe.cli.console import Console, painted
from awspipe.cli.outcome import check
from awspipe.cli.views.columns import fitted, next_commands
from awspipe.cli.views.errors import document, lines
from awspipe.errors import (
    ApplyError,
    AwsError,
    AwspipeError,
    CredentialsError,
    HandshakeError,
    Problem,
    RefusedError,
    SpecError,
    StoppedError,
)
from awspipe.plan import Step, Verb
from awspipe.resources.base import Key

DENIED = AwsError(
    "create role r: not allowed (AccessDenied, request 1)",
    code="AccessDenied",
    operation="iam:CreateRole",
    request_id="1",
    hint="ask for it",
)


def test_causes_come_before_what_they_mean() -> None:
    error = ApplyError("1 step failed", causes=(DENIED,), hint="`awspipe up` goes on")
    assert list(lines(error)) == [
        "awspipe: create role r: not allowed (AccessDenied, request 1)",
        "  try: ask for it",
        "awspipe: 1 step failed",
        "  try: `awspipe up` goes on",
    ]


def test_problems_of_a_file_come_all_together() -> None:
    problem = Problem("unknown key", "awspipe.yml", 3, 5, hint='did you mean "action"?', frame="  3 | x")
    assert list(lines(SpecError((problem,) * 11)))[:6] == [
        "error: unknown key",
        "  --> awspipe.yml:3:5",
        "  3 | x",
        '   hint: did you mean "action"?',
        "",
        "error: unknown key",
    ]
    assert list(lines(SpecError((problem,) * 11)))[-1] == "awspipe: 11 problems, 1 more are not shown"


def test_every_error_has_the_same_keys() -> None:
    errors = (DENIED, AwspipeError("x"), ApplyError("y", causes=(DENIED,)), SpecError((Problem("p"),)))
    assert {frozenset(document(error)) for error in errors} == {frozenset(document(DENIED))}
    assert document(DENIED) == {
        "message": "create role r: not allowed (AccessDenied, request 1)",
        "hint": "ask for it",
        "exit_code": 1,
        "code": "AccessDenied",
        "operation": "iam:CreateRole",
        "request_id": "1",
        "statement": None,
        "problems": [],
        "causes": [],
    }


STEPS = tuple(Step(Verb.CREATE, Key("role", name)) for name in "abc")
KEEP = Step(Verb.KEEP, Key("role", "k"))


@pytest.mark.parametrize(
    ("outcome", "error", "code", "message"),
    [
        (Outcome([*STEPS, KEEP]), None, 0, ""),
        (Outcome([*STEPS, KEEP], stopped=True), None, 0, ""),
        (
            Outcome([STEPS[0], KEEP], [], [*STEPS[1:]], stopped=True),
            *(StoppedError, 130, "interrupted: 1 step done, 2 not started"),
        ),
        (
            Outcome(
                [STEPS[0]],
                [(STEPS[1], HandshakeError("x is pending", name="x")), (STEPS[2], DENIED)],
                [],
                stopped=True,
            ),
            *(
                StoppedError,
                130,
                "interrupted: 1 step done, 0 not started, 1 connection there and pending, 1 failed",
            ),
        ),
        (
            Outcome([KEEP], [(STEPS[0], DENIED)], [STEPS[1]]),
            *(ApplyError, 1, "1 step failed, 0 steps done, 1 not started"),
        ),
        (
            Outcome(
                [], [(STEPS[0], DENIED), (STEPS[1], RefusedError("x")), (STEPS[2], CredentialsError("y"))]
            ),
            *(ApplyError, 3, "3 steps failed, 0 steps done, 0 not started"),
        ),
    ],
)
def test_what_an_outcome_means(
    outcome: Outcome, error: type[AwspipeError] | None, code: int, message: str
) -> None:
    if error is None:
        check(outcome, "awspipe up", "awspipe down x")
        return
    with pytest.raises(error) as caught:
        check(outcome, "awspipe up", "awspipe down x")
    assert (caught.value.exit_code, caught.value.message) == (code, message)
    assert caught.value.hint == (
        "`awspipe up` goes on where this ended; `awspipe down x` removes what there is"
    )


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        ("  + bucket           shop-artifacts-an", 80, "  + bucket           shop-artifacts-an"),
        (
            "  + bucket           shop-artifacts-123456789012-ap-northeast-2-an",
            40,
            "  + bucket\n      shop-artifacts-123456789012-ap-northeast-2-an",
        ),
        ("one two three four", 9, "one two\n   three\n   four"),
    ],
)
def test_a_line_too_wide_for_the_terminal_goes_on_below(line: str, width: int, shown: str) -> None:
    assert fitted(line, width) == shown


def test_what_to_type_next_stands_in_columns() -> None:
    commands = [("awspipe status shop", "where it stands"), ("awspipe down shop", "removes it; commits stay")]
    assert list(next_commands(commands)) == [
        "next: awspipe status shop   where it stands",
        "      awspipe down shop     removes it; commits stay",
    ]


def test_a_line_has_the_colour_of_its_sign() -> None:
    assert painted("  + role r") == "\x1b[32m  + role r\x1b[0m"
    assert painted("awspipe: no") == "\x1b[31;1mawspipe: no\x1b[0m"
    assert painted("shop is up") == "shop is up"


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (_Terminal, {}, True),
        (_Terminal, {"NO_COLOR": "1"}, False),
        (_Terminal, {"NO_COLOR": ""}, True),
        (_Terminal, {"TERM": "dumb"}, False),
        (_Terminal, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (io.StringIO, {}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
    ],
)
def test_where_colour_is(stream: type[io.StringIO], environ: dict[str, str], expected: bool) -> None:
    out = stream()
    assert Console(out, out, environ).colour(out) is expected


def test_json_is_the_only_answer_where_it_is_asked_for() -> None:
    out, err = io.StringIO(), io.StringIO()
    for console in (Console(out, err, {}, json=True), Console(out, err, {})):
        console.say("talk")
        console.answer(["answer"])
        console.document({"a": "한"})
    first, _, rest = out.getvalue().partition("}\n")
    assert json.loads(first + "}") == {"schema_version": 1, "a": "한"}
    assert rest == "answer\n"
    assert err.getvalue() == "talk\n"


class _Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_that_nobody_listens_to_the_talk_stops_no_work() -> None:
    Console(io.StringIO(), _Gone(), {}).say("talk")
    with pytest.raises(BrokenPipeError):
        Console(_Gone(), io.StringIO(), {}).answer("answer")
