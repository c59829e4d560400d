"""The global options: moved to the front from wherever they stand, and repeated in what to type next."""

from __future__ import annotations

import pytest

from awspipe.cli.options import Options, command_in, file_words, hoisted
from awspipe.cli.target import is_aws
from awspipe.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("plan", "plan"),
        ("plan --sandbox", "--sandbox plan"),
        ("--sandbox plan", "--sandbox plan"),
        ("up -y --region r --json -f x.yml", "--region r --json up -y -f x.yml"),
        ("up --region=r", "--region=r up"),
        ("down NAME --profile p --sandbox --debug", "--profile p --sandbox --debug down NAME"),
        ("status -- --sandbox", "status -- --sandbox"),
        ("--json status -- --json", "--json status -- --json"),
        ("sandbox logs -n 5 --json", "--json sandbox logs -n 5"),
        ("plan --sandboxx", "plan --sandboxx"),
        ("git-credential --region r --profile p get", "--region r --profile p git-credential get"),
    ],
)
def test_global_options_are_taken_before_and_after_the_command(typed: str, taken: str) -> None:
    assert hoisted(typed.split()) == taken.split()


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("plan", "plan"),
        ("up -y --region status --sandbox", "up"),
        ("--profile=plan --json cost show shop", "cost"),
        ("--help plan", "--help"),
        ("--sandbox", ""),
    ],
)
def test_the_command_is_the_first_word_that_is_no_global_option(typed: str, command: str) -> None:
    assert command_in(hoisted(typed.split())) == command


@pytest.mark.parametrize("typed", ["plan --region", "plan --region --sandbox", "--profile -f x.yml plan"])
def test_an_option_that_lacks_its_value_does_not_eat_the_next_one(typed: str) -> None:
    with pytest.raises(UsageError, match="needs a value"):
        hoisted(typed.split())


@pytest.mark.parametrize(
    ("options", "command"),
    [
        (Options(), "awspipe up -f x.yml"),
        (Options(sandbox=True, json=True, debug=True), "awspipe up -f x.yml --sandbox"),
        (Options(profile="my work", region="r"), 'awspipe up -f x.yml --profile "my work" --region r'),
        (Options(endpoint_url="http://h:1"), "awspipe up -f x.yml --endpoint-url http://h:1"),
    ],
)
def test_a_command_to_type_next_says_where_aws_is(options: Options, command: str) -> None:
    assert options.command("up", *file_words("x.yml")) == command


def test_the_usual_spec_needs_no_option() -> None:
    assert file_words("awspipe.yml") == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x", True),
        ("https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x", True),
        ("https://sts.us-east-1.api.aws", True),
        ("http://127.0.0.1:5000/x.amazonaws.com", False),
        ("http://amazonaws.com.example.org", False),
        ("", False),
    ],
)
def test_which_addresses_are_aws_own(url: str, expected: bool) -> None:
    assert is_aws(url) is expected
