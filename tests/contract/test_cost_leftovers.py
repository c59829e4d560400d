"""What past pipelines still hold: all of ours found and removed, all that is others' named and left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli.views import leftovers as view
from awspipe.cost.leftovers import Leftovers, everywhere, leftovers, without_ours
from awspipe.cost.prices import shipped
from awspipe.graph import Source
from awspipe.resources.base import Key
from tests.support import core
from tests.support.core import ACCOUNT, REGION, STATIC_SITE, World
from tests.support.denying import deny
from tests.support.sandbox import trust

CONSOLE_BUCKET = f"codepipeline-{REGION}-1234567890"
IN_USE = f"codepipeline-{REGION}-0987654321"
DEPLOYED_TO = f"codepipeline-{REGION}-1111111111"
GHOST_ROLE = f"AWSCodePipelineServiceRole-{REGION}-ghost"
ARTIFACTS = f"shop-artifacts-{ACCOUNT}-{REGION}-an"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as made:
        yield made


def plant_ours(world: World) -> None:
    """A pipeline whose remains are as untidy as they get, deleted by hand in the console."""
    core.up(world.aws, STATIC_SITE)
    core.first_commit(world)(Source("shop", "other"))
    s3 = world.client("s3")
    s3.put_bucket_versioning(Bucket=ARTIFACTS, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=ARTIFACTS, Key="a", Body=body)
    s3.delete_object(Bucket=ARTIFACTS, Key="a")
    s3.create_multipart_upload(Bucket=ARTIFACTS, Key="unfinished")
    target = {"Id": "theirs", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarm"}
    world.client("events").put_targets(Rule="awspipe-shop-Source", Targets=[target])
    stop(world)
    world.client("codepipeline").delete_pipeline(name="shop")


def stop(world: World) -> None:
    codepipeline = world.client("codepipeline")
    for one in codepipeline.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]:
        if one["status"] == "InProgress":
            codepipeline.stop_pipeline_execution(
                pipelineName="shop", pipelineExecutionId=one["pipelineExecutionId"], abandon=True
            )


def plant_others(world: World) -> None:
    """What the console leaves behind, and what only looks like it: a bucket and a role that are in use."""
    place = {"LocationConstraint": REGION}
    for name in (CONSOLE_BUCKET, IN_USE, DEPLOYED_TO):
        world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    world.client("logs").create_log_group(logGroupName="/aws/codebuild/ghost")
    for name in (GHOST_ROLE, f"AWSCodePipelineServiceRole-{REGION}-theirs", "codebuild-ghost-service-role"):
        made = world.client("iam").create_role(
            RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=trust("codepipeline")
        )
    theirs = core.sandbox.pipeline(
        made["Role"]["Arn"], name="theirs", artifactStore={"type": "S3", "location": IN_USE}
    )
    theirs["stages"][1]["actions"][0]["configuration"]["BucketName"] = DEPLOYED_TO
    world.client("codepipeline").create_pipeline(pipeline=theirs)


def look(world: World) -> Leftovers:
    world.aws.forget()
    return leftovers(world.aws, shipped())


def test_nothing_is_left_where_nothing_was(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    found = look(world)
    assert (found.ours, found.remains, found.unread) == ((), (), ())
    assert list(view.lines(found, shipped(), _command, alone=True))[-1] == (
        "  nothing is left of past pipelines"
    )


def test_several_regions_are_looked_at_and_that_none_holds_anything_is_said(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    found = everywhere(world.aws, ("eu-west-1", REGION), shipped())
    assert [one.region for one in found] == ["eu-west-1", REGION]
    assert list(view.nowhere(found)) == ["nothing is left of past pipelines in 2 regions"]
    assert [line for one in found for line in view.lines(one, shipped(), _command, alone=False)] == []
    plant_others(world)
    assert list(view.nowhere(everywhere(world.aws, ("eu-west-1", REGION), shipped()))) == []


def _command(*words: str) -> str:
    return " ".join(("awspipe", *words))


def test_all_of_ours_is_found_and_removed_and_all_of_others_is_named_and_left(world: World) -> None:
    plant_ours(world)
    plant_others(world)
    before = set(world.inventory)

    found = look(world)
    (ours,) = found.ours
    assert ours.scope.pipeline == "shop"
    assert {key.kind for key in ours.keys} == {
        *("bucket", "build-project", "log-group", "repository", "role", "rule"),
    }
    assert set(ours.kept) == {Key("repository", "shop")}
    others = [(one.what, one.name) for one in without_ours(found)]
    assert others == [
        ("bucket", CONSOLE_BUCKET),
        ("log-group", "/aws/codebuild/ghost"),
        ("role", GHOST_ROLE),
        ("role", "codebuild-ghost-service-role"),
    ]
    shown = list(view.lines(found, shipped(), _command, alone=True))
    assert "    `awspipe down shop` removes it" in shown
    assert f"    by use         bucket {CONSOLE_BUCKET}" in "\n".join(shown)

    removed = core.down(world.aws, delete_data=True)
    assert removed.left == ()
    assert look(world).ours == ()
    foreign = {name for name in before if any(mark in name for mark in ("ghost", "theirs", "codepipeline-"))}
    assert set(world.inventory) == foreign
    assert [(one.what, one.name) for one in look(world).remains] == others


@pytest.mark.parametrize(
    "action",
    [
        *("codepipeline:ListPipelines", "codepipeline:GetPipeline", "codebuild:ListProjects"),
        *("resourcegroupstaggingapi:GetResources", "iam:ListRoles", "s3:ListBuckets"),
        "logs:DescribeLogGroups",
    ],
)
def test_what_may_not_be_looked_at_is_said_and_nothing_concluded(world: World, action: str) -> None:
    plant_others(world)
    deny(world.aws.session, {action})
    found = leftovers(world.aws, shipped())
    assert found.unread
    assert "these credentials may not ask for it" in found.unread[0]
    if action.startswith("codepipeline"):
        assert found.remains == ()
    if action == "codebuild:ListProjects":
        assert {one.what for one in found.remains} == {"bucket"}
    shown: list[Any] = list(view.lines(found, shipped(), _command, alone=True))
    assert shown[-1].startswith("  ! not looked at: ")
