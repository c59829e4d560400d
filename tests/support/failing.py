"""Pipelines that fail, really played in this process, and what `causes` makes of them.

with failing.world(tmp_path) as shop:
    shop.push({"buildspec.yml": "..."})
    shop.project()
    cause = shop.cause(source(), build())
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from awspipe.aws import Aws
from awspipe.failures import Cause, causes
from awspipe.sandbox import codebuild_builds, runtime
from awspipe.sandbox.box import ISOLATION
from awspipe.sandbox.builds.run import Runner
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
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """What awspipe is answered in AWS's place: operation -> status and body."""
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

    def revision(self) -> str:
        """The key of the artifact that was deployed last."""
        found = next(reversed(self.codedeploy.deployments.values()))
        return str(found.revision["s3Location"]["key"])

    def bucket(self, name: str) -> None:
        place = {"LocationConstraint": REGION}
        core.session().client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)

    def clear(self) -> None:
        """As it was at first: one account serves many tests, for it takes longer to make than they do."""
        self.heal()
        self.played.drain()
        self.client("codepipeline").delete_pipeline(name="shop")
        for name in self.client("codebuild").list_projects()["projects"]:
            self.client("codebuild").delete_project(name=name)
        self.client("codedeploy").delete_application(applicationName="shop")
        self.servers()
        self.codedeploy.deployments.clear()
        self.client("codecommit").delete_repository(repositoryName="shop")
        self.client("codecommit").create_repository(repositoryName="shop")
        _forget_roles()
        self.calls.clear()

    # What awspipe is told

    def deny(self, *permissions: str) -> None:
        """Have AWS deny these reads."""
        for one in permissions:
            service, _, operation = one.partition(":")
            body = b'{"__type": "AccessDeniedException", "message": "no"}'
            if service == "s3":
                body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            self.answers[operation] = (403, body)

    def garble(self, operation: str) -> None:
        """Have something that is not AWS answer."""
        self.answers[operation] = (200, b"{}")

    def heal(self) -> None:
        self.answers.clear()

    def _respond(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        found = self.answers.get(event_name.rsplit(".", maxsplit=1)[-1])
        if found is None:
            return None
        response = AWSResponse(request.url, found[0], HTTPHeaders(), None)
        response._content = found[1]  # type: ignore[attr-defined]
        return response

    # Pipelines

    def begin(self, *stages: dict[str, Any]) -> None:
        """Make a pipeline whose build is left at its first command."""
        self.role = sandbox.role("pipeline", "codepipeline", allow=EVERYTHING)
        declared = sandbox.pipeline(self.role, stages=list(stages))
        self.client("codepipeline").create_pipeline(pipeline=declared)
        while not (runner := self._runner()) or runner.build.phases[-1].type != "BUILD":
            time.sleep(0.01)

    def wait_for_line(self, line: str) -> None:
        """Wait until the build that runs has said something."""
        runner = self._runner()
        assert runner is not None
        stream = {"logGroupName": runner.build.log_group, "logStreamName": runner.build.uuid}
        while not any(
            one["message"] == f"{line}\n" for one in self.client("logs").get_log_events(**stream)["events"]
        ):
            time.sleep(0.05)

    def _runner(self) -> Runner | None:
        found = list(codebuild_builds._runners.values())
        return found[0] if found and found[0].build.phases else None

    def stop_build(self) -> None:
        runner = self._runner()
        assert runner is not None
        self.client("codebuild").stop_build(id=runner.build.id)
        self.played.drain()

    def time_out_build(self) -> None:
        """Have the build's time be over, some minutes before it is."""
        runner = self._runner()
        assert runner is not None
        runner.time_out()
        self.played.drain()

    def begin_deployment(self, *stages: dict[str, Any]) -> str:
        """Make a pipeline whose deployment is left at its first script; the deployment's id."""
        self.role = sandbox.role("pipeline", "codepipeline", allow=EVERYTHING)
        declared = sandbox.pipeline(self.role, stages=list(stages))
        self.client("codepipeline").create_pipeline(pipeline=declared)
        while not any(one.going_on and one.targets for one in self.codedeploy.deployments.values()):
            time.sleep(0.01)
        made = next(one for one in self.codedeploy.deployments.values() if one.going_on)
        (target,) = made.targets.values()
        while target.event("BeforeInstall").status == "Pending":
            time.sleep(0.01)
        return str(made.id)

    def approve(self, stage: str) -> None:
        """Answer the approval of a stage."""
        api = self.client("codepipeline")
        states = api.get_pipeline_state(name="shop")["stageStates"]
        state = next(one for one in states if one["stageName"] == stage)["actionStates"][0]
        api.put_approval_result(
            pipelineName="shop",
            stageName=stage,
            actionName=state["actionName"],
            result={"status": "Approved", "summary": ""},
            token=state["latestExecution"]["token"],
        )
        self.played.drain()

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


def _forget_roles() -> None:
    iam = client("iam")
    for role in iam.list_roles()["Roles"]:
        name = {"RoleName": role["RoleName"]}
        for policy in iam.list_role_policies(**name)["PolicyNames"]:
            iam.delete_role_policy(**name, PolicyName=policy)
        iam.delete_role(**name)


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
            modelcheck.emitter(on).register_first("before-send", shop._respond)
            shop.client("codecommit").create_repository(repositoryName="shop")
            shop.bucket("artifacts")
            try:
                yield shop
            finally:
                shop.aws.close()
                assert not checked.violations
    finally:
        os.environ.pop(ISOLATION) if before is None else os.environ.update({ISOLATION: before})
