"""Pipelines that fail, really played in this process, and what `causes` makes of them.

with failing.world(tmp_path) as shop:
    shop.push({"buildspec.yml": "..."})
    cause = shop.cause(shop.source(), shop.build())
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from awspipe.aws import Aws
from awspipe.failures import Cause, causes
from awspipe.sandbox import runtime
from awspipe.sandbox.box import ISOLATION
from awspipe.sandbox.codedeploy import CodeDeployBackend, codedeploy_backends
from tests.support import core, modelcheck, recorder, sandbox
from tests.support.recorder import Recording
from tests.support.sandbox import ACCOUNT, REGION, action, artifacts, client

EVERYTHING = [("*", "*")]
HEAD = "version: 0.0\nos: linux\n"
TAGS = {"Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE"}


@dataclass
class Shop:
    """An account with a repository, an artifact bucket, a build project and a deployment group."""

    played: runtime.Runtime
    aws: Aws
    calls: Recording
    role: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client(service)
        return self._clients[service]

    def push(self, files: Mapping[str, str | bytes], branch: str = "main") -> str:
        """Commit files; what lies in `scripts/` can be run."""
        git = self.client("codecommit")
        parents = {}
        if branch in git.list_branches(repositoryName="shop")["branches"]:
            found = git.get_branch(repositoryName="shop", branchName=branch)
            parents = {"parentCommitId": found["branch"]["commitId"]}
        put = [
            {
                "filePath": name,
                "fileContent": text.encode() if isinstance(text, str) else text,
                "fileMode": "EXECUTABLE" if name.startswith("scripts/") else "NORMAL",
            }
            for name, text in files.items()
        ]
        made = git.create_commit(repositoryName="shop", branchName=branch, putFiles=put, **parents)
        return str(made["commitId"])

    def project(self, name: str = "shop", *, allow: Any = EVERYTHING, **members: Any) -> None:
        """A build project and its role."""
        self.client("codebuild").create_project(
            name=name,
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=sandbox.role(f"{name}-build", "codebuild", allow=allow),
            **members,
        )

    def group(self, **members: Any) -> None:
        """An application `shop` with a deployment group `web`, for servers with the tag app=shop."""
        deploy = self.client("codedeploy")
        role = sandbox.role("deploy", "codedeploy", allow=[("ec2:DescribeInstances", "*")])
        deploy.create_application(applicationName="shop")
        deploy.create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            **{"serviceRoleArn": role, "ec2TagFilters": [TAGS], **members},
        )
        self.servers("web-1")

    def servers(self, *names: str) -> None:
        """Have these servers and no others."""
        for name in list(self.codedeploy.hosts):
            self.codedeploy.remove_host(name)
        for name in names:
            self.codedeploy.add_host(name, "ec2", {"app": "shop"})

    @property
    def codedeploy(self) -> CodeDeployBackend:
        return codedeploy_backends[ACCOUNT][REGION]

    def bucket(self, name: str) -> None:
        place = {"LocationConstraint": REGION}
        core.session().client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)

    # Pipelines

    def create(self, *stages: dict[str, Any], allow: Any = EVERYTHING, **members: Any) -> None:
        """Make the pipeline of these stages; its first execution runs to its end."""
        self.role = sandbox.role("pipeline", "codepipeline", allow=allow)
        declared = sandbox.pipeline(self.role, stages=list(stages), **members)
        self.client("codepipeline").create_pipeline(pipeline=declared)
        self.played.drain()

    def start(self, **request: Any) -> str:
        made = self.client("codepipeline").start_pipeline_execution(name="shop", **request)
        self.played.drain()
        return str(made["pipelineExecutionId"])

    def executions(self) -> list[str]:
        """The ids, oldest first."""
        found = self.client("codepipeline").list_pipeline_executions(pipelineName="shop")
        return [one["pipelineExecutionId"] for one in reversed(found["pipelineExecutionSummaries"])]

    def causes(self, execution: str = "") -> tuple[Cause, ...]:
        """Why an execution failed; the newest where none is named."""
        return causes(self.aws, "shop", execution or self.executions()[-1])

    def cause(self, *stages: dict[str, Any], **members: Any) -> Cause:
        """Run a pipeline of these stages: why it failed."""
        self.create(*stages, **members)
        (only,) = self.causes()
        return only


def source(name: str = "Source", branch: str = "main", **configuration: str) -> dict[str, Any]:
    where = {"RepositoryName": "shop", "BranchName": branch, "PollForSourceChanges": "false"}
    made = action(
        name,
        "Source/CodeCommit",
        configuration=where | configuration,
        outputArtifacts=artifacts("Src"),
    )
    return {"name": name, "actions": [made]}


def build(name: str = "Build", project: str = "shop", **members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "configuration": {"ProjectName": project},
        "inputArtifacts": artifacts("Src"),
        "outputArtifacts": artifacts("Out"),
    }
    return {"name": name, "actions": [action(name, "Build/CodeBuild", **given | members)]}


def deploy(group: str = "web", application: str = "shop") -> dict[str, Any]:
    configuration = {"ApplicationName": application, "DeploymentGroupName": group}
    made = action("Deploy", "Deploy/CodeDeploy", configuration=configuration, inputArtifacts=artifacts("Src"))
    return {"name": "Deploy", "actions": [made]}


def to_s3(**configuration: str) -> dict[str, Any]:
    given = {"BucketName": "site", "Extract": "true", **configuration}
    made = action("Deploy", "Deploy/S3", configuration=given, inputArtifacts=artifacts("Src"))
    return {"name": "Deploy", "actions": [made]}


def buildspec(*commands: str, files: str = "'**/*'", more: str = "") -> str:
    lines = "".join(f"      - {one}\n" for one in commands)
    return f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}artifacts:\n  files: [{files}]\n{more}"


@contextmanager
def world(tmp_path: Path, **options: Any) -> Iterator[Shop]:
    """An account with a repository and an artifact bucket; awspipe's calls are recorded and checked."""
    before = os.environ.get(ISOLATION)
    os.environ[ISOLATION] = "process"
    try:
        with sandbox.in_process(tmp_path, **options) as played:
            on = core.session()
            checked, calls = modelcheck.attach(on), recorder.record(on)
            shop = Shop(played, core.connect(on), calls)
            shop.client("codecommit").create_repository(repositoryName="shop")
            shop.bucket("artifacts")
            try:
                yield shop
            finally:
                shop.aws.close()
                assert not checked.violations
    finally:
        os.environ.pop(ISOLATION) if before is None else os.environ.update({ISOLATION: before})
