"""Which connections are complete: the handshake that on AWS happens in the console's browser window.

There is no API for it. `awspipe sandbox connect` writes into the state directory what a connection leads to:
a local git repository for each `owner/name`. The running sandbox looks there each time.
Imports nothing heavy.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from awspipe.errors import UsageError
from awspipe.sandbox import record


def connect(directory: Path, connection: str, repository: str, path: Path) -> None:
    """Let a connection, by its name, lead to a repository on this machine that stands for `owner/name`."""
    place = path.absolute()
    if not any((at / "HEAD").is_file() for at in (place, place / ".git")):
        raise UsageError(f"{path} is no git repository", hint="`git init --bare` or `git clone` makes one")
    known = repositories(directory, connection) or {}
    file = _file(directory, connection)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    record.write_private(file, {**known, repository: str(place)})


def repositories(directory: Path, connection: str) -> dict[str, str] | None:
    """Where a connection leads to, by `owner/name`; None while its handshake is not done."""
    try:
        found: dict[str, str] = json.loads(_file(directory, connection).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def forget(directory: Path, connection: str) -> None:
    """Undo the handshake; none is fine."""
    _file(directory, connection).unlink(missing_ok=True)


def _file(directory: Path, connection: str) -> Path:
    return directory / "connections" / f"{quote(connection, safe='')}.json"
