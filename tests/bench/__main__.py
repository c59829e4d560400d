"""`make bench`: what 1, 10 and 100 pipelines of the kind `static-site` cost, beside a script by hand.

Whole commands against one sandbox server with 60 ms added to every call, in rounds that alternate with
tests/bench/concurrent_boto3.py, as it is and with ALIKE=1; for one pipeline also script.sh, once, where there
is `aws`. It prints a table and asserts nothing. SIZES="1 10", ROUNDS=3 and DELAY_MS=0 choose less.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import botocore

from awspipe.cli.init import templates
from awspipe.cli.target import SANDBOX_REGION
from awspipe.sandbox import control
from tests.bench.measured import ROOT, Cost
from tests.support.server import Server

SIZES = [int(size) for size in os.environ.get("SIZES", "1 10 100").split()]
DELAY_MS = int(os.environ.get("DELAY_MS", "60"))
_ROUNDS = {1: 7, 10: 3, 100: 1}
_GOALS = {1: 1.5, 10: 1.25, 100: 1.15}
"""Wall time, times that of the script by hand."""
_COMMANDS = {"up": "up", "up again": "read", "status": "status", "down": "down"}
"""Ours, and what the scripts call the same."""
_SCRIPTS = {"by hand": {}, "alike": {"ALIKE": "1"}}
"""The script as fast as boto3 allows, and as it keeps to what awspipe keeps to and asks."""


def rounds(size: int) -> int:
    """How often each command is run."""
    return int(os.environ.get("ROUNDS", _ROUNDS.get(size, 1)))


def main() -> None:
    """Every size, each on a server of its own."""
    print(
        f"{platform.python_implementation()} {platform.python_version()}, botocore {botocore.__version__}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {DELAY_MS} ms added to every call"
    )
    scratch = Path(tempfile.mkdtemp(prefix="awspipe-bench-"))
    try:
        for size in SIZES:
            environ = {"AWSPIPE_SANDBOX_DELAY_MS": str(DELAY_MS)}
            with Server(scratch / f"server-{size}", environ=environ) as server:
                show(size, Race(server, scratch / f"specs-{size}", size).run())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Race:
    """The rounds of one size: the same commands by awspipe and by hand, one after the other."""

    server: Server
    directory: Path
    size: int

    def run(self) -> dict[str, dict[str, Cost]]:
        """Costs by command, then by who ran it."""
        self.directory.mkdir(parents=True)
        costs = {command: {who: Cost() for who in ("awspipe", *_SCRIPTS)} for command in _COMMANDS}
        for number in range(rounds(self.size) + 1):  # the first one counts calls
            names = [f"r{number}n{index}" for index in range(self.size)]
            for command in _COMMANDS:
                self._ours(costs[command]["awspipe"], command, names, number == 0)
            for who, environ in _SCRIPTS.items():
                for command, verb in _COMMANDS.items():
                    words = [verb, self.server.endpoint.url, SANDBOX_REGION, *names]
                    self._take(
                        costs[command][who], "tests.bench.concurrent_boto3", words, environ, number == 0
                    )
        if self.size == 1 and shutil.which("aws"):
            for command, verb in _COMMANDS.items():
                costs[command]["aws script"] = cost = Cost()
                cost.take(
                    ["sh", str(ROOT / "tests/bench/script.sh"), verb, SANDBOX_REGION, "script"],
                    self._environ,
                    self.directory,
                )
        return costs

    @property
    def _environ(self) -> Mapping[str, str]:
        return {
            **os.environ,
            **control.environment(self.server.endpoint),
            "HOME": str(self.server.home),
            "PYTHONPATH": str(ROOT),
            "AWS_PAGER": "",
        }

    def _ours(self, cost: Cost, command: str, names: Sequence[str], counted: bool) -> None:
        spec = self.directory / "awspipe.yml"
        text = (templates() / "static-site" / "awspipe.yml").read_text(encoding="utf-8")
        spec.write_text("---\n".join(text.replace("{{name}}", name) for name in names), encoding="utf-8")
        words = {
            "up": ["up", "--yes", "--no-push"],
            "up again": ["up", "--yes", "--no-push"],
            "status": ["status"],
            "down": ["down", "--yes"],
        }[command]
        self._take(cost, "awspipe", words, {}, counted)

    def _take(
        self, cost: Cost, module: str, words: Sequence[str], environ: Mapping[str, str], counted: bool
    ) -> None:
        told = {**self._environ, **environ}
        if counted:
            cost.count(module, words, told, self.directory)
        else:
            cost.take([sys.executable, "-m", module, *words], told, self.directory)


def show(size: int, costs: Mapping[str, Mapping[str, Cost]]) -> None:
    """One table: a row for each command and who ran it."""
    goal = f"; goal {_GOALS[size]} x by hand" if size in _GOALS else ""
    print(f"\n{size} pipeline{'s' * (size > 1)}, {rounds(size)} rounds, medians{goal}")
    print(f"{'':<10}{'':<12}{'calls':>7}{'chain':>7}{'cpu':>9}{'memory':>9}{'wall':>9}{'ratio':>8}")
    for command, by in costs.items():
        yardstick = by["by hand"].seconds
        for who, cost in by.items():
            print(
                f"{command:<10}{who:<12}{cost.calls or '':>7}{cost.chain or '':>7}{min(cost.cpu):>7.2f} s"
                f"{max(cost.memory):>6.0f} MB{cost.seconds:>7.2f} s{cost.seconds / yardstick:>8.2f}"
            )
    if size == 1 and "aws script" not in costs["up"]:
        print("no `aws` on the PATH: the shell script was not run")


if __name__ == "__main__":
    main()
