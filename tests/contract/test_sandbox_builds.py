"""Builds that CodeBuild really runs in the sandbox: phases, environment, logs, artifacts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import box, runtime
from awspipe.sandbox.builds.played import Played
from tests.support.builds import ACCOUNT, ALL, REGION, World, spec, statuses
from tests.support.sandbox import in_process, plain


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Builds as plain processes: what boxes keep apart has tests of its own."""
    monkeypatch.setenv(box.ISOLATION, "process")
    with in_process(tmp_path):
        yield World()


def test_a_build_runs_its_phases_and_leaves_its_artifact(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": spec(build="printf made > made.txt", files="made.txt")})
    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["buildComplete"]
    assert ended["currentPhase"] == "COMPLETED"
    assert list(statuses(ended)) == [
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD"),
        *("POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
    ]
    assert world.artifact() == {"made.txt": "made"}
    assert "Running command printf made > made.txt" in world.lines()


def test_a_build_goes_on_although_its_log_is_deleted(world: World) -> None:
    world.project()
    made = world.begin({"buildspec.yml": spec()})
    runtime.current().drain()
    where = {"logGroupName": "/aws/codebuild/project", "logStreamName": made.log_stream}
    world.logs.delete_log_stream(**where)
    writer = Played(made, ACCOUNT, REGION)
    moment = int(writer.now() * 1000)
    writer.write([(moment, "one")])
    assert world.lines() == "one\n"
    world.logs.delete_log_stream(**where)
    writer.write([(moment, "two")])
    assert world.lines() == ""


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
    plain("ssm").put_parameter(Name="/app/key", Value="s3cr3t-one", Type="SecureString")
    plain("secretsmanager").create_secret(Name="app", SecretString='{"token": "s3cr3t-two"}')
    world.project(({"name": "T", "value": "app:token", "type": "SECRETS_MANAGER"},))
    text = "version: 0.2\nenv:\n  parameter-store: {K: /app/key}\n" + spec(
        build="echo $K $T; printf '%s %s' $K $T > seen", files="seen"
    ).removeprefix("version: 0.2\n")
    world.build({"buildspec.yml": text})
    assert world.artifact() == {"seen": "s3cr3t-one s3cr3t-two"}
    assert "*** ***" in world.lines()
    assert "s3cr3t" not in world.lines()


def test_a_secret_that_the_role_may_not_read_fails_the_build(world: World) -> None:
    plain("ssm").put_parameter(Name="key", Value="v", Type="String")
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


def test_a_link_or_a_path_out_of_the_source_is_not_followed(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": spec(files="'**/*'"), "../../escaped": "x"})
    assert ended["buildStatus"] == "SUCCEEDED"
    assert sorted(world.artifact()) == ["buildspec.yml"]


def test_the_newest_twenty_builds_are_kept(world: World) -> None:
    world.project()
    for _ in range(22):  # builds that end before they need a box
        world.begin({"buildspec.yml": "version: 9\n"}, outputs=())
        runtime.current().drain()
    ids = world.codebuild.list_builds_for_project(projectName="project")["ids"]
    assert len(ids) == 20
    builds = world.codebuild.batch_get_builds(ids=ids[:1])["builds"]
    assert builds[0]["buildNumber"] == 22


@pytest.mark.parametrize(
    ("shell", "keeps"),
    [
        ("/bin/sh", "WORD='it''s \"here\"'"),
        ("/bin/sh", "WORD=$(printf 'two\\nlines')"),
        ("bash", "WORDS=(a 'b c')"),
        ("bash", "say() { echo said; }"),
    ],
)
def test_commands_share_what_is_not_exported_too(world: World, shell: str, keeps: str) -> None:
    """AWS's own samples set a variable in one phase and use it in the next without an export."""
    world.project()
    text = (
        f"version: 0.2\nenv: {{shell: {shell}}}\nphases:\n  pre_build:\n    commands:\n      - |\n"
        f"        {keeps}\n"
        '  build:\n    commands:\n      - echo "<${WORD-}${WORDS[1]-}$(say 2>/dev/null)>" > out\n'
        "artifacts: {files: [out]}\n"
    )
    if shell != "bash":
        text = text.replace("${WORDS[1]-}", "")
    assert world.build({"buildspec.yml": text})["buildStatus"] == "SUCCEEDED"
    assert world.artifact()["out"] in ('<its "here">\n', "<two\nlines>\n", "<b c>\n", "<said>\n")


def test_exit_ends_a_command_and_not_the_build(world: World) -> None:
    world.project()
    text = "version: 0.2\nphases:\n  build:\n    commands: ['cd /; A=1; exit 0', 'echo ok $PWD $A']\n"
    assert world.build({"buildspec.yml": text}, outputs=())["buildStatus"] == "SUCCEEDED"
    assert "\nok / 1\n" in world.lines()


@pytest.mark.parametrize(
    ("head", "code", "says"),
    [
        (
            "env: {shell: powershell.exe}\n",
            "CLIENT_ERROR",
            "env: shell: powershell.exe is asked for, and this machine has none of that name",
        ),
        (
            "run-as: nobody-of-that-name\n",
            "CLIENT_ERROR",
            "run-as: nobody-of-that-name is asked for, and this machine has no such user",
        ),
    ],
)
def test_a_shell_or_user_that_is_not_there_fails_the_download(
    world: World, head: str, code: str, says: str
) -> None:
    if "run-as" in head and os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    world.project()
    ended = world.build({"buildspec.yml": spec().replace("version: 0.2\n", f"version: 0.2\n{head}")})
    (context,) = ended["phases"][3]["contexts"]
    assert (context["statusCode"], context["message"]) == (code, says)


def test_a_batch_without_phases_says_that_it_is_not_played(world: World) -> None:
    world.project()
    text = "version: 0.2\nbatch:\n  build-list:\n    - identifier: one\n"
    ended = world.build({"buildspec.yml": text})
    assert ended["buildStatus"] == "FAILED"
    assert "the sandbox plays no batch builds" in ended["phases"][3]["contexts"][0]["message"]


def runtime_spec(versions: str) -> str:
    install = f"phases:\n  install:\n    runtime-versions: {versions}\n"
    return spec(files="buildspec.yml").replace("phases:\n", install, 1)


def test_the_log_says_what_this_machine_has_of_the_runtimes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, says in (("python3", "Python 3.11.2"), ("go", "go version go1.22.1 linux/amd64")):
        (tools / name).write_text(f"#!/bin/sh\necho {says}\n")
        (tools / name).chmod(0o755)
    for name in ("sh", "cat", "mv", "grep"):
        (tools / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tools))
    world.project(({"name": "GO", "value": "1.22"},))
    text = runtime_spec('{python: "3.12", golang: $GO, nodejs: 20}')
    assert world.build({"buildspec.yml": text})["buildStatus"] == "SUCCEEDED"
    said = [one.partition("runtime-versions: ")[2] for one in world.lines().splitlines()]
    assert [one for one in said if one] == [
        "python 3.12 is asked for; this machine has 3.11.2, which is used",
        "golang 1.22 is asked for; this machine has 1.22.1",
        "nodejs 20 is asked for, and this machine has no node: commands that need it will fail",
    ]


def test_a_runtime_that_codebuild_does_not_know_fails_the_download(world: World) -> None:
    world.project()
    ended = world.build({"buildspec.yml": runtime_spec("{cobol: 1}")})
    (context,) = ended["phases"][3]["contexts"]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert context["message"].startswith("Unknown runtime named 'cobol'. CodeBuild has the following")


@pytest.mark.parametrize(
    ("members", "keys"),
    [
        ({"packaging": "ZIP", "name": "site.zip", "path": "out/"}, ["out/site.zip"]),
        ({"packaging": "NONE", "name": "site"}, ["site/a.txt", "site/sub/b.txt"]),
        ({"packaging": "ZIP", "namespaceType": "BUILD_ID"}, ["pre/{uuid}/project"]),
        ({"packaging": "ZIP", "name": "x", "overrideArtifactName": True}, ["said"]),
    ],
)
def test_a_build_without_a_pipeline_leaves_its_artifacts_in_the_projects_bucket(
    world: World, members: dict[str, Any], keys: list[str]
) -> None:
    text = (
        "version: 0.2\nphases:\n  build:\n    commands: ['mkdir sub; echo 1 > a.txt; echo 2 > sub/b.txt']\n"
        "artifacts: {files: ['**/*'], name: said, s3-prefix: pre}\n"
    )
    world.codebuild.create_project(
        name="project",
        source={"type": "NO_SOURCE", "buildspec": text},
        artifacts={"type": "S3", "location": "store", **members},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=world.role,
    )
    started = world.codebuild.start_build(projectName="project")["build"]["id"]
    runtime.current().drain()
    (ended,) = world.codebuild.batch_get_builds(ids=[started])["builds"]
    assert ended["buildStatus"] == "SUCCEEDED"
    found = [one["Key"] for one in world.s3.list_objects_v2(Bucket="store")["Contents"]]
    assert found == [one.format(uuid=started.partition(":")[2]) for one in keys]


def test_what_the_user_sets_stands_over_the_machine_and_under_codebuild(world: World) -> None:
    world.project(({"name": "TZ", "value": "Asia/Seoul"}, {"name": "CODEBUILD_BUILD_NUMBER", "value": "99"}))
    text = "version: 0.2\nenv:\n  variables: {AWS_DEFAULT_REGION: eu-west-1}\n" + spec(
        build="echo $TZ $AWS_DEFAULT_REGION $AWS_REGION $CODEBUILD_BUILD_NUMBER"
    ).removeprefix("version: 0.2\n")
    world.build({"buildspec.yml": text})
    assert f"\nAsia/Seoul eu-west-1 {REGION} 1\n" in world.lines()


def test_secrets_of_the_project_and_variables_of_aws_are_not_exported(world: World) -> None:
    plain("ssm").put_parameter(Name="key", Value="s3cr3t", Type="String")
    world.project(({"name": "KEY", "value": "key", "type": "PARAMETER_STORE"},))
    text = "version: 0.2\nenv:\n  exported-variables: [KEY, AWS_REGION, 'a-b', OWN, RETURN]\n" + spec(
        build="OWN='two words'; RETURN=$(printf 'UID=1\\n\\r\\\\')"
    ).removeprefix("version: 0.2\n")
    ended = world.build({"buildspec.yml": text})
    assert ended["exportedEnvironmentVariables"] == [
        {"name": "OWN", "value": "two words"},
        {"name": "RETURN", "value": "UID=1\n\r\\"},
    ]


def test_lines_go_where_the_project_says(world: World) -> None:
    named = {"groupName": "/mine", "streamName": "pre", "status": "ENABLED"}
    world.project(logsConfig={"cloudWatchLogs": named})
    ended = world.build({"buildspec.yml": spec(files="buildspec.yml")})
    stream = ended["logs"]["streamName"]
    assert stream == f"pre/{ended['id'].partition(':')[2]}"
    lines = world.logs.get_log_events(logGroupName="/mine", logStreamName=stream)["events"]
    assert "hello\n" in [one["message"] for one in lines]
    off = {"cloudWatchLogs": {"status": "DISABLED", "groupName": "/off"}}
    world.codebuild.update_project(name="project", logsConfig=off)
    assert world.build({"buildspec.yml": spec(files="buildspec.yml")})["buildStatus"] == "SUCCEEDED"
    assert [one["logGroupName"] for one in world.logs.describe_log_groups()["logGroups"]] == ["/mine"]
