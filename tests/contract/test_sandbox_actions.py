"""The actions that CodePipeline plays itself: sources from CodeCommit and S3, deploying to S3, approvals."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import runtime
from tests.support.clock import FakeClock
from tests.support.engine import approval
from tests.support.sandbox import (
    ACCOUNT,
    REGION,
    action,
    artifacts,
    client,
    in_process,
    pipeline,
    plain,
    role,
    trust,
)

PLACE = {"LocationConstraint": REGION}
REPOSITORY = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:shop"
SOURCE = ("codecommit:*", REPOSITORY)
ARTIFACTS = ("s3:*", "arn:aws:s3:::artifacts/*")
SITE = ("s3:*", "arn:aws:s3:::site*")
ALL = (SOURCE, ARTIFACTS, SITE)


class Shop:
    """A repository, buckets, and a pipeline between them."""

    def __init__(self, played: runtime.Runtime) -> None:
        self.runtime = played
        self.codecommit = client("codecommit")
        self.pipelines = client("codepipeline")
        self.s3: Any = plain("s3")
        self.codecommit.create_repository(repositoryName="shop")
        for bucket in ("artifacts", "site", "origin"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=PLACE)

    def push(self, branch: str = "main", **files: bytes) -> str:
        parents = {}
        if branch in self.codecommit.list_branches(repositoryName="shop")["branches"]:
            found = self.codecommit.get_branch(repositoryName="shop", branchName=branch)
            parents = {"parentCommitId": found["branch"]["commitId"]}
        made = self.codecommit.create_commit(
            repositoryName="shop",
            branchName=branch,
            putFiles=[{"filePath": name, "fileContent": content} for name, content in files.items()],
            commitMessage="say hello\n\nat length",
            **parents,
        )
        self.runtime.drain()
        return str(made["commitId"])

    def create(self, *, allow: Any = ALL, deploy: dict[str, str] | None = None, **members: Any) -> None:
        declared = pipeline(role("pipeline", "codepipeline", allow=allow), **members)
        last = declared["stages"][-1]["actions"][0]
        last["configuration"] = {"BucketName": "site", "Extract": "true"} | (deploy or {})
        self.pipelines.create_pipeline(pipeline=declared)
        self.runtime.drain()

    def start(self, **request: Any) -> None:
        self.pipelines.start_pipeline_execution(name="shop", **request)
        self.runtime.drain()

    def statuses(self) -> list[str]:
        found = self.pipelines.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
        return [one["status"] for one in reversed(found)]

    def last(self, name: str) -> Any:
        found = self.pipelines.list_action_executions(pipelineName="shop")["actionExecutionDetails"]
        return next(one for one in found if one["actionName"] == name)

    def error(self, name: str) -> tuple[str, str]:
        error = self.last(name)["output"]["executionResult"]["errorDetails"]
        return error["code"], error["message"]

    def objects(self, bucket: str) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def text(self, key: str, bucket: str = "site") -> bytes:
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shop(tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    with in_process(tmp_path, clock=clock.time) as played:
        yield Shop(played)


def test_a_commit_becomes_a_site(shop: Shop) -> None:
    commit = shop.push(**{"index.html": b"<h1>hi</h1>", "css/site.css": b"b{}", "run.sh": b"#!/bin/sh\n"})
    shop.create()
    assert shop.statuses() == ["Succeeded"]
    assert shop.objects("site") == ["css/site.css", "index.html", "run.sh"]
    found = shop.s3.get_object(Bucket="site", Key="index.html")
    assert (found["Body"].read(), found["ContentType"]) == (b"<h1>hi</h1>", "text/html")
    assert shop.s3.head_object(Bucket="site", Key="css/site.css")["ContentType"] == "text/css"
    source = shop.last("Source")["output"]
    assert source["outputVariables"] == {
        "AuthorDate": "2026-01-05T09:00:00Z",
        "BranchName": "main",
        "CommitId": commit,
        "CommitMessage": "say hello\n\nat length",
        "CommitterDate": "2026-01-05T09:00:00Z",
        "RepositoryName": "shop",
    }
    assert source["executionResult"]["externalExecutionId"] == commit
    state = shop.pipelines.get_pipeline_state(name="shop")["stageStates"][0]["actionStates"][0]
    assert state["currentRevision"]["revisionId"] == commit


def test_the_artifact_is_the_whole_tree_as_it_is(shop: Shop) -> None:
    shop.push(**{".gitattributes": b"secret export-ignore\n", "secret": b"s", "bin/run": b"x" * 70_000})
    shop.create()
    place = shop.last("Source")["output"]["outputArtifacts"][0]["s3location"]
    with zipfile.ZipFile(io.BytesIO(shop.text(place["key"], place["bucket"]))) as archive:
        assert archive.namelist() == [".gitattributes", "bin/run", "secret"]
        assert archive.read("bin/run") == b"x" * 70_000
        assert archive.getinfo("secret").external_attr >> 16 == 0o100644


def test_nothing_is_deleted(shop: Shop) -> None:
    shop.s3.put_object(Bucket="site", Key="old.html", Body=b"old")
    shop.push(**{"index.html": b"1"})
    shop.create()
    assert shop.objects("site") == ["index.html", "old.html"]


@pytest.mark.parametrize(
    ("deploy", "key"),
    [
        ({"ObjectKey": "v1"}, "v1/index.html"),
        ({"ObjectKey": "/v1/"}, "v1/index.html"),
        ({"ObjectKey": "at-{datetime}"}, "at-2026-01-05_09-00-00/index.html"),
        ({"ObjectKey": "by-#{src.BranchName}"}, "by-main/index.html"),
        ({"Extract": "false", "ObjectKey": "site.zip"}, "site.zip"),
    ],
)
def test_where_the_objects_go(shop: Shop, deploy: dict[str, str], key: str) -> None:
    shop.push(**{"index.html": b"1"})
    declared = pipeline("")["stages"]
    declared[0]["actions"][0]["namespace"] = "src"
    shop.create(deploy=deploy, stages=declared)
    assert shop.objects("site") == [key]


def test_a_key_with_a_new_id(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(deploy={"Extract": "false", "ObjectKey": "{uuid}.zip"})
    shop.start()
    assert len(set(shop.objects("site"))) == 2


def test_cache_control(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(deploy={"CacheControl": "max-age=60, public"})
    assert shop.s3.head_object(Bucket="site", Key="index.html")["CacheControl"] == "max-age=60, public"


@pytest.mark.parametrize(
    ("deploy", "expected"),
    [
        ({"CannedACL": "public-read"}, ("ConfigurationError", "The bucket does not allow ACLs")),
        ({"BucketName": "site-none"}, ("ConfigurationError", "The specified bucket does not exist")),
        ({"KMSEncryptionKeyARN": "k"}, ("ActionNotPlayedInSandbox", "The sandbox does not play KMS")),
    ],
)
def test_deploys_that_fail(shop: Shop, deploy: dict[str, str], expected: tuple[str, str]) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(deploy=deploy)
    code, message = shop.error("Deploy")
    assert (code, message.startswith(expected[1])) == (expected[0], True)
    assert shop.objects("site") == []


def test_a_repository_without_the_branch_and_then_with_it(shop: Shop) -> None:
    shop.create()
    assert shop.statuses() == ["Failed"]
    assert shop.error("Source") == (
        "ConfigurationError",
        "The action failed because no branch named main was found in the selected AWS CodeCommit repository "
        "shop. Make sure you are using the correct branch name, and then try again. Error: null",
    )
    shop.push(**{"index.html": b"1"})
    found = shop.pipelines.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    shop.pipelines.retry_stage_execution(
        pipelineName="shop",
        stageName="Source",
        pipelineExecutionId=found[0]["pipelineExecutionId"],
        retryMode="FAILED_ACTIONS",
    )
    shop.runtime.drain()
    assert shop.statuses() == ["Succeeded"]


def test_a_repository_that_is_gone(shop: Shop) -> None:
    shop.codecommit.delete_repository(repositoryName="shop")
    shop.create()
    assert "repository shop could not be found" in shop.error("Source")[1]


def test_an_artifact_bucket_that_is_not_there(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    allow = (SOURCE, ("s3:*", "*"))
    shop.create(allow=allow, artifactStore={"type": "S3", "location": "no-artifacts"})
    assert shop.error("Source")[1] == (
        "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket)"
    )


WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/"


@pytest.mark.parametrize(
    ("allow", "name", "call", "resource"),
    [
        ((ARTIFACTS, SITE), "Source", "codecommit:GetBranch", REPOSITORY),
        (
            (("codecommit:G*", REPOSITORY), ARTIFACTS, SITE),
            "Source",
            "codecommit:UploadArchive",
            REPOSITORY,
        ),
        ((("codecommit:*", f"{REPOSITORY}s"), ARTIFACTS), "Source", "codecommit:GetBranch", REPOSITORY),
        ((SOURCE, SITE), "Source", "s3:PutObject", "arn:aws:s3:::artifacts/shop/Src/"),
        ((SOURCE, ARTIFACTS), "Deploy", "s3:PutObject", "arn:aws:s3:::site/index.html"),
        (
            (SOURCE, ("s3:PutObject", "*")),
            "Deploy",
            "s3:GetObject",
            "arn:aws:s3:::artifacts/shop/Src/",
        ),
    ],
)
def test_the_role_must_allow_it(
    shop: Shop, allow: tuple[tuple[str, str], ...], name: str, call: str, resource: str
) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(allow=allow)
    assert shop.statuses() == ["Failed"]
    code, message = shop.error(name)
    assert code == "PermissionError"
    assert WHO in message
    assert f"is not authorized to perform: {call} on resource: {resource}" in message
    assert message.endswith(f"because no identity-based policy allows the {call} action")


def test_an_explicit_deny_wins(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(allow=[("*", "*")])
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam: Any = plain("iam")
    iam.put_role_policy(RoleName="pipeline", PolicyName="deny", PolicyDocument=document)
    shop.start()
    assert shop.statuses() == ["Succeeded", "Failed"]
    assert shop.error("Deploy")[1].endswith("with an explicit deny in an identity-based policy")


def test_a_policy_that_was_attached_counts_by_its_version_in_force(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(allow=[*ALL])
    iam: Any = plain("iam")
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}
    harmless = {**deny, "Resource": "arn:aws:s3:::other/*"}
    first, second = (json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (harmless, deny))
    own = iam.create_policy(PolicyName="own", PolicyDocument=first)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="pipeline", PolicyArn=own)
    shop.start()
    assert shop.statuses() == ["Succeeded", "Succeeded"]
    iam.create_policy_version(PolicyArn=own, PolicyDocument=second, SetAsDefault=True)
    shop.start()
    assert shop.error("Deploy")[1].endswith("with an explicit deny in an identity-based policy")


def test_an_actions_own_role_counts(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    own = role("deployer", f"arn:aws:iam::{ACCOUNT}:root", allow=[ARTIFACTS])
    declared = pipeline("")["stages"]
    declared[1]["actions"][0]["roleArn"] = own
    shop.create(allow=[*ALL, ("sts:AssumeRole", own)], stages=declared)
    assert "assumed-role/deployer/" in shop.error("Deploy")[1]


def test_an_actions_own_role_that_is_no_longer_lent_fails_it(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    pipelines = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
    own = role("deployer", pipelines, allow=[("*", "*")])
    declared = pipeline("")["stages"]
    declared[1]["actions"][0]["roleArn"] = own
    shop.create(allow=[*ALL, ("sts:AssumeRole", own)], stages=declared)
    assert shop.statuses() == ["Succeeded"]
    iam: Any = plain("iam")
    iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=trust("codepipeline"))
    shop.start()
    text = f"{pipelines} is not authorized to perform AssumeRole on role {own}"
    assert shop.error("Deploy") == ("PermissionError", text)


def test_a_versioned_artifact_is_read_by_its_version(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    s3: Any = plain("s3")
    s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    rights = [one for one in ALL if one != ARTIFACTS]
    where = "arn:aws:s3:::artifacts/*"
    shop.create(allow=[*rights, ("s3:PutObject", where), ("s3:GetObject", where)])
    assert "is not authorized to perform: s3:GetObjectVersion on" in shop.error("Deploy")[1]


def test_a_commit_that_was_asked_for(shop: Shop) -> None:
    first = shop.push(**{"index.html": b"1"})
    shop.push(**{"index.html": b"2"})
    shop.create()
    assert shop.text("index.html") == b"2"
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID"}
    shop.start(sourceRevisions=[{**revision, "revisionValue": first}])
    assert shop.text("index.html") == b"1"
    shop.start(sourceRevisions=[{**revision, "revisionValue": "f" * 40}])
    assert shop.error("Source")[0] == "RevisionUnavailable"


def follow(shop: Shop, pattern: dict[str, Any]) -> None:
    """A rule that starts the pipeline."""
    arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:shop"
    starter = role("starter", "events", allow=[("codepipeline:StartPipelineExecution", arn)])
    client("events").put_rule(Name="follow", EventPattern=json.dumps(pattern))
    client("events").put_targets(Rule="follow", Targets=[{"Id": "1", "Arn": arn, "RoleArn": starter}])


def test_each_push_runs_with_its_own_commit(shop: Shop) -> None:
    shop.push(**{"index.html": b"1"})
    shop.create(executionMode="QUEUED")
    follow(shop, {"source": ["aws.codecommit"], "detail": {"referenceName": ["main"]}})
    with shop.runtime.lock:  # so that both pushes come before the first is fetched
        commits = [_push_without_waiting(shop, text) for text in (b"2", b"3")]
    shop.runtime.drain()
    assert shop.statuses() == ["Succeeded"] * 3
    found = shop.pipelines.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    assert [one["sourceRevisions"][0]["revisionId"] for one in found[:2]] == commits[::-1]
    shop.codecommit.create_branch(repositoryName="shop", branchName="other", commitId=commits[0])
    shop.push(branch="other", **{"index.html": b"4"})
    assert len(shop.statuses()) == 3
    client("events").disable_rule(Name="follow")
    shop.push(**{"index.html": b"5"})
    assert len(shop.statuses()) == 3


def _push_without_waiting(shop: Shop, content: bytes) -> str:
    parent = shop.codecommit.get_branch(repositoryName="shop", branchName="main")["branch"]["commitId"]
    made = shop.codecommit.put_file(
        repositoryName="shop",
        branchName="main",
        filePath="index.html",
        fileContent=content,
        parentCommitId=parent,
    )
    return str(made["commitId"])


def from_s3(**configuration: str) -> list[dict[str, Any]]:
    source = action(
        "Source",
        "Source/S3",
        configuration={
            "S3Bucket": "origin",
            "S3ObjectKey": "app.zip",
            "PollForSourceChanges": "false",
            **configuration,
        },
        outputArtifacts=artifacts("Src"),
    )
    return [{"name": "Source", "actions": [source]}, pipeline("")["stages"][1]]


ORIGIN = ("s3:*", "arn:aws:s3:::origin*")


def put_zip(shop: Shop, text: bytes, key: str = "app.zip") -> str | None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.html", text)
    made = shop.s3.put_object(Bucket="origin", Key=key, Body=content.getvalue())
    shop.runtime.drain()
    version = made.get("VersionId")
    return None if version is None else str(version)


def versioned(shop: Shop) -> None:
    shop.s3.put_bucket_versioning(Bucket="origin", VersioningConfiguration={"Status": "Enabled"})


def test_an_object_is_a_source(shop: Shop) -> None:
    versioned(shop)
    first, second = put_zip(shop, b"1"), put_zip(shop, b"2")
    shop.create(allow=[*ALL, ORIGIN], stages=from_s3(AllowOverrideForS3ObjectKey="true"))
    assert (shop.statuses(), shop.text("index.html")) == (["Succeeded"], b"2")
    source = shop.last("Source")["output"]
    assert source["executionResult"]["externalExecutionId"] == second
    assert source["outputVariables"]["VersionId"] == second
    assert source["outputVariables"]["ObjectKey"] == "app.zip"
    asked = {"actionName": "Source", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": first}
    shop.start(sourceRevisions=[asked])
    assert shop.text("index.html") == b"1"
    put_zip(shop, b"3", "other.zip")
    asked = {"actionName": "Source", "revisionType": "S3_OBJECT_KEY", "revisionValue": "other.zip"}
    shop.start(sourceRevisions=[asked])
    assert shop.text("index.html") == b"3"


def test_an_object_starts_the_pipeline_through_the_rule(shop: Shop) -> None:
    versioned(shop)
    put_zip(shop, b"1")
    shop.create(allow=[*ALL, ORIGIN], stages=from_s3())
    shop.s3.put_bucket_notification_configuration(
        Bucket="origin", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    detail = {"bucket": {"name": ["origin"]}, "object": {"key": ["app.zip"]}}
    follow(shop, {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail})
    made = put_zip(shop, b"2")
    put_zip(shop, b"3", "other.zip")
    assert (shop.statuses(), shop.text("index.html")) == (["Succeeded"] * 2, b"2")
    found = shop.pipelines.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"][0]
    assert found["trigger"]["triggerType"] == "CloudWatchEvent"
    assert found["sourceRevisions"][0]["revisionId"] == made


def test_objects_that_are_no_source(shop: Shop) -> None:
    shop.create(allow=[*ALL, ORIGIN], stages=from_s3())
    assert "must have versioning enabled" in shop.error("Source")[1]
    versioned(shop)
    shop.start()
    assert "NoSuchKey" in shop.error("Source")[1]
    shop.s3.put_object(Bucket="origin", Key="app.zip", Body=b"no zip")
    shop.start()
    assert shop.error("Deploy")[1] == "The artifact Src is not a zip file."
    asked = {"actionName": "Source", "revisionType": "S3_OBJECT_KEY", "revisionValue": "other.zip"}
    shop.start(sourceRevisions=[asked])
    assert "cannot be overridden" in shop.error("Source")[1]


def test_an_approval_tells_a_topic(shop: Shop) -> None:
    sns: Any = plain("sns")
    sqs: Any = plain("sqs")
    topic = sns.create_topic(Name="ask")["TopicArn"]
    queue = sqs.create_queue(QueueName="asked")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:asked")
    shop.push(**{"index.html": b"1"})
    asks = approval(configuration={"NotificationArn": topic, "CustomData": "look at it"})
    first, last = pipeline("")["stages"]
    shop.create(allow=[*ALL, ("sns:Publish", topic)], stages=[first, asks, last])
    said = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    asked = json.loads(said["Message"])["approval"]
    state = shop.pipelines.get_pipeline_state(name="shop")["stageStates"][1]["actionStates"][0]
    assert (asked["token"], asked["customData"]) == (state["latestExecution"]["token"], "look at it")
    assert asked["expires"] == "2026-01-12T09:00Z"


def test_what_executions_do_is_published(shop: Shop) -> None:
    logs: Any = plain("logs")
    logs.create_log_group(logGroupName="/seen")
    client("events").put_rule(Name="seen", EventPattern=json.dumps({"source": ["aws.codepipeline"]}))
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/seen"
    client("events").put_targets(Rule="seen", Targets=[{"Id": "1", "Arn": arn}])
    shop.push(**{"index.html": b"1"})
    shop.create()
    seen = [json.loads(one["message"]) for one in logs.filter_log_events(logGroupName="/seen")["events"]]
    told = [
        (one["detail-type"].split()[1], one["detail"].get("stage"), one["detail"]["state"]) for one in seen
    ]
    assert sorted(told, key=str) == sorted(
        [
            ("Pipeline", None, "STARTED"),
            *(
                (of, stage, state)
                for of in ("Stage", "Action")
                for stage in ("Source", "Deploy")
                for state in ("STARTED", "SUCCEEDED")
            ),
            ("Pipeline", None, "SUCCEEDED"),
        ],
        key=str,
    )


def packed(*entries: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def bomb() -> bytes:
    """A zip that says of itself that it would be 3 GB."""
    small = packed(("a", b""))
    size = (3 * 1024**3).to_bytes(4, "little")
    at = small.index(b"PK\x01\x02") + 24
    return small[:at] + size + small[at + 4 :]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (packed(("ok", b""), ("../out", b"")), "holds '../out', a path that leads out of it."),
        (packed(("a/../../out", b"")), "holds 'a/../../out', a path that leads out of it."),
        (bomb(), f"is too large: unpacked it would be 1 files and {3 * 1024**3} bytes."),
        (packed(("a", b"x" * 999)).replace(b"x", b"y"), "cannot be unpacked: a: "),
        (b"no zip", "is not a zip file."),
    ],
    ids=["out", "out from within", "bomb", "damaged", "no zip"],
)
def test_an_artifact_that_is_no_good_archive_is_not_deployed(shop: Shop, content: bytes, text: str) -> None:
    versioned(shop)
    shop.s3.put_object(Bucket="origin", Key="app.zip", Body=content)
    shop.create(allow=[*ALL, ORIGIN], stages=from_s3())
    code, message = shop.error("Deploy")
    assert code == "ConfigurationError"
    assert message.startswith("The artifact Src ")
    assert text in message
