"""A sandbox with a door that does harm, real commands, and what AWS has before and after them.

with house.opened(tmp_path) as house:
    place = house.place("ap-northeast-2", core.STATIC_SITE)
    place.run("up", Harm("kill", nth=3))
"""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tests.support import core, faulty
from tests.support.commands import Commands, Ended, Running
from tests.support.faulty import Harm
from tests.support.server import Server

COMMANDS = {
    "up": ("up", "--sandbox", "--yes", "--no-push"),
    "push": ("up", "--sandbox", "--yes"),
    "down": ("down", "--sandbox", "--yes"),
    "plan": ("plan", "--sandbox"),
    "status": ("status", "--sandbox"),
    "ls": ("ls", "--sandbox"),
    "remove": ("down", "--sandbox", "--yes", "--delete-data"),
}


@dataclass
class House:
    """One server and one source of commands, for many places."""

    server: Server
    commands: Commands
    root: Path
    numbers: Iterator[int]

    def place(self, region: str, text: str) -> Place:
        """A directory with a spec whose pipeline lives in a region; nothing else may happen there."""
        directory = self.root / f"{region}-{next(self.numbers)}"
        directory.mkdir()
        (directory / "awspipe.yml").write_text(f"region: {region}\n{text}", encoding="utf-8")
        return Place(self, region, directory)


@contextmanager
def opened(root: Path) -> Iterator[House]:
    """A house of its own."""
    root.mkdir(parents=True, exist_ok=True)
    home = {"AWSPIPE_SANDBOX_DIR": str(root / "sandbox"), "HOME": str(root / "home"), "NO_COLOR": "1"}
    with (
        Server(root / "sandbox", module="tests.support.faulty") as server,
        Commands(root / "runs", home) as commands,
    ):
        yield House(server, commands, root, itertools.count(1))


@dataclass(frozen=True)
class Met:
    """A command that has ended, and what came of it at the door."""

    ended: Ended
    calls: list[str]
    changes: list[str]
    harmed: bool


@dataclass
class Place:
    """Where one pipeline lives and dies."""

    house: House
    region: str
    directory: Path

    def start(self, command: str, harm: Harm | None = None) -> tuple[Running, str]:
        """Start a command of `COMMANDS`; the second is what the door knows it by."""
        case = f"c{next(self.house.numbers)}"
        if harm:
            self.house.server.request("PUT", f"{faulty.PATH}{case}", body=faulty.told(harm))
        return self.house.commands.start(*COMMANDS[command], cwd=self.directory, case=case), case

    def run(self, command: str, harm: Harm | None = None) -> Met:
        """Run a command to its end, and until nothing of it is under way."""
        running, case = self.start(command, harm)
        return self.met(running, case)

    def struck(self, case: str) -> None:
        """Wait until a command has met its harm."""
        while not self._told(case)["done"]:
            time.sleep(0.01)

    def met(self, running: Running, case: str, *, within: float | None = None) -> Met:
        """Wait for a command's end; one that takes more than `within` seconds is killed."""
        ended = running.wait(within)
        while (told := self._told(case))["in_flight"]:
            time.sleep(0.01)
        return Met(ended, told["calls"], told["changes"], told["done"])

    def well(self, command: str) -> Met:
        """Run a command that must do what it is for."""
        met = self.run(command)
        assert met.ended.code == 0, met.ended
        return met

    def _told(self, case: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.house.server.request("GET", f"{faulty.PATH}{case}")[1])
        return told

    def commit(self) -> None:
        """Make the directory a git repository with one commit."""
        git = ("git", "-C", str(self.directory), "-c", "user.name=A", "-c", "user.email=a@b.c")
        for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "one")):
            subprocess.run([*git, *words], check=True)

    @property
    def inventory(self) -> dict[str, Any]:
        """Everything in the region, and every role."""
        return core.inventory(partial(self.house.server.client, region=self.region))

    @cached_property
    def codepipeline(self) -> Any:
        return self.house.server.client("codepipeline", self.region)

    def rest(self, pipeline: str) -> None:
        """Wait until no execution goes on."""
        while any(
            one["status"] == "InProgress"
            for one in self.codepipeline.list_pipeline_executions(pipelineName=pipeline)[
                "pipelineExecutionSummaries"
            ]
        ):
            time.sleep(0.02)
