"""Until when a pipeline is wanted: a tag in the creating call, read back by later commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from awspipe.apply import apply
from awspipe.cli import ttl
from awspipe.cli.target import Target
from awspipe.cli.ttl import length
from awspipe.cost.leftovers import owners
from awspipe.cost.unknown import Unknown
from awspipe.errors import UsageError
from awspipe.expiry import end_of, ends, expired, passed, written
from awspipe.naming import EXPIRES_TAG
from awspipe.plan import Plan
from awspipe.resources.pipeline import Pipeline
from tests.support import core
from tests.support.core import SERVER, World
from tests.support.denying import deny

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as made:
        yield made


@dataclass(frozen=True)
class _Prepared:
    """As much of a prepared pipeline as an end concerns."""

    plan: Plan
    target: Target


def prepared(world: World, text: str = SERVER) -> Any:
    shown = core.planned(world.aws, text)
    made = cast(Any, _Prepared(shown, Target(world.aws, sandbox=False, profile=None)))
    return [made]


def up_until(world: World, end: datetime) -> None:
    (one,) = ttl.ending(prepared(world), end)
    core.done(apply(world.aws, one.plan))
    ttl.prolong([one], end)


def tags(world: World) -> dict[str, str]:
    arn = world.scope().pipeline_arn
    found = world.client("codepipeline").list_tags_for_resource(resourceArn=arn)["tags"]
    return {one["key"]: one["value"] for one in found}


def test_the_end_is_in_the_call_that_makes_the_pipeline(world: World) -> None:
    up_until(world, NOW)
    assert tags(world)[EXPIRES_TAG] == "2026-11-26T18:00:00Z"
    assert world.calls.count("codepipeline", "TagResource") == 0


def test_a_pipeline_that_is_there_gets_a_new_end(world: World) -> None:
    up_until(world, NOW)
    up_until(world, NOW + timedelta(hours=3))
    assert tags(world)[EXPIRES_TAG] == "2026-11-26T21:00:00Z"
    assert tags(world)["awspipe:pipeline"] == "shop"


def test_later_commands_warn_when_it_has_passed_and_not_before(world: World) -> None:
    up_until(world, NOW)
    later = NOW + timedelta(minutes=1)
    removes = f"`awspipe down shop --region {core.REGION}` removes it"
    warning = f"  ! the time of shop ended 2026-11-26 18:00 UTC: {removes}"
    assert list(passed(ends(world.aws), NOW - timedelta(minutes=1))) == []
    assert list(passed(ends(world.aws), later)) == [("shop", NOW)]
    assert list(ttl.passed(prepared(world), later)) == [warning]
    world.calls.clear()
    list(ttl.passed(prepared(world), later))
    assert world.calls.count("codepipeline", "ListTagsForResource") == 1  # the plan has read it already


def test_only_what_has_expired_by_its_own_tags_is_removed(world: World) -> None:
    up_until(world, NOW)
    assert expired(world.aws, NOW - timedelta(minutes=1)) == ()
    assert expired(world.aws, NOW + timedelta(minutes=1)) == ("shop",)
    world.client("codepipeline").tag_resource(
        resourceArn=world.scope().pipeline_arn, tags=[{"key": EXPIRES_TAG, "value": "whenever"}]
    )
    world.aws.forget()
    assert expired(world.aws, NOW + timedelta(minutes=1)) == ()


def test_a_pipeline_of_others_with_our_tag_is_not_ours(world: World) -> None:
    up_until(world, NOW)
    world.client("codepipeline").tag_resource(
        resourceArn=world.scope().pipeline_arn, tags=[{"key": "awspipe:pipeline", "value": "another"}]
    )
    assert ends(world.aws) == {}


def test_without_the_tag_index_nothing_is_guessed(world: World) -> None:
    deny(world.aws.session, {"resourcegroupstaggingapi:GetResources"})
    found = expired(world.aws, NOW)
    assert found == Unknown("these credentials may not ask for it (tag:GetResources)", denied=True)
    assert list(passed(ends(world.aws), NOW)) == []


def test_all_of_ours_is_found_by_tags_and_by_the_paths_of_roles(world: World) -> None:
    core.up(world.aws, SERVER)
    core.up(world.aws, core.template("server", "blog"))
    assert owners(world.aws) == (frozenset({"blog", "shop"}), ())


def test_all_of_ours_is_found_by_the_paths_of_roles_alone(world: World) -> None:
    core.up(world.aws, SERVER)
    deny(world.aws.session, {"resourcegroupstaggingapi:GetResources"})
    world.aws._clients.clear()
    assert owners(world.aws) == (
        frozenset({"shop"}),
        ("these credentials may not ask for it (tag:GetResources)",),
    )


@pytest.mark.parametrize(
    ("text", "minutes"), [("90m", 90), ("3h", 180), ("2d", 2880), ("1m", 1), ("1h30m", 90)]
)
def test_a_length_of_time(text: str, minutes: int) -> None:
    assert length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "3", "h", "0h", "-1h", "3 h", "1.5h", "3w", "9999999d"])
def test_what_is_no_length_of_time_to_live(text: str) -> None:
    with pytest.raises(UsageError):
        length(text)


def test_an_end_is_read_as_it_was_written() -> None:
    assert end_of({EXPIRES_TAG: written(NOW)}) == NOW
    assert end_of({EXPIRES_TAG: "soon"}) is None
    assert end_of(None) is None


def test_the_end_changes_nothing_that_is_compared(world: World) -> None:
    (made,) = (one for one in core.graph(world.aws, SERVER).resources if isinstance(one, Pipeline))
    assert replace(made, expires="x").body() == made.body()
