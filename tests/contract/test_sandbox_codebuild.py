"""CodeBuild in the sandbox answers what AWS answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import runtime
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, refusal, role

ARN = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/shop"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path):
        yield client("codebuild")


def project(role_arn: str, **members: Any) -> dict[str, Any]:
    return {
        "name": "shop",
        "source": {"type": "CODEPIPELINE"},
        "artifacts": {"type": "CODEPIPELINE"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "A", "value": "1"}],
        },
        "serviceRole": role_arn,
        "tags": [{"key": "a", "value": "b"}],
    } | members


@pytest.fixture
def role_arn(aws: Any) -> str:
    return role("build", "codebuild")


@pytest.fixture
def shop(aws: Any, role_arn: str) -> Any:
    aws.create_project(**project(role_arn))
    return aws


def only(aws: Any) -> Any:
    return aws.batch_get_projects(names=["shop"])["projects"][0]


def test_a_project_of_a_pipeline_needs_no_location_and_has_aws_defaults(shop: Any, role_arn: str) -> None:
    found = only(shop)
    assert found["arn"] == ARN
    assert found["artifacts"] == {
        "type": "CODEPIPELINE",
        "name": "shop",
        "packaging": "NONE",
        "encryptionDisabled": False,
    }
    assert found["environment"]["environmentVariables"] == [{"name": "A", "value": "1", "type": "PLAINTEXT"}]
    assert found["environment"]["imagePullCredentialsType"] == "CODEBUILD"
    assert (found["timeoutInMinutes"], found["queuedTimeoutInMinutes"]) == (60, 480)
    assert found["serviceRole"] == role_arn
    assert found["tags"] == [{"key": "a", "value": "b"}]
    assert found["created"] == found["lastModified"]


def test_a_name_in_use(shop: Any, role_arn: str) -> None:
    answer = refusal(shop.create_project, **project(role_arn))
    assert answer == ("ResourceAlreadyExistsException", f"Project already exists: {ARN}")


@pytest.mark.parametrize(
    ("members", "expected", "text"),
    [
        ({"name": "x" * 151}, "ValidationException", "2 validation errors detected: Value 'xxx"),
        ({"name": "a.b"}, "ValidationException", "1 validation error detected: Value 'a.b' at 'name'"),
        ({"timeoutInMinutes": 2161}, "ValidationException", "1 validation error detected: Value '2161'"),
        ({"tags": [{"key": "a!", "value": ""}]}, "ValidationException", "1 validation error"),
        (
            {"artifacts": {"type": "NO_ARTIFACTS"}},
            "InvalidInputException",
            "Invalid input: when using CodePipeline both sourceType, and artifactType must be set to",
        ),
        (
            {"source": {"type": "GITHUB"}, "artifacts": {"type": "NO_ARTIFACTS"}},
            "InvalidInputException",
            "Project source location is required",
        ),
        (
            {"source": {"type": "NO_SOURCE", "buildspec": "x"}, "artifacts": {"type": "S3"}},
            "InvalidInputException",
            "Invalid artifacts: location is required",
        ),
        (
            {"artifacts": {"type": "CODEPIPELINE", "encryptionDisabled": True}},
            "InvalidInputException",
            "Invalid artifacts: artifact type CODEPIPELINE should have null encryptionDisabled",
        ),
        (
            {"badgeEnabled": True},
            "UnsupportedOperationInSandbox",
            "The sandbox does not play codebuild:badges",
        ),
    ],
)
def test_refusals(aws: Any, role_arn: str, members: dict[str, Any], expected: str, text: str) -> None:
    answer = refusal(aws.create_project, **project(role_arn, **members))
    assert answer[0] == expected
    assert answer[1].startswith(text)
    assert aws.list_projects()["projects"] == []


def test_tags_may_be_korean(aws: Any, role_arn: str) -> None:
    tags = [{"key": "제목", "value": "우리 가게"}]
    assert aws.create_project(**project(role_arn, tags=tags))["project"]["tags"] == tags


def test_the_role_must_exist_and_trust_codebuild(aws: Any, role_arn: str) -> None:
    for wrong in (f"{role_arn}x", role("other", "codepipeline")):
        answer = refusal(aws.create_project, **project(wrong))
        text = f"CodeBuild is not authorized to perform: sts:AssumeRole on {wrong}"
        assert answer == ("InvalidInputException", text)
    foreign = role_arn.replace(ACCOUNT, "111111111111")
    assert code(aws.create_project, **project(foreign)) == "InvalidInputException"


@pytest.mark.parametrize(
    ("condition", "usable"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:SourceAccount": "111111111111"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/sh*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": ARN}}, True),
        ({"StringEquals": {"AWS:SourceArn": f"{ARN}-other"}}, False),
        ({"StringEquals": {"sts:ExternalId": "x"}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ],
)
def test_conditions_of_the_trust_count(aws: Any, condition: dict[str, Any], usable: bool) -> None:
    request = project(role("careful", "codebuild", condition=condition))
    if usable:
        assert aws.create_project(**request)
    else:
        assert code(aws.create_project, **request) == "InvalidInputException"


def test_a_fresh_role_is_unusable_for_a_while(tmp_path: Path) -> None:
    with in_process(tmp_path, role_delay=10.0) as played:
        aws, request = client("codebuild"), project(role("build", "codebuild"))
        assert "sts:AssumeRole" in refusal(aws.create_project, **request)[1]
        real = played.clock
        runtime.use(runtime.Runtime(state_dir=tmp_path, role_delay=10.0, clock=lambda: real() + 11))
        assert aws.create_project(**request)


def test_an_update_changes_what_is_sent_and_drops_tags_that_are_not(shop: Any) -> None:
    shop.update_project(name="shop", description="새", concurrentBuildLimit=2)
    found = only(shop)
    assert (found["description"], found["concurrentBuildLimit"], found["tags"]) == ("새", 2, [])
    assert found["source"] == {"type": "CODEPIPELINE"}
    assert found["lastModified"] > found["created"]
    shop.update_project(name="shop", concurrentBuildLimit=-1, tags=[{"key": "a", "value": "c"}])
    found = only(shop)
    assert "concurrentBuildLimit" not in found
    assert found["tags"] == [{"key": "a", "value": "c"}]


def test_an_update_is_checked_as_a_whole(shop: Any) -> None:
    assert code(shop.update_project, name="shop", source={"type": "NO_SOURCE"}) == "InvalidInputException"
    answer = refusal(shop.update_project, name="no", description="")
    text = f"Project cannot be found: {ARN.replace('shop', 'no')}"
    assert answer == ("ResourceNotFoundException", text)


def test_projects_are_found_by_name_or_arn(shop: Any) -> None:
    answer = shop.batch_get_projects(names=[ARN, "no"])
    assert [one["name"] for one in answer["projects"]] == ["shop"]
    assert answer["projectsNotFound"] == ["no"]


def test_listing_sorts_and_pages(aws: Any, role_arn: str) -> None:
    for name in ("bb", "aa", "cc"):
        aws.create_project(**project(role_arn, name=name))
    assert aws.list_projects()["projects"] == ["aa", "bb", "cc"]
    assert aws.list_projects(sortOrder="DESCENDING")["projects"] == ["cc", "bb", "aa"]
    assert aws.list_projects(sortBy="CREATED_TIME")["projects"] == ["bb", "aa", "cc"]


def test_deleting_an_absent_project_is_fine(shop: Any) -> None:
    shop.delete_project(name="shop")
    shop.delete_project(name="shop")
    assert shop.list_projects()["projects"] == []


def test_there_are_no_builds_yet(shop: Any) -> None:
    assert shop.list_builds()["ids"] == []
    assert shop.list_builds_for_project(projectName="shop")["ids"] == []
    answer = shop.batch_get_builds(ids=["shop:1"])
    assert (answer["builds"], answer["buildsNotFound"]) == ([], ["shop:1"])
    assert code(shop.stop_build, id="shop:1") == "ResourceNotFoundException"
    assert code(shop.stop_build, id="shop") == "InvalidInputException"
    assert code(shop.list_builds_for_project, projectName="no") == "ResourceNotFoundException"
    assert code(shop.start_build, projectName="shop") == "UnsupportedOperationInSandbox"
