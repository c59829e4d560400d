"""The poller: how often it asks, and what it makes of throttling, lost credentials and cut lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from awspipe.aws import Aws
from awspipe.errors import AwsError, CredentialsError
from awspipe.polling import Kind, Line, Poller, Recovered, Trouble
from awspipe.watching import listing
from tests.support.watched import (
    PIPELINE,
    Connection,
    World,
    cut,
    most_in_a_minute,
    refuse,
    throttled,
    truncated,
)


def looks(world: World, line: Line, **options: Any) -> Iterator[Any]:
    """Looks at the list of executions."""
    return Poller(line, **options).looks(lambda: listing(line, PIPELINE), f"look at {PIPELINE}")


def test_it_asks_soon_again_and_less_often_while_nothing_changes() -> None:
    world = World()
    for _ in islice(looks(world, world.line()), 60):
        pass
    gaps = [after - before for (before, _), (after, _) in zip(world.calls, world.calls[1:], strict=False)]
    assert gaps[0] == 1
    assert gaps == sorted(gaps)
    assert gaps[-1] == 10
    assert most_in_a_minute(world.calls) <= 20


def test_a_change_makes_it_quick_again_and_a_minute_never_has_more_than_20_calls() -> None:
    world = World()
    for second in range(600):
        world.after(second, lambda: world.execution() and None)  # type: ignore[func-returns-value]
    for _ in islice(looks(world, world.line()), 120):
        pass
    assert most_in_a_minute(world.calls) == 20


def test_throttled_it_backs_off_up_to_a_minute_and_comes_back() -> None:
    world = World()
    world.fails(5, 300, throttled)
    found = []
    for one in looks(world, world.line()):
        found.append((world.now, one))
        if world.now > 400:
            break
    told = [(moment, one) for moment, one in found if isinstance(one, (Trouble, Recovered))]
    (began, trouble), (ended, recovered) = told
    assert isinstance(trouble, Trouble)
    assert (trouble.kind, recovered) == (Kind.THROTTLED, Recovered(trouble))
    meanwhile = [moment for moment, _ in world.calls if began <= moment < ended]
    assert len(meanwhile) < 10
    assert 300 <= ended < 361
    assert [moment for moment, _ in found if ended < moment < ended + 21]


@pytest.mark.parametrize("fault", [cut, truncated, refuse("InternalFailure", 500)])
def test_a_cut_line_is_waited_out_and_never_taken_for_an_empty_list(fault: Any) -> None:
    world = World()
    world.execution()
    world.fails(5, 60, fault)
    found = []
    for one in looks(world, world.line()):
        found.append(one)
        if world.now > 130:
            break
    assert all(one for one in found if isinstance(one, tuple))
    first, second = [one for one in found if not isinstance(one, tuple)]
    assert first.kind is Kind.NETWORK
    assert second == Recovered(first)


def test_expired_credentials_are_said_once_and_read_again_until_they_are_renewed() -> None:
    world = World()
    old, tries = Connection(world, until=10), []

    def renew() -> Any:
        tries.append(Connection(world, until=float("inf") if world.now > 100 else 0))
        if world.now <= 100:
            raise CredentialsError("ask AWS who is calling: the AWS credentials have expired (ExpiredToken)")
        return tries[-1]

    line = Line(old.aws, renew, lambda: "123456789012", clock=world.clock.time, sleep=world.clock.sleep)
    found = []
    for one in looks(world, line):
        found.append((world.now, one))
        if world.now > 150:
            break
    (began, trouble), (ended, recovered) = [it for it in found if not isinstance(it[1], tuple)]
    assert trouble.message == "look at shop: the AWS credentials have expired (ExpiredTokenException)"
    assert "`aws sso login`" in trouble.hint
    assert recovered == Recovered(trouble)
    assert began >= 10
    assert 100 < ended < 135
    assert len(tries) < 8
    assert old.closed
    assert line.aws is tries[-1]


def test_the_credentials_of_another_account_are_not_used() -> None:
    world = World()
    other = Connection(world, account="999999999999")
    own = Connection(world)
    made = iter([other, own])
    line = Line(
        Connection(world, until=10).aws,
        lambda: next(made).aws,
        lambda: "123456789012",
        clock=world.clock.time,
        sleep=world.clock.sleep,
    )
    found = [one for one in islice(looks(world, line), 12) if not isinstance(one, tuple)]
    assert [one.message for one in found if isinstance(one, Trouble)][1] == (
        "the credentials are now those of account 999999999999; what is watched is in account 123456789012"
    )
    assert isinstance(found[-1], Recovered)
    assert other.closed


def test_credentials_that_cannot_be_renewed_from_outside_end_it() -> None:
    world = World()
    line = Line(Connection(world, until=10).aws, clock=world.clock.time, sleep=world.clock.sleep)
    with pytest.raises(CredentialsError, match="have expired"):
        list(looks(world, line))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refuse("ExpiredToken"), CredentialsError),
        (cut, AwsError),
        (refuse("AccessDeniedException"), AwsError),
    ],
)
def test_what_is_wrong_from_the_beginning_is_an_error_soon(fault: Any, error: type[Exception]) -> None:
    world = World()
    world.fails(0, 1e9, fault)
    line = world.line(renew=lambda: Connection(world).aws)
    with pytest.raises(error):
        list(looks(world, line))
    assert world.now < 30


def test_it_gives_up_at_its_deadline_and_not_later() -> None:
    world = World()
    found = list(looks(world, world.line(), deadline=world.clock.time() + 47))
    assert world.now == 47
    assert set(found) == {()}
    world = World()
    world.fails(0, 1e9, throttled)
    assert [one.kind for one in looks(world, world.line(), deadline=world.clock.time() + 47)] == [
        Kind.THROTTLED
    ]
    assert world.now == 47


def test_a_request_that_we_made_wrong_is_no_trouble_that_passes() -> None:
    from botocore.exceptions import ParamValidationError

    def wrong(_: str) -> dict[str, Any]:
        raise ParamValidationError(report="no such parameter")

    world = World()
    world.fails(5, 1e9, wrong)
    with pytest.raises(AwsError, match="no such parameter"):
        list(looks(world, world.line()))


def test_a_poller_s_calls_are_each_sent_once() -> None:
    import boto3

    session = boto3.Session("test", "test", region_name="us-east-1")
    made = Aws(session, "us-east-1", "http://127.0.0.1:1", once_each=True).client("codepipeline")
    assert made.meta.config.retries["total_max_attempts"] == 1
