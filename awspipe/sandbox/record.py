"""What lies in a sandbox's state directory for others to find: who it is, and where its server is now.

.awspipe-sandbox   says that the directory is a sandbox's, so that `reset` deletes nothing else
identity.json      the key pair and the port, made once
server.json        the running server; written when it is ready, gone when it has ended
server.lock        held by the server as long as it lives
sandbox.log        what the server says
sites.json         the ports of the sites (siteports.py)
state/             what the services know (state.py)
git/               the CodeCommit repositories (codecommit.py)
hosts/             what hosts hold that deployments go to (deploy/)
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from awspipe.errors import RefusedError

ACCOUNT = "123456789012"
"""The account that every sandbox plays."""
ACCOUNT_PLANS = ("legacy", "free", "paid")
"""What it can be to AWS's Free Tier; legacy: made before there were plans, 2025-07-15."""

HEALTH = "/_awspipe/health"
HOSTS = "/_awspipe/hosts"
MAIL = "mail.txt"
"""The file of the mails that AWS would have sent."""
_MARK = ".awspipe-sandbox"
_DELETE_TRIES = 5
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def fingerprint(secret_key: str) -> str:
    """What a server may tell anybody to prove that it is the one with this key."""
    return hashlib.sha256(f"awspipe sandbox {secret_key}".encode()).hexdigest()[:32]


def basic(access_key: str, secret_key: str) -> str:
    """The header with which the sandbox's own programs come to it."""
    return "Basic " + base64.b64encode(f"{access_key}:{secret_key}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same over restarts, so that git remotes and exported keys stay good."""

    access_key: str
    secret_key: str = field(repr=False)
    port: int = 0
    """The port to serve at; 0 until one was found."""


@dataclass(frozen=True, slots=True)
class Record:
    """The running server, as `server.json` tells it."""

    pid: int
    process_started: str
    url: str
    access_key: str
    secret_key: str = field(repr=False)
    version: str
    started: float


def prepare(directory: Path) -> None:
    """Make a sandbox's directory that nobody else can look into; a directory of something else is refused."""
    if not is_sandbox(directory) and directory.exists() and any(directory.iterdir()):
        raise RefusedError(
            f"{directory} is not empty and not a sandbox's directory",
            hint="set AWSPIPE_SANDBOX_DIR to a new directory",
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    (directory / _MARK).touch(mode=0o600)


def is_sandbox(directory: Path) -> bool:
    """Whether a directory was made by `prepare`."""
    return (directory / _MARK).is_file()


def delete(directory: Path) -> None:
    """Delete a directory in which a build's last process may still be writing."""
    for _ in range(_DELETE_TRIES - 1):
        try:
            return shutil.rmtree(directory)
        except OSError:
            _open_up(directory)
            time.sleep(0.1)
    return shutil.rmtree(directory)


def _open_up(directory: Path) -> None:
    """overlayfs and git leave folders and files that even their owner may not touch."""
    for folder, _, files in os.walk(directory):
        Path(folder).chmod(0o700)
        if sys.platform == "win32":
            for name in files:
                Path(folder, name).chmod(0o600)


def identity(directory: Path) -> Identity:
    """The identity of the sandbox in a directory, made when there is none yet."""
    path = directory / "identity.json"
    known = _read(path)
    if known is not None:
        return Identity(**known)
    letters = "".join(secrets.choice(_KEY_LETTERS) for _ in range(13))
    made = Identity(f"AWSPIPE{letters}", secrets.token_hex(20))
    write_private(path, asdict(made))
    return made


def remember_port(directory: Path, who: Identity, port: int) -> None:
    """Keep the port for the next starts."""
    write_private(directory / "identity.json", asdict(who) | {"port": port})


def read(directory: Path) -> Record | None:
    """What the last server left, whether it still runs or not."""
    known = _read(directory / "server.json")
    return None if known is None else Record(**known)


def write(directory: Path, record: Record) -> None:
    """Tell that the server is ready."""
    write_private(directory / "server.json", asdict(record))


def remove(directory: Path) -> None:
    """Tell that the server has ended."""
    (directory / "server.json").unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return known


def write_private(path: Path, content: dict[str, Any], *, indent: int | None = 1) -> None:
    """Write a JSON file that only this user can read, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=indent))
    partial.replace(path)
