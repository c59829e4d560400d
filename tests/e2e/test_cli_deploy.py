"""`awspipe deploy` and `awspipe sandbox hosts`, as a user types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.shell import Shell
from tests.support import revisions

APPSPEC = (
    revisions.HEAD
    + """\
files: [{source: app, destination: /srv/shop}]
hooks:
  ApplicationStop: [{location: scripts/say.sh}]
  AfterInstall: [{location: scripts/say.sh}]
"""
)
SAY = '#!/bin/sh\necho "$LIFECYCLE_EVENT of $(cat $AWSPIPE_ROOT/srv/shop/version)"\n'
EVENTS = [
    "  + ApplicationStop",
    "  + DownloadBundle",
    "  + BeforeInstall",
    "  + Install",
    "  + AfterInstall",
    "  + ApplicationStart",
    "  + ValidateService",
]


def revision(path: Path, **files: str) -> Path:
    named = {name.replace("__", "/"): text for name, text in files.items()}
    usual = {"appspec.yml": APPSPEC, "scripts/say.sh": SAY, "app/version": "1\n"}
    return revisions.folder(path, {**usual, **named})


def test_a_revision_is_applied_and_the_next_one_takes_its_place(shell: Shell, tmp_path: Path) -> None:
    made = revision(tmp_path / "one", app__old="old\n")
    root = tmp_path / "root"
    first = shell.done("deploy", "--bundle", str(made), "--root", str(root))
    assert first.out.splitlines()[:-1] == EVENTS
    assert first.out.splitlines()[-1].startswith("deployed: d-")
    assert f"deploying to {root}, which stands for / (AWSPIPE_ROOT)" in first.err
    assert "    [stdout]AfterInstall of 1" in first.err
    second = shell.done(
        "deploy", "--root", str(root), cwd=revision(tmp_path / "two", app__version="2\n"), AWSPIPE_X="1"
    )
    assert "    [stdout]ApplicationStop of 1\n" in second.err
    assert "    [stdout]AfterInstall of 2\n" in second.err
    assert not (root / "srv/shop/old").exists()


def test_a_revision_as_an_archive_and_an_answer_as_json(shell: Shell, tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    archive.write_bytes(revisions.zipped({"appspec.yml": APPSPEC, "scripts/say.sh": SAY, "app/version": "1"}))
    ran = shell.done("deploy", "--bundle", str(archive), "--json")
    assert ran.document["status"] == "Succeeded"
    assert ran.document["root"] == str(shell.home / "state/awspipe/sandbox-host")
    assert [one["event"] for one in ran.document["events"]] == [one[4:] for one in EVENTS]


def test_a_script_that_fails_ends_with_5(shell: Shell, tmp_path: Path) -> None:
    made = revision(tmp_path / "bad", **{"scripts/say.sh": "#!/bin/sh\nexit 3\n"})
    ran = shell.awspipe("deploy", "--bundle", str(made), "--root", str(tmp_path / "root"))
    assert ran.code == 5
    says = "Script at specified location: scripts/say.sh failed with exit code 3 (ScriptFailed)"
    assert f"  ! AfterInstall: {says}" in ran.out.splitlines()
    assert ran.out.splitlines()[-1].endswith(
        "failed in AfterInstall; skipped: ApplicationStart, ValidateService"
    )


def test_file_exists(shell: Shell, tmp_path: Path) -> None:
    made, root = revision(tmp_path / "one"), tmp_path / "root"
    (root / "srv/shop").mkdir(parents=True)
    (root / "srv/shop/version").write_text("mine\n")
    words = ("deploy", "--bundle", str(made), "--root", str(root))
    assert shell.awspipe(*words).code == 5
    shell.done(*words, "--file-exists", "RETAIN")
    assert (root / "srv/shop/version").read_text() == "mine\n"
    shell.done(*words, "--file-exists", "OVERWRITE")
    assert (root / "srv/shop/version").read_text() == "1\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--bundle", "no"), "there is no revision at no"),
        (("--root", "/x", "--host", "web"), "--root and --host are two places"),
        ((), "there is no appspec.yml in ."),
        (("--file-exists", "SOMETIMES"), "SOMETIMES"),
    ],
)
def test_what_cannot_be_deployed(shell: Shell, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    assert says in shell.refused(2, "deploy", *words, cwd=tmp_path)


def test_a_wrong_appspec_is_shown_with_its_place(shell: Shell, tmp_path: Path) -> None:
    made = revision(tmp_path / "bad", **{"appspec.yml": "version: 0.0\nos: plan9\n"})
    said = shell.refused(2, "deploy", "--bundle", str(made))
    assert "appspec.yml:2:5" in said


def test_ctrl_c_ends_the_script(shell: Shell, tmp_path: Path) -> None:
    script = "#!/bin/sh\ntrap 'touch $AWSPIPE_ROOT/ended; exit' TERM\ntouch $AWSPIPE_ROOT/began\n"
    made = revision(tmp_path / "slow", **{"scripts/say.sh": script + "while true; do sleep 0.05; done\n"})
    root = tmp_path / "root"
    command = [sys.executable, "-m", "awspipe", "deploy", "--bundle", str(made), "--root", str(root)]
    with subprocess.Popen(
        command, env=shell.environ(), stderr=subprocess.PIPE, process_group=0, encoding="utf-8"
    ) as running:
        deadline = time.monotonic() + 30
        while not (root / "began").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert (root / "ended").exists()


def test_hosts_by_hand(shell: Shell, tmp_path: Path) -> None:
    made = shell.done("sandbox", "hosts", "add", "web", "--tag", "app=shop").out
    assert made.startswith("the host web is there: app=shop; what it serves will be at http://127.0.0.1:")
    shell.done("deploy", "--bundle", str(revision(tmp_path / "one")), "--host", "web")
    again = shell.done("deploy", "--bundle", str(revision(tmp_path / "two")), "--host", "web")
    assert "[stdout]ApplicationStop of 1" in again.err
    listed = shell.done("sandbox", "hosts", "--json").document["hosts"]
    assert [(one["name"], one["tags"], one["running"]) for one in listed] == [("web", {"app": "shop"}, True)]
    assert shell.done("sandbox", "hosts", "remove", "web").out == "the host web is gone\n"
    assert shell.done("sandbox", "hosts").out.startswith("there are no hosts: ")
    assert "there is no host web" in shell.refused(2, "deploy", "--host", "web", cwd=tmp_path / "one")
    assert "is no tag" in shell.refused(2, "sandbox", "hosts", "add", "x", "--tag", "app")
