"""Sources and deployments to S3 that fail: really played, and explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from awspipe.errors import AwsError
from awspipe.failures import Cause, causes
from tests.support import core, failing, sandbox
from tests.support.engine import approval
from tests.support.failing import Shop, source, to_s3
from tests.support.sandbox import ACCOUNT, REGION, action, artifacts

REPOSITORY = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:shop"
S3 = ("s3:*", "*")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with failing.world(tmp_path_factory.mktemp("account")) as shop:
        for name in ("site", "origin"):
            shop.bucket(name)
        yield shop


@pytest.fixture
def shop(account: Shop) -> Shop:
    account.clear()
    return account


def said(cause: Cause) -> tuple[str, str, str]:
    return cause.known, cause.line, cause.fix


def test_a_branch_that_is_not_there(shop: Shop) -> None:
    shop.push({"a": "1"})
    cause = shop.cause(source(branch="trunk"), to_s3())
    assert (cause.stage, cause.action, cause.detail) == ("Source", "Source", ())
    assert said(cause) == (
        "branch-missing",
        "the repository shop has no branch trunk",
        "push to that branch, or mend `branch:` and run `awspipe up`; then retry the stage",
    )


def test_a_repository_that_is_not_there(shop: Shop) -> None:
    cause = shop.cause(source(RepositoryName="other"), to_s3())
    assert said(cause)[:2] == (
        "repository-missing",
        "there is no repository other that this pipeline can see",
    )


def test_a_commit_that_is_not_there(shop: Shop) -> None:
    shop.push({"a": "1"})
    shop.create(source(), to_s3())
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "f" * 40}
    (cause,) = shop.causes(shop.start(sourceRevisions=[revision]))
    assert said(cause)[:2] == ("commit-missing", f"the repository shop has no commit {'f' * 40}")


def statement(call: str, resource: str) -> str:
    return json.dumps({"Effect": "Allow", "Action": call, "Resource": resource})


def test_a_role_that_may_not_read_the_repository(shop: Shop) -> None:
    shop.push({"a": "1"})
    cause = shop.cause(source(), to_s3(), allow=[S3])
    assert said(cause) == (
        "role-denied",
        f"role pipeline may not codecommit:GetBranch on {REPOSITORY}",
        f"add to role pipeline: {statement('codecommit:GetBranch', REPOSITORY)}",
    )


def test_a_role_that_may_not_write_the_site(shop: Shop) -> None:
    shop.push({"index.html": "1"})
    artifact = ("s3:*", "arn:aws:s3:::artifacts/*")
    cause = shop.cause(source(), to_s3(), allow=[("codecommit:*", "*"), artifact])
    object_ = "arn:aws:s3:::site/index.html"
    assert said(cause) == (
        "role-denied",
        f"role pipeline may not s3:PutObject on {object_}",
        f"add to role pipeline: {statement('s3:PutObject', object_)}",
    )


def test_what_is_denied_on_purpose_is_not_to_be_allowed(shop: Shop) -> None:
    shop.push({"index.html": "1"})
    shop.create(source(), to_s3())
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}
    iam = sandbox.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName="pipeline", PolicyName="deny", PolicyDocument=document)
    (cause,) = shop.causes(shop.start())
    assert cause.fix == (
        "the identity-based policy forbids it: change that; a statement for role pipeline cannot allow it"
    )


@pytest.mark.parametrize(
    ("configuration", "known", "line"),
    [
        ({"BucketName": "none"}, "bucket-missing", "a bucket is not there: none"),
        ({"CannedACL": "public-read"}, "acl-refused", "the bucket site takes no ACLs, as every new bucket"),
        (
            {"KMSEncryptionKeyARN": "k"},
            "sandbox-does-not-play",
            "The sandbox does not play KMSEncryptionKeyARN; nothing was done.",
        ),
    ],
)
def test_deployments_to_s3(shop: Shop, configuration: dict[str, str], known: str, line: str) -> None:
    shop.push({"index.html": "1"})
    assert said(shop.cause(source(), to_s3(**configuration)))[:2] == (known, line)


def test_a_variable_that_no_action_makes(shop: Shop) -> None:
    shop.push({"index.html": "1"})
    fetched = source()
    fetched["actions"][0]["namespace"] = "src"
    cause = shop.cause(fetched, to_s3(ObjectKey="#{src.Nothing}"))
    assert said(cause)[:2] == (
        "variable-unresolved",
        "a variable in the configuration of Deploy has no value: #{src.Nothing}",
    )


def from_s3(key: str = "app.zip") -> dict[str, Any]:
    where = {"S3Bucket": "origin", "S3ObjectKey": key, "PollForSourceChanges": "false"}
    made = action("Source", "Source/S3", configuration=where, outputArtifacts=artifacts("Src"))
    return {"name": "Source", "actions": [made]}


def test_a_source_bucket_without_versions_or_object_and_one_that_is_no_zip(shop: Shop) -> None:
    cause = shop.cause(from_s3(), to_s3())
    assert said(cause) == (
        "bucket-unversioned",
        "the bucket origin keeps no versions, and a source must",
        "`aws s3api put-bucket-versioning --bucket origin --versioning-configuration Status=Enabled`",
    )
    s3 = core.session().client("s3")
    s3.put_bucket_versioning(Bucket="origin", VersioningConfiguration={"Status": "Enabled"})
    (cause,) = shop.causes(shop.start())
    assert said(cause)[:2] == ("object-missing", "the bucket origin has no object app.zip")
    s3.put_object(Bucket="origin", Key="app.zip", Body=b"no zip")
    (cause,) = shop.causes(shop.start())
    assert (cause.stage, *said(cause)[:2]) == (
        "Deploy",
        "not-a-zip",
        "the artifact is no zip file, so it cannot be unpacked",
    )


def from_github(arn: str) -> dict[str, Any]:
    where = {"ConnectionArn": arn, "FullRepositoryId": "me/shop", "BranchName": "main"}
    made = action(
        "Source", "Source/CodeStarSourceConnection", configuration=where, outputArtifacts=artifacts("Src")
    )
    return {"name": "Source", "actions": [made]}


def test_a_connection_that_is_pending_and_one_that_is_gone(shop: Shop) -> None:
    api = sandbox.client("codeconnections")
    arn = api.create_connection(ConnectionName="git", ProviderType="GitHub")["ConnectionArn"]
    cause = shop.cause(from_github(arn), to_s3())
    assert said(cause)[:2] == (
        "connection-pending",
        "the connection to the repository's host is not complete: somebody must still allow it there",
    )
    api.delete_connection(ConnectionArn=arn)
    (cause,) = shop.causes(shop.start())
    assert said(cause)[:2] == ("connection-missing", f"the connection {arn} is no longer there")


def test_a_pipeline_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(AwsError, match="does not have a pipeline with name 'none'"):
        causes(shop.aws, "none", "00000000-0000-4000-8000-000000000000")


def test_a_role_that_is_gone(shop: Shop) -> None:
    shop.push({"index.html": "1"})
    shop.create(source(), to_s3())
    iam = sandbox.client("iam")
    iam.delete_role_policy(RoleName="pipeline", PolicyName="own")
    iam.delete_role(RoleName="pipeline")
    (cause,) = shop.causes(shop.start())
    assert said(cause)[:2] == (
        "role-not-assumable",
        f"the service cannot use role {shop.role}: it is not there, or does not trust the service",
    )


def test_an_artifact_that_is_gone(shop: Shop) -> None:
    shop.push({"index.html": "1"})
    shop.create(source(), approval(), to_s3())
    s3 = core.session().client("s3")
    for one in s3.list_objects_v2(Bucket="artifacts")["Contents"]:
        s3.delete_object(Bucket="artifacts", Key=one["Key"])
    shop.approve("Approve")
    (cause,) = shop.causes()
    assert (cause.stage, *said(cause)) == (
        "Deploy",
        "artifact-gone",
        "an artifact is no longer in its bucket",
        "start a new execution: artifacts expire after 30 days",
    )
