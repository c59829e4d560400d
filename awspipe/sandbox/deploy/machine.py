"""A host as it runs: the place that plays its machine, and the agent in it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from awspipe.sandbox.agent.order import Order, Outcome
from awspipe.sandbox.agent.session import Session
from awspipe.sandbox.deploy import places
from awspipe.sandbox.deploy.places import Place

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")
"""What a host has of this machine's environment; the rest is the user's own."""


def environ(**more: str) -> dict[str, str]:
    """The environment of a host's processes. AWS is the sandbox to them, and nothing else."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("AWS_")}
    return {**kept, **more}


class Machine:
    """One host. Several deployments wait for each other here, as they do at AWS's agent."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._drop = folder / "drop"
        self._variables = dict(variables)
        self._folder = folder
        self._making = threading.Lock()
        self._made: Place | None = None
        self._turn = threading.Lock()
        self._down = False

    @property
    def _place(self) -> Place:
        """The place, made when it is first needed: that may take a second."""
        with self._making:
            if self._made is None:
                self._made = places.make(self._folder)
            return self._made

    @property
    def _environ(self) -> dict[str, str]:
        return {**environ(**self._variables), "HOME": self._place.root}

    @property
    def level(self) -> str:
        """How the host is kept apart from this machine."""
        return self._place.level

    @contextlib.contextmanager
    def session(self, order: Order, say: Callable[[str], None] = lambda line: None) -> Iterator[Session]:
        """One deployment on this host; others wait meanwhile."""
        with self._turn:
            started = replace(order, root=self._place.root)
            with Session(self._start, started, say) as running:
                yield running

    @property
    def root(self) -> str:
        """What the host's `/` is to what runs on it."""
        return self._place.root

    def drop_folder(self) -> Path:
        """Where files lie that are dropped, on this machine."""
        self._drop.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._drop

    def dropped(self, name: str) -> str:
        """What a file that is dropped for the agent is called on the host."""
        return self._place.within(self._drop / name)

    def drop(self, name: str, content: bytes) -> None:
        """Give the agent a file."""
        (self.drop_folder() / name).write_bytes(content)

    def take_back(self, name: str) -> None:
        """Remove a file that the agent no longer needs."""
        (self._drop / name).unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the place, if it is not there yet."""
        self._place  # noqa: B018

    def start_again(self, order: Order) -> Outcome | None:
        """ApplicationStart of the last revision that was installed."""
        with self.session(order) as running:
            return running.start_again()

    def entrance(self) -> tuple[list[str], dict[str, str]]:
        """How to run a command here from another process: words before it, and its environment."""
        words, more = self._place.entrance()
        return words, {**self._environ, **more}

    def kill(self) -> None:
        """End all that runs here. Whoever deploys is told so by the end of the agent."""
        self._down = True
        self._place.kill()

    def destroy(self) -> None:
        """End it, and delete its files."""
        self._down = True
        self._place.destroy()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        if self._down:
            command = ("true",)  # an agent that has ended
        return self._place.start(command, self._environ)
