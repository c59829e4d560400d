"""A box without namespaces: plain processes of this user, and a directory that stands for `/`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from awspipe.sandbox import box
from awspipe.sandbox.boxes import leftovers


class ProcessBox(box.Box):
    """Processes that carry a mark in their environment, by which those are found that left their group."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(directory, name)
        self._root = directory / "root"
        self._root.mkdir(mode=0o700, exist_ok=True)
        self.root_prefix = str(self._root)

    def entrance(self, cwd: str = "/") -> tuple[list[str], dict[str, str]]:
        """Nothing to go through, but the mark."""
        return [], {box.MARK: str(self.directory), "AWSPIPE_ROOT": self.root_prefix}

    def share(self, inside: str) -> Path:
        """The directory itself, below the one that stands for `/`."""
        made = self._root / inside.lstrip("/")
        made.mkdir(parents=True, exist_ok=True)
        return made

    def _kill_all(self, started: Sequence[subprocess.Popen[Any]]) -> None:
        leftovers.end_marked(self.directory, started)

    def _outer_cwd(self, cwd: str) -> str:
        return self.root_prefix if cwd == "/" else cwd
