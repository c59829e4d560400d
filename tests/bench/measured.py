"""What a command costs: seconds, CPU seconds, memory, and its calls with how many came one after another."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.recorder import Call, Recording

ROOT = Path(__file__).parents[2]


@dataclass
class Cost:
    """What one command took, a figure a round; calls and chain are counted once, in a run of their own."""

    calls: int = 0
    chain: int = 0
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """In MB, at its highest."""

    @property
    def seconds(self) -> float:
        """The median round's."""
        return statistics.median(self.wall)

    def take(self, words: Sequence[str], environ: Mapping[str, str], directory: Path) -> None:
        """One more round."""
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            process = subprocess.Popen(
                words, env=dict(environ), cwd=directory, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            _, status, used = os.wait4(process.pid, 0)
            self.wall.append(time.perf_counter() - began)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise SystemExit(f"{' '.join(words)}: {process.returncode}\n{said.read().decode()}")
        self.cpu.append(used.ru_utime + used.ru_stime)
        self.memory.append(used.ru_maxrss / 1024)

    def count(self, module: str, words: Sequence[str], environ: Mapping[str, str], directory: Path) -> None:
        """One run whose calls are counted and which no clock sees."""
        calls = directory / "calls"
        calls.unlink(missing_ok=True)
        Cost().take(
            [sys.executable, "-m", "tests.bench.counted", module, *words],
            {**environ, "COUNTED_CALLS": str(calls), "PYTHONPATH": str(ROOT)},
            directory,
        )
        recording = Recording()
        for start, end in map(json.loads, calls.read_text(encoding="utf-8").splitlines()):
            recording.add(Call(service="", operation="", params={}, start=start, end=end))
        self.calls, self.chain = len(recording.calls), recording.chain
