"""The real command in its own process, with or without a terminal, and what it said."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.machine import Machine
from tests.support.server import ROOT

REGION = "ap-northeast-2"
_SECONDS = 120.0
"""Until a command counts as one that hangs: a machine with much else to do takes its time."""

SPEC = """\
name: {name}
stages:
  - name: Source
    provider: codecommit
    repository: {name}
  - name: Approve
    provider: approval
"""
"""A pipeline that is quickly made: a repository, a rule, two roles, a bucket."""


@dataclass(frozen=True)
class Ran:
    """A command that has ended. `words` is what it was, for the message of an assertion."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document that is all of its answer."""
        found = json.loads(self.out)
        assert found["schema_version"] == 1
        return dict(found)

    def __str__(self) -> str:
        return f"{self.words} ended with {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


class Shell:
    """A user's shell: a home with nothing set up, a directory for each project, one sandbox for all."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.home = machine.home

    def environ(self, **changes: str) -> dict[str, str]:
        """The user's environment; none of AWS's variables, and no machine that could hand out credentials."""
        return {**self.machine.environ, "AWS_EC2_METADATA_DISABLED": "true", **changes}

    def awspipe(self, *words: str, cwd: Path | None = None, encoding: str = "utf-8", **environ: str) -> Ran:
        """Run awspipe where nobody can answer."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "awspipe", *words],
            cwd=cwd or self.machine.work,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
        return Ran(words, done.returncode, out, err, time.monotonic() - started)

    def done(self, *words: str, cwd: Path | None = None, **environ: str) -> Ran:
        """Run awspipe, which is to succeed and to show no traceback."""
        ran = self.awspipe(*words, cwd=cwd, **environ)
        assert ran.code == 0, str(ran)
        assert "Traceback" not in ran.err, str(ran)
        return ran

    def refused(self, code: int, *words: str, cwd: Path | None = None, **environ: str) -> str:
        """What awspipe says on standard error when it ends with `code`; it answers nothing else.

        Without what it says of an answer that is long in coming, as on a machine with much else to do.
        """
        ran = self.awspipe(*words, cwd=cwd, **environ)
        assert ran.code == code, str(ran)
        assert "Traceback" not in ran.err, str(ran)
        assert ran.out == "", str(ran)
        return re.sub(r"^  \. asking http.*\n", "", ran.err, flags=re.MULTILINE)

    def recorded(self, *words: str, cwd: Path | None = None, denied: str = "") -> tuple[Ran, list[str]]:
        """Run a command whose credentials may not make the calls `denied`; the calls that it made."""
        calls = self.machine.work / f"calls-{time.monotonic_ns()}"
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.recorded", *words],
            cwd=cwd or self.machine.work,
            env=self.environ(PYTHONPATH=str(ROOT), RECORDED_CALLS=str(calls), DENIED_CALLS=denied),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        made = calls.read_text(encoding="utf-8").split() if calls.exists() else []
        return Ran(words, done.returncode, done.stdout, done.stderr, time.monotonic() - began), made

    def git(self, *words: str, cwd: Path, **environ: str) -> str:
        """Run git as the user does, with an identity for this once; its answer."""
        who = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@localhost"}
        who |= {"GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@localhost"}
        done = subprocess.run(
            ["git", *words],
            cwd=cwd,
            env=self.environ(**who, **environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"git {words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def project(self, name: str, spec: str = SPEC, directory: str = "", *, commit: bool = True) -> Path:
        """A directory with a spec, in a git repository with one commit unless told otherwise."""
        found = self.machine.work / (directory or name)
        found.mkdir(parents=True)
        (found / "awspipe.yml").write_text(spec.format(name=name), encoding="utf-8")
        if commit:
            self.git("-c", "init.defaultBranch=main", "init", "--quiet", cwd=found)
            self.git("add", "--all", cwd=found)
            self.git("commit", "--quiet", "-m", f"Begin {name}", cwd=found)
        return found

    def sandbox_environ(self) -> dict[str, str]:
        """What makes any AWS tool look into the sandbox: `awspipe sandbox env`."""
        document = self.done("sandbox", "env", "--json").document
        return dict(document["environment"])


class Terminal:
    """awspipe on a terminal: what it shows can be waited for, and answered."""

    def __init__(self, shell: Shell, *words: str, cwd: Path, columns: int = 80, **environ: str) -> None:
        self._master, slave = pty.openpty()
        self.shown = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "awspipe", *words],
            cwd=cwd,
            env=shell.environ(TERM="xterm", COLUMNS=str(columns), **environ),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def wait_for(self, text: str) -> Terminal:
        """Read until a text is shown."""
        deadline = time.monotonic() + _SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} was not shown:\n{self.shown}"
            assert self._read(), f"{text!r} was not shown before the end:\n{self.shown}"
        return self

    def answer(self, text: str) -> Terminal:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())
        return self

    def interrupt(self) -> Terminal:
        """Press Ctrl-C: the whole group of processes hears it."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self._process.wait(_SECONDS)

    def _read(self) -> bool:
        """Read what there is; False once nobody can write any more."""
        ready, _, _ = select.select([self._master], [], [], _SECONDS)
        assert ready, f"nothing more was shown:\n{self.shown}"
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.shown += piece.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return bool(piece)
