"""Questions, progress and Ctrl-C on a real terminal."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.shell import REGION, Shell, Terminal


def test_up_and_down_ask_on_a_terminal_and_do_nothing_after_another_answer(shell: Shell) -> None:
    project = shell.project("asked")
    with Terminal(shell, "up", "--sandbox", cwd=project, columns=40) as terminal:
        terminal.wait_for("Go on? [y/N] ").interrupt()
        assert terminal.end() == 130
    assert "awspipe: interrupted: nothing was\n    changed\n" in terminal.shown
    assert max(map(len, terminal.shown.splitlines())) <= 60

    where = ("--sandbox", "--region", "eu-west-3")  # no pipeline is there yet
    with Terminal(shell, "up", *where, cwd=project) as terminal:
        terminal.wait_for("Go on? [y/N] ").answer("y")
        assert terminal.end() == 0
    assert "asked is up: " in terminal.shown

    further = shell.project("further")
    with Terminal(shell, "up", *where, cwd=further) as terminal:
        terminal.wait_for("Go on? [y/N] ").answer("y")
        terminal.wait_for("Go on all the same? [y/N] ").answer("n")
        assert terminal.end() == 1
    shown = " ".join(terminal.shown.split())
    assert "pipeline #2 of this region (others were not looked at): V2 adds no monthly price" in shown
    assert "This is pipeline #2 of this account and region; further costs $0.00 a month at 20 exec" in shown
    assert shown.endswith("awspipe: nothing was changed")

    with Terminal(shell, "down", *where, cwd=project) as terminal:
        terminal.wait_for("Type the pipeline's name to remove it (asked): ").answer("asket")
        assert terminal.end() == 1
    assert "awspipe: nothing was removed" in terminal.shown

    with Terminal(shell, "down", *where, cwd=project) as terminal:
        terminal.wait_for("Type the pipeline's name to remove it (asked): ").answer("asked")
        assert terminal.end() == 0
    assert "asked is gone: " in terminal.shown


def test_away_from_the_sandbox_nothing_happens_unasked(shell: Shell) -> None:
    project = shell.project("unasked")
    keys = shell.sandbox_environ()
    words = ("up", "-f", str(project / "awspipe.yml"), "--region", "us-west-2")
    said = shell.refused(2, *words, **keys)
    assert said.endswith(
        "awspipe: nobody is there to be asked: nothing was changed\n"
        f"  try: `awspipe up -f {project / 'awspipe.yml'} --region us-west-2 --yes` goes on without asking\n"
    )
    assert f"account 123456789012, us-west-2, endpoint {keys['AWS_ENDPOINT_URL']}\n" in said
    refused = shell.awspipe(*words, "--json", **keys)
    assert refused.code == 2
    assert refused.document["error"]["message"] == "nobody is there to be asked: nothing was changed"

    up = shell.done(*words, "--yes", **keys)
    assert up.out.startswith("unasked is up: ")
    assert ", commit " in up.out
    down = ("down", "unasked", "--region", "us-west-2")
    assert "`awspipe down unasked --region us-west-2 --yes`" in shell.refused(2, *down, **keys)
    assert "unasked is gone" in shell.done(*down, "--yes", **keys).out


@pytest.fixture
def moto() -> Iterator[str]:
    """Stock moto, whose repositories have AWS's own addresses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while not _listens(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_nothing_is_pushed_to_aws_by_what_only_plays_it(shell: Shell, moto: str) -> None:
    project = shell.project("played")
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    address = f"https://git-codecommit.{REGION}.amazonaws.com/v1/repos/played"
    words = ("up", "--yes", "--region", REGION, "--endpoint-url", moto)
    up = shell.done(*words, cwd=project, **keys)
    assert "  . push commit to repository played (main): not started\n" in up.err
    assert (
        f"  ! nothing was pushed ({address} is AWS's address, and the calls go to {moto}): "
        "the pipeline waits for branch main of repository played\n"
    ) in up.out
    assert shell.git("remote", cwd=project) == ""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Shell]:
    """A shell of its own, whose sandbox takes its time to answer."""
    machine = Machine(tmp_path)
    machine.environ["AWSPIPE_SANDBOX_DELAY_MS"] = "300"
    yield Shell(machine)
    machine.close()


def test_ctrl_c_ends_an_up_that_the_next_one_finishes(slow: Shell) -> None:
    project = slow.project("halfway")
    slow.done("sandbox", "start")
    with Terminal(slow, "up", "--sandbox", "--yes", cwd=project) as terminal:
        terminal.wait_for(" of 7 done; ").interrupt()
        assert terminal.end() == 130
    assert "awspipe: interrupted: " in terminal.shown
    assert "`awspipe up --sandbox` goes on where this ended; " in " ".join(terminal.shown.split())
    assert "`awspipe down halfway --sandbox` removes what there is" in " ".join(terminal.shown.split())

    with Terminal(slow, "up", "--sandbox", "--yes", cwd=project) as terminal:
        assert terminal.end() == 0
    assert "halfway is up: " in terminal.shown
    assert "halfway: no changes" in slow.done("up", "--sandbox", cwd=project).out


def test_a_second_ctrl_c_leaves_at_once(slow: Shell) -> None:
    project = slow.project("twice")
    slow.done("sandbox", "start")
    with Terminal(slow, "up", "--sandbox", "--yes", cwd=project) as terminal:
        terminal.wait_for(" of 7 done; ").interrupt().wait_for("Ctrl-C again leaves at once").interrupt()
        assert terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert "is gone" in slow.done("down", "--sandbox", "--delete-data", cwd=project).out
