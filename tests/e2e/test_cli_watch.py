"""Watching real executions with the real command."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.shell import Shell, Terminal


def test_executions_are_watched_on_a_terminal_and_elsewhere(shell: Shell) -> None:
    """One pipeline that waits for an approval in each execution; one after the other."""
    project = shell.project("seen")
    shell.done("up", "--sandbox", cwd=project)
    drawn_anew_on_a_terminal(shell, project)
    a_line_for_each_change_elsewhere(shell, project)


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


@contextlib.contextmanager
def running(shell: Shell, *words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """awspipe on a Korean console whose output is read line by line; it does not outlive the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "awspipe", *words],
        cwd=cwd,
        env=shell.environ(PYTHONIOENCODING="cp949"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="cp949",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def a_line_for_each_change_elsewhere(shell: Shell, project: Path) -> None:
    push(shell, project, "둘째")
    with running(shell, "watch", "--sandbox", cwd=project) as process:
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


PUBLISHED = """\
name: {name}
stages:
  - name: Source
    provider: codecommit
    repository: {name}
  - name: Deploy
    provider: s3
    website: true
"""


def test_what_up_and_run_start_is_followed(shell: Shell) -> None:
    project = shell.project("begun", PUBLISHED)
    made = shell.done("up", "--watch", "--sandbox", cwd=project)
    up, end = made.out.index("begun is up: "), made.out.index("● begun: execution ")
    assert up < end
    assert " Succeeded in " in made.out[end:]
    ran = shell.done("run", "--commit", "HEAD", "--watch", "--json", "--sandbox", cwd=project)
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert records[0]["event"] == "started"
    assert records[0]["commits"] == {"Source": shell.git("rev-parse", "HEAD", cwd=project)}
    assert (records[-1]["event"], records[-1]["status"]) == ("end", "Succeeded")
    assert {one["execution_id"] for one in records} == {records[0]["execution_id"]}
    (site,) = records[-1]["sites"]
    assert site in made.out[end:]
