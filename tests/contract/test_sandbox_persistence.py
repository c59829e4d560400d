"""A pipeline outlives its sandbox: what waits for a person waits on, over real HTTP and a real kill."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import approval
from tests.support.sandbox import pipeline, trust
from tests.support.server import REGION, Server

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


def kept(server: Server, token: str) -> bool:
    """Whether a snapshot has the token: a file in it may go while we look."""
    for path in (server.directory / "state" / "blobs").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if token.encode() in path.read_bytes():
                return True
    return False


@pytest.mark.parametrize("killed", [True, False])
def test_an_approval_keeps_its_token_and_the_execution_goes_on(server: Server, killed: bool) -> None:
    furnish(server)
    token = until(lambda: asked(server))["token"]
    if killed:
        until(lambda: kept(server, token))
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
