"""The recorder sees every call, and how deep the calls stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from tests.support import iamactions, recorder
from tests.support.modelcheck import service_model
from tests.support.recorder import Call, Recording
from tests.support.wire import client

SERVICES = (
    "s3", "iam", "sts", "codecommit", "codebuild", "codedeploy", "codepipeline", "events", "logs",
    "resourcegroupstaggingapi", "codeconnections", "codestar-connections", "sns",
)  # fmt: skip
ROLE = "arn:aws:iam::123456789012:role/demo"


@pytest.fixture
def moto_session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


# --- what is recorded


@pytest.mark.parametrize("make", [boto3.Session, botocore.session.Session])
def test_records_calls_that_go_over_http(make: Any) -> None:
    session = make()
    recording = recorder.record(session)
    codebuild, wire = client(session, "codebuild")
    codebuild.batch_get_projects(names=["demo"])
    (call,) = recording.calls
    assert (call.service, call.operation, call.params) == (
        "codebuild",
        "BatchGetProjects",
        {"names": ["demo"]},
    )
    assert (call.error_code, call.attempt, call.mutating) == (None, 1, False)
    assert call.start < call.end
    assert len(wire.sent) == 1


def test_records_calls_that_moto_answers(moto_session: boto3.Session) -> None:
    recording = recorder.record(moto_session)
    s3, iam = moto_session.client("s3"), moto_session.client("iam")
    s3.create_bucket(Bucket="demo-bucket")
    with pytest.raises(ClientError):
        iam.get_role(RoleName="nobody")
    assert recording.names == ["s3:CreateBucket", "iam:GetRole"]
    assert [call.error_code for call in recording.calls] == [None, "NoSuchEntity"]
    assert [call.name for call in recording.mutating] == ["s3:CreateBucket"]
    assert [call.name for call in recording.failed] == ["iam:GetRole"]
    assert (recording.count(), recording.count("s3"), recording.count("s3", "ListBuckets")) == (2, 1, 0)


def test_gives_a_status_where_aws_gives_no_code(moto_session: boto3.Session) -> None:
    recording = recorder.record(moto_session)
    with pytest.raises(ClientError):
        moto_session.client("s3").head_bucket(Bucket="no-such-bucket")
    assert [call.error_code for call in recording.calls] == ["404"]


def test_counts_retries_as_calls() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session)
    throttled = (400, b'{"__type": "ThrottlingException", "message": "slow down"}')
    lost = EndpointConnectionError(endpoint_url="https://example.test")
    sts, _ = client(session, "codebuild", throttled, lost)
    sts.list_projects()
    assert [(call.error_code, call.attempt) for call in recording.calls] == [
        ("ThrottlingException", 1),
        ("EndpointConnectionError", 2),
        (None, 3),
    ]
    assert recording.chain == 3


def test_keeps_parameters_as_they_were_sent() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session)
    codebuild, _ = client(session, "codebuild")
    names = ["demo"]
    codebuild.batch_get_projects(names=names)
    names.append("later")
    assert recording.calls[0].params == {"names": ["demo"]}


def test_records_nothing_that_was_not_sent() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session)
    s3, wire = client(session, "s3")
    s3.generate_presigned_url("get_object", Params={"Bucket": "demo", "Key": "k"})
    assert recording.calls == ()
    assert wire.sent == []


def test_two_recordings_of_one_session_both_see_all() -> None:
    session = botocore.session.Session()
    first, second = recorder.record(session), recorder.record(session, delay=0.01)
    codebuild, _ = client(session, "codebuild")
    codebuild.list_projects()
    first.clear()
    codebuild.list_projects()
    assert (first.count(), second.count()) == (1, 2)


def test_records_all_threads() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session)
    codebuild, _ = client(session, "codebuild")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: codebuild.batch_get_projects(names=[f"p{n}"]), range(40)))
    assert sorted(call.params["names"][0] for call in recording.calls) == sorted(f"p{n}" for n in range(40))


# --- how deep


def spans(*pairs: tuple[float, float]) -> Recording:
    recording = Recording()
    for start, end in pairs:
        recording.add(Call(service="s3", operation="ListBuckets", params={}, start=start, end=end))
    return recording


@pytest.mark.parametrize(
    ("pairs", "chain", "peak"),
    [
        ([], 0, 0),
        ([(0, 1)], 1, 1),
        ([(0, 1), (1, 2), (2, 3)], 3, 1),
        ([(0, 3), (1, 4), (2, 5)], 1, 3),
        ([(0, 1), (0, 5), (2, 3), (4, 6)], 3, 2),
        ([(0, 10), (1, 2), (3, 4), (5, 6)], 3, 2),
        ([(4, 6), (2, 3), (0, 5), (0, 1)], 3, 2),
    ],
)
def test_depth_is_computed_from_overlap(pairs: list[tuple[float, float]], chain: int, peak: int) -> None:
    recording = spans(*pairs)
    assert recording.chain == chain
    assert recording.peak() == recording.peak("s3") == peak
    assert recording.peak("iam") == 0


def test_the_critical_row_names_the_calls() -> None:
    assert [call.start for call in spans((0, 1), (0, 5), (2, 3), (4, 6)).critical] == [0, 2, 4]


@pytest.fixture
def delayed() -> tuple[Recording, Any]:
    session = botocore.session.Session()
    recording = recorder.record(session, delay=0.2)
    codebuild, _ = client(session, "codebuild")
    return recording, codebuild.list_projects


def test_delayed_calls_that_can_run_together_are_one_round(delayed: tuple[Recording, Any]) -> None:
    recording, call = delayed
    with ThreadPoolExecutor(25) as pool:
        for _ in range(25):
            pool.submit(call)
            time.sleep(0.01)  # the last begins long after a plain delay of the first would have ended
    assert (recording.count(), recording.chain, recording.peak()) == (25, 1, 25)


def test_delayed_rows_of_calls_are_as_deep_as_the_longest(delayed: tuple[Recording, Any]) -> None:
    recording, call = delayed

    def row(length: int) -> None:
        for _ in range(length):
            call()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(row, [1, 3, 2, 4, 1, 1, 2, 3]))
    assert (recording.count(), recording.chain) == (17, 4)


def test_a_slow_answer_makes_no_chain_longer() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session, delay=0.05)
    fast, _ = client(session, "codebuild")
    slow, wire = client(session, "codecommit")
    send = wire.send
    wire.send = lambda request: (time.sleep(0.3), send(request))[1]  # type: ignore[method-assign, func-returns-value]
    with ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: [fast.list_projects() for _ in range(3)])
        pool.submit(lambda: [slow.list_repositories() for _ in range(2)])
    assert (recording.count(), recording.chain) == (5, 3)


def test_a_narrow_pool_shows_as_rounds(delayed: tuple[Recording, Any]) -> None:
    recording, call = delayed
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: call(), range(6)))
    assert (recording.chain, recording.peak()) == (3, 2)


def test_a_delay_works_under_moto(moto_session: boto3.Session) -> None:
    recording = recorder.record(moto_session, delay=0.05)
    s3 = moto_session.client("s3")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: s3.create_bucket(Bucket=f"demo-{n}"), range(10)))
        list(pool.map(lambda n: s3.head_bucket(Bucket=f"demo-{n}"), range(10)))
    assert recording.chain == 2


def test_a_delay_lets_a_call_inside_a_call_pass() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session, delay=0.02)
    inner, _ = client(session, "codebuild")
    outer, wire = client(session, "codecommit")
    send = wire.send
    wire.send = lambda request: (inner.list_projects(), send(request))[1]  # type: ignore[method-assign]
    begun = time.monotonic()
    outer.list_repositories()
    assert time.monotonic() - begun < recorder._HOLD_LIMIT / 2
    assert recording.names == ["codecommit:ListRepositories", "codebuild:ListProjects"]


def test_a_delay_survives_failing_calls() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session, delay=0.02)
    lost = EndpointConnectionError(endpoint_url="https://example.test")
    codebuild, _ = client(session, "codebuild", lost, retries=1)
    with pytest.raises(EndpointConnectionError):
        codebuild.list_projects()
    worker = threading.Thread(target=codebuild.list_projects)
    worker.start()
    worker.join(recorder._HOLD_LIMIT / 2)
    assert not worker.is_alive()
    assert recording.chain == 2


# --- what changes something

JUDGED = [
    ("s3", "HeadBucket", False),
    ("s3", "SelectObjectContent", False),
    ("s3", "DeleteObjects", True),
    ("s3", "CompleteMultipartUpload", True),
    ("iam", "SimulatePrincipalPolicy", False),
    ("iam", "GenerateCredentialReport", False),
    ("iam", "PutRolePolicy", True),
    ("sts", "GetCallerIdentity", False),
    ("sts", "AssumeRole", False),
    ("codecommit", "BatchDescribeMergeConflicts", False),
    ("codecommit", "BatchAssociateApprovalRuleTemplateWithRepositories", True),
    ("codecommit", "TestRepositoryTriggers", True),
    ("codebuild", "BatchGetBuilds", False),
    ("codebuild", "BatchDeleteBuilds", True),
    ("codebuild", "StartBuild", True),
    ("codedeploy", "BatchGetDeployments", False),
    ("codedeploy", "StopDeployment", True),
    ("codepipeline", "GetPipelineState", False),
    ("codepipeline", "PollForJobs", True),
    ("codepipeline", "DisableStageTransition", True),
    ("events", "TestEventPattern", False),
    ("events", "RemoveTargets", True),
    ("logs", "FilterLogEvents", False),
    ("logs", "StartQuery", False),
    ("logs", "CreateLogGroup", True),
    ("resourcegroupstaggingapi", "GetResources", False),
    ("resourcegroupstaggingapi", "TagResources", True),
    ("logs", "FrobnicateLogs", True),
]


@pytest.mark.parametrize(("service", "operation", "mutating"), JUDGED)
def test_judges_what_changes_something(service: str, operation: str, mutating: bool) -> None:
    assert iamactions.is_mutating(service, operation) is mutating


@pytest.mark.parametrize("service", SERVICES)
def test_every_verb_of_the_services_used_is_judged(service: str) -> None:
    verbs = {iamactions.verb(operation) for operation in service_model(service).operation_names}
    assert verbs - iamactions.READS - iamactions.WRITES == set()


def test_no_verb_is_both() -> None:
    assert frozenset() == iamactions.READS & iamactions.WRITES


# --- which permission it takes

REPLICATION = {"s3:PutReplicationConfiguration", "iam:PassRole"}
ACTIONS: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("s3", "HeadBucket", {}, {"s3:ListBucket"}),
    ("s3", "ListBuckets", {}, {"s3:ListAllMyBuckets"}),
    ("s3", "ListObjectsV2", {}, {"s3:ListBucket"}),
    ("s3", "PutBucketWebsite", {}, {"s3:PutBucketWebsite"}),
    ("s3", "DeleteBucketWebsite", {}, {"s3:DeleteBucketWebsite"}),
    ("s3", "PutPublicAccessBlock", {}, {"s3:PutBucketPublicAccessBlock"}),
    ("s3", "DeletePublicAccessBlock", {}, {"s3:PutBucketPublicAccessBlock"}),
    ("s3", "GetPublicAccessBlock", {}, {"s3:GetBucketPublicAccessBlock"}),
    ("s3", "GetBucketTagging", {}, {"s3:GetBucketTagging"}),
    ("s3", "DeleteBucketTagging", {}, {"s3:PutBucketTagging"}),
    ("s3", "PutBucketLifecycleConfiguration", {}, {"s3:PutLifecycleConfiguration"}),
    ("s3", "GetBucketLifecycleConfiguration", {}, {"s3:GetLifecycleConfiguration"}),
    ("s3", "PutBucketNotificationConfiguration", {}, {"s3:PutBucketNotification"}),
    ("s3", "PutBucketEncryption", {}, {"s3:PutEncryptionConfiguration"}),
    ("s3", "GetBucketEncryption", {}, {"s3:GetEncryptionConfiguration"}),
    ("s3", "ListObjectVersions", {}, {"s3:ListBucketVersions"}),
    ("s3", "ListMultipartUploads", {}, {"s3:ListBucketMultipartUploads"}),
    ("s3", "CreateBucket", {"Bucket": "demo"}, {"s3:CreateBucket"}),
    (
        "s3",
        "CreateBucket",
        {"CreateBucketConfiguration": {"Tags": [{"Key": "k", "Value": "v"}]}},
        {"s3:CreateBucket", "s3:TagResource"},
    ),
    ("s3", "CreateBucket", {"ACL": "private"}, {"s3:CreateBucket", "s3:PutBucketAcl"}),
    ("s3", "DeleteObjects", {"Delete": {"Objects": [{"Key": "k"}]}}, {"s3:DeleteObject"}),
    (
        "s3",
        "DeleteObjects",
        {"Delete": {"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": "1"}]}},
        {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    ),
    ("s3", "HeadObject", {"Key": "k"}, {"s3:GetObject"}),
    ("s3", "GetObject", {"Key": "k", "VersionId": "1"}, {"s3:GetObjectVersion"}),
    ("s3", "CopyObject", {"CopySource": "demo/k"}, {"s3:GetObject", "s3:PutObject"}),
    ("s3", "CopyObject", {"CopySource": "demo/k?versionId=1"}, {"s3:GetObjectVersion", "s3:PutObject"}),
    ("s3", "UploadPart", {}, {"s3:PutObject"}),
    ("logs", "ListTagsForResource", {}, {"logs:ListTagsForResource"}),
    ("resourcegroupstaggingapi", "GetResources", {}, {"tag:GetResources"}),
    ("iam", "CreateRole", {"RoleName": "demo"}, {"iam:CreateRole"}),
    ("iam", "CreateRole", {"Tags": [{"Key": "k", "Value": "v"}]}, {"iam:CreateRole", "iam:TagRole"}),
    ("s3", "PutBucketReplication", {"ReplicationConfiguration": {"Role": ROLE}}, REPLICATION),
    ("iam", "PutRolePolicy", {"RoleName": "demo"}, {"iam:PutRolePolicy"}),
    ("sts", "AssumeRole", {"RoleArn": ROLE}, {"sts:AssumeRole"}),
    (
        "codebuild",
        "CreateProject",
        {"serviceRole": ROLE, "tags": [{}]},
        {"codebuild:CreateProject", "iam:PassRole"},
    ),
    ("codebuild", "UpdateProject", {"name": "demo", "serviceRole": ""}, {"codebuild:UpdateProject"}),
    ("codepipeline", "GetPipeline", {"name": "demo"}, {"codepipeline:GetPipeline"}),
    (
        "codepipeline",
        "CreatePipeline",
        {"pipeline": {"roleArn": ROLE}, "tags": [{"key": "k", "value": "v"}]},
        {"codepipeline:CreatePipeline", "codepipeline:TagResource", "iam:PassRole"},
    ),
    (
        "codedeploy",
        "CreateDeploymentGroup",
        {"serviceRoleArn": ROLE},
        {"codedeploy:CreateDeploymentGroup", "iam:PassRole"},
    ),
    ("events", "PutTargets", {"Targets": [{"RoleArn": ROLE}]}, {"events:PutTargets", "iam:PassRole"}),
    ("events", "PutTargets", {"Targets": [{"Arn": "x"}]}, {"events:PutTargets"}),
    ("events", "PutRule", {"Tags": [{"Key": "k"}]}, {"events:PutRule", "events:TagResource"}),
    ("logs", "CreateLogGroup", {"tags": {"k": "v"}}, {"logs:CreateLogGroup", "logs:TagResource"}),
]


@pytest.mark.parametrize(("service", "operation", "params", "expected"), ACTIONS)
def test_names_the_permissions_of_a_call(
    service: str, operation: str, params: dict[str, Any], expected: set[str]
) -> None:
    assert iamactions.actions(service, operation, params) == expected


def test_every_named_s3_operation_exists() -> None:
    known = set(service_model("s3").operation_names)
    named = set(iamactions._S3) | set(iamactions._S3_VERSIONED) | {call for call, _ in iamactions._S3_EXTRAS}
    assert named - known == set()


def test_every_parameter_that_adds_a_permission_exists() -> None:
    model = service_model("s3")
    for operation, name in iamactions._S3_EXTRAS:
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        assert name in shape.members


def test_a_recording_sums_up_permissions_and_roles() -> None:
    session = botocore.session.Session()
    recording = recorder.record(session)
    codebuild, _ = client(session, "codebuild")
    codebuild.update_project(name="demo", serviceRole=ROLE)
    codebuild.list_projects()
    assert recording.actions == {"codebuild:UpdateProject", "codebuild:ListProjects", "iam:PassRole"}
    assert recording.passed_roles == {ROLE}
