"""Connections: one that is there is used, else one is made; a person completes it, and nothing else waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.apply import apply
from awspipe.cli.outcome import check
from awspipe.cli.views.errors import lines
from awspipe.errors import HandshakeError, RefusedError, StoppedError, UsageError
from awspipe.events import Handshake
from awspipe.live import scan_all
from awspipe.plan import Plan, Verb
from awspipe.resources.base import Reference
from awspipe.sandbox import git, handshakes
from awspipe.sandbox.codeconnections import codeconnections_backends
from tests.support import core
from tests.support.core import GITHUB, World
from tests.support.denying import deny

ROLE = f"awspipe-shop-{core.REGION}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def connection(world: World, name: str, *, complete: bool = True, **members: Any) -> str:
    """Somebody's own connection to GitHub."""
    made = world.client("codeconnections").create_connection(
        **{"ProviderType": "GitHub", "ConnectionName": name, **members}
    )
    if complete:
        finish(world, name)
    return str(made["ConnectionArn"])


def finish(world: World, name: str) -> None:
    git.create(world.runtime.state_dir / "theirs.git")
    handshakes.connect(world.runtime.state_dir, name, "me/shop", world.runtime.state_dir / "theirs.git")


def alone(world: World, **options: Any) -> Any:
    """A command where nobody is there."""
    return world.again(attended=False, **options)


def source(world: World) -> dict[str, str]:
    declared = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    return dict(declared["stages"][0]["actions"][0]["configuration"])


def granted(world: World) -> set[str]:
    """What the pipeline's role may use."""
    found = world.client("iam").get_role_policy(RoleName=ROLE, PolicyName="awspipe")["PolicyDocument"]
    (use,) = [one for one in found["Statement"] if "codeconnections:UseConnection" in one["Action"]]
    assert use["Action"] == ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
    return set(use["Resource"])


def arn_of(world: World, name: str) -> str:
    (found,) = [one for one in core.every_connection() if one["ConnectionName"] == name]
    return str(found["ConnectionArn"])


def test_a_new_connection_is_completed_by_a_person_before_the_pipeline_is_made(world: World) -> None:
    core.up(world.aws, GITHUB)
    arn = arn_of(world, "shop-github")
    assert source(world) == {
        "ConnectionArn": arn,
        "FullRepositoryId": "me/shop",
        "BranchName": "main",
        "DetectChanges": "true",
    }
    assert granted(world) == {arn}
    (told,) = [event for event in world.events if isinstance(event, Handshake)]
    assert told.url == f"https://console.aws.amazon.com/codesuite/settings/connections?region={core.REGION}"


def test_where_nobody_is_there_all_else_is_made_and_up_goes_on_later(world: World) -> None:
    error = core.refused(core.up, alone(world), GITHUB)
    assert isinstance(error, HandshakeError)
    assert error.exit_code == 8
    assert "https://console.aws.amazon.com/codesuite/settings/connections" in error.hint
    assert f"s3/shop-artifacts-{core.ACCOUNT}-{core.REGION}-an" in world.inventory
    assert "codepipeline/shop" not in world.inventory
    shown = core.planned(alone(world), GITHUB)
    assert {(key, change) for key, change in core.changes(shown).items() if key[0] == "connection"} == {
        (("connection", "ConnectionStatus"), ("PENDING", "AVAILABLE"))
    }
    finish(world, "shop-github")
    core.up(alone(world), GITHUB)
    assert source(world)["ConnectionArn"] == arn_of(world, "shop-github")
    assert core.planned(world.aws, GITHUB).work == ()


def test_down_does_not_wait_for_a_pending_connection(world: World) -> None:
    core.refused(core.up, alone(world), GITHUB)
    assert core.down(alone(world)).left == ()
    assert world.inventory == {}


def test_down_finds_a_connection_that_the_tag_index_does_not_know(world: World) -> None:
    core.refused(core.up, alone(world), GITHUB)
    aws = alone(world)
    aws.once(("index", "shop"), dict)
    (found,) = scan_all(aws, [core.scope(aws)])
    assert "shop-github" in {key.name for key in found.keys if key.kind == "connection"}


def test_somebody_who_waits_gives_up_after_a_while(world: World) -> None:
    clock = core.FakeClock()
    aws = world.again()
    aws.sleep, aws.now = clock.sleep, clock.time
    assert isinstance(core.refused(core.up, aws, GITHUB), HandshakeError)
    assert 800 < clock.slept < 1000


def test_ctrl_c_ends_the_waiting_and_up_goes_on_later(world: World) -> None:
    aws = world.again()
    aws.sleep = lambda seconds: aws.stopping.set()
    outcome = apply(aws, core.planned(aws, GITHUB))
    with pytest.raises(StoppedError) as caught:
        check(outcome, "awspipe up", "awspipe down shop")
    made, skipped = len(outcome.done), len(outcome.skipped)
    assert "connection" not in {step.key.kind for step in outcome.skipped}
    assert list(lines(caught.value)) == [
        "awspipe: connection shop-github is pending: somebody must complete it at its provider",
        f"  try: open https://console.aws.amazon.com/codesuite/settings/connections?region={core.REGION}, "
        'choose it, "Update pending connection"',
        f"awspipe: interrupted: {made} steps done, {skipped} not started, 1 connection there and pending",
        "  try: `awspipe up` goes on where this ended; `awspipe down shop` removes what there is",
    ]
    core.up(world.again(), GITHUB)
    assert core.planned(world.aws, GITHUB).work == ()


def test_a_complete_connection_is_used_and_never_touched(world: World) -> None:
    arn = connection(world, "mine")
    before = world.inventory
    shown = core.planned(world.aws, GITHUB)
    assert shown.references == (Reference("connection", "mine"),)
    core.up(world.aws, GITHUB)
    assert source(world)["ConnectionArn"] == arn
    assert granted(world) == {arn}
    assert not world.calls.of("codeconnections", "CreateConnection")
    assert core.planned(world.aws, GITHUB).work == ()
    assert core.down(world.aws).left == ()
    assert world.inventory == before


def test_one_that_is_pending_or_another_provider_s_or_another_pipeline_s_is_not_used(world: World) -> None:
    connection(world, "pending", complete=False)
    connection(world, "gitlab", ProviderType="GitLab")
    connection(world, "blog-github", Tags=[{"Key": "awspipe:pipeline", "Value": "blog"}])
    core.up(world.aws, GITHUB)
    assert source(world)["ConnectionArn"] == arn_of(world, "shop-github")


def test_of_several_the_spec_must_say_which(world: World) -> None:
    connection(world, "mine")
    theirs = connection(world, "theirs")
    error = core.refused(core.up, world.aws, GITHUB)
    assert isinstance(error, UsageError)
    assert error.message == (
        "several connections could be used instead of a new connection shop-github: mine, theirs"
    )
    assert world.calls.mutating == ()
    core.up(world.aws, named("theirs"))
    assert source(world)["ConnectionArn"] == theirs


def named(connection: str) -> str:
    return GITHUB.replace("me/shop\n", f"me/shop\n    connection: {json.dumps(connection)}\n")


def test_a_second_one_that_is_made_later_changes_nothing(world: World) -> None:
    connection(world, "mine")
    core.up(world.aws, GITHUB)
    connection(world, "theirs")
    assert core.planned(world.aws, GITHUB).work == ()


@pytest.mark.parametrize("by", ["name", "arn"])
def test_a_connection_that_the_spec_names_is_used(world: World, by: str) -> None:
    connection(world, "other")
    arn = connection(world, "mine")
    text = named("mine" if by == "name" else arn)
    core.up(world.aws, text)
    assert source(world)["ConnectionArn"] == arn
    assert core.planned(world.aws, text).work == ()
    core.down(world.aws)
    assert {one["ConnectionName"] for one in core.every_connection()} == {"mine", "other"}


def test_a_connection_that_the_spec_names_must_be_there_and_complete(world: World) -> None:
    assert (
        "refers to what is not there: connection mine"
        in core.refused(core.up, world.aws, named("mine")).message
    )
    connection(world, "mine", complete=False)
    assert isinstance(core.refused(core.up, world.aws, named("mine")), HandshakeError)
    assert world.calls.mutating == ()


def test_from_one_of_ours_to_one_of_the_user_s_and_back(world: World) -> None:
    core.up(world.aws, GITHUB)
    arn = connection(world, "mine")
    shown = core.planned(world.aws, named("mine"))
    assert core.verbs(shown) == {
        "connection": {Verb.DELETE},
        "role": {Verb.UPDATE},
        "pipeline": {Verb.UPDATE},
    }
    core.done(apply(world.aws, shown))
    assert source(world)["ConnectionArn"] == arn
    assert [one["ConnectionName"] for one in core.every_connection()] == ["mine"]
    core.up(world.aws, GITHUB)
    assert source(world)["ConnectionArn"] == arn


def test_a_connection_of_our_name_made_twice_goes_with_both(world: World) -> None:
    core.up(world.aws, GITHUB)
    tags = [{"Key": "awspipe:pipeline", "Value": "shop"}]
    connection(world, "second", Tags=tags)
    backend = codeconnections_backends[core.ACCOUNT][core.REGION]
    backend.connections[arn_of(world, "second")].name = "shop-github"
    assert core.down(world.aws).left == ()
    assert core.every_connection() == []


def test_filters_are_triggers_and_a_change_of_them_is_seen(world: World) -> None:
    filters = (
        "    push:\n      - branches: {includes: [main, 'release/**']}\n"
        "        file_paths: {excludes: 'docs/**'}\n      - tags: {includes: v*}\n"
        "    pull_request: {events: OPEN, branches: {includes: main}}\n"
    )
    text = GITHUB.replace("me/shop\n", f"me/shop\n{filters}")
    core.up(world.aws, text)
    declared = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    assert declared["triggers"] == [
        {
            "providerType": "CodeStarSourceConnection",
            "gitConfiguration": {
                "sourceActionName": "Source",
                "push": [
                    {
                        "branches": {"includes": ["main", "release/**"]},
                        "filePaths": {"excludes": ["docs/**"]},
                    },
                    {"tags": {"includes": ["v*"]}},
                ],
                "pullRequest": [{"events": ["OPEN"], "branches": {"includes": ["main"]}}],
            },
        }
    ]
    assert source(world)["DetectChanges"] == "false"
    assert core.planned(world.aws, text).work == ()
    declared["triggers"][0]["gitConfiguration"]["push"].pop()
    world.client("codepipeline").update_pipeline(pipeline=declared)
    assert core.verbs(core.planned(world.aws, text)) == {"pipeline": {Verb.UPDATE}}
    core.up(world.aws, GITHUB)
    assert "triggers" not in world.client("codepipeline").get_pipeline(name="shop")["pipeline"]


def test_a_pipeline_without_filters_stays_one_of_type_v1(world: World) -> None:
    core.up(world.aws, GITHUB.replace("name: shop\n", "name: shop\ntype: V1\n"))
    assert world.client("codepipeline").get_pipeline(name="shop")["pipeline"]["pipelineType"] == "V1"


def test_no_text_that_stands_for_an_arn_is_ever_sent(world: World) -> None:
    shown = core.planned(world.aws, GITHUB)
    assert "<ARN of connection shop-github>" in str(shown)
    core.up(world.aws, GITHUB)
    assert not [call for call in world.calls.calls if "<ARN of" in str(call.params)]


def test_a_foreign_connection_of_another_pipeline_under_our_name_is_refused(world: World) -> None:
    connection(world, "shop-github", Tags=[{"Key": "awspipe:pipeline", "Value": "blog"}])
    assert isinstance(core.refused(core.up, world.aws, GITHUB), RefusedError)
    assert world.calls.mutating == ()


def steps(shown: Plan) -> list[str]:
    return [str(step) for step in shown.steps]


def test_the_pipeline_s_role_waits_for_the_connection_and_nothing_else_does(world: World) -> None:
    shown = core.planned(world.aws, GITHUB)
    waits = {step.key.kind for step in shown.steps if any(k.kind == "connection" for k in step.waits_for)}
    assert waits == {"role", "pipeline"}
    assert steps(shown)[-1] == "create pipeline shop"


def test_a_connection_is_looked_for_only_where_one_can_be(world: World) -> None:
    core.up(world.aws, core.STATIC_SITE)
    core.down(world.aws)
    assert not world.calls.of("codeconnections")


def test_a_neighbour_with_rules_hides_no_connection(world: World) -> None:
    """Where neither the tag index nor a declaration tells of it: all that begins like ours is `shop-2`'s."""
    core.up(world.aws, core.template("static-site", "shop-2"))
    theirs = world.inventory
    core.up(world.aws, GITHUB)
    world.client("codepipeline").delete_pipeline(name="shop")
    aws = alone(world)
    deny(aws.session, ["resourcegroupstaggingapi:GetResources"])
    assert core.down(aws).left == ()
    assert world.inventory == theirs


def test_a_region_without_the_service_is_said(tmp_path: Path) -> None:
    with core.world(tmp_path, region="me-south-1") as world:
        error = core.refused(core.up, world.aws, GITHUB)
        assert error.message.startswith("me-south-1 has no CodeConnections")
        assert world.calls.mutating == ()
        core.up(world.aws, core.STATIC_SITE)
        core.down(world.aws)
        assert not world.calls.of("codeconnections")
