"""`awspipe build`, as a user types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.shell import REGION, Shell
from tests.support.boxes import running as processes

HEAD = "version: 0.2\n"
GOOD = (
    HEAD
    + """\
env:
  exported-variables: [TAG]
phases:
  pre_build:
    commands: ['ls', 'echo changed > src/page.html']
  build:
    commands:
      - TAG=v1; mkdir dist; cp src/page.html dist/; printf '#!/bin/sh' > dist/run; chmod +x dist/run
artifacts:
  files: ['**/*']
  base-directory: dist
  secondary-artifacts:
    Docs: {files: [src/page.html]}
"""
)


def folder(path: Path, **files: str) -> Path:
    for name, text in {"src__page.html": "<p>\n", **files}.items():
        made = path / name.replace("__", "/").replace("_yml", ".yml")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text)
    return path


def below(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


def test_a_folder_is_built_and_stays_as_it_is(shell: Shell, tmp_path: Path) -> None:
    made = folder(tmp_path / "site", buildspec_yml=GOOD, left="1\n")
    (made / ".gitignore").write_text("left\n")
    shell.git("init", "--quiet", cwd=made)
    ran = shell.done("build", "--source", str(made), "--artifacts", "out", cwd=tmp_path)
    phases = [one.split()[:2] for one in ran.out.splitlines()[:-1]]
    assert phases == [["+", one] for one in ("DOWNLOAD_SOURCE", "PRE_BUILD", "BUILD", "UPLOAD_ARTIFACTS")]
    assert ran.out.splitlines()[-1] == "built: 2 files, 1 file of Docs in out"
    assert f"source: 3 files of {made} (what git ignores is left out)" in ran.err
    assert "  $ ls\n    buildspec.yml\n    src\n" in ran.err
    assert below(tmp_path / "out") == ["Docs/src/page.html", "page.html", "run"]
    assert (tmp_path / "out/page.html").read_text() == "changed\n"
    assert os.access(tmp_path / "out/run", os.X_OK)
    assert (made / "src/page.html").read_text() == "<p>\n"
    assert below(made / "src") == ["page.html"]
    assert not (shell.home / "state/awspipe/sandbox-builds").exists()


def test_a_command_that_fails_ends_with_5_and_says_what_to_do(shell: Shell, tmp_path: Path) -> None:
    text = HEAD + "phases:\n  build:\n    commands: ['echo first', 'echo why; no-such-tool test']\n"
    made = folder(tmp_path / "site", buildspec_yml=text)
    ran = shell.awspipe("build", cwd=made)
    assert ran.code == 5, str(ran)
    assert ran.out.splitlines()[-2:] == [
        "failed in BUILD: the build has no program no-such-tool (exit code 127): echo why; no-such-tool test",
        "  try: install it under `install:` in the buildspec, or take an `image:` that has it",
    ]
    document = shell.awspipe("build", "--json", cwd=made).document
    assert (document["status"], document["cause"]["known"]) == ("FAILED", "command-not-found")
    assert document["cause"]["detail"][0] == "why"
    named = {one["name"]: one["status"] for one in document["phases"]}
    assert (named["BUILD"], named["POST_BUILD"], named["COMPLETED"]) == ("FAILED", "SUCCEEDED", "SUCCEEDED")


def test_reports_are_told_of(shell: Shell, tmp_path: Path) -> None:
    cases = "<testcase name='a'/><testcase name='b'><failure message='no'/></testcase>"
    text = HEAD + "phases:\n  build:\n    commands: ['false']\nreports: {unit: {files: [out.xml]}}\n"
    made = folder(tmp_path / "site", buildspec_yml=text, out_xml=f"<testsuite>{cases}</testsuite>")
    (made / "out_xml").rename(made / "out.xml")
    ran = shell.awspipe("build", cwd=made)
    assert ran.code == 5, str(ran)
    assert ran.out.splitlines()[-2:] == [
        "report unit: 2 tests: 1 passed, 1 failed",
        "failed in BUILD: exit code 1 of the command: false",
    ]
    (report,) = shell.awspipe("build", "--json", cwd=made).document["reports"]
    assert (report["name"], report["tests"]) == ("unit", 2)
    assert report["failed"] == [{"name": "b", "class": "", "message": "no"}]


def test_the_answer_as_json(shell: Shell, tmp_path: Path) -> None:
    made = folder(tmp_path / "site", buildspec_yml=GOOD)
    document = shell.done("build", "--json", cwd=made).document
    assert (document["status"], document["cause"], document["directory"]) == ("SUCCEEDED", None, None)
    assert document["exported"] == {"TAG": "v1"}
    assert document["artifacts"] == [
        {"name": "", "files": ["page.html", "run"]},
        {"name": "Docs", "files": ["src/page.html"]},
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--source", "no"), "there is no directory no"),
        (("--buildspec", "other.yml"), "there is no other.yml, neither in . nor here"),
        (("--source", "src"), "there is no buildspec.yml in src"),
        (("--env", "K"), "'K' is no variable"),
        (("--env", "2=1"), "'2=1' is no variable"),
        (("--artifacts", "src"), "src is there already"),
        (("--buildspec", "bad.yml"), "bad.yml:4:22"),
        (("--buildspec", "batch.yml"), "batch builds are not played here"),
    ],
)
def test_what_cannot_be_built(shell: Shell, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    made = folder(
        tmp_path / "site",
        buildspec_yml=GOOD,
        bad_yml=HEAD + "phases:\n  build:\n    commands: ['a', {b: c}]\n    on-failure: MAYBE\n",
        batch_yml=HEAD + "batch: {build-list: [{identifier: one}]}\n",
    )
    assert says in shell.refused(2, "build", *words, cwd=made)


SECRET = (
    HEAD
    + """\
env:
  secrets-manager: {TOKEN: "build/token:key"}
  parameter-store: {NAME: /build/name}
phases:
  build:
    commands: ['echo "token $TOKEN name $NAME url ${AWS_ENDPOINT_URL-none}"', 'printf %s "$TOKEN" > seen']
artifacts: {files: [seen]}
"""
)


def test_secrets_are_given_or_come_from_the_sandbox_that_runs(shell: Shell, tmp_path: Path) -> None:
    import boto3

    made = folder(tmp_path / "site", buildspec_yml=SECRET)
    shell.done("sandbox", "stop")
    said = shell.refused(2, "build", "--env", "NAME=n", cwd=made)
    assert "TOKEN comes from the secret build/token:key, and no sandbox runs that could have it" in said
    assert "--env TOKEN=VALUE gives it" in said
    ran = shell.done(
        "build", "--env", "TOKEN=given-token", "--env", "NAME=given-name", "--artifacts", "one", cwd=made
    )
    assert "    token *** name *** url none\n" in ran.err
    assert (made / "one/seen").read_text() == "given-token"

    key = shell.sandbox_environ()
    session = boto3.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    here = {"endpoint_url": key["AWS_ENDPOINT_URL"]}
    secrets = session.client("secretsmanager", **here)
    secrets.create_secret(Name="build/token", SecretString='{"key": "kept-token"}')
    missing = shell.refused(2, "build", cwd=made)
    assert "NAME comes from the parameter /build/name" in missing
    session.client("ssm", **here).put_parameter(Name="/build/name", Value="kept-name", Type="String")
    ran = shell.done("build", "--artifacts", "two", cwd=made)
    assert f"    token *** name *** url {key['AWS_ENDPOINT_URL']}\n" in ran.err
    assert (made / "two/seen").read_text() == "kept-token"


@pytest.mark.parametrize(("isolation", "number"), [("", signal.SIGINT), ("process", signal.SIGTERM)])
def test_ctrl_c_ends_all_that_runs(
    shell: Shell, tmp_path: Path, isolation: str, number: signal.Signals
) -> None:
    began, mark = tmp_path / "began", f"84{os.getpid()}{time.monotonic_ns() % 10**7}"
    text = HEAD + f"phases:\n  build:\n    commands: ['(setsid sleep {mark} &) ; echo began; sleep {mark}']\n"
    made = folder(tmp_path / "site", buildspec_yml=text)
    command = [sys.executable, "-m", "awspipe", "build", "--source", str(made)]
    with (
        began.open("w") as heard,
        subprocess.Popen(
            command,
            env=shell.environ(AWSPIPE_SANDBOX_ISOLATION=isolation),
            stderr=heard,
            process_group=0,
        ) as running,
    ):
        deadline = time.monotonic() + 30
        while "    began\n" not in began.read_text():
            assert time.monotonic() < deadline, began.read_text()
            time.sleep(0.02)
        os.killpg(running.pid, number)
        running.wait(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in began.read_text()
    assert processes(mark) == []
    assert not (shell.home / "state/awspipe/sandbox-builds").exists()
