"""Connections in the sandbox: pending until the handshake, then a source; a local repository is GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.errors import UsageError
from awspipe.sandbox import clones, git, handshakes
from tests.support.sandbox import (
    REGION,
    action,
    artifacts,
    client,
    code,
    in_process,
    pipeline,
    plain,
    role,
)
from tests.support.server import ROOT, Server

PLACE = {"LocationConstraint": REGION}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path / "sandbox") as played:
        yield played


@pytest.fixture
def github(tmp_path: Path) -> Path:
    """Somebody's repository at GitHub, with one commit."""
    work = tmp_path / "clone"
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True, env=git.environment())
    (work / "index.html").write_text("from GitHub")
    for command in (["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], check=True, cwd=work, env=git.environment())
    return work


def make(connections: Any, name: str = "mine") -> str:
    return str(connections.create_connection(ProviderType="GitHub", ConnectionName=name)["ConnectionArn"])


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_lives_and_dies(sandbox: Any, github: Path, service: str) -> None:
    connections = client(service)
    tags = [{"Key": "awspipe:pipeline", "Value": "shop"}]
    made = connections.create_connection(ProviderType="GitHub", ConnectionName="mine", Tags=tags)
    arn = made["ConnectionArn"]
    assert arn.startswith(f"arn:aws:codeconnections:{REGION}:123456789012:connection/")
    assert connections.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"] == "PENDING"
    assert connections.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    connections.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    connections.untag_resource(ResourceArn=arn, TagKeys=["awspipe:pipeline"])
    assert connections.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", github)
    (listed,) = connections.list_connections(ProviderTypeFilter="GitHub")["Connections"]
    assert listed["ConnectionStatus"] == "AVAILABLE"
    assert connections.list_connections(ProviderTypeFilter="GitLab")["Connections"] == []
    connections.delete_connection(ConnectionArn=arn)
    assert code(connections.get_connection, ConnectionArn=arn) == "ResourceNotFoundException"
    again = make(connections)
    assert connections.get_connection(ConnectionArn=again)["Connection"]["ConnectionStatus"] == "PENDING"


def test_both_names_show_the_same_connections(sandbox: Any) -> None:
    arn = make(client("codeconnections"))
    old = arn.replace("codeconnections", "codestar-connections")
    found = client("codestar-connections").get_connection(ConnectionArn=old)["Connection"]
    assert found["ConnectionArn"] == arn


def test_what_is_refused(sandbox: Any, tmp_path: Path) -> None:
    connections = client("codeconnections")
    make(connections)
    create = connections.create_connection
    assert code(create, ProviderType="GitHub", ConnectionName="mine") == "ResourceUnavailableException"
    host = "arn:aws:codeconnections:us-east-1:123456789012:host/x"
    assert code(create, HostArn=host, ConnectionName="b") == "UnsupportedOperationInSandbox"
    with pytest.raises(UsageError, match="no git repository"):
        handshakes.connect(sandbox.state_dir, "mine", "me/shop", tmp_path)


def follow(arn: str, allow: list[tuple[str, str]], **configuration: str) -> None:
    source = action(
        "Source",
        "Source/CodeStarSourceConnection",
        configuration={
            "ConnectionArn": arn,
            "FullRepositoryId": "me/shop",
            "BranchName": "main",
            **configuration,
        },
        outputArtifacts=artifacts("Src"),
        namespace="src",
    )
    deploy = pipeline("")["stages"][1]
    stages = [{"name": "Source", "actions": [source]}, deploy]
    role_arn = role("pipeline", "codepipeline", allow=[("s3:*", "*"), *allow])
    client("codepipeline").create_pipeline(pipeline=pipeline(role_arn, stages=stages))


def use(arn: str) -> list[tuple[str, str]]:
    return [(f"{name}:UseConnection", arn) for name in ("codeconnections", "codestar-connections")]


def source_of(sandbox: Any) -> dict[str, Any]:
    sandbox.drain()
    found = client("codepipeline").list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    return dict(next(one["output"] for one in found if one["actionName"] == "Source"))


def test_a_commit_through_a_connection_becomes_a_site(sandbox: Any, github: Path) -> None:
    s3: Any = plain("s3")
    for bucket in ("artifacts", "site"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=PLACE)
    arn = make(client("codeconnections"))
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", github)
    follow(arn, use(arn))
    found = source_of(sandbox)
    assert s3.get_object(Bucket="site", Key="index.html")["Body"].read() == b"from GitHub"
    variables = found["outputVariables"]
    assert (variables["FullRepositoryName"], variables["CommitMessage"]) == ("me/shop", "first")
    assert variables["ConnectionArn"] == arn


def test_a_reference_to_a_clone_leads_to_the_repository_and_nothing_but_a_build_can_use_it(
    sandbox: Any, github: Path, tmp_path: Path
) -> None:
    s3: Any = plain("s3")
    for bucket in ("artifacts", "site"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=PLACE)
    arn = make(client("codeconnections"))
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", github)
    follow(arn, use(arn), OutputArtifactFormat="CODEBUILD_CLONE_REF")
    place = source_of(sandbox)["outputArtifacts"][0]["s3location"]
    found = clones.read(s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read())
    assert found is not None
    assert found.rights(REGION) == use(arn)
    path = clones.repository(found, REGION)
    assert path is not None
    target = tmp_path / "target"
    target.mkdir()
    clones.clone(found, path, target)
    assert (target / "index.html").read_text() == "from GitHub"
    states = client("codepipeline").get_pipeline_state(name="shop")["stageStates"]
    error = states[1]["actionStates"][0]["latestExecution"]["errorDetails"]["message"]
    assert error == "The artifact Src is not a zip file."


@pytest.mark.parametrize(
    ("connected", "configuration", "said"),
    [
        (False, {}, "is not available: complete it with `awspipe sandbox connect`"),
        (True, {"FullRepositoryId": "me/other"}, "does not lead to the repository me/other"),
        (True, {"BranchName": "other"}, "No branch named other was found in the repository me/shop."),
    ],
)
def test_sources_that_fail(
    sandbox: Any, github: Path, connected: bool, configuration: dict[str, str], said: str
) -> None:
    arn = make(client("codeconnections"))
    if connected:
        handshakes.connect(sandbox.state_dir, "mine", "me/shop", github)
    follow(arn, use(arn), **configuration)
    assert said in source_of(sandbox)["executionResult"]["errorDetails"]["message"]


def test_the_role_must_allow_it_under_both_names(sandbox: Any, github: Path) -> None:
    arn = make(client("codeconnections"))
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", github)
    follow(arn, use(arn)[:1])
    error = source_of(sandbox)["executionResult"]["errorDetails"]
    assert error["code"] == "PermissionError"
    assert f"codestar-connections:UseConnection on resource: {arn}" in error["message"]


def test_a_served_sandbox_knows_the_service_and_keeps_it(tmp_path: Path, github: Path) -> None:
    with Server(tmp_path / "state") as server:
        arn = make(server.client("codeconnections"))
        command = [sys.executable, "-m", "awspipe", "sandbox", "connect", arn, "me/shop", str(github)]
        environ = {**os.environ, "AWSPIPE_SANDBOX_DIR": str(server.directory), "HOME": str(server.home)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd=ROOT)
        assert done.stdout == f"connection mine is available: me/shop is {github}\n"
        command[-3] = "other"
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=ROOT)
        assert done.returncode == 2
        assert "has no connection other\n  try: connections there: mine\n" in done.stderr
        server.stop()
        server.start()
        for service in ("codeconnections", "codestar-connections"):
            found = server.client(service).get_connection(ConnectionArn=arn)["Connection"]
            assert found["ConnectionStatus"] == "AVAILABLE"
