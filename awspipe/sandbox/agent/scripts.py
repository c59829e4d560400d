"""One script of a lifecycle event: run, listened to, and ended when its time is up.

The time that a script has covers its outputs too: a server that it left in the background and that still
holds its output open fails the event, as it does on AWS.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from awspipe.formats.appspec import Script
from awspipe.sandbox.agent.order import (
    SCRIPT_FAILED,
    SCRIPT_MISSING,
    SCRIPT_NOT_EXECUTABLE,
    SCRIPT_TIMED_OUT,
    AgentError,
)
from awspipe.sandbox.agent.owners import can_be_others

TAIL = 2048
"""Bytes of a log that go into an event's diagnostics."""

_BLOCK = 64 * 1024
_LOOK = 0.1
_LONGEST_LINE = 64 * 1024
_GRACE = 5.0


class ScriptLog:
    """What the scripts of one event say: handed on line by line, its end kept."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._listeners = [tell]
        self._lines: deque[bytes] = deque()
        self._size = 0

    def also(self, tell: Callable[[str], None]) -> None:
        """Hand the lines to somebody else too."""
        self._listeners.append(tell)

    def line(self, text: str) -> None:
        """One more line."""
        for tell in self._listeners:
            tell(text)
        entry = (text + "\n").encode(errors="replace")
        self._lines.append(entry)
        self._size += len(entry)
        while self._size - len(self._lines[0]) >= TAIL:
            self._size -= len(self._lines.popleft())

    @property
    def tail(self) -> str:
        """The last 2,048 bytes."""
        return b"".join(self._lines)[-TAIL:].decode(errors="ignore")


class ScriptRun:
    """Runs scripts of one revision."""

    def __init__(self, archive: Path, environ: Mapping[str, str], *, root: Path, log: ScriptLog) -> None:
        self._archive = archive
        self._environ = dict(environ)
        self._root = root
        self._log = log

    def run(self, script: Script) -> None:
        """Run a script; AgentError where it does not end well."""
        place = self._place(script)
        self._log.line(f"Script - {script.location}")
        try:
            process = subprocess.Popen(
                self._command(script, place),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._root,
                env=self._environ,
                process_group=0,
            )
        except OSError as error:
            text = f"{_named(script)} cannot be run: {error.strerror}{_advice(place)}"
            raise AgentError(text, code=SCRIPT_FAILED, script=script.location) from error
        with process:
            listening = _Listening(process, script, self._log)
            try:
                code = listening.until_done()
            except KeyboardInterrupt:
                listening.end()
                raise
        code = code if code >= 0 else 128 - code  # ended by a signal: as a shell says it
        if code:
            who = f" run as user {script.runas}" if script.runas else ""
            why = _advice(place) if code in (126, 127) else ""
            text = f"{_named(script)}{who} failed with exit code {code}{why}"
            raise AgentError(text, code=SCRIPT_FAILED, script=script.location)

    def _place(self, script: Script) -> Path:
        place = self._archive / script.location.lstrip("/")
        if not place.is_file():
            text = f"Script does not exist at specified location: {script.location}"
            raise AgentError(text, code=SCRIPT_MISSING, script=script.location)
        if not os.access(place, os.X_OK):
            try:
                place.chmod(place.stat().st_mode | 0o111)
            except OSError as error:
                text = f"Unable to set script at specified location: {script.location} as executable"
                raise AgentError(text, code=SCRIPT_NOT_EXECUTABLE, script=script.location) from error
        return place

    def _command(self, script: Script, place: Path) -> list[str]:
        """Through a shell, as the agent does it: a script without `#!` is a shell script."""
        line = shlex.quote(str(place))
        if not script.runas or not self._can_be(script.runas):
            return ["/bin/sh", "-c", line]
        return ["su", script.runas, "-c", line]

    def _can_be(self, user: str) -> bool:
        import pwd

        try:
            other = pwd.getpwnam(user).pw_uid != os.geteuid()
        except KeyError:
            self._log.line(f"[awspipe] there is no user {user} on this machine: run as the present one")
            return False
        if other and not can_be_others(self._root):
            self._log.line(f"[awspipe] this host cannot become {user}: run as the present user")
        return other and can_be_others(self._root)


class _Listening:
    """A script that runs."""

    def __init__(self, process: subprocess.Popen[bytes], script: Script, log: ScriptLog) -> None:
        self._process = process
        self._script = script
        self._log = log
        self._deadline = time.monotonic() + script.timeout
        self._partial = {"stdout": b"", "stderr": b""}

    def until_done(self) -> int:
        """Its exit code; AgentError where its time is up before it and its outputs are done."""
        if still_open := self._heard_out():
            self._give_up(still_open)
        try:
            return self._process.wait(max(self._left, 0.0))
        except subprocess.TimeoutExpired:
            return self._give_up([])

    def _heard_out(self) -> list[str]:
        """Take what it writes until nobody can write any more, or the time is up; the outputs still open."""
        with selectors.DefaultSelector() as open_:
            for name in self._partial:
                stream: IO[bytes] = getattr(self._process, name)
                os.set_blocking(stream.fileno(), False)
                open_.register(stream, selectors.EVENT_READ, name)
            while open_.get_map() and self._left > 0:
                self._listen(open_)
            return sorted(key.data for key in open_.get_map().values())

    def _listen(self, open_: selectors.BaseSelector) -> None:
        for key, _ in open_.select(max(0.0, min(self._left, _LOOK))):
            block = os.read(key.fd, _BLOCK)
            self._say(key.data, block)
            if not block:
                open_.unregister(key.fileobj)

    def _say(self, name: str, block: bytes) -> None:
        whole = self._partial[name] + block
        *lines, rest = whole.split(b"\n")
        if rest and (not block or len(rest) > _LONGEST_LINE):
            lines.append(rest)
            rest = b""
        self._partial[name] = rest
        for line in lines:
            self._log.line(f"[{name}]{line.decode(errors='replace')}")

    @property
    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _give_up(self, still_open: list[str]) -> int:
        """The time is up: end the script, or say which output somebody it left behind holds open."""
        if self._process.poll() is not None and still_open:
            text = f"{_named(self._script)} failed to close {still_open[-1].upper()}"
            raise AgentError(text, script=self._script.location)
        self.end()
        text = f"{_named(self._script)} failed to complete in {self._script.timeout} seconds"
        raise AgentError(text, code=SCRIPT_TIMED_OUT, script=self._script.location)

    def end(self) -> None:
        """TERM, then KILL, to the script and what it has in its process group.

        The shell that started the script may end before it: what writes no more is at its end.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            self._deadline = time.monotonic() + _GRACE
            if not self._heard_out():
                break
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)


def _named(script: Script) -> str:
    return f"Script at specified location: {script.location}"


def _advice(place: Path) -> str:
    """What is wrong with a script that could not be run, in words of our own."""
    try:
        with place.open("rb") as file:
            first = file.readline(256)
    except OSError:
        return ""
    if first.startswith(b"#!") and first.endswith(b"\r\n"):
        return " (its lines end with CRLF: save it with LF)"
    return ""
