"""The lines of real builds, with the real command."""

from __future__ import annotations

import json

from tests.e2e.shell import Shell, Terminal

SPEC = """\
name: {name}
stages:
  - name: Source
    provider: codecommit
    repository: {name}
  - name: Build
    actions:
      - name: Count
        provider: codebuild
        buildspec: |
          version: 0.2
          phases:
            build:
              commands:
                - for n in $(seq 1 150); do echo "line $n"; done; sleep 2
                - for n in $(seq 151 300); do echo "line $n"; done
          artifacts: {{files: ["**/*"]}}
      - name: Paint
        provider: codebuild
        buildspec: |
          version: 0.2
          phases:
            build:
              commands:
                - printf '\\033[2J\\033[31m빨강\\033[0m\\n'
          artifacts: {{files: ["**/*"]}}
"""


def test_no_line_of_a_build_is_lost_or_doubled(shell: Shell) -> None:
    project = shell.project("talks", SPEC)
    shell.done("up", "--sandbox", cwd=project)
    followed = shell.awspipe(
        "logs", "-f", "--sandbox", cwd=project, PYTHONIOENCODING="cp949", encoding="cp949"
    )
    assert followed.code == 0, str(followed)
    counted = [line for line in followed.out.splitlines() if line.startswith("Build/Count | line ")]
    assert counted == [f"Build/Count | line {number}" for number in range(1, 301)]
    assert "Build/Paint | \x1b[2J\x1b[31m빨강\x1b[0m\n" in followed.out
    assert all(line.startswith("Build/") for line in followed.out.splitlines())
    assert followed.err.splitlines()[-1].endswith(" Succeeded")

    last = shell.done(
        "logs", "--stage", "Build", "--action", "Count", "--tail", "3", "--json", "--sandbox", cwd=project
    )
    records = [json.loads(line) for line in last.out.splitlines()]
    assert [(one["event"], one["stage"], one["action"]) for one in records] == [
        ("line", "Build", "Count")
    ] * 3
    assert last.err == ""
    said = shell.refused(2, "logs", "--stage", "Buld", "--sandbox", cwd=project)
    assert "did you mean Build?" in said

    with Terminal(shell, "logs", "--action", "Paint", "--sandbox", cwd=project, NO_COLOR="") as terminal:
        assert terminal.end() == 0
    assert "\x1b[36mBuild/Paint | \x1b[39m\x1b[31m빨강\x1b[0m\x1b[0m\n" in terminal.shown
    assert "\x1b[2J" not in terminal.shown
