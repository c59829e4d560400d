"""What is not ours is never touched: under our names, beside them, or with our tag on another name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awspipe.errors import RefusedError
from awspipe.live import scan_all
from awspipe.plan import Verb
from awspipe.resources.base import Key, kinds
from tests.support import core, sandbox
from tests.support.core import GITHUB, NOTIFYING, SERVER, STATIC_SITE, World

HERE = f"{core.ACCOUNT}-{core.REGION}-an"
ROLE = f"awspipe-shop-{core.REGION}"
Owner = str | None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def tags(owner: Owner, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: "awspipe:pipeline", value: owner}] if owner else [{key: "team", value: "web"}]


def bucket(world: World, name: str, owner: Owner) -> None:
    where = {"LocationConstraint": core.REGION, "Tags": tags(owner)}
    world.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration=where, BucketNamespace="account-regional"
    )
    world.client("s3").put_object(Bucket=name, Key="diary", Body=b"dear diary")


def role(world: World, name: str, owner: Owner) -> None:
    path = f"/awspipe/{core.REGION}/{owner}/" if owner else "/"
    trusting = sandbox.trust("codebuild", "codepipeline", "events", "codedeploy")
    world.client("iam").create_role(
        RoleName=name, Path=path, AssumeRolePolicyDocument=trusting, Tags=tags(owner)
    )


def log_group(world: World, name: str, owner: Owner) -> None:
    world.client("logs").create_log_group(
        logGroupName=name, tags={one["Key"]: one["Value"] for one in tags(owner)}
    )


def rule(world: World, name: str, owner: Owner) -> None:
    world.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=tags(owner))


def project(world: World, name: str, owner: Owner) -> None:
    world.client("codebuild").create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=sandbox.role(f"builds-{name}", "codebuild"),
        tags=tags(owner, "key", "value"),
    )


def repository(world: World, name: str, owner: Owner) -> None:
    world.client("codecommit").create_repository(
        repositoryName=name, tags={one["Key"]: one["Value"] for one in tags(owner)}
    )


def application(world: World, name: str, owner: Owner) -> None:
    world.client("codedeploy").create_application(applicationName=name, tags=tags(owner))


def group(world: World, name: str, owner: Owner) -> None:
    """In an application of ours: else that is refused already."""
    of, _, group = name.partition("/")
    application(world, of, "shop")
    world.client("codedeploy").create_deployment_group(
        applicationName=of,
        deploymentGroupName=group,
        serviceRoleArn=sandbox.role("deploys", "codedeploy"),
        tags=tags(owner),
    )


def connection(world: World, name: str, owner: Owner) -> None:
    """One that nobody has completed: it is of no use."""
    world.client("codeconnections").create_connection(
        ProviderType="GitHub", ConnectionName=name, Tags=tags(owner)
    )


def topic(world: World, name: str, owner: Owner) -> None:
    world.client("sns").create_topic(Name=name, Tags=tags(owner))


def pipeline(world: World, name: str, owner: Owner) -> None:
    world.client("codepipeline").create_pipeline(
        pipeline=sandbox.pipeline(sandbox.role(f"pipes-{name}", "codepipeline"), name=name),
        tags=tags(owner, "key", "value"),
    )


Maker = Callable[[World, str, Owner], None]
MAKERS: dict[str, Maker] = {
    "bucket": bucket,
    "role": role,
    "log-group": log_group,
    "rule": rule,
    "build-project": project,
    "repository": repository,
    "application": application,
    "deployment-group": group,
    "connection": connection,
    "topic": topic,
    "pipeline": pipeline,
}
NAMES = [
    (STATIC_SITE, "bucket", f"shop-artifacts-{HERE}"),
    (STATIC_SITE, "bucket", f"shop-site-deploy-{HERE}"),
    (STATIC_SITE, "role", ROLE),
    (STATIC_SITE, "role", f"{ROLE}-Source"),
    (STATIC_SITE, "role", f"{ROLE}-Build"),
    (STATIC_SITE, "log-group", "/aws/codebuild/shop-Build"),
    (STATIC_SITE, "rule", "awspipe-shop-Source"),
    (STATIC_SITE, "build-project", "shop-Build"),
    (STATIC_SITE, "repository", "shop"),
    (STATIC_SITE, "pipeline", "shop"),
    (GITHUB, "connection", "shop-github"),
    (NOTIFYING, "topic", "awspipe-shop"),
    (NOTIFYING, "rule", "awspipe-shop-notify"),
    (SERVER, "application", "shop"),
    (SERVER, "deployment-group", "shop/Deploy"),
]


def test_every_kind_is_tried() -> None:
    """A subscription is whose its topic is: it cannot be anybody else's under a name of ours."""
    assert {kind for _, kind, _ in NAMES} | {"subscription"} == set(kinds())


@pytest.mark.parametrize("owner", [None, "blog"], ids=["untagged", "another pipeline's"])
@pytest.mark.parametrize(("text", "kind", "name"), NAMES, ids=[f"{kind} {name}" for _, kind, name in NAMES])
def test_up_refuses_before_it_changes_anything(
    world: World, text: str, kind: str, name: str, owner: Owner
) -> None:
    MAKERS[kind](world, name, owner)
    before = world.inventory
    error = core.refused(core.up, world.aws, text)
    assert isinstance(error, RefusedError)
    whose = f"it belongs to the pipeline {owner}" if owner and kind != "role" else "awspipe did not make it"
    assert error.message == f"{Key(kind, name)} is there already, and {whose}: nothing was changed"
    assert world.calls.mutating == ()
    assert world.inventory == before


@pytest.mark.parametrize("owner", [None, "blog"], ids=["untagged", "another pipeline's"])
def test_down_leaves_all_of_them_alone(world: World, owner: Owner) -> None:
    for _, kind, name in NAMES:
        if kind != "deployment-group":  # that is in an application of ours here
            MAKERS[kind](world, name, owner)
    before = world.inventory
    assert core.down(world.aws).plan.steps == ()
    assert world.inventory == before


def test_all_that_is_in_the_way_is_said_at_once(world: World) -> None:
    bucket(world, f"shop-artifacts-{HERE}", None)
    repository(world, "shop", "blog")
    error = core.refused(core.up, world.aws, STATIC_SITE)
    assert isinstance(error, RefusedError)
    assert f"bucket shop-artifacts-{HERE} is there already, and awspipe did not make it" in error.message
    assert "repository shop is there already, and it belongs to the pipeline blog" in error.message


NEIGHBOURS = ("demo", "demo-2", "old-demo", "Demo2", "demo.x", "demo-Build")


def test_neighbours_survive_each_others_down(world: World) -> None:
    for name in NEIGHBOURS:
        core.up(world.aws, core.template("static-site", name))
    each = len(world.inventory) // len(NEIGHBOURS)
    for left, gone in enumerate(NEIGHBOURS, 1):
        before = world.inventory
        core.down(world.aws, gone)
        stays = world.inventory
        assert stays.items() <= before.items()
        assert len(before) - len(stays) == each, gone
        assert len(stays) == each * (len(NEIGHBOURS) - left)


def test_neighbours_of_one_name_in_two_regions_survive_each_others_down(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    here = world.inventory
    there = core.connect(core.session("us-east-1"))
    core.up(there, STATIC_SITE)
    both = world.inventory
    assert set(both) > set(here)
    core.down(there)
    there.close()
    assert world.inventory == here


def test_a_tag_of_ours_on_a_name_that_is_not_is_not_enough(world: World) -> None:
    """Somebody copied our tag on buckets of theirs: no names of ours, so they stay."""
    where = {"LocationConstraint": core.REGION, "Tags": tags("shop")}
    for name in ("theirs", "shop-theirs"):
        world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    core.up(world.aws, STATIC_SITE)
    core.up(world.aws, STATIC_SITE)
    core.down(world.aws)
    assert set(world.inventory) == {"s3/theirs", "s3/shop-theirs"}


def test_what_lost_our_tag_stays_and_is_told_of_with_no_further_call(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    bucket_name = world.scope().bucket("artifacts")
    where = {"Bucket": bucket_name}
    world.client("s3").put_bucket_tagging(**where, Tagging={"TagSet": tags(None)})
    arn = world.scope().rule_arn("awspipe-shop-Source")
    world.client("events").untag_resource(ResourceARN=arn, TagKeys=["awspipe:pipeline"])
    lost = (Key("bucket", bucket_name), Key("rule", "awspipe-shop-Source"))
    world.aws.forget()
    world.calls.clear()
    (found,) = scan_all(world.aws, [world.scope()])
    assert (found.unowned, set(lost) & set(found.keys)) == (lost, set())
    (call,) = world.calls.of("s3", "GetBucketTagging")
    assert call.params["Bucket"] == bucket_name
    assert world.calls.count("events", "ListTagsForResource") == 1

    for owner in ("shop", "blog"):
        world.client("s3").put_bucket_tagging(**where, Tagging={"TagSet": tags(owner)})
        (found,) = scan_all(world.again(), [world.scope()])
        assert found.unowned == lost[1:], owner


def test_a_deployment_group_of_others_goes_with_our_application(world: World) -> None:
    """AWS has no application without its groups; that one is told of nowhere but in CodeDeploy."""
    group(world, "shop/Theirs", None)
    core.up(world.aws, SERVER)
    core.down(world.aws)
    assert not [name for name in world.inventory if name.startswith("codedeploy/")]


VANISHING = [
    (STATIC_SITE, "pipeline", "shop", "codepipeline"),
    (STATIC_SITE, "repository", "shop", "codecommit"),
    (STATIC_SITE, "rule", "awspipe-shop-Source", "events"),
    (SERVER, "application", "shop", "codedeploy"),
    (NOTIFYING, "topic", "awspipe-shop", "sns"),
]


@pytest.mark.parametrize(("text", "kind", "name", "service"), VANISHING, ids=[one[1] for one in VANISHING])
def test_what_goes_while_it_is_looked_at_is_not_taken_for_a_strangers(
    world: World, text: str, kind: str, name: str, service: str
) -> None:
    """A `down` that runs at the same time removes it between the question what it is and the one whose."""
    core.up(world.aws, text)
    aws = world.again()
    by_hand = world.again()

    def go(**_: object) -> None:
        kinds()[kind].delete(by_hand, world.scope(), name)

    aws.session.events.register_first(f"before-send.{service}.ListTagsForResource", go)
    shown = core.planned(aws, text)
    assert shown.conflicts == ()
    assert Key(kind, name) in {step.key for step in shown.work if step.verb is Verb.CREATE}


TELLING = STATIC_SITE + NOTIFYING[NOTIFYING.index("notify:") :]
LOOK_ALIKES = {
    "bucket": [f"shop-2-artifacts-{HERE}", f"old-shop-artifacts-{HERE}", f"shop-artifacts-2-{HERE}"],
    "role": [f"awspipe-shop-2-{core.REGION}", f"{ROLE}-Build-2", f"old-{ROLE}"],
    "log-group": [
        "/aws/codebuild/shop-2-Build",
        "/aws/codebuild/shop-Build2",
        "/aws/codebuild/old-shop-Build",
    ],
    "rule": ["awspipe-shop-2-Source", "old-awspipe-shop-Source", "shop-Source"],
    "build-project": ["shop-2-Build", "old-shop-Build", "shop-Build-2"],
    "repository": ["shop-2", "old-shop", "shop-Source"],
    "application": ["shop-2", "old-shop", "shop-Deploy"],
    "connection": ["shop-2-github", "old-shop-github"],
    "topic": ["awspipe-shop-2", "old-awspipe-shop"],
    "pipeline": ["shop-2", "old-shop"],
}


@pytest.mark.parametrize("owner", [None, "blog"], ids=["untagged", "another pipeline's"])
@pytest.mark.parametrize("text", [TELLING, SERVER], ids=["static-site that tells", "server"])
def test_what_only_looks_like_ours_stays_to_the_last_byte(world: World, text: str, owner: Owner) -> None:
    for kind, names in LOOK_ALIKES.items():
        for name in names:
            MAKERS[kind](world, name, owner)
    before = world.inventory
    core.up(world.aws, text)
    core.up(world.aws, text)
    assert before.items() <= world.inventory.items()
    assert core.down(world.aws, delete_data=True).left == ()
    assert world.inventory == before
