"""The shell of a build: version 0.2 keeps folder and variables from one command to the next, 0.1 does not.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.deploy.places import Place

_RESUME = """\
[ -f "$AWSPIPE_STEP/env" ] && . "$AWSPIPE_STEP/env"
[ -f "$AWSPIPE_STEP/cwd" ] && cd "$(cat "$AWSPIPE_STEP/cwd")"
"""
_KEEP = """\
trap 'awspipe_code=$?; export -p >"$AWSPIPE_STEP/env"; pwd >"$AWSPIPE_STEP/cwd"; exit $awspipe_code' EXIT
"""


class Shell:
    """Runs commands one after the other in a place of its own."""

    def __init__(
        self, place: Place, folder: Path, source: Path, environ: Mapping[str, str], *, name: str, keeps: bool
    ) -> None:
        self._place = place
        self._step = folder
        self._source = source
        self._environ = dict(environ)
        self._name = name
        self._keeps = keeps
        self._lock = threading.Lock()
        self._killed = False

    def set(self, name: str, value: str) -> None:
        """Set a variable for the commands that come."""
        self._environ[name] = value
        kept = self._step / "env"
        if kept.exists():
            with kept.open("a", encoding="utf-8") as file:
                file.write(f"\nexport {name}='{value}'\n")

    def run(self, command: str, log: Log) -> tuple[int, str]:
        """Run a command; its exit code and what it said."""
        script = self._step / "command"
        resume, keep = (_RESUME, _KEEP) if self._keeps else ("", "")
        start = f"cd '{self._source}'\n"
        script.write_text(f"{start}{resume}{keep}{command}\n", encoding="utf-8")
        with self._lock:
            if self._killed:
                return 137, ""
            process = self._place.start(
                ["sh", "-c", 'exec "$0" "$1" 2>&1', self._name, str(script)],
                {**self._environ, "AWSPIPE_STEP": str(self._step)},
            )
        said = self._read(process, log)
        return process.wait(), said

    def kill(self) -> None:
        """End what runs and begin nothing more."""
        with self._lock:
            self._killed = True
        self._place.kill()

    def value(self, name: str) -> str | None:
        """A variable as the commands left it."""
        quiet = _Silent()
        code, said = self.run(f'printf %s "${{{name}-}}"; [ -n "${{{name}+x}}" ]', quiet)
        return said if code == 0 else None

    def _read(self, process: subprocess.Popen[bytes], log: Log | _Silent) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        said = []
        with process.stdout as out:
            for line in out:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                said.append(text)
                log.write(text)
        return "\n".join(said)


class _Silent(Log):
    """Nobody reads along."""

    def __init__(self) -> None:
        pass

    def write(self, line: str) -> None:
        """Nothing."""
