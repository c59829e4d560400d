"""An execution steered by the real command: approved, found again, rolled back, stopped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.shell import Ran, Shell, Terminal

_SECONDS = 60.0
_PENDING = 8


@pytest.fixture(scope="module")
def project(shell: Shell) -> Path:
    """A pipeline whose second execution, of two commits in one push, has been approved too."""
    found = shell.project("steered")
    shell.done("up", "--sandbox", cwd=found)
    answered(shell, found, "approve")
    shell.git("commit", "--allow-empty", "--quiet", "-m", "Say more", cwd=found)
    shell.git("commit", "--allow-empty", "--quiet", "-m", "Say it again: 배포", cwd=found)
    shell.git("push", "--quiet", "awspipe", cwd=found)
    answered(shell, found, "approve", "--comment", "looks good")
    return found


def answered(shell: Shell, project: Path, *words: str) -> Ran:
    """The answer to an approval, once one waits: until then the command says that it is pending."""
    deadline = time.monotonic() + _SECONDS
    while (ran := shell.awspipe(*words, "--sandbox", cwd=project)).code == _PENDING or _is_between(ran):
        assert time.monotonic() < deadline, str(ran)
    assert ran.code == 0, str(ran)
    return ran


def _is_between(ran: Ran) -> bool:
    """Whether the execution that a push starts is not there yet."""
    return "no execution is under way" in ran.err


def test_a_commit_is_live_and_the_one_before_it_was(shell: Shell, project: Path) -> None:
    live = shell.done("status", "HEAD", "--sandbox", cwd=project)
    head = shell.git("rev-parse", "--short=7", "HEAD", cwd=project)
    assert live.out.startswith(f"{head} Say it again: 배포\n  ● live: execution ")
    carried = shell.done("status", "HEAD~1", "--sandbox", cwd=project)
    assert f", carried by {head} Say it again: 배포\n  ● live: execution " in carried.out
    before = shell.done("status", "HEAD~2", "--sandbox", "--json", cwd=project).document
    assert (before["exit_code"], before["commits"][0]["where"]) == (0, "replaced")

    history = shell.done("history", "--sandbox", cwd=project).out.splitlines()
    assert [line.split()[2] for line in history if line.startswith("  ●")] == ["Succeeded"] * 2
    assert history[-2].endswith("by its creation")
    assert shell.awspipe("retry", "--sandbox", cwd=project).code == 1


def test_a_korean_console_shows_and_does_the_same(shell: Shell, project: Path) -> None:
    console = {"encoding": "cp949", "PYTHONIOENCODING": "cp949"}
    for words in (("status",), ("status", "HEAD"), ("history",)):
        ran = shell.awspipe(*words, "--sandbox", cwd=project, **console)
        assert ran.code == 0, str(ran)
        assert "● " in ran.out
        assert "Say it again: 배포" in ran.out or words == ("status",)
    hold = shell.awspipe("disable", "Approve", "--reason", "night", "--sandbox", cwd=project, **console)
    assert hold.code == 0, str(hold)
    (shown,) = shell.done("status", "--sandbox", "--json", cwd=project).document["pipelines"]
    assert [one["transition_disabled"] for one in shown["stages"]] == [None, "night"]
    free = shell.awspipe("enable", "Approve", "-n", "steered", "--sandbox", **console)
    assert "(it was: night)" in free.out


def test_a_loss_is_asked_about_on_a_terminal(shell: Shell, project: Path) -> None:
    words = ("rollback", "Approve", "--sandbox")
    with Terminal(shell, *words, cwd=project, columns=40) as terminal:
        terminal.wait_for("Go on? [y/N] ").answer("n")
        assert terminal.end() == 1
    assert "  Approve goes back to execution" in terminal.shown
    assert "awspipe: nothing was changed\n" in terminal.shown
    with Terminal(shell, *words, cwd=project) as terminal:
        terminal.wait_for("Go on? [y/N] ").answer("y")
        assert terminal.end() == 0
    assert "rolling back: Approve of steered to execution " in terminal.shown

    waiting = shell.done("status", "--sandbox", cwd=project, COLUMNS="40").out
    assert "for approval" in waiting
    assert "next: awspipe approve steered --sandbox" in waiting
    stopped = shell.done("stop", "--abandon", "--reason", "enough", "--sandbox", cwd=project).out
    assert stopped.startswith("stopping: execution ")
    assert "\x1b" not in stopped
    assert shell.awspipe("approve", "--sandbox", cwd=project).code == 1
    assert "      stopped: enough\n" in shell.done("history", "--sandbox", cwd=project).out
