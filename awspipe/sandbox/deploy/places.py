"""Where a host's processes run and its files lie."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

_MARK = "AWSPIPE_HOST_MARK"
_PATIENCE = 3.0
_LOOK = 0.02


class Place(Protocol):
    """A machine for one host."""

    level: str
    """How far it is from this machine: "namespace" or "process"."""
    root: str
    """What `/` of the host is to its own processes."""

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a process of the host's, with pipes for its input and output."""

    def within(self, path: Path) -> str:
        """The name that a path below the host's folder has for its processes."""

    def entrance(self) -> tuple[list[str], dict[str, str]]:
        """A command line that goes before one to be run on the host from elsewhere, and more environment."""

    def kill(self) -> None:
        """End every process; the files stay."""

    def destroy(self) -> None:
        """End every process and delete the files."""


def make(folder: Path) -> Place:
    """The best place that this machine has for a host, with its files in `folder`."""
    return ProcessPlace(folder)


def sweep(folder: Path) -> None:
    """End what a sandbox that was killed left running on a host."""
    make(folder).kill()


class ProcessPlace:
    """Plain processes on this machine: the host's `/` is a directory, and its ports are this machine's.

    Every process of the host carries a mark in its environment, by which those are found that were left
    running in the background.
    """

    level = "process"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder / "root"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root = str(self._root)

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own."""
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._root,
            env={**environ, **self.entrance()[1]},
            start_new_session=True,
        )

    def within(self, path: Path) -> str:
        """The path itself."""
        return str(path)

    def entrance(self) -> tuple[list[str], dict[str, str]]:
        """Nothing to go through but the mark."""
        return [], {_MARK: str(self._folder), "AWSPIPE_ROOT": self.root}

    def kill(self) -> None:
        """TERM, then KILL, to all that carry the mark."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + _PATIENCE
            told: set[int] = set()
            while (left := set(marked(str(self._folder)))) and time.monotonic() < until:
                for pid in left - told:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                told |= left
                time.sleep(_LOOK)
            if not left:
                return

    def destroy(self) -> None:
        """And the directory with them."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def marked(mark: str) -> Iterator[int]:
    """The living processes with a mark in their environment."""
    wanted = f"{_MARK}={mark}".encode()
    if not Path("/proc/self/environ").exists():
        yield from _marked_by_ps(wanted)
        return
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a Path for each of them takes its time
        if entry.isdigit():
            with contextlib.suppress(OSError):
                variables = Path("/proc", entry, "environ").read_bytes()
                if wanted in variables.split(b"\0") and int(entry) != os.getpid():
                    yield int(entry)


def _marked_by_ps(wanted: bytes) -> Iterator[int]:
    listed = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, check=False).stdout
    for line in listed.splitlines():
        pid, _, rest = line.strip().partition(b" ")
        if wanted in rest.split(b" ") and int(pid) != os.getpid():
            yield int(pid)
