"""Both starter projects live and die cleanly: up, up again, down, down again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.apply import apply
from awspipe.aws import Aws
from awspipe.plan import Verb
from awspipe.resources.pipeline import Pipeline
from tests.support import core, sandbox
from tests.support.core import GITHUB, NOTIFYING, SERVER, STATIC_SITE, World

_HERE = f"{core.ACCOUNT}-{core.REGION}-an"
_ROLE = f"awspipe-shop-{core.REGION}"

_COMMON = {
    f"s3/shop-artifacts-{_HERE}",
    f"iam/{_ROLE}",
    f"iam/{_ROLE}-Source",
    "events/awspipe-shop-Source",
    "codecommit/shop",
    "codepipeline/shop",
}
_DESIGNED = {
    "static-site": _COMMON
    | {
        f"s3/shop-site-deploy-{_HERE}",
        f"iam/{_ROLE}-Build",
        "logs//aws/codebuild/shop-Build",
        "codebuild/shop-Build",
    },
    "server": _COMMON | {f"iam/{_ROLE}-Deploy", "codedeploy/shop", "codedeploy/shop/Deploy"},
    "github": {
        f"s3/shop-artifacts-{_HERE}",
        f"s3/shop-files-deploy-{_HERE}",
        f"iam/{_ROLE}",
        "codeconnections/shop-github",
        "codepipeline/shop",
    },
}
_DESIGNED["notifying"] = _DESIGNED["github"] | {"events/awspipe-shop-notify", "sns/awspipe-shop"}
_TEXTS = {"static-site": STATIC_SITE, "server": SERVER, "github": GITHUB, "notifying": NOTIFYING}
every = pytest.mark.parametrize("kind", list(_TEXTS))
both = pytest.mark.parametrize("kind", ["static-site", "server"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


@every
def test_up_makes_what_is_designed_and_nothing_else(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    assert set(world.inventory) == _DESIGNED[kind]


@every
def test_everything_carries_the_owner_tag(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    for name, facts in world.inventory.items():
        tags = facts.get("tags", facts.get("Tags"))
        tags = tags.get("TagSet", tags) if isinstance(tags, dict) else tags
        if isinstance(tags, list):
            tags = {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags}
        assert tags == {"awspipe:pipeline": "shop"}, name


@every
def test_up_again_changes_nothing(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    made = world.inventory
    world.calls.clear()
    core.up(world.aws, _TEXTS[kind])
    assert world.calls.mutating == ()
    assert world.inventory == made


@every
def test_up_from_another_machine_changes_nothing(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    assert core.planned(world.again(), _TEXTS[kind]).work == ()


@every
def test_down_leaves_the_account_as_it_was(world: World, kind: str) -> None:
    plant(world)
    before = world.inventory
    core.up(world.aws, _TEXTS[kind])
    assert len(world.inventory) == len(before) + len(_DESIGNED[kind])
    assert core.down(world.aws).left == ()
    assert world.inventory == before


@every
def test_down_again_finds_nothing_left(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    core.down(world.aws)
    world.calls.clear()
    assert core.down(world.aws).plan.steps == ()
    assert world.calls.mutating == ()


@every
def test_down_on_another_machine_needs_no_spec(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    assert core.down(world.again()).left == ()
    assert world.inventory == {}


@every
def test_a_pipeline_can_be_made_again_after_down(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind])
    first = core.lasting(world.inventory)
    core.down(world.aws)
    core.up(world.aws, _TEXTS[kind])
    assert core.lasting(world.inventory) == first


def test_down_of_nothing_asks_and_changes_nothing(world: World) -> None:
    plant(world)
    before = world.inventory
    assert core.down(world.aws).plan.steps == ()
    assert world.inventory == before


@both
def test_down_keeps_a_repository_that_holds_commits(world: World, kind: str) -> None:
    core.up(world.aws, _TEXTS[kind], push=core.first_commit(world))
    removed = core.down(world.aws)
    assert [str(key) for key, _ in removed.plan.kept] == ["repository shop"]
    assert removed.left == ()
    assert set(world.inventory) == {"codecommit/shop"}


def test_up_after_a_repository_was_kept_takes_it_on(world: World) -> None:
    core.up(world.aws, STATIC_SITE, push=core.first_commit(world))
    kept = world.inventory["codecommit/shop"]
    core.down(world.aws)
    shown = core.planned(world.aws, STATIC_SITE, push=True)
    assert shown.count(Verb.PUSH) == 0
    core.up(world.aws, STATIC_SITE)
    assert world.inventory["codecommit/shop"] == kept


def test_down_with_the_data_removes_the_repository_too(world: World) -> None:
    core.up(world.aws, STATIC_SITE, push=core.first_commit(world))
    core.down(world.aws, delete_data=True)
    assert world.inventory == {}


def test_down_after_a_kept_repository_finds_nothing_to_do(world: World) -> None:
    core.up(world.aws, SERVER, push=core.first_commit(world))
    core.down(world.aws)
    world.calls.clear()
    assert core.down(world.aws).plan.work == ()
    assert world.calls.mutating == ()


def test_down_empties_buckets_of_versions_markers_and_uploads(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    s3 = world.client("s3")
    for name in (f"shop-artifacts-{_HERE}", f"shop-site-deploy-{_HERE}"):
        fill(s3, name)
    core.down(world.aws)
    assert world.inventory == {}


def test_down_takes_the_reports_of_builds_along_and_nobody_elses(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    core.up(world.again(), core.template("static-site", "shop-Build"))  # its project: shop-Build-Build
    theirs = [
        core.report_group(world, "shop-Build-Build-unit"),
        core.report_group(world, "shop-Builder-unit"),
        core.report_group(world, "shop-Build-tagged", tags=[{"key": "team", "value": "web"}]),
        core.report_group(world, "unit"),
    ]
    for name in ("shop-Build-unit", "shop-Build-cover"):
        core.report_group(world, name)
    core.down(world.aws)
    assert sorted(world.client("codebuild").list_report_groups()["reportGroups"]) == sorted(theirs)


def answered(aws: Aws) -> None:
    """Wait for the calls that nobody waits for: until all 24 threads for calls are free at once."""
    free = threading.Barrier(24)
    aws.gather(*(lambda: free.wait(30) for _ in range(24)))


def test_up_takes_along_the_reports_that_a_build_makes_while_somebody_is_asked(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    (first,) = Pipeline.running(world.again(), "shop") or ()
    stop = world.client("codepipeline").stop_pipeline_execution
    stop(pipelineName="shop", pipelineExecutionId=first, abandon=True)
    assert Pipeline.running(world.again(), "shop") == ()
    shown = core.planned(world.aws, SERVER)
    answered(world.aws)
    core.report_group(world, "shop-Build-unit")
    core.done(apply(world.aws, shown))
    assert world.client("codebuild").list_projects()["projects"] == []
    assert world.client("codebuild").list_report_groups()["reportGroups"] == []


def test_down_empties_a_bucket_of_more_than_a_page(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    s3, at = world.client("s3"), {"Bucket": f"shop-artifacts-{_HERE}"}
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    keys = [f"한글/{number} & <b>\"'+%25" for number in range(501)]
    for key in (*keys, *keys, "\u2028 ]]>"):
        s3.put_object(**at, Key=key, Body=b"")
    for key in keys[:9]:
        s3.delete_object(**at, Key=key)
    s3.create_multipart_upload(**at, Key=keys[0])
    core.down(world.aws)
    assert world.inventory == {}


def test_down_abandons_the_execution_that_runs(world: World) -> None:
    core.up(world.aws, SERVER)
    world.calls.clear()
    core.down(world.aws)
    (stop,) = world.calls.of("codepipeline", "StopPipelineExecution")
    assert stop.params["abandon"] is True


def test_a_first_commit_is_pushed_before_the_pipeline_is_made(world: World) -> None:
    outcome = core.up(world.aws, SERVER, push=core.first_commit(world))
    order = [str(step) for step in outcome.done]
    pushed = order.index("push commit to repository shop (main)")
    assert order.index("create repository shop") < pushed < order.index("create pipeline shop")


def test_without_the_tag_index_everything_is_still_found_by_name(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    deny_index(world)
    found = core.down(world.aws)
    assert found.left == ()
    assert world.inventory == {}


def test_every_bucket_call_says_whose_bucket_it_must_be(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    world.client("s3").put_object(Bucket=f"shop-artifacts-{_HERE}", Key="a", Body=b"1")
    core.up(world.aws, STATIC_SITE)
    core.down(world.aws)
    for call in world.calls.of("s3"):
        if call.operation not in ("CreateBucket", "ListBuckets"):
            assert call.params["ExpectedBucketOwner"] == core.ACCOUNT, call.name


def deny_index(world: World) -> None:
    """As for credentials that lack tag:GetResources."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    def deny(request: object, **_: object) -> AWSResponse:
        answer = AWSResponse("https://tagging/", 400, HTTPHeaders(), None)
        answer._content = b'{"__type": "AccessDeniedException", "message": "not allowed"}'  # type: ignore[attr-defined]
        return answer

    world.aws.client("resourcegroupstaggingapi").meta.events.register_first("before-send", deny)


def fill(s3: object, bucket: str) -> None:
    """Two versions of an object, a delete marker on another, an unfinished upload; and odd keys."""
    at = {"Bucket": bucket}
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})  # type: ignore[attr-defined]
    for key in ("a", "a", "ㄱ/é b"):
        s3.put_object(**at, Key=key, Body=b"1")  # type: ignore[attr-defined]
    s3.delete_object(**at, Key="ㄱ/é b")  # type: ignore[attr-defined]
    for key in _ODD:
        s3.put_object(**at, Key=key, Body=b"1")  # type: ignore[attr-defined]
        s3.delete_object(**at, Key=key)  # type: ignore[attr-defined]
    for key in ("big", *_ODD[1:]):
        s3.create_multipart_upload(**at, Key=key)  # type: ignore[attr-defined]


_ODD = ("a\x10b", "line\nend\r", "<&>'\"", "1+1 = 2%20")
"""What a list cannot hold as it is, and what is easily decoded once too often."""


def plant(world: World) -> None:
    """Things of others, some with names as near to ours as can be."""
    s3, iam, logs = world.client("s3"), world.client("iam"), world.client("logs")
    where = {"CreateBucketConfiguration": {"LocationConstraint": core.REGION}}
    for name in ("elsewhere", f"shop-artifacts-{core.ACCOUNT}-{core.REGION}"):
        s3.create_bucket(Bucket=name, **where)
        s3.put_object(Bucket=name, Key="diary", Body=b"dear diary")
    sandbox.role("shop", "codepipeline", allow=[("s3:*", "*")])
    trusting = sandbox.trust("codebuild")
    iam.create_role(RoleName=f"{_ROLE}-2", Path="/awspipe/", AssumeRolePolicyDocument=trusting)
    logs.create_log_group(logGroupName="/aws/codebuild/shop")
    logs.create_log_group(logGroupName="/aws/codebuild/shop-Builder", tags={"awspipe:pipeline": "other"})
    events = world.client("events")
    events.put_rule(Name="awspipe-shop-mine", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule="awspipe-shop-mine", Targets=[{"Id": "pipeline", "Arn": "arn:aws:sns:x:1:y"}])
    world.client("codecommit").create_repository(repositoryName="shops", tags={"awspipe:pipeline": "shops"})
    world.client("codedeploy").create_application(applicationName="Shop")
    world.client("codebuild").create_project(
        name="shop-Other",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=sandbox.role("builds", "codebuild"),
    )
    world.client("codepipeline").create_pipeline(
        pipeline=sandbox.pipeline(f"arn:aws:iam::{core.ACCOUNT}:role/shop", name="shop-2"),
        tags=[{"key": "awspipe:pipeline", "value": "shop-2"}],
    )
