"""Boxes: where builds and hosts run, so that they change nothing of this machine.

Two levels. At `namespace` a box is a copy-on-write view of this machine with its own processes: what it
writes anywhere stays in it. At `process`, where the system does not allow that, it is plain processes of this
user, with a directory that stands for `/` to those who care (`AWSPIPE_ROOT`).

    box = create(directory, "build-1", keep=False)
    here = box.share("/codebuild/output")                # a directory that both sides see
    running = box.popen(["make"], env=..., cwd=box.path("/codebuild/output"), stdout=PIPE, stderr=STDOUT)
    box.destroy()                                        # no process, no mount and no file is left
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ISOLATION = "AWSPIPE_SANDBOX_ISOLATION"
"""`process` in this variable forbids namespaces."""

MARK = "AWSPIPE_BOX"
"""In the environment of every process of a box at the level `process`: the box's directory."""


@dataclass(frozen=True, slots=True)
class Level:
    """How far boxes are from this machine, and a line for users that says so."""

    kind: Literal["namespace", "process"]
    reason: str


class BoxError(Exception):
    """A box that cannot be made."""


class EndedError(BoxError):
    """A box that was killed: nothing starts in it any more."""


class Box(ABC):
    """A place for processes. Made by `create` or `reopen`; `kill` and `destroy` may come from any thread."""

    root_prefix: str = ""
    """The directory that stands for `/` at the level `process` (AWSPIPE_ROOT to scripts), or ""."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.name = name
        self._turn = threading.Lock()
        self._ended = False
        self._killed = False
        self._started: list[subprocess.Popen[Any]] = []

    def popen(  # as subprocess has it
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        stdout: Any,
        stderr: Any,
        stdin: Any = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a process in the box, in a session of its own. `cwd` is a path as processes inside see it."""
        before, more = self.entrance(cwd)
        with self._turn:
            if self._ended:
                raise EndedError(f"{self.name} has ended")
            started = subprocess.Popen(
                [*before, *argv],
                env={**env, **more},
                cwd=self._outer_cwd(cwd),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            self._started = [*(one for one in self._started if one.poll() is None), started]
        return started

    @abstractmethod
    def entrance(self, cwd: str = "/") -> tuple[list[str], dict[str, str]]:
        """How to run a command in the box from any process: words before it, and more environment."""

    @abstractmethod
    def share(self, inside: str) -> Path:
        """A directory of this machine that is seen in the box at `path(inside)`; again is the same."""

    def path(self, inside: str) -> str:
        """How processes in the box see an absolute path of it."""
        return self.root_prefix + inside

    def kill(self) -> None:
        """End everything in it, daemons too. Nothing starts in it afterwards; its files stay."""
        with self._turn:
            self._ended = True
            started, self._started = self._started, []
        if self._killed:
            return  # to look for processes takes a while, and none can have come since
        self._kill_all(started)
        for one in started:
            one.wait()
        self._killed = True

    def destroy(self) -> None:
        """End everything in it and delete its files."""
        from awspipe.sandbox.boxes import files

        self.kill()
        files.delete(self.directory)

    @abstractmethod
    def _kill_all(self, started: Sequence[subprocess.Popen[Any]]) -> None:
        """End every process of it, among them those that `popen` started, and wait until they have ended."""

    def _outer_cwd(self, cwd: str) -> str:
        """From where a command that enters the box is started."""
        return cwd


_levels: dict[Path, Level] = {}
_probing = threading.Lock()


def level(directory: Path | None = None) -> Level:
    """How far boxes below a directory will be from this machine. Tried once, by really making one."""
    if os.environ.get(ISOLATION) == "process":
        return _process(f"{ISOLATION}=process asks for it")
    where = directory or Path(tempfile.gettempdir())
    with _probing:
        if where not in _levels:
            _levels[where] = _probed(where)
        return _levels[where]


def create(directory: Path, name: str, *, keep: bool = False) -> Box:
    """A box with its files in `directory`, new unless `keep` and something is there.

    What a server that has died left running in it is ended first.
    """
    from awspipe.sandbox.boxes import files, leftovers

    leftovers.end(directory)
    if not keep:
        files.delete(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _made(level(directory.parent).kind, directory, name)


def reopen(directory: Path, name: str) -> Box:
    """A box whose files outlived its processes."""
    return create(directory, name, keep=True)


def discard(directory: Path) -> None:
    """End what a server that has died left running in a box, and delete its files."""
    from awspipe.sandbox.boxes import files, leftovers

    leftovers.end(directory)
    files.delete(directory)


def _made(kind: Literal["namespace", "process"], directory: Path, name: str) -> Box:
    if kind == "process":
        from awspipe.sandbox.boxes.process import ProcessBox

        return ProcessBox(directory, name)
    from awspipe.sandbox.boxes.namespace import NamespaceBox

    return NamespaceBox(directory, name)


def _probed(where: Path) -> Level:
    from awspipe.sandbox.boxes import namespace

    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        namespace.probe(where)
    except BoxError as error:
        return _process(str(error))
    return Level("namespace", "builds and hosts see this machine, and what they change stays in them")


def _process(why: str) -> Level:
    return Level("process", f"builds and hosts are plain processes of yours, not kept apart: {why}")
