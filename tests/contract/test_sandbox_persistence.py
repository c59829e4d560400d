"""A pipeline outlives its sandbox: what waits for a person waits on, over real HTTP and a real kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import approval, build, build_action
from tests.support.sandbox import pipeline, trust
from tests.support.server import REGION, Server

BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands: "
PLACE = {"LocationConstraint": REGION}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "sandbox") as running:
        yield running


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def furnish(server: Server) -> None:
    iam = server.client("iam")
    role = iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=trust("codepipeline"))["Role"]["Arn"]
    allow = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    iam.put_role_policy(RoleName="pipeline", PolicyName="own", PolicyDocument=document)
    for bucket in ("artifacts", "site"):
        server.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=PLACE)
    server.client("codecommit").create_repository(repositoryName="shop")
    file = {"filePath": "index.html", "fileContent": b"hello"}
    server.client("codecommit").create_commit(repositoryName="shop", branchName="main", putFiles=[file])
    first, last = pipeline("")["stages"]
    server.client("codepipeline").create_pipeline(pipeline=pipeline(role, stages=[first, approval(), last]))


def asked(server: Server) -> Any:
    state = server.client("codepipeline").get_pipeline_state(name="shop")["stageStates"][1]
    return state["actionStates"][0].get("latestExecution")


@pytest.mark.parametrize("killed", [True, False])
def test_an_approval_keeps_its_token_and_the_execution_goes_on(server: Server, killed: bool) -> None:
    furnish(server)
    token = until(lambda: asked(server))["token"]
    if killed:
        server.kill()
    else:
        server.stop()
    server.start()
    assert asked(server)["token"] == token
    codepipeline = server.client("codepipeline")
    codepipeline.put_approval_result(
        pipelineName="shop",
        stageName="Approve",
        actionName="Approve",
        result={"status": "Approved", "summary": "after the restart"},
        token=token,
    )

    def status() -> str:
        found = codepipeline.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
        return str(found[0]["status"])

    until(lambda: status() != "InProgress")
    assert status() == "Succeeded"
    found = server.client("s3").get_object(Bucket="site", Key="index.html")
    assert (found["Body"].read(), found["ContentType"]) == (b"hello", "text/html")


def test_what_ran_when_it_was_killed_has_failed_and_can_be_retried(server: Server) -> None:
    furnish(server)
    codebuild, codepipeline = server.client("codebuild"), server.client("codepipeline")
    role = server.client("iam").create_role(RoleName="build", AssumeRolePolicyDocument=trust("codebuild"))
    allow = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    server.client("iam").put_role_policy(RoleName="build", PolicyName="own", PolicyDocument=document)
    long = {"type": "CODEPIPELINE", "buildspec": BUILDSPEC + "[sleep 600]"}
    image = {"type": "LINUX_CONTAINER", "image": "a", "computeType": "BUILD_GENERAL1_SMALL"}
    codebuild.create_project(
        name="pp",
        source=long,
        artifacts={"type": "CODEPIPELINE"},
        environment=image,
        serviceRole=role["Role"]["Arn"],
    )
    declared = codepipeline.get_pipeline(name="shop")["pipeline"]
    declared["stages"][1] = build("Build", build_action(configuration={"ProjectName": "pp"}))
    codepipeline.update_pipeline(pipeline=declared)
    one = codepipeline.start_pipeline_execution(name="shop")["pipelineExecutionId"]
    until(lambda: codebuild.list_builds()["ids"])
    server.kill()
    server.start()

    codebuild, codepipeline = server.client("codebuild"), server.client("codepipeline")
    state = codepipeline.get_pipeline_state(name="shop")["stageStates"][1]
    assert (state["latestExecution"]["pipelineExecutionId"], state["latestExecution"]["status"]) == (
        one,
        "Failed",
    )
    told = state["actionStates"][0]["latestExecution"]["errorDetails"]["message"]
    assert told.startswith("The sandbox was stopped while this")
    short = {"type": "CODEPIPELINE", "buildspec": BUILDSPEC + "['true']"}
    codebuild.update_project(name="pp", source=short)
    codepipeline.retry_stage_execution(
        pipelineName="shop", stageName="Build", pipelineExecutionId=one, retryMode="FAILED_ACTIONS"
    )

    def status() -> str:
        found = codepipeline.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=one)
        return str(found["pipelineExecution"]["status"])

    until(lambda: status() != "InProgress")
    assert status() == "Succeeded"
