"""One build project in the sandbox, its role and a bucket, and what its builds leave."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from awspipe.sandbox import codebuild_builds, runtime
from awspipe.sandbox.builds.record import Build, Place
from awspipe.sandbox.codebuild import codebuild_backends
from tests.support import sandbox

REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class World:
    """One project, its role and a bucket."""

    def __init__(self) -> None:
        self.s3 = sandbox.client("s3")
        self.s3.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.iam = sandbox.client("iam")
        role = self.iam.create_role(RoleName="build", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        self.iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=json.dumps(ALL))
        self.role = role["Arn"]
        self.codebuild = sandbox.client("codebuild")
        self.logs = sandbox.client("logs")

    def project(self, variables: tuple[dict[str, str], ...] = (), **members: Any) -> None:
        self.codebuild.create_project(
            name="project",
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": list(variables),
            },
            serviceRole=self.role,
            **members,
        )

    def begin(self, files: dict[str, str], outputs: tuple[str, ...] = ("Out",), **given: Any) -> Build:
        """Start a build of some files, as the pipeline's action does."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        self.s3.put_object(Bucket="store", Key="in", Body=made.getvalue())
        with runtime.current().lock:
            return codebuild_backends[ACCOUNT][REGION].start(
                "project",
                initiator="codepipeline/demo",
                inputs=(Place("Source", "store", "in"),),
                outputs=tuple(Place(name, "store", name) for name in outputs),
                revision="c0ffee",
                **given,
            )

    def build(
        self, files: dict[str, str], outputs: tuple[str, ...] = ("Out",), **given: Any
    ) -> dict[str, Any]:
        """A build that has ended, as BatchGetBuilds shows it."""
        made = self.begin(files, outputs, **given)
        runtime.current().drain()
        (shown,) = self.codebuild.batch_get_builds(ids=[made.id])["builds"]
        return dict(shown)

    def time_out(self, build: Build) -> None:
        """Let its time be over."""
        running = codebuild_builds.runner(build.id)
        assert running is not None
        running.time_out()

    def lines(self, stream: str = "") -> str:
        """Every line of every build, or of one."""
        group = "/aws/codebuild/project"
        which = {"logStreamNamePrefix": stream} if stream else {}
        streams = self.logs.describe_log_streams(logGroupName=group, **which)["logStreams"]
        pages = [
            self.logs.get_log_events(logGroupName=group, logStreamName=one["logStreamName"])["events"]
            for one in streams
        ]
        return "".join(event["message"] for events in pages for event in events)

    def artifact(self, name: str = "Out") -> dict[str, str]:
        """What an artifact holds."""
        content = self.s3.get_object(Bucket="store", Key=name)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {one: archive.read(one).decode() for one in archive.namelist()}


def spec(*, build: str = "echo hello", rest: str = "", files: str = "'**/*'", version: str = "0.2") -> str:
    """A buildspec with one command."""
    return (
        f"version: {version}\nphases:\n  build:\n    commands:\n      - {build}\n{rest}"
        f"artifacts:\n  files: [{files}]\n"
    )


def statuses(build: dict[str, Any]) -> dict[str, str]:
    return {one["phaseType"]: one.get("phaseStatus", "") for one in build["phases"]}
