"""Watching real executions with the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.shell import Shell, Terminal


def test_executions_are_watched_on_a_terminal_and_elsewhere(shell: Shell) -> None:
    """One pipeline that waits for an approval in each execution; one after the other."""
    project = shell.project("seen")
    shell.done("up", "--sandbox", cwd=project)
    drawn_anew_on_a_terminal(shell, project)
    a_line_for_each_change_elsewhere(shell, project)
    the_next_that_starts(shell, project)
    no_longer_than_its_time(shell, project)


def push(shell: Shell, project: Path, message: str) -> None:
    """A commit that starts an execution."""
    shell.git("commit", "--quiet", "--allow-empty", "-m", message, cwd=project)
    shell.git("push", "--quiet", "awspipe", cwd=project)


def drawn_anew_on_a_terminal(shell: Shell, project: Path) -> None:
    """Ctrl-C leaves the execution running."""
    with Terminal(shell, "watch", "--sandbox", cwd=project, columns=40) as terminal:
        terminal.wait_for("waits for").wait_for("Ctrl-C stops watching").interrupt()
        assert terminal.end() == 130
    assert "awspipe: stopped watching: execution" in terminal.shown
    assert "Traceback" not in terminal.shown

    with Terminal(shell, "watch", "--sandbox", cwd=project) as terminal:
        terminal.wait_for("Approve  waits for ")
        shell.done("approve", "--sandbox", cwd=project)
        assert terminal.end() == 0
    end = terminal.shown[terminal.shown.rindex("● seen: execution ") :]
    assert " Succeeded in " in end
    assert end.splitlines()[1].startswith("next: awspipe status seen --sandbox")


def a_line_for_each_change_elsewhere(shell: Shell, project: Path) -> None:
    push(shell, project, "둘째")
    words = [sys.executable, "-m", "awspipe", "watch", "--sandbox"]
    with subprocess.Popen(
        words,
        cwd=project,
        env=shell.environ(PYTHONIOENCODING="cp949"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="cp949",
    ) as process:
        assert process.stdout
        found = []
        for line in process.stdout:
            found.append(line.rstrip())
            if "waits for an answer" in line:
                assert line.endswith("Approve waits for an answer: awspipe approve seen --sandbox\n")
                shell.done("reject", "--comment", "아직", "--sandbox", cwd=project)
        assert process.wait(60) == 5
    assert "둘째 (started by a change of the source)" in found[0]
    assert any(line.startswith("× seen: execution ") and " Failed after " in line for line in found)
    assert any("아직" in line for line in found)

    again = shell.awspipe("watch", "--sandbox", "--json", cwd=project)
    assert again.code == 5
    records = [json.loads(line) for line in again.out.splitlines()]
    assert [one["event"] for one in records] == ["execution", "action", "action", "end"]
    assert records[-1]["status"] == "Failed"
    assert again.err == ""


def the_next_that_starts(shell: Shell, project: Path) -> None:
    words = [sys.executable, "-m", "awspipe", "watch", "seen", "--sandbox", "--json"]
    empty = shell.machine.work / "elsewhere"
    empty.mkdir()
    with subprocess.Popen(
        words, cwd=empty, env=shell.environ(), stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout
        waiting = json.loads(process.stdout.readline())
        assert (waiting["event"], waiting["newest_status"]) == ("waiting", "Failed")
        push(shell, project, "Third")
        message = ""
        for line in process.stdout:
            one = json.loads(line)
            message = one.get("message") or message
            if one["event"] == "action" and one["approval"]:
                shell.done("approve", "--sandbox", cwd=project)
        assert process.wait(60) == 0
    assert (message, one["event"], one["exit_code"]) == ("Third", "end", 0)


def no_longer_than_its_time(shell: Shell, project: Path) -> None:
    said = shell.refused(8, "watch", "seen", "--timeout", "1s", "--sandbox", cwd=shell.machine.work)
    assert "no execution has started, and the time of --timeout is over; nothing was stopped" in said
    assert "is no length of time" in shell.refused(2, "watch", "--timeout", "soon", "--sandbox", cwd=project)
