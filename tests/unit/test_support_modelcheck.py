"""The model check refuses what AWS refuses, and nothing else."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import pytest

from tests.support import modelcheck
from tests.support.modelcheck import ModelViolation
from tests.support.wire import client

ROLE = "arn:aws:iam::123456789012:role/demo"


def action(**changes: Any) -> dict[str, Any]:
    type_id = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    return {"name": "Build", "actionTypeId": type_id | changes.pop("type", {}), "runOrder": 1, **changes}


def pipeline(*, actions: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    stages = [{"name": "Source", "actions": []}, {"name": "Build", "actions": actions or [action()]}]
    body = {"name": "demo", "roleArn": ROLE, "stages": stages, "pipelineType": "V2"}
    return {"pipeline": body | changes}


ROLE_PARAMS = {"RoleName": "demo", "AssumeRolePolicyDocument": "{}"}

# The violations that botocore 1.44.5 lets through, each with the path and the rule that stops it.
REFUSED = [
    ("codepipeline", "CreatePipeline", pipeline(name="bad name!*"), "pipeline.name", "pattern"),
    ("codepipeline", "CreatePipeline", pipeline(name="파이프라인"), "pipeline.name", "pattern"),
    ("codepipeline", "CreatePipeline", pipeline(name="n" * 101), "pipeline.name", "at most 100"),
    ("codepipeline", "CreatePipeline", pipeline(name=""), "pipeline.name", "at least 1"),
    ("codepipeline", "CreatePipeline", pipeline(roleArn="not-an-arn"), "pipeline.roleArn", "pattern"),
    ("codepipeline", "CreatePipeline", pipeline(pipelineType="V3"), "pipeline.pipelineType", "one of"),
    ("codepipeline", "CreatePipeline", pipeline(pipelinetype="V2"), "pipeline.pipelinetype", "not a member"),
    ("codepipeline", "CreatePipeline", pipeline(version="1"), "pipeline.version", "a integer"),
    ("codepipeline", "CreatePipeline", pipeline(version=True), "pipeline.version", "a integer"),
    ("codepipeline", "CreatePipeline", {}, "pipeline", "required"),
    (
        "codepipeline",
        "CreatePipeline",
        pipeline(actions=[action(type={"category": "Sauce"})]),
        "pipeline.stages[1].actions[0].actionTypeId.category",
        "one of",
    ),
    (
        "codepipeline",
        "CreatePipeline",
        pipeline(actions=[action(runOrder=1000)]),
        "pipeline.stages[1].actions[0].runOrder",
        "at most 999",
    ),
    (
        "codepipeline",
        "CreatePipeline",
        pipeline(actions=[action(configuration={"k" * 51: "v"})]),
        "pipeline.stages[1].actions[0].configuration.keys()",
        "at most 50",
    ),
    (
        "codepipeline",
        "CreatePipeline",
        pipeline(actions=[action(configuration={"Key": ""})]),
        "pipeline.stages[1].actions[0].configuration['Key']",
        "at least 1",
    ),
    ("codedeploy", "CreateApplication", {"applicationName": "n" * 200}, "applicationName", "at most 100"),
    ("codecommit", "CreateRepository", {"repositoryName": "a b"}, "repositoryName", "pattern"),
    ("codebuild", "BatchGetProjects", {"names": ["n"] * 101}, "names", "at most 100"),
    ("codebuild", "BatchGetProjects", {"names": []}, "names", "at least 1"),
    ("iam", "CreateRole", ROLE_PARAMS | {"RoleName": "r" * 65}, "RoleName", "at most 64"),
    ("iam", "CreateRole", ROLE_PARAMS | {"RoleName": "a b"}, "RoleName", "pattern"),
    ("iam", "CreateRole", ROLE_PARAMS | {"Description": "한글"}, "Description", "pattern"),
    ("iam", "CreateRole", ROLE_PARAMS | {"Tags": [{"Key": "a<", "Value": ""}]}, "Tags[0].Key", "pattern"),
    ("s3", "CreateBucket", {"Bucket": "demo", "ACL": "super"}, "ACL", "one of"),
    ("s3", "PutObject", {"Bucket": "demo", "Key": ""}, "Key", "at least 1"),
    ("sts", "GetCallerIdentity", {"Name": "x"}, "Name", "not a member"),
]

ACCEPTED = [
    ("codepipeline", "CreatePipeline", pipeline()),
    ("codepipeline", "CreatePipeline", pipeline(name="n" * 100)),
    ("codepipeline", "CreatePipeline", pipeline(actions=[action(runOrder=999)])),
    ("iam", "CreateRole", ROLE_PARAMS | {"RoleName": "r" * 64, "Description": "déjà\nvu"}),
    ("iam", "CreateRole", ROLE_PARAMS | {"Tags": [{"Key": "awspipe:title", "Value": "한글"}]}),
    ("events", "PutRule", {"Name": "demo", "EventPattern": "{}", "Tags": [{"Key": "k", "Value": "한"}]}),
    ("s3", "PutObject", {"Bucket": "demo", "Key": "파일", "Body": io.BytesIO(b"x")}),
    (
        "s3",
        "PutObject",
        {"Bucket": "demo", "Key": "k", "Body": b"x", "Expires": datetime(2026, 1, 1, tzinfo=UTC)},
    ),
    ("s3", "PutObject", {"Bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/x", "Key": "k"}),
    ("sts", "GetCallerIdentity", {}),
]


@pytest.mark.parametrize(("service", "operation", "params", "path", "rule"), REFUSED)
def test_refuses_a_request(
    service: str, operation: str, params: dict[str, Any], path: str, rule: str
) -> None:
    with pytest.raises(ModelViolation) as caught:
        modelcheck.check_request(service, operation, params)
    assert (caught.value.service, caught.value.operation, caught.value.path) == (service, operation, path)
    assert caught.value.rule.startswith(rule)


@pytest.mark.parametrize(("service", "operation", "params"), ACCEPTED)
def test_accepts_a_request(service: str, operation: str, params: dict[str, Any]) -> None:
    modelcheck.check_request(service, operation, params)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("demo-1.site", True),
        ("abc", True),
        ("a" * 63, True),
        ("ab", False),
        ("a" * 64, False),
        ("Demo", False),
        ("de_mo", False),
        ("-demo", False),
        ("demo-", False),
        ("demo.", False),
        ("de..mo", False),
        ("192.168.5.4", False),
        ("xn--demo", False),
        ("demo-s3alias", False),
        ("demo\n", False),
    ],
)
def test_knows_the_rules_for_bucket_names(name: str, good: bool) -> None:
    model = modelcheck.service_operation("s3", "HeadBucket")
    found = list(modelcheck.request_problems(model, {"Bucket": name}))
    assert (found == []) is good
    assert all(problem.path == "Bucket" for problem in found)


def test_a_violation_says_what_where_and_why() -> None:
    with pytest.raises(ModelViolation) as caught:
        modelcheck.check_request("s3", "CreateBucket", {"Bucket": "demo", "ACL": "super"})
    allowed = "private, public-read, public-read-write, authenticated-read"
    assert str(caught.value) == f"s3 CreateBucket: ACL: one of {allowed}, got 'super'"
    assert caught.value.value == "super"


def test_a_union_has_exactly_one_member() -> None:
    shape = next(
        shape
        for shape in map(
            modelcheck.service_model("logs").shape_for, modelcheck.service_model("logs").shape_names
        )
        if getattr(shape, "is_tagged_union", False)
    )
    empty = list(modelcheck._problems(shape, {}, "", modelcheck._INPUT))
    assert [problem.rule.startswith("exactly one of") for problem in empty] == [True]


@pytest.mark.parametrize("make", [boto3.Session, botocore.session.Session])
def test_stops_a_bad_request_before_it_is_sent(make: Any) -> None:
    session = make()
    check = modelcheck.attach(session)
    codecommit, wire = client(session, "codecommit")
    with pytest.raises(ModelViolation, match="pattern"):
        codecommit.get_repository(repositoryName="a b")
    codecommit.get_repository(repositoryName="a-b")
    assert len(wire.sent) == 1
    assert check.checked == 2
    assert [violation.path for violation in check.violations] == ["repositoryName"]


def test_attaches_to_one_client() -> None:
    codecommit, _ = client(botocore.session.Session(), "codecommit")
    modelcheck.attach(codecommit)
    with pytest.raises(ModelViolation):
        codecommit.get_repository(repositoryName="a b")


def test_refuses_to_attach_to_nothing() -> None:
    with pytest.raises(TypeError, match="no event emitter"):
        modelcheck.attach(object())


def test_sees_parameters_as_they_are_sent() -> None:
    session = botocore.session.Session()
    check = modelcheck.attach(session)
    s3, _ = client(session, "s3", (200, b"<CopyObjectResult/>"))
    s3.copy_object(
        Bucket="demo", Key="k", CopySource={"Bucket": "demo", "Key": "한"}
    )  # botocore makes it text
    codepipeline, _ = client(session, "codepipeline")
    codepipeline.start_pipeline_execution(name="demo")  # botocore adds the token
    assert check.checked == 2
    assert check.violations == []


OUTPUTS = [
    ("codepipeline", "StartPipelineExecution", {"pipelineExecutionId": "not-an-id"}, "pattern"),
    ("codepipeline", "StartPipelineExecution", {"pipelineExecutionID": "x"}, "not a member"),
    ("codepipeline", "GetPipelineExecution", {"pipelineExecution": {"status": "Done"}}, "one of"),
    ("codepipeline", "GetPipelineExecution", {"pipelineExecution": []}, "a structure"),
    ("codebuild", "BatchGetBuilds", {"builds": [{"startTime": object()}]}, "a timestamp"),
    ("codepipeline", "CreatePipeline", {"pipeline": {"name": "demo", "stages": []}}, "required"),
    (
        "codepipeline",
        "CreatePipeline",
        {"pipeline": {"name": None, "roleArn": ROLE, "stages": []}},
        "required",
    ),
    ("iam", "DeleteRole", {"Role": {}}, "has no members"),
]


@pytest.mark.parametrize(("service", "operation", "data", "rule"), OUTPUTS)
def test_refuses_an_answer(service: str, operation: str, data: dict[str, Any], rule: str) -> None:
    with pytest.raises(ModelViolation, match=rule):
        modelcheck.check_output(service, operation, data)


def test_accepts_an_answer_parsed_or_raw() -> None:
    identifier = "12345678-1234-1234-1234-123456789012"
    modelcheck.check_output("codepipeline", "StartPipelineExecution", {"pipelineExecutionId": identifier})
    for when in (1767225600.0, datetime(2026, 1, 1, tzinfo=UTC)):
        build = {"id": "demo:1", "startTime": when, "buildStatus": "SUCCEEDED", "endTime": None}
        modelcheck.check_output("codebuild", "BatchGetBuilds", {"builds": [build], "ResponseMetadata": {}})
    modelcheck.check_output("iam", "DeleteRole", {"ResponseMetadata": {"HTTPStatusCode": 200}})
    modelcheck.check_output("s3", "GetObject", {"Body": io.BytesIO(b"")})
    modelcheck.check_output("s3", "SelectObjectContent", {"Payload": iter(())})
