"""The commands' way to the sandbox's hosts. Imports neither moto nor boto3."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from awspipe.errors import AwspipeError, UsageError
from awspipe.sandbox.control import Endpoint
from awspipe.sandbox.record import HOSTS, basic

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way onto a host: commands run there as its own do."""

    host: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    root: str
    """What `/` of the host is to what runs there."""
    drop: Path
    """A directory of this machine that the host sees as `dropped`."""
    dropped: str
    level: str
    groups: tuple[str, ...]
    """The ids of the deployment groups that were deployed here."""

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program on the host, with pipes for its input and output."""
        return subprocess.Popen(
            [*self.command, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self.environment),
            cwd=self.root if Path(self.root).is_dir() else None,
        )

    def become_shell(self) -> None:
        """Replace this process by a shell on the host."""
        shell = self.environment.get("SHELL", "/bin/sh")
        words = [*self.command, shell]
        environ = {"TERM": os.environ.get("TERM", "dumb"), "PS1": f"{self.host}:\\w\\$ ", **self.environment}
        os.chdir(self.root)
        os.execvpe(words[0], words, environ)  # noqa: S606


def every(endpoint: Endpoint) -> list[dict[str, Any]]:
    """All hosts."""
    found: list[dict[str, Any]] = _asked(endpoint, "GET", HOSTS)["hosts"]
    return found


def isolation(endpoint: Endpoint) -> dict[str, str]:
    """How far hosts are from this machine: `level`, and a `reason` in words."""
    found: dict[str, str] = _asked(endpoint, "GET", HOSTS)["isolation"]
    return found


def add(endpoint: Endpoint, region: str, name: str, *, kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Make a host."""
    return _asked(endpoint, "POST", f"{HOSTS}/{region}", {"name": name, "kind": kind, "tags": dict(tags)})


def remove(endpoint: Endpoint, region: str, name: str) -> None:
    """End a host, and delete what it holds."""
    _asked(endpoint, "DELETE", f"{HOSTS}/{region}/{quote(name, safe='')}")


def enter(endpoint: Endpoint, region: str, name: str) -> Entrance:
    """A way onto a host; it starts with that."""
    found = _asked(endpoint, "GET", f"{HOSTS}/{region}/{quote(name, safe='')}/entrance")
    return Entrance(
        host=name,
        command=tuple(found["command"]),
        environment=found["environment"],
        root=found["root"],
        drop=Path(found["drop"]),
        dropped=found["dropped"],
        level=found["level"],
        groups=tuple(one["group_id"] for one in found["deployed"]),
    )


def _asked(endpoint: Endpoint, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    connection = HTTPConnection(endpoint.url.removeprefix("http://"), timeout=_SECONDS)
    headers = {"Authorization": basic(endpoint.access_key, endpoint.secret_key)}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        document: dict[str, Any] = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise AwspipeError(
            f"the sandbox does not answer about its hosts: {error}", hint="`awspipe sandbox logs` shows why"
        ) from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise UsageError(str(document["error"]), hint="`awspipe sandbox hosts` lists those there are")
    return document
