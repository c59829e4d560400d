"""A host as it runs: the box that plays its machine, and the agent in it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from awspipe.sandbox import box
from awspipe.sandbox.agent.order import Order, Outcome
from awspipe.sandbox.agent.session import Session

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")
"""What a host has of this machine's environment; the rest is the user's own."""

_HOME = "/root"
_DROP = "/opt/codedeploy-agent/awspipe"
"""Where the host finds what it is given."""


def environ(**more: str) -> dict[str, str]:
    """The environment of a host's processes. AWS is the sandbox to them, and nothing else."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("AWS_")}
    return {**kept, **more}


class Machine:
    """One host. Several deployments wait for each other here, as they do at AWS's agent."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = dict(variables)
        self._making = threading.Lock()
        self._made: box.Box | None = None
        self._turn = threading.Lock()
        self._down = False

    @property
    def _box(self) -> box.Box:
        """The box, made when it is first needed: that may take a second. Once down it stays down."""
        with self._making:
            if self._made is None:
                if self._down:
                    raise box.EndedError(f"the host {self._folder.name} has ended")
                self._made = box.reopen(self._folder, self._folder.name)
                self._made.share(_DROP)
                if self._made.root_prefix:
                    self._made.share(_HOME)
            return self._made

    @property
    def _environ(self) -> dict[str, str]:
        return {**environ(**self._variables), "HOME": self._box.path(_HOME)}

    @property
    def level(self) -> str:
        """How the host is kept apart from this machine."""
        return "process" if self._box.root_prefix else "namespace"

    @contextlib.contextmanager
    def session(self, order: Order, say: Callable[[str], None] = lambda line: None) -> Iterator[Session]:
        """One deployment on this host; others wait meanwhile."""
        with self._turn:
            started = replace(order, root=self.root)
            with Session(self._start, started, say) as running:
                yield running

    @property
    def root(self) -> str:
        """What the host's `/` is to what runs on it."""
        return self._box.path("") or "/"

    def drop_folder(self) -> Path:
        """Where files lie that are dropped, on this machine."""
        return self._box.share(_DROP)

    def dropped(self, name: str) -> str:
        """What a file that is dropped for the agent is called on the host."""
        return self._box.path(f"{_DROP}/{name}")

    def drop(self, name: str, content: bytes) -> None:
        """Give the agent a file."""
        (self.drop_folder() / name).write_bytes(content)

    def take_back(self, name: str) -> None:
        """Remove a file that the agent no longer needs."""
        (self.drop_folder() / name).unlink(missing_ok=True)

    def start_again(self, order: Order) -> Outcome | None:
        """ApplicationStart of the last revision that was installed."""
        with self.session(order) as running:
            return running.start_again()

    def entrance(self) -> tuple[list[str], dict[str, str]]:
        """How to run a command here from another process: words before it, and its environment."""
        words, more = self._box.entrance()
        return words, {**self._environ, **more}

    def kill(self) -> None:
        """End all that runs here. Whoever deploys is told so by the end of the agent."""
        for one in self._ended():
            one.kill()

    def destroy(self) -> None:
        """End it, and delete its files."""
        for one in self._ended():
            one.destroy()
        box.discard(self._folder)

    def _ended(self) -> list[box.Box]:
        """The box, if there is one; from now on there is no other."""
        with self._making:
            self._down = True
            return [self._made] if self._made is not None else []

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return self._box.popen(
            command, env=self._environ, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
        )
