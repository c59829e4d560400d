"""Builds that CodeBuild really runs in the sandbox: phases, environment, logs, artifacts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from awspipe.sandbox import runtime
from awspipe.sandbox.builds.record import Build, Place
from awspipe.sandbox.codebuild import codebuild_backends
from tests.support.sandbox import in_process

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
        self.s3 = boto3.client("s3", REGION)
        self.s3.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.iam = boto3.client("iam", REGION)
        role = self.iam.create_role(RoleName="build", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        self.iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=json.dumps(ALL))
        self.role = role["Arn"]
        self.codebuild = boto3.client("codebuild", REGION)
        self.logs = boto3.client("logs", REGION)

    def project(self, variables: tuple[dict[str, str], ...] = ()) -> None:
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

    def lines(self) -> str:
        """Every line of every build."""
        group = "/aws/codebuild/project"
        streams = self.logs.describe_log_streams(logGroupName=group)["logStreams"]
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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with in_process(tmp_path):
        yield World()


def spec(*, build: str = "echo hello", rest: str = "", files: str = "'**/*'", version: str = "0.2") -> str:
    """A buildspec with one command."""
    return (
        f"version: {version}\nphases:\n  build:\n    commands:\n      - {build}\n{rest}"
        f"artifacts:\n  files: [{files}]\n"
    )


def statuses(build: dict[str, Any]) -> dict[str, str]:
    return {one["phaseType"]: one.get("phaseStatus", "") for one in build["phases"]}


def test_a_build_runs_its_phases_and_leaves_its_artifact(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": spec(build="printf made > made.txt", files="made.txt")})
    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["buildComplete"]
    assert ended["currentPhase"] == "COMPLETED"
    assert list(statuses(ended)) == [
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "BUILD"),
        *("UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
    ]
    assert world.artifact() == {"made.txt": "made"}
    assert "Running command printf made > made.txt" in world.lines()


def test_a_failed_build_still_runs_post_build_and_uploads(world: World) -> None:
    world.project()
    text = spec(
        build="exit 3", rest="  post_build:\n    commands: ['echo $CODEBUILD_BUILD_SUCCEEDING > state']\n"
    )
    ended = world.build({"buildspec.yml": text})
    assert ended["buildStatus"] == "FAILED"
    assert statuses(ended)["BUILD"] == "FAILED"
    assert statuses(ended)["POST_BUILD"] == "SUCCEEDED"
    assert world.artifact()["state"] == "0\n"
    (failed,) = [one for one in ended["phases"] if one["phaseType"] == "BUILD"]
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 3. Reason: exit status 3",
        }
    ]


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_a_failure_before_the_build_ends_it(world: World, phase: str) -> None:
    world.project()
    text = f"version: 0.2\nphases:\n  {phase}:\n    commands: ['false']\n"
    text += "  build:\n    commands: ['echo never']\n"
    ended = world.build({"buildspec.yml": text})
    assert ended["buildStatus"] == "FAILED"
    assert "BUILD" not in statuses(ended)
    assert "UPLOAD_ARTIFACTS" not in statuses(ended)


def test_finally_runs_and_its_failure_counts(world: World) -> None:
    world.project()
    text = (
        "version: 0.2\nphases:\n  build:\n    commands: ['false', 'echo skipped']\n"
        "    finally: ['echo last']\n"
        "artifacts: {files: ['**/*']}\n"
    )
    world.build({"buildspec.yml": text})
    assert "\nlast\n" in world.lines()
    assert "\nskipped\n" not in world.lines()


@pytest.mark.parametrize(
    ("policy", "status", "runs"),
    [("CONTINUE", "SUCCEEDED", 1), ("ABORT", "FAILED", 1), ("RETRY-2", "FAILED", 3)],
)
def test_on_failure_decides_what_comes_next(world: World, policy: str, status: str, runs: int) -> None:
    world.project()
    text = (
        f"version: 0.2\nphases:\n  pre_build:\n    on-failure: {policy}\n"
        "    commands: ['echo tried; false']\n"
        "  build:\n    commands: ['echo built > built']\nartifacts: {files: [built]}\n"
    )
    assert world.build({"buildspec.yml": text})["buildStatus"] == status
    assert world.lines().count("\ntried\n") == runs


@pytest.mark.parametrize(("version", "said"), [("0.2", "sub here"), ("0.1", "none gone")])
def test_a_shell_keeps_folder_and_variables_in_0_2_only(world: World, version: str, said: str) -> None:
    world.project()
    text = (
        f"version: {version}\nphases:\n  build:\n    commands:\n"
        "      - mkdir sub && cd sub && export WORD=here\n"
        '      - echo "$(case $PWD in */sub) echo sub;; *) echo none;; esac) ${WORD:-gone}"\n'
    )
    world.build({"buildspec.yml": text}, outputs=())
    assert said in world.lines()


def test_variables_come_from_the_start_over_the_project_over_the_buildspec(world: World) -> None:
    world.project(({"name": "B", "value": "project"}, {"name": "C", "value": "project"}))
    text = "version: 0.2\nenv:\n  variables: {A: spec, B: spec, C: spec}\n" + spec(
        build="echo $A $B $C $CODEBUILD_INITIATOR $CODEBUILD_RESOLVED_SOURCE_VERSION ${CI-none}"
    ).removeprefix("version: 0.2\n")
    world.build({"buildspec.yml": text}, overrides=(("C", "start", "PLAINTEXT"),))
    assert "spec project start codepipeline/demo c0ffee none" in world.lines()


def test_secrets_are_looked_up_and_masked(world: World) -> None:
    boto3.client("ssm", REGION).put_parameter(Name="/app/key", Value="s3cr3t-one", Type="SecureString")
    boto3.client("secretsmanager", REGION).create_secret(Name="app", SecretString='{"token": "s3cr3t-two"}')
    world.project(({"name": "T", "value": "app:token", "type": "SECRETS_MANAGER"},))
    text = "version: 0.2\nenv:\n  parameter-store: {K: /app/key}\n" + spec(
        build="echo $K $T; printf '%s %s' $K $T > seen", files="seen"
    ).removeprefix("version: 0.2\n")
    world.build({"buildspec.yml": text})
    assert world.artifact() == {"seen": "s3cr3t-one s3cr3t-two"}
    assert "*** ***" in world.lines()
    assert "s3cr3t" not in world.lines()


def test_a_secret_that_the_role_may_not_read_fails_the_build(world: World) -> None:
    boto3.client("ssm", REGION).put_parameter(Name="key", Value="v", Type="String")
    deny = {"Effect": "Deny", "Action": "ssm:GetParameters", "Resource": "*"}
    policy = {**ALL, "Statement": [*ALL["Statement"], deny]}
    world.iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=json.dumps(policy))
    world.project(({"name": "K", "value": "key", "type": "PARAMETER_STORE"},))
    ended = world.build({"buildspec.yml": spec()})
    assert statuses(ended)["DOWNLOAD_SOURCE"] == "FAILED"
    assert "ssm:GetParameters" in ended["phases"][-3]["contexts"][0]["message"]


def test_exported_variables_are_those_at_the_end(world: World) -> None:
    world.project()
    text = "version: 0.2\nenv:\n  exported-variables: [TAG, NONE]\n" + spec(
        build="export TAG=v1"
    ).removeprefix("version: 0.2\n")
    ended = world.build({"buildspec.yml": text})
    assert ended["exportedEnvironmentVariables"] == [{"name": "TAG", "value": "v1"}]


@pytest.mark.parametrize(
    ("artifacts", "names"),
    [
        ("{files: ['**/*'], base-directory: dist}", ["a.txt", "sub/b.txt"]),
        ("{files: ['*'], base-directory: dist}", ["a.txt"]),
        ("{files: ['dist/**/*.txt'], discard-paths: yes}", ["a.txt", "b.txt"]),
        ("{files: ['**/*'], base-directory: 'di*', exclude-paths: ['sub/**']}", ["a.txt"]),
        ("{files: [dist/a.txt]}", ["dist/a.txt"]),
    ],
)
def test_artifacts_are_the_files_that_match(world: World, artifacts: str, names: list[str]) -> None:
    world.project()
    text = f"version: 0.2\nphases:\n  build:\n    commands: ['true']\nartifacts: {artifacts}\n"
    world.build({"buildspec.yml": text, "dist/a.txt": "a", "dist/sub/b.txt": "b", "other": "o"})
    assert sorted(world.artifact()) == names


def test_secondary_artifacts_go_to_the_outputs_of_their_names(world: World) -> None:
    world.project()
    text = (
        "version: 0.2\nphases:\n  build:\n    commands: ['true']\nartifacts:\n  files: ['none']\n"
        "  secondary-artifacts:\n    One: {files: [a]}\n    Two: {files: [b]}\n"
    )
    ended = world.build({"buildspec.yml": text, "a": "1", "b": "2"}, outputs=("One", "Two"))
    assert ended["buildStatus"] == "SUCCEEDED"
    assert (world.artifact("One"), world.artifact("Two")) == ({"a": "1"}, {"b": "2"})


def test_nothing_that_matches_fails_the_upload(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": spec(files="none/*")})
    assert ended["buildStatus"] == "FAILED"
    (upload,) = [one for one in ended["phases"] if one["phaseType"] == "UPLOAD_ARTIFACTS"]
    assert upload["contexts"] == [
        {"statusCode": "CLIENT_ERROR", "message": "no matching artifact paths found"}
    ]


@pytest.mark.parametrize(
    "files", [{"other.yml": "x"}, {"buildspec.yml": "version: 9\n"}, {"buildspec.yml": "phases: [\n"}]
)
def test_a_buildspec_that_is_missing_or_wrong_fails_the_download(world: World, files: dict[str, str]) -> None:
    world.project()
    ended = world.build(files)
    assert statuses(ended)["DOWNLOAD_SOURCE"] == "FAILED"
    assert ended["phases"][3]["contexts"][0]["statusCode"] == "YAML_FILE_ERROR"


def test_a_build_that_is_stopped_leaves_no_process(world: World, tmp_path: Path) -> None:
    world.project()
    mark = tmp_path / "mark"
    made = world.begin({"buildspec.yml": spec(build=f"touch {mark}; sleep 3600 & sleep 3600")})
    until = runtime.current().clock() + 20
    while not mark.exists() and runtime.current().clock() < until:
        pass
    assert world.codebuild.stop_build(id=made.id)["build"]["id"] == made.id
    runtime.current().drain()
    (ended,) = world.codebuild.batch_get_builds(ids=[made.id])["builds"]
    assert ended["buildStatus"] == "STOPPED"
    assert statuses(ended)["BUILD"] == "STOPPED"
    assert not (tmp_path / "builds").exists() or not list((tmp_path / "builds").iterdir())


def test_a_link_or_a_path_out_of_the_source_is_not_followed(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": spec(files="'**/*'"), "../../escaped": "x"})
    assert ended["buildStatus"] == "SUCCEEDED"
    assert sorted(world.artifact()) == ["buildspec.yml"]


def test_the_newest_twenty_builds_are_kept(world: World) -> None:
    world.project()
    for _ in range(22):
        world.begin({"buildspec.yml": spec()}, outputs=())
        runtime.current().drain()
    ids = world.codebuild.list_builds_for_project(projectName="project")["ids"]
    assert len(ids) == 20
    builds = world.codebuild.batch_get_builds(ids=ids[:1])["builds"]
    assert builds[0]["buildNumber"] == 22
