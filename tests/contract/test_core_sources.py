"""Sources in S3 and ECR: things of the user's, whose changes a rule of ours tells the pipeline."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.resources.base import Reference
from tests.support import core
from tests.support.core import World

OBJECT = """\
name: shop
stages:
  - {name: Source, provider: s3, bucket: theirs, object: in/source.zip}
  - {name: Deploy, provider: s3}
"""
IMAGE = """\
name: shop
stages:
  - {name: Source, provider: ecr, repository: team/shop, tag: v1}
  - {name: Ask, provider: approval}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path, actions={}) as world:
        yield world


def theirs(world: World) -> Any:
    """A bucket of the user's that keeps versions and tells of them; the client."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": core.REGION})
    s3.put_bucket_versioning(Bucket="theirs", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="theirs", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return s3


def put(world: World, text: str, bucket: str = "theirs") -> str:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.html", text)
    found = world.client("s3").put_object(Bucket=bucket, Key="in/source.zip", Body=made.getvalue())
    world.runtime.drain()
    return str(found["VersionId"])


def test_a_new_version_of_the_object_starts_the_pipeline(world: World) -> None:
    theirs(world)
    put(world, "one")
    assert core.planned(world.aws, OBJECT).references == (Reference("bucket", "theirs"),)
    core.up(world.aws, OBJECT)
    world.runtime.drain()
    version = put(world, "two")
    newest, first = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")[
        "pipelineExecutionSummaries"
    ]
    assert (first["status"], newest["status"]) == ("Succeeded", "Succeeded")
    assert newest["trigger"]["triggerType"] == "CloudWatchEvent"
    assert newest["sourceRevisions"][0]["revisionId"] == version
    site = f"shop-files-deploy-{core.ACCOUNT}-{core.REGION}-an"
    assert world.client("s3").get_object(Bucket=site, Key="index.html")["Body"].read() == b"two"
    assert core.planned(world.aws, OBJECT).work == ()


def test_the_bucket_is_left_as_it_is(world: World) -> None:
    theirs(world)
    put(world, "one")
    before = world.inventory["s3/theirs"]
    core.up(world.aws, OBJECT)
    core.down(world.aws)
    assert world.inventory == {"s3/theirs": before}


def test_a_bucket_that_is_not_there_is_said_before_anything_is_made(world: World) -> None:
    error = core.refused(core.up, world.aws, OBJECT)
    assert error.message == "the spec refers to what is not there: bucket theirs"
    assert world.calls.mutating == ()


def test_a_push_of_an_image_is_what_the_rule_hears(world: World) -> None:
    core.up(world.aws, IMAGE)
    rule = world.client("events").describe_rule(Name="awspipe-shop-Source")
    assert json.loads(rule["EventPattern"]) == {
        "source": ["aws.ecr"],
        "detail-type": ["ECR Image Action"],
        "detail": {
            "action-type": ["PUSH"],
            "image-tag": ["v1"],
            "repository-name": ["team/shop"],
            "result": ["SUCCESS"],
        },
    }
    declared = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    source = declared["stages"][0]["actions"][0]
    assert source["configuration"] == {"RepositoryName": "team/shop", "ImageTag": "v1"}
    assert core.planned(world.aws, IMAGE).work == ()
    assert core.down(world.aws).left == ()


OURS = OBJECT.replace("bucket: theirs, ", "")
BUCKET = f"shop-src-source-{core.ACCOUNT}-{core.REGION}-an"


def test_a_bucket_of_ours_keeps_versions_takes_only_tls_and_tells_of_uploads(world: World) -> None:
    core.up(world.aws, OURS)
    s3, at = world.client("s3"), {"Bucket": BUCKET}
    assert s3.get_bucket_versioning(**at)["Status"] == "Enabled"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(**at)
    (statement,) = json.loads(s3.get_bucket_policy(**at)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    (rule,) = s3.get_bucket_lifecycle_configuration(**at)["Rules"]
    assert "Expiration" not in rule
    assert core.planned(world.again(), OURS).work == ()
    assert core.down(world.aws).left == ()
    assert world.inventory == {}


def test_an_upload_to_it_starts_the_pipeline(world: World) -> None:
    core.up(world.aws, OURS)
    world.runtime.drain()
    put(world, "one", BUCKET)
    newest, first = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")[
        "pipelineExecutionSummaries"
    ]
    assert (first["status"], newest["status"]) == ("Failed", "Succeeded")
    site = f"shop-files-deploy-{core.ACCOUNT}-{core.REGION}-an"
    assert world.client("s3").get_object(Bucket=site, Key="index.html")["Body"].read() == b"one"


def test_what_was_uploaded_is_kept_unless_data_is_to_go(world: World) -> None:
    core.up(world.aws, OURS)
    put(world, "one", BUCKET)
    kept = core.down(world.aws).plan.kept
    assert [(key.name, why.why) for key, why in kept] == [
        (BUCKET, "it holds what was uploaded; --delete-data removes it too")
    ]
    assert list(world.inventory) == [f"s3/{BUCKET}"]
    core.up(world.aws, OURS)
    assert world.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert core.down(world.aws, delete_data=True).left == ()
    assert world.inventory == {}


def test_what_the_bucket_told_others_it_tells_on(world: World) -> None:
    core.up(world.aws, OURS)
    s3 = world.client("s3")
    queue = world.client("sqs").create_queue(QueueName="theirs")["QueueUrl"]
    arn = world.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    told = [{"Id": "t", "QueueArn": arn["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": told}
    )
    assert ("bucket", "NotificationConfiguration.EventBridgeConfiguration") in core.changes(
        core.planned(world.aws, OURS)
    )
    core.up(world.aws, OURS)
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert {"EventBridgeConfiguration", "QueueConfigurations"} <= found.keys()
    assert core.planned(world.again(), OURS).work == ()
