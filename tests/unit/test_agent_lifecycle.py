"""The agent's lifecycle events: their scripts, what these are told, and how they fail."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.sandbox.agent.order import LIFECYCLE
from tests.support import revisions
from tests.support.revisions import HEAD, Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "root")


def bundle(tmp_path: Path, hooks: str, **scripts: str) -> Path:
    """A revision: `hooks` is the appspec's, `scripts` are shell scripts by name."""
    number = len(list(tmp_path.glob("bundle-*")))
    files = {f"scripts/{name}.sh": f"#!/bin/sh\n{text}\n" for name, text in scripts.items()}
    return revisions.folder(
        tmp_path / f"bundle-{number}", {"appspec.yml": f"{HEAD}hooks:\n{hooks}\n", **files}
    )


def hook(event: str, location: str = "scripts/a.sh", more: str = "") -> str:
    return f"  {event}: [{{location: {location}{more}}}]"


def test_every_event_runs_in_its_order(tmp_path: Path, host: Host) -> None:
    events = [event for event in LIFECYCLE if event not in ("DownloadBundle", "Install")]
    made = bundle(tmp_path, "\n".join(hook(event) for event in events), a="echo $LIFECYCLE_EVENT")
    for _ in range(2):
        assert [one.event for one in host.deploy(made) if one.ok] == list(LIFECYCLE)
    ran = [line.removeprefix("[stdout]") for line in host.said if line.startswith("[stdout]")]
    assert ran == [event for event in events if event != "ApplicationStop"] + events


def test_what_a_script_is_told(tmp_path: Path, host: Host) -> None:
    script = 'env | grep -E "^(LIFE|DEPLOY|APPL|BUNDLE|AWSPIPE_ROOT)" | sort; pwd; cat'
    made = bundle(tmp_path, hook("BeforeInstall"), a=script)
    log = host.deploy(made, variables={"BUNDLE_BUCKET": "b"})[2].log
    assert log.splitlines() == [
        "LifecycleEvent - BeforeInstall",
        "Script - scripts/a.sh",
        "[stdout]APPLICATION_NAME=shop",
        f"[stdout]AWSPIPE_ROOT={host.root}",
        "[stdout]BUNDLE_BUCKET=b",
        "[stdout]DEPLOYMENT_GROUP_ID=group",
        "[stdout]DEPLOYMENT_GROUP_NAME=web",
        "[stdout]DEPLOYMENT_ID=d-1",
        "[stdout]LIFECYCLE_EVENT=BeforeInstall",
        f"[stdout]{host.root}",
    ]


@pytest.mark.parametrize(
    ("more", "script", "code", "message"),
    [
        (
            "",
            "echo no >&2; exit 3",
            "ScriptFailed",
            "Script at specified location: scripts/a.sh failed with exit code 3",
        ),
        (
            ", timeout: 1",
            "echo no >&2; sleep 60",
            "ScriptTimedOut",
            "Script at specified location: scripts/a.sh failed to complete in 1 seconds",
        ),
        (
            ", timeout: 1",
            "echo no >&2; sleep 60 2>/dev/null & echo $! >$AWSPIPE_ROOT/left",
            "UnknownError",
            "Script at specified location: scripts/a.sh failed to close STDOUT",
        ),
        (
            ", timeout: 1",
            "echo no >&2; exec >&- 2>&-; sleep 60",
            "ScriptTimedOut",
            "Script at specified location: scripts/a.sh failed to complete in 1 seconds",
        ),
    ],
)
@pytest.mark.usefixtures("_nothing_left")
def test_a_script_that_fails(
    tmp_path: Path, host: Host, more: str, script: str, code: str, message: str
) -> None:
    made = bundle(tmp_path, hook("AfterInstall", more=more), a=script)
    last = host.deploy(made)[-1]
    assert (last.event, last.code, last.script, last.message) == (
        "AfterInstall",
        code,
        "scripts/a.sh",
        message,
    )
    assert last.log == "LifecycleEvent - AfterInstall\nScript - scripts/a.sh\n[stderr]no\n"


@pytest.fixture
def _nothing_left(host: Host) -> Iterator[None]:
    yield
    left = host.root / "left"
    if left.exists():
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_a_script_that_is_missing(tmp_path: Path, host: Host) -> None:
    last = host.deploy(bundle(tmp_path, hook("BeforeInstall", "scripts/no.sh")))[-1]
    assert (last.code, last.script) == ("ScriptMissing", "scripts/no.sh")
    assert last.message == "Script does not exist at specified location: scripts/no.sh"


def test_a_script_is_made_executable(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("BeforeInstall"), a="echo yes")
    (made / "scripts/a.sh").chmod(0o644)
    assert host.deploy(made)[-1].ok


def test_a_script_with_windows_lines_is_explained(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("BeforeInstall"), a="echo yes")
    (made / "scripts/a.sh").write_bytes(b"#!/bin/sh\r\necho yes\r\n")
    last = host.deploy(made)[-1]
    assert last.message.endswith("failed with exit code 127 (its lines end with CRLF: save it with LF)")


def test_a_background_server_that_keeps_no_output_is_fine(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("ApplicationStart", more=", timeout: 30"), a="sleep 1 >/dev/null 2>&1 &")
    assert host.deploy(made)[-1].ok


def test_the_log_keeps_its_end(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("BeforeInstall"), a="seq 1000; printf last")
    log = host.deploy(made)[2].log
    assert len(log.encode()) == 2048
    assert log.endswith("[stdout]1000\n[stdout]last\n")
    assert "[stdout]1" in host.said
    whole = host.root / "opt/codedeploy-agent/deployment-root/deployment-logs"
    assert "[d-1][stdout]1\n" in (whole / "codedeploy-agent-deployments.log").read_text()


def test_application_stop_is_the_last_installed_revisions(tmp_path: Path, host: Host) -> None:
    first = bundle(tmp_path, hook("ApplicationStop"), a="echo stop one")
    fails = hook("ApplicationStop") + "\n" + hook("ApplicationStart", "scripts/b.sh")
    second = bundle(tmp_path, fails, a="echo stop two", b="exit 1")
    assert host.deploy(first)[0].log == ""
    assert host.deploy(second)[0].log.endswith("[stdout]stop one\n")
    third = host.deploy(first)  # the second failed after its Install: its script is the one to stop it
    assert third[0].log.endswith("[stdout]stop two\n")


def test_without_an_appspec(tmp_path: Path, host: Host) -> None:
    last = host.deploy(revisions.folder(tmp_path / "b", {"a": "1"}))[-1]
    assert last.event == "BeforeInstall"
    assert last.message.startswith("The CodeDeploy agent did not find an AppSpec file within the unpacked")


def test_an_appspec_yaml_is_found_too(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("BeforeInstall"), a="echo yes")
    (made / "appspec.yml").rename(made / "appspec.yaml")
    assert host.deploy(made)[-1].ok


def test_an_appspec_that_is_wrong(tmp_path: Path, host: Host) -> None:
    last = host.deploy(revisions.folder(tmp_path / "b", {"appspec.yml": "version: 1.0\nos: linux\n"}))[-1]
    assert (last.event, last.code) == ("BeforeInstall", "UnknownError")
    assert last.message.startswith("appspec.yml:1:10: ")


def test_five_revisions_are_kept_and_the_installed_one_among_them(tmp_path: Path, host: Host) -> None:
    good = bundle(tmp_path, hook("BeforeInstall"), a="true")
    bad = bundle(tmp_path, hook("BeforeInstall"), a="exit 1")
    assert host.deploy(good)[-1].ok
    for number in range(7):
        folder = host.root / "opt/codedeploy-agent/deployment-root/group" / f"d-{number + 1}"
        os.utime(folder, (number, number))
        assert not host.deploy(bad)[-1].ok
    kept = {one.name for one in (host.root / "opt/codedeploy-agent/deployment-root/group").iterdir()}
    assert kept == {"d-1", "d-5", "d-6", "d-7", "d-8"}


def test_the_last_revision_is_started_again(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, hook("ApplicationStart"), a="echo up")
    assert host.agent(made).start_again() is None
    host.deploy(made)
    again = host.agent(made).start_again()
    assert again is not None
    assert again.log.endswith("[stdout]up\n")
