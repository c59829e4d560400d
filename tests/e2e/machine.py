"""A user's machine for tests of the real command: a home, a sandbox and a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = ("AWS", "AWSPIPE", "CODEBUILD_", "GIT_", "XDG_")
"""What a test's environment must not inherit: it would point at the developer's own account or files."""


class Machine:
    """Runs commands as a user does who has nothing set up: no AWS files, no git identity."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.work = directory / "work"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        self.environ = {
            **inherited,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "NO_COLOR": "1",
        }

    def run(
        self, *words: str, cwd: Path | None = None, code: int = 0, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that is to end with `code`."""
        done = subprocess.run(
            words,
            cwd=cwd or self.work,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
        assert done.returncode == code, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def awspipe(
        self, *words: str, cwd: Path | None = None, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run awspipe."""
        return self.run(sys.executable, "-m", "awspipe", *words, cwd=cwd, code=code)

    def close(self) -> None:
        """End the sandbox and what it holds."""
        self.awspipe("sandbox", "reset", "--yes")
