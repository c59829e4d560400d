"""The pipeline's deploy action: the artifact is deployed as it is, and what came of it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox.box import ISOLATION
from tests.support import revisions
from tests.support.deploying import Deploying
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
)

ARN = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:"
ON_GROUP = ("CreateDeployment", "GetDeployment")
ALLOWED = [
    ("codecommit:*", "*"),
    ("s3:*", "*"),
    *[
        (f"codedeploy:{name}", f"{ARN}application:shop")
        for name in ("GetApplication", "RegisterApplicationRevision", "GetApplicationRevision")
    ],
    *[(f"codedeploy:{name}", f"{ARN}deploymentgroup:shop/web") for name in ON_GROUP],
    ("codedeploy:GetDeploymentConfig", f"{ARN}deploymentconfig:CodeDeployDefault.OneAtATime"),
]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploying]:
    monkeypatch.setenv(ISOLATION, "process")
    with in_process(tmp_path) as played:
        yield Deploying(played)


def run(made: Deploying, files: dict[str, str], *, allowed: Any = ALLOWED, group: str = "web") -> Any:
    """Commit files and run a pipeline that deploys them; the deploy action as it ended."""
    s3 = plain("s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    git = client("codecommit")
    git.create_repository(repositoryName="shop")
    put = [
        {
            "filePath": name,
            "fileContent": text.encode(),
            "fileMode": "EXECUTABLE" if name.startswith("scripts/") else "NORMAL",
        }
        for name, text in files.items()
    ]
    git.create_commit(repositoryName="shop", branchName="main", putFiles=put)
    deploy = action(
        "Deploy",
        "Deploy/CodeDeploy",
        configuration={"ApplicationName": "shop", "DeploymentGroupName": group},
        inputArtifacts=artifacts("Src"),
    )
    declared = pipeline(role("pipeline", "codepipeline", allow=allowed))
    declared["stages"][1]["actions"] = [deploy]
    pipelines = client("codepipeline")
    pipelines.create_pipeline(pipeline=declared)
    made.played.drain()
    found = pipelines.list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    return next(one for one in found if one["actionName"] == "Deploy")


APPSPEC = revisions.HEAD + "hooks: {ApplicationStart: [{location: scripts/a.sh}]}\n"


def test_the_artifact_is_deployed(made: Deploying, tmp_path: Path) -> None:
    script = "#!/bin/sh\necho up >$AWSPIPE_ROOT/said\n"
    found = run(made, {"appspec.yml": APPSPEC, "scripts/a.sh": script})
    assert found["status"] == "Succeeded"
    deployment = found["output"]["executionResult"]["externalExecutionId"]
    assert made.info(deployment)["status"] == "Succeeded"
    assert (tmp_path / "hosts/ap-northeast-2-shop-2/root/said").read_text() == "up\n"


def test_a_deployment_that_fails_fails_the_action(made: Deploying) -> None:
    found = run(made, {"appspec.yml": APPSPEC, "scripts/a.sh": "#!/bin/sh\nexit 4\n"})
    result = found["output"]["executionResult"]
    assert (found["status"], result["errorDetails"]["code"]) == ("Failed", "JobFailed")
    message = result["errorDetails"]["message"]
    assert message.startswith(f"Deployment {result['externalExecutionId']} failed. The overall deployment")
    assert message.endswith(
        "(Error code: HEALTH_CONSTRAINTS) First failure: ApplicationStart: Script at specified location: "
        "scripts/a.sh failed with exit code 4"
    )


def test_an_artifact_without_an_appspec(made: Deploying) -> None:
    found = run(made, {"index.html": "hello"})
    message = found["output"]["executionResult"]["errorDetails"]["message"]
    assert "BeforeInstall: The CodeDeploy agent did not find an AppSpec file" in message


def test_a_group_that_is_not_there(made: Deploying) -> None:
    allowed = [*ALLOWED, ("codedeploy:*", f"{ARN}deploymentgroup:shop/no")]
    found = run(made, {"appspec.yml": APPSPEC}, group="no", allowed=allowed)
    error = found["output"]["executionResult"]["errorDetails"]
    assert error == {"code": "ConfigurationError", "message": "No Deployment Group found for name: no"}


@pytest.mark.parametrize("missing", range(2, len(ALLOWED)))
def test_the_role_must_allow_all_of_it(made: Deploying, missing: int) -> None:
    allowed = [one for number, one in enumerate(ALLOWED) if number != missing]
    error = run(made, {"appspec.yml": APPSPEC}, allowed=allowed)["output"]["executionResult"]["errorDetails"]
    assert error["code"] == "PermissionError"
    assert f"is not authorized to perform: {ALLOWED[missing][0]} on resource:" in error["message"]
    assert made.api.list_deployments()["deployments"] == []
