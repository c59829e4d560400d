"""The sandbox's server behind a door that does harm when it is told to: `python -m tests.support.faulty`.

A command is known by what its user agent ends with, `app/CASE-PID` (`commands.py` sees to that). A test sends
a `Harm` for a case to `PATH` before the command starts, and reads there which calls came. Whatever a killed
process may still have on its way is dropped, as what it never sent would be.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import re
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from awspipe.sandbox import answers, git, handshakes, signing
from awspipe.sandbox.answers import Refusal, StartResponse
from awspipe.sandbox.signing import Environ
from tests.support import iamactions

PATH = "/_faults/"
_CALLER = re.compile(r" app/([a-z0-9]+)-([0-9]+)")
_MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HTML = [("Content-Type", "text/html")]
JSON = [("Content-Type", "application/x-amz-json-1.1")]
EXPIRED = Refusal(
    "403 Forbidden",
    "The security token included in the request is expired",
    "ExpiredTokenException",
    "ExpiredToken",
    "ExpiredToken",
)


@dataclass(frozen=True)
class Harm:
    """What happens to a command, and at which of its calls.

    `at` is how a call's line begins, `nth` counts changing calls from 1 on, `call` all of them. `does` is
    `kill` or `interrupt` (the process, `before` the call is carried out or after), `cut` (the connection is
    closed from here on), `hang` (nobody answers from here on), `expire` (credentials are not taken from here
    on), or one wrong answer: `html`, `empty` or `part`, each with the status 200.
    """

    does: str
    at: str = ""
    nth: int = 0
    call: int = 0
    before: bool = True


LASTING = ("kill", "cut", "hang", "expire")
ANSWERS = {
    "html": b"<!DOCTYPE html><html><body>Please log in to the wireless network</body></html>",
    "empty": b"",
}


class DroppedError(ConnectionResetError):
    """The connection ends without an answer: werkzeug passes over it."""


@dataclass
class Case:
    """One command: what is to happen to it, and what it has called."""

    harm: Harm | None = None
    calls: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    in_flight: int = 0
    done: bool = False

    def begun(self, label: str, *, changing: bool) -> Harm | None:
        """Take note of a call; what is to happen to it."""
        harm = self.harm
        if harm and self.done and harm.does in LASTING:
            return harm
        self.calls.append(label)
        if changing:
            self.changes.append(label)
        if harm is None or self.done or not self._is_due(harm, label, changing=changing):
            return None
        self.done = True
        return harm

    def _is_due(self, harm: Harm, label: str, *, changing: bool) -> bool:
        if harm.at:
            return label.startswith(harm.at)
        return len(self.calls) == harm.call or (changing and len(self.changes) == harm.nth)


class Door:
    """A WSGI application around the sandbox's own."""

    def __init__(self, app: Callable[..., Iterable[bytes]], directory: Path) -> None:
        self._app, self._directory = app, directory
        self._cases: dict[str, Case] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or see to it that nobody does."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(PATH):
            return self._told(path.removeprefix(PATH), environ, start_response)
        caller = _CALLER.search(environ.get("HTTP_USER_AGENT", ""))
        if caller is None:
            return self._app(environ, start_response)
        with self._lock:
            case = self._cases.setdefault(caller[1], Case())
            case.in_flight += 1
        try:
            return self._met(case, int(caller[2]), environ, start_response)
        finally:
            with self._lock:
                case.in_flight -= 1

    def _told(self, name: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        case = self._cases.setdefault(name, Case())
        if environ["REQUEST_METHOD"] == "PUT":
            case.harm = Harm(**json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        with self._lock:
            told = {"changes": case.changes, "calls": case.calls, "in_flight": case.in_flight}
        return answers.text(environ, start_response, "200 OK", json.dumps({**told, "done": case.done}))

    def _met(self, case: Case, pid: int, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = _body(environ)
        if body is None:  # the command ended before it was sent whole: no call was made
            raise DroppedError
        operation = _operation(environ, body)
        label = line(environ, operation, body)
        with self._lock:
            harm = case.begun(label, changing=is_mutating(operation))
        if harm is None:
            answer = self._app(environ, start_response)
        elif harm.does in ("kill", "interrupt"):
            answer = self._signalled(harm, pid, environ, start_response)
        else:
            answer = self._spoiled(harm, environ, start_response)
        self._complete_handshakes(label)
        return answer

    def _signalled(
        self, harm: Harm, pid: int, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        answer: Iterable[bytes] = () if harm.before else self._app(environ, start_response)
        number = signal.SIGKILL if harm.does == "kill" else signal.SIGINT
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if harm.before and harm.does == "kill":
            raise DroppedError
        return self._app(environ, start_response) if harm.before else answer

    def _spoiled(self, harm: Harm, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if harm.does == "expire":
            protocol = answers.protocol_of(environ, signing.claim(environ))
            return answers.refuse(environ, start_response, EXPIRED, protocol)
        if harm.does in ANSWERS:
            return answers.answer(environ, start_response, "200 OK", HTML, ANSWERS[harm.does])
        if harm.does == "part":
            whole = b"".join(self._app(environ, lambda *_: None))
            return answers.answer(environ, start_response, "200 OK", JSON, whole[: len(whole) * 2 // 3])
        if harm.does == "hang":
            select.select([environ["werkzeug.socket"]], [], [])  # the request is read: what comes is its end
        with contextlib.suppress(OSError):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise DroppedError

    def _complete_handshakes(self, label: str) -> None:
        """Somebody is there who completes each connection as soon as it is made."""
        made = re.match(r"CreateConnection (\S+)", label)
        if made:
            theirs = self._directory / "theirs.git"
            if not theirs.exists():
                git.create(theirs)
            handshakes.connect(self._directory, made[1], "me/shop", theirs)


def line(environ: Environ, operation: str, body: str) -> str:
    """A call in one line that is the same in each run."""
    text = _MADE_UP.sub("ID", f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {body}")
    return f"{operation} {_subject(environ, body)} {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def is_mutating(operation: str) -> bool:
    """Whether an operation, or a method of HTTP, changes something."""
    return operation not in ("GET", "HEAD") and iamactions.is_mutating("", operation)


def _operation(environ: Environ, body: str) -> str:
    """The name of an operation where the request tells one; else its method."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not target and body.startswith("Action="):
        target = parse_qs(body)["Action"][0]
    return target or str(environ["REQUEST_METHOD"])


def _subject(environ: Environ, body: str) -> str:
    """What a call is about, for a reader: a connection's name in full."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        given = json.loads(body)
        first = given.get("ConnectionName") or next(iter(given.values()), "")
        return _MADE_UP.sub("ID", str(first.get("name", "") if isinstance(first, dict) else first))[:60]
    if body.startswith("Action="):
        return parse_qs(body).get("RoleName", [""])[0]
    return str(environ["REQUEST_URI"])[:80]


def _body(environ: Environ) -> str | None:
    """What a request brings; None where only a part of it has come."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return ""
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        return None
    environ["wsgi.input"] = io.BytesIO(body)
    return body.decode("utf-8", "replace")


def told(harm: Harm) -> bytes:
    """A harm as the door takes it."""
    return json.dumps(dataclasses.asdict(harm)).encode()


def main() -> int:
    """Serve as `python -m awspipe.sandbox` does, behind the door."""
    from awspipe.sandbox import server, serving

    class Guarded(serving.Server):
        def __init__(self, app: Any, listener: Any) -> None:
            super().__init__(Door(app, Path.cwd()), listener)

    serving.Server = Guarded  # type: ignore[misc]
    return server.main()


if __name__ == "__main__":
    sys.exit(main())
