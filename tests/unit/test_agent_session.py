"""An agent in a process of its own, driven by lines."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from awspipe.sandbox.agent.order import LIFECYCLE, Order
from awspipe.sandbox.agent.session import Session
from tests.support import revisions

APPSPEC = """\
version: 0.0
os: linux
hooks:
  AfterInstall: [{location: scripts/a.sh}]
  ApplicationStart: [{location: scripts/kill.sh}]
"""


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_deployment_by_lines(tmp_path: Path) -> None:
    kill = "#!/bin/sh\nkill -9 $(ps -o ppid= -p $PPID)\n"  # its parent is a shell, and that one's the agent
    scripts = {"scripts/a.sh": "#!/bin/sh\necho hello\n", "scripts/kill.sh": kill}
    bundle = revisions.folder(tmp_path / "b", {"appspec.yml": APPSPEC, **scripts})
    order = Order(
        deployment_id="d-1",
        group_id="g",
        group_name="web",
        application="shop",
        bundle=str(bundle),
        root=str(tmp_path),
    )
    said: list[str] = []
    with Session(start, order, said.append) as session:
        outcomes = [session.run(event) for event in LIFECYCLE]
    assert said[:3] == ["LifecycleEvent - AfterInstall", "Script - scripts/a.sh", "[stdout]hello"]
    assert [one.ok for one in outcomes] == [True] * 5 + [False, False]
    assert outcomes[-1].message == "The agent on this host ended before the lifecycle event did."
