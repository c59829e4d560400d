"""The seam into moto: both modes, checks by the model, resets, pickles, tags, and what moto itself plays."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from moto.events.models import EventsBackend, Rule
from moto.iam.responses import IamResponse
from moto.logs.responses import LogsResponse
from moto.s3.responses import S3Response

from awspipe.sandbox import git, modelrules, runtime, seam
from tests.support import modelcheck
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, pipeline, refusal, role, trust

TARGETS = {
    "codecommit": "CodeCommit_20150413",
    "codebuild": "CodeBuild_20161006",
    "codedeploy": "CodeDeploy_20141006",
    "codepipeline": "CodePipeline_20150709",
}
OWNER = {"awspipe:pipeline": "shop"}
LOWER = [{"key": key, "value": value} for key, value in OWNER.items()]
UPPER = [{"Key": key, "Value": value} for key, value in OWNER.items()]
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/shop"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[runtime.Runtime]:
    with in_process(tmp_path) as played:
        yield played


def furnish() -> None:
    """One thing of every kind, all with the owner's tag."""
    codepipeline, codebuild = role("pipeline", "codepipeline"), role("build", "codebuild")
    client("codecommit").create_repository(repositoryName="shop", tags=OWNER)
    client("codepipeline").create_pipeline(pipeline=pipeline(codepipeline), tags=LOWER)
    client("codebuild").create_project(
        name="shop",
        source={"type": "CODEPIPELINE"},
        artifacts={"type": "CODEPIPELINE"},
        environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=codebuild,
        tags=LOWER,
    )
    deploy = client("codedeploy")
    deploy.create_application(applicationName="shop", tags=UPPER)
    deploy.create_deployment_group(
        applicationName="shop",
        deploymentGroupName="web",
        serviceRoleArn=role("deploy", "codedeploy"),
        tags=UPPER,
    )
    client("events").put_rule(Name="shop", EventPattern='{"source": ["x"]}', Tags=UPPER)
    client("logs").create_log_group(logGroupName="/aws/codebuild/shop", tags=OWNER)
    place = {"LocationConstraint": REGION, "Tags": UPPER}
    client("s3").create_bucket(Bucket="shop-site", CreateBucketConfiguration=place)


def test_the_tagging_api_lists_everything_that_carries_the_tag_but_roles(sandbox: runtime.Runtime) -> None:
    furnish()
    iam = client("iam")
    iam.tag_role(RoleName="build", Tags=UPPER)
    filters = [{"Key": "awspipe:pipeline", "Values": ["shop"]}]
    found = client("resourcegroupstaggingapi").get_resources(TagFilters=filters)["ResourceTagMappingList"]
    here = f"{REGION}:{ACCOUNT}"
    assert {one["ResourceARN"] for one in found} == {
        f"arn:aws:codecommit:{here}:shop",
        f"arn:aws:codepipeline:{here}:shop",
        f"arn:aws:codebuild:{here}:project/shop",
        f"arn:aws:codedeploy:{here}:application:shop",
        f"arn:aws:codedeploy:{here}:deploymentgroup:shop/web",
        f"arn:aws:events:{here}:rule/shop",
        "arn:aws:s3:::shop-site",
        LOG_GROUP,
    }
    filters[0]["Values"] = ["other"]
    assert (
        client("resourcegroupstaggingapi").get_resources(TagFilters=filters)["ResourceTagMappingList"] == []
    )


def test_every_backend_can_be_pickled_and_goes_on(sandbox: runtime.Runtime) -> None:
    furnish()
    for service in seam.SERVICES:
        for account, region, backend in list(service.backends.iter_backends()):
            service.backends[account][region] = pickle.loads(pickle.dumps(backend))
    assert client("codepipeline").get_pipeline_state(name="shop")["pipelineVersion"] == 1
    assert client("codebuild").list_projects()["projects"] == ["shop"]
    assert client("codedeploy").list_deployment_groups(applicationName="shop")["deploymentGroups"] == ["web"]
    made = client("codecommit").create_commit(
        repositoryName="shop", branchName="main", putFiles=[{"filePath": "a", "fileContent": b""}]
    )
    assert made["commitId"]


def test_leaving_the_mock_forgets_everything(tmp_path: Path) -> None:
    with in_process(tmp_path):
        furnish()
    assert list(tmp_path.rglob("*.git")) == []
    with in_process(tmp_path):
        assert client("codecommit").list_repositories()["repositories"] == []
        assert client("codepipeline").list_pipelines()["pipelines"] == []
        assert client("codebuild").list_projects()["projects"] == []
        assert client("codedeploy").list_applications()["applications"] == []


def test_regions_are_apart(sandbox: runtime.Runtime) -> None:
    client("codecommit").create_repository(repositoryName="shop")
    assert client("codecommit", "us-east-1").list_repositories()["repositories"] == []


def test_installing_again_wraps_nothing_twice(sandbox: runtime.Runtime) -> None:
    def methods() -> list[Any]:
        return [
            Rule.send_to_targets,
            EventsBackend.put_rule,
            S3Response.all_buckets,
            IamResponse.call_action,
            LogsResponse.call_action,
        ]

    before = methods()
    assert before[0].__wrapped__
    seam.install(sandbox)
    assert methods() == before


def test_without_a_sandbox_a_backend_says_so() -> None:
    runtime.use(None)
    with pytest.raises(RuntimeError, match="no sandbox runtime"):
        runtime.current()
    assert runtime.installed() is None


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("codecommit", "list_pull_requests", {"repositoryName": "x"}),
        ("codebuild", "list_fleets", {}),
        ("codedeploy", "list_git_hub_account_token_names", {}),
        ("codepipeline", "list_webhooks", {}),
    ],
)
def test_what_is_not_played_says_so(
    sandbox: runtime.Runtime, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    aws = client(service)
    answer = refusal(getattr(aws, operation), **arguments)
    name = aws.meta.method_to_api_mapping[operation]
    text = f"The sandbox does not play {service}:{name}; nothing was done."
    assert answer == ("UnsupportedOperationInSandbox", text)


def served(service: str, operation: str, body: Any) -> tuple[int, dict[str, Any]]:
    """A request through moto's server application, as its WSGI server hands it over."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import Client

    scope = f"AKIAEXAMPLEEXAMPLE00/20260101/{REGION}/{service}/aws4_request"
    headers = {
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    data = body if isinstance(body, str) else json.dumps(body)
    answer = Client(DomainDispatcherApplication(create_backend_app)).post("/", headers=headers, data=data)
    return answer.status_code, json.loads(answer.get_data(as_text=True))


@pytest.mark.parametrize(
    ("service", "operation", "body", "expected"),
    [
        ("codecommit", "CreateRepository", {}, "RepositoryNameRequiredException"),
        ("codecommit", "CreateRepository", {"repositoryName": 1}, "InvalidRepositoryNameException"),
        ("codecommit", "CreateTeapot", {}, "SerializationException"),
        ("codedeploy", "CreateApplication", {}, "ApplicationNameRequiredException"),
        ("codedeploy", "TagResource", {"Tags": []}, "ResourceArnRequiredException"),
        ("codebuild", "CreateProject", {"name": "a"}, "ValidationException"),
        ("codepipeline", "GetPipeline", {}, "ValidationException"),
        ("codepipeline", "GetPipeline", {"name": "x", "version": 0}, "ValidationException"),
        ("codepipeline", "GetPipeline", "not json", "ValidationException"),
        ("codepipeline", "GetPipeline", {"name": "x"}, "PipelineNotFoundException"),
    ],
)
def test_a_request_that_botocore_never_sends(
    sandbox: runtime.Runtime, service: str, operation: str, body: Any, expected: str
) -> None:
    status, answer = served(service, operation, body)
    assert (status, answer["__type"]) == (400, expected)


def test_the_server_and_the_process_share_their_backends(sandbox: runtime.Runtime) -> None:
    status, answer = served("codecommit", "CreateRepository", {"repositoryName": "shop"})
    assert (status, answer["repositoryMetadata"]["repositoryName"]) == (200, "shop")
    assert client("codecommit").get_repository(repositoryName="shop")


def test_every_answer_has_members_of_the_model_only(sandbox: runtime.Runtime) -> None:
    """moto's serialiser drops what the model does not know: a misspelt member would vanish silently."""
    furnish()
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("codecommit", "GetRepository", {"repositoryName": "shop"}),
        ("codecommit", "ListRepositories", {}),
        ("codebuild", "BatchGetProjects", {"names": ["shop"]}),
        ("codedeploy", "GetApplication", {"applicationName": "shop"}),
        ("codedeploy", "GetDeploymentGroup", {"applicationName": "shop", "deploymentGroupName": "web"}),
        ("codedeploy", "GetDeploymentConfig", {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}),
        ("codepipeline", "GetPipeline", {"name": "shop"}),
        ("codepipeline", "GetPipelineState", {"name": "shop"}),
        ("codepipeline", "ListPipelines", {}),
        ("codepipeline", "ListPipelineExecutions", {"pipelineName": "shop"}),
    ]
    backends = dict(seam.SERVICES)
    for service, operation, request in asked:
        backend = backends[service][ACCOUNT][REGION]
        method = getattr(backend, f"op_{xform_name(operation)}")
        answer = {name: value for name, value in method(request).items() if value != []}
        modelcheck.check_output(service, operation, answer)


def test_names_that_moto_would_take_are_refused(sandbox: runtime.Runtime) -> None:
    iam, logs = client("iam"), client("logs")
    assert code(iam.create_role, RoleName="a role", AssumeRolePolicyDocument=trust("x")) == "ValidationError"
    long = refusal(iam.create_role, RoleName="x" * 65, AssumeRolePolicyDocument=trust("x"))
    assert (
        "at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"
        in long[1]
    )
    korean = {"RoleName": "x", "AssumeRolePolicyDocument": trust("x"), "Description": "설명"}
    assert code(iam.create_role, **korean) == "ValidationError"
    assert code(logs.create_log_group, logGroupName="a b") == "InvalidParameterException"


def test_log_groups_as_the_resource_uses_them(sandbox: runtime.Runtime) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/codebuild/shop", tags=OWNER)
    again = code(logs.create_log_group, logGroupName="/aws/codebuild/shop")
    assert again == "ResourceAlreadyExistsException"
    logs.put_retention_policy(logGroupName="/aws/codebuild/shop", retentionInDays=14)
    wrong = code(logs.put_retention_policy, logGroupName="/aws/codebuild/shop", retentionInDays=15)
    assert wrong == "InvalidParameterException"
    (found,) = logs.describe_log_groups(logGroupNamePrefix="/aws/codebuild/sh")["logGroups"]
    assert (found["retentionInDays"], found["logGroupArn"]) == (14, LOG_GROUP)
    assert logs.list_tags_for_resource(resourceArn=LOG_GROUP)["tags"] == OWNER
    logs.tag_resource(resourceArn=LOG_GROUP, tags={"b": "c"})
    logs.untag_resource(resourceArn=LOG_GROUP, tagKeys=["awspipe:pipeline"])
    assert logs.list_tags_for_resource(resourceArn=LOG_GROUP)["tags"] == {"b": "c"}
    logs.delete_log_group(logGroupName="/aws/codebuild/shop")
    assert code(logs.delete_log_group, logGroupName="/aws/codebuild/shop") == "ResourceNotFoundException"


def test_roles_as_the_resource_uses_them(sandbox: runtime.Runtime) -> None:
    iam = client("iam")
    made = {"RoleName": "r", "Path": "/awspipe/x/shop/", "AssumeRolePolicyDocument": trust("codebuild")}
    iam.create_role(**made, Tags=UPPER)
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust("codebuild"))
    found = iam.list_roles(PathPrefix="/awspipe/x/shop/")["Roles"]
    assert [one["RoleName"] for one in found] == ["r"]
    assert "Tags" not in found[0]
    assert iam.get_role(RoleName="r")["Role"]["Tags"] == UPPER
    assert code(iam.create_role, **made) == "EntityAlreadyExists"
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=document)
    assert code(iam.delete_role, RoleName="r") == "DeleteConflict"
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    iam.delete_role(RoleName="r")
    assert code(iam.get_role, RoleName="r") == "NoSuchEntity"


def test_nothing_warns(tmp_path: Path) -> None:
    with warnings.catch_warnings(), in_process(tmp_path):
        warnings.simplefilter("error")
        furnish()
        assert code(client("codecommit").get_repository, repositoryName="no")


def violations(params: dict[str, Any]) -> list[str]:
    shape = modelcheck.service_operation("codepipeline", "CreatePipeline").input_shape
    return [one.text for one in modelrules.violations(shape, params)]


@pytest.mark.parametrize(
    ("params", "texts"),
    [
        ({}, ["Value null at 'pipeline' failed to satisfy constraint: Member must not be null"]),
        (
            {"pipeline": []},
            ["Value '[]' at 'pipeline' failed to satisfy constraint: Member must be of type structure"],
        ),
        (
            {
                "pipeline": {
                    "name": "x",
                    "roleArn": "arn:aws:iam::123456789012:role/x",
                    "stages": [{"actions": []}],
                }
            },
            [
                "Value null at 'pipeline.stages.1.member.name' failed to satisfy constraint: "
                "Member must not be null"
            ],
        ),
        (
            {
                "pipeline": {
                    "name": "n\u0663",
                    "roleArn": "arn:aws:iam::123456789012:role/x",
                    "stages": [],
                    "version": True,
                }
            },
            [
                "Value 'n\u0663' at 'pipeline.name' failed to satisfy constraint: Member must satisfy "
                r"regular expression pattern: [A-Za-z0-9.@\-_]+",
                "Value 'True' at 'pipeline.version' failed to satisfy constraint: "
                "Member must be of type integer",
            ],
        ),
    ],
)
def test_rules_of_the_model(params: dict[str, Any], texts: list[str]) -> None:
    assert violations(params) == texts


def test_several_broken_rules_are_told_together() -> None:
    found = [modelrules.Violation("a", False, "one"), modelrules.Violation("b", True, "two")]
    assert modelrules.sentence(found) == "2 validation errors detected: one; two"


def test_git_failures_carry_what_git_said(tmp_path: Path) -> None:
    with pytest.raises(git.GitError, match="not a git repository"):
        git.run(tmp_path / "no.git", "for-each-ref")
