"""Starting, finding and stopping the sandbox's server. Imports neither moto nor boto3."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import awspipe
from awspipe.errors import AwspipeError, RefusedError, UsageError
from awspipe.sandbox import process, record

DEFAULT_REGION = "ap-northeast-2"
"""The region that `environment` names: the sandbox plays them all."""

UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables that must not be set beside those of `environment`. Empty is no help: boto3 looks for a profile
with an empty name."""

_HEALTH_SECONDS = 2.0
_STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0
_LOG_BYTES = 4 * 1024 * 1024
_LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running sandbox, and the key to it."""

    url: str
    access_key: str
    secret_key: str = field(repr=False)
    pid: int
    account: str = record.ACCOUNT


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to know of a sandbox, running or not."""

    running: bool
    url: str = ""
    pid: int = 0
    uptime_seconds: float = 0.0
    version: str = ""
    account: str = record.ACCOUNT
    state_bytes: int = 0
    not_kept: tuple[str, ...] = ()
    """Services that hold something which a restart loses."""
    notes: tuple[str, ...] = ()


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where the sandbox of this user lies."""
    named = environ.get("AWSPIPE_SANDBOX_DIR")
    return Path(named).absolute() if named else _user_state(environ) / "awspipe" / "sandbox"


def _user_state(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    named = Path(environ.get("XDG_STATE_HOME", ""))
    return named if named.is_absolute() else home / ".local" / "state"  # XDG: a relative one is ignored


def log_path(directory: Path) -> Path:
    """What the server says."""
    return directory / "sandbox.log"


def mail_path(directory: Path) -> Path:
    """The mails that AWS would have sent."""
    return directory / record.MAIL


def running(directory: Path) -> Endpoint | None:
    """The server of this directory, if it runs: the process that wrote the record, answering with its key."""
    found = _alive(directory)
    if found is None or not _health(found.url, found.secret_key):
        return None
    return Endpoint(found.url, found.access_key, found.secret_key, found.pid)


def _alive(directory: Path) -> record.Record | None:
    found = record.read(directory)
    if found is None or process.started(found.pid) != found.process_started:
        return None
    return found


def notes(endpoint: Endpoint) -> tuple[str, ...]:
    """What the user should know of how it runs."""
    return tuple(_health(endpoint.url, endpoint.secret_key).get("notes", ()))


def sites(endpoint: Endpoint) -> Mapping[str, str]:
    """The address of each web site that the sandbox serves now, by its bucket."""
    found: Mapping[str, str] = _health(endpoint.url, endpoint.secret_key).get("sites", {})
    return found


def _health(url: str, secret_key: str) -> dict[str, Any]:
    """What the server at an address answers, if it has the key; else nothing."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(url.removeprefix("http://"), timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", record.HEALTH)
        answer = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    known = isinstance(answer, dict) and answer.get("fingerprint") == record.fingerprint(secret_key)
    return answer if known else {}


def start(directory: Path, *, timeout: float = 20.0) -> tuple[Endpoint, bool]:
    """The running server, started if there is none; the second is whether it was started now.

    Raises AwspipeError where it does not start, or where there is no room for its state.
    """
    try:
        found = running(directory)
        return (found, False) if found is not None else _begun(directory, timeout=timeout)
    except OSError as error:
        raise AwspipeError(
            f"the sandbox cannot keep its state in {directory}: {error.strerror or error}",
            hint="AWSPIPE_SANDBOX_DIR names another directory",
        ) from error


def _begun(directory: Path, *, timeout: float) -> tuple[Endpoint, bool]:
    _require_moto()
    with _locked(directory, timeout=timeout):
        found = running(directory)
        if found is not None:
            return found, False
        record.prepare(directory)
        return _started(directory, timeout=timeout), True


def _require_moto() -> None:
    if any(find_spec(name) is None for name in ("moto", "flask", "flask_cors")):
        raise UsageError("the sandbox is not installed", hint="pip install 'awspipe[sandbox]'")


def _locked(directory: Path, *, timeout: float) -> Any:
    """Keep other commands from starting, stopping or deleting it meanwhile.

    The lock lies beside the directory, because `reset` deletes the directory.
    """
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return process.locked(_lock_path(directory), timeout=timeout)


def _lock_path(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.lock")


def _started(directory: Path, *, timeout: float) -> Endpoint:
    log = _fresh_log(directory)
    said_before = log.stat().st_size
    server = _spawn(directory, log)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ended = server.poll() is not None
        found = running(directory)
        if found is not None:
            server.returncode = 0  # it outlives this process: Popen must not warn of that
            return found
        if ended:
            raise _not_started(log, said_before, f"it ended with exit code {server.returncode}")
        time.sleep(0.03)
    server.kill()
    server.wait()
    raise _not_started(log, said_before, f"it was not ready within {timeout:g} s")


def _fresh_log(directory: Path) -> Path:
    """The log to write to; a large one is put aside."""
    log = log_path(directory)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    log.touch(mode=0o600)
    return log


def _spawn(directory: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "awspipe.sandbox", "--state-dir", str(directory)]
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            # `-m` finds this very package there; the server changes to its own directory
            cwd=Path(awspipe.__file__).parent.parent,
            start_new_session=True,
            creationflags=_detached(),
        )


def _detached() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _not_started(log: Path, said_before: int, why: str) -> AwspipeError:
    lines = log.read_bytes()[said_before:].decode(errors="replace").splitlines()[-_LOG_LINES:]
    said = "".join(f"\n  {line}" for line in lines)
    return AwspipeError(f"the sandbox did not start: {why}{said}", hint=f"the whole log is {log}")


def stop(directory: Path) -> bool:
    """Stop the server after it saved its state; False when none ran."""
    if not directory.exists():
        return False
    with _locked(directory, timeout=_STOP_SECONDS):
        return _stopped(directory)


def _stopped(directory: Path) -> bool:
    found = _alive(directory)
    if found is None:
        return False
    pid, start_of = found.pid, found.process_started
    os.kill(pid, signal.SIGTERM)
    if not process.ended(pid, start_of, timeout=_STOP_SECONDS):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        if not process.ended(pid, start_of, timeout=_KILL_SECONDS):
            raise AwspipeError(
                f"the sandbox does not stop (process {pid})", hint=f"end process {pid} yourself"
            )
    return True


def reset(directory: Path) -> bool:
    """Stop the server and delete all that the sandbox holds; False when there was nothing."""
    if not directory.exists():
        return False
    if not record.is_sandbox(directory):
        raise RefusedError(
            f"{directory} is not a sandbox's directory: nothing was deleted",
            hint="AWSPIPE_SANDBOX_DIR names it; unset it to use the usual one",
        )
    with _locked(directory, timeout=_STOP_SECONDS):
        _stopped(directory)
        _end_boxes(directory)
        record.delete(directory)
        with contextlib.suppress(PermissionError):  # Windows deletes nothing that is open
            _lock_path(directory).unlink()
    return True


def _end_boxes(directory: Path) -> None:
    """End what a server that was killed left running in its boxes."""
    from awspipe.sandbox.boxes import leftovers

    for kind in ("builds", "hosts"):
        for folder in (directory / kind).glob("*"):
            leftovers.end(folder)


def status(directory: Path) -> Status:
    """What there is to know of the sandbox."""
    size = _size(directory)
    found = _alive(directory)
    health = _health(found.url, found.secret_key) if found else {}
    if found is None or not health:
        return Status(running=False, state_bytes=size)
    return Status(
        running=True,
        url=found.url,
        pid=found.pid,
        uptime_seconds=time.time() - found.started,
        version=found.version,
        state_bytes=size,
        not_kept=tuple(health["not_kept"]),
        notes=(*health["notes"], *_version_note(found)),
    )


def _version_note(found: record.Record) -> tuple[str, ...]:
    if found.version == awspipe.__version__:
        return ()
    return (f"it is awspipe {found.version}: stop it, and the next command starts {awspipe.__version__}",)


def _size(directory: Path) -> int:
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.lstat(Path(folder, name)).st_size
            except FileNotFoundError:  # the server works on while we count
                continue
    return total


def environment(endpoint: Endpoint, *, region: str = DEFAULT_REGION) -> dict[str, str]:
    """What the AWS CLI, Terraform or boto3 need to see the sandbox; those of `UNSET` must not be set."""
    return {
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": endpoint.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_key,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
