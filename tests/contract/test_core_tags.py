"""The user's own tags: on everything from the creating call on, compared, mended; those of others stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.errors import SpecError
from awspipe.plan import Verb
from awspipe.resources.base import kinds
from awspipe.rights import Job, document, grants
from awspipe.spec.load import load_text
from tests.contract.test_core_adopt import tags
from tests.contract.test_core_policy import assert_tight, guarded
from tests.support import core
from tests.support.core import World

PLAIN = core.STATIC_SITE + "  - {name: Servers, provider: codedeploy, ec2_tags: {a: b}, input: Build}\n"
TEXT = PLAIN.replace("name: shop\n", "name: shop\ntags: {team: web, 비용: 배포 1}\n", 1)
OWN = {"team": "web", "비용": "배포 1"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def every_tag(world: World) -> dict[str, dict[str, str]]:
    return {name: tags(facts) for name, facts in world.inventory.items()}


def test_everything_has_them_from_the_creating_call_on(world: World) -> None:
    core.up(world.aws, TEXT)
    assert not [call.name for call in world.calls.mutating if "Tag" in call.operation]
    wanted = {**OWN, "awspipe:pipeline": "shop"}
    assert {name: found for name, found in every_tag(world).items() if found != wanted} == {}


def test_they_are_no_difference_afterwards(world: World) -> None:
    core.up(world.aws, TEXT)
    assert core.planned(world.again(), TEXT).work == ()


def test_everything_that_is_there_gets_new_ones_and_keeps_those_of_others(world: World) -> None:
    core.up(world.aws, PLAIN)
    world.client("codepipeline").tag_resource(
        resourceArn=f"arn:aws:codepipeline:{core.REGION}:{core.ACCOUNT}:shop",
        tags=[{"key": "cost", "value": "7"}],
    )
    shown = core.planned(world.aws, TEXT)
    assert {step.verb for step in shown.work} == {Verb.UPDATE}
    assert {(one.path, one.before) for step in shown.work for one in step.changes} == {
        ("tags.team", None),
        ("tags.비용", None),
    }
    world.calls.clear()
    core.up(world.aws, TEXT)
    assert not world.calls.of("codepipeline", "UpdatePipeline")
    assert every_tag(world)["codepipeline/shop"] == {**OWN, "awspipe:pipeline": "shop", "cost": "7"}
    assert all(OWN.items() <= found.items() for found in every_tag(world).values())
    assert core.planned(world.again(), TEXT).work == ()


def test_a_project_keeps_the_tags_of_others_when_it_is_changed(world: World) -> None:
    core.up(world.aws, PLAIN)
    codebuild = world.client("codebuild")
    own = [{"key": "awspipe:pipeline", "value": "shop"}, {"key": "cost", "value": "7"}]
    codebuild.update_project(name="shop-Build", tags=own)
    core.up(world.aws, PLAIN.replace("provider: codebuild\n", "provider: codebuild\n    timeout: 20\n"))
    assert every_tag(world)["codebuild/shop-Build"] == {"awspipe:pipeline": "shop", "cost": "7"}


def test_without_tags_of_the_user_s_own_no_role_is_asked_for_its_tags(world: World) -> None:
    core.up(world.aws, PLAIN)
    core.up(world.aws, PLAIN)
    assert not world.calls.of("iam", "ListRoleTags")


def test_the_policy_is_enough_for_them_and_no_more(world: World) -> None:
    judge = guarded(world)
    policy: dict[str, Any] = document(grants([core.graph(world.again(), TEXT)], frozenset({Job.UP})))
    core.up(world.again(), PLAIN)
    judge.allow(policy)
    core.up(world.aws, TEXT)
    core.down(world.again(), delete_data=True)
    core.up(world.aws, TEXT, push=None)
    pushed = [one for one in policy["Statement"] if "codecommit:GitPush" in one["Action"]]
    assert len(pushed) == 1
    assert_tight(policy, judge)


def test_every_kind_can_be_tagged() -> None:
    for kind in kinds().values():
        assert not getattr(kind, "__abstractmethods__", frozenset())


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{aws:x: a}", "tags that begin with aws: are not yours to set"),
        ("{AWSPIPE:pipeline: other}", "tags that begin with awspipe: are not yours to set"),
        ("{team: 'a<b'}", '"team" cannot be "a<b"'),
        ("{team: 42 €}", '"team" cannot be "42 €"'),
        ("{team: 🎉}", '"team" cannot be "🎉"'),
        ("{t€: a}", '"t€" cannot be'),
        ("{'': a}", "a key is missing before the colon"),
        (f"{{{'k' * 128}: a}}", "characters; at most 127 are allowed"),
        (f"{{team: {'v' * 256}}}", '"team" has 256 characters; at most 255 are allowed'),
        (
            "{" + ", ".join(f"t{number}: a" for number in range(50)) + "}",
            '"tags" has 50 entries; at most 49 are allowed',
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_offline(written: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(PLAIN.replace("name: shop\n", f"name: shop\ntags: {written}\n", 1), "awspipe.yml")
    assert any(message in problem.message for problem in caught.value.problems), caught.value.problems
