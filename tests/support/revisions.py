"""Revisions for the CodeDeploy agent, and what is left of a deployment on a host."""

from __future__ import annotations

import io
import tarfile
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from awspipe.sandbox.agent.lifecycle import Agent
from awspipe.sandbox.agent.order import LIFECYCLE, Order, Outcome

HEAD = "version: 0.0\nos: linux\n"


def folder(path: Path, files: Mapping[str, str]) -> Path:
    """A revision in a directory; what lies in `scripts/` can be run."""
    for name, text in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))
        if name.startswith("scripts/"):
            place.chmod(0o755)
    return path


def zipped(files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """A revision as a zip; `modes` are of files that are more than that."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            usual = 0o100755 if name.startswith("scripts/") else 0o100644
            entry.external_attr = (modes or {}).get(name, usual) << 16 or 0x20  # 0 would become 0600
            archive.writestr(entry, content)
    return made.getvalue()


def tarred(path: Path, members: Mapping[str, tuple[bytes, str]], mode: str = "w") -> Path:
    """A tar at `path`: name -> (type, content or link target)."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, (kind, content) in members.items():
            info = tarfile.TarInfo(name)
            info.type = kind
            info.mode = 0o755
            data = b""
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = content
            else:
                data = content.encode()
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


class Host:
    """A host whose `/` is a directory of the test's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.said: list[str] = []
        self._number = 0

    def agent(self, bundle: Path, **members: Any) -> Agent:
        """The agent with one more deployment."""
        self._number += 1
        order = Order(
            **{
                "deployment_id": f"d-{self._number}",
                "group_id": "group",
                "group_name": "web",
                "application": "shop",
                "bundle": str(bundle),
                "root": str(self.root),
                **members,
            }
        )
        return Agent(order, self.said.append)

    def deploy(self, bundle: Path, **members: Any) -> list[Outcome]:
        """Run the events until one fails."""
        agent, outcomes = self.agent(bundle, **members), []
        for event in LIFECYCLE:
            outcomes.append(agent.run(event))
            if not outcomes[-1].ok:
                break
        return outcomes

    def files(self, below: str = "") -> dict[str, str]:
        """Every file that is not the agent's own, with its content."""
        start = self.root / below
        return {
            str(one.relative_to(self.root)): one.read_text()
            for one in sorted(start.rglob("*"))
            if one.is_file() and "codedeploy-agent" not in one.parts
        }
