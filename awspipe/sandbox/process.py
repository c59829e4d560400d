"""Processes and file locks, on every system that awspipe runs on. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_LINUX_START_FIELD = 19  # field 22 of /proc/PID/stat, counted after the name's closing bracket


def started(pid: int) -> str:
    """When a process started, as a text to compare; "" when there is no such process.

    A process id alone may long belong to another program; the two together do not.
    """
    if sys.platform == "win32":
        return _started_windows(pid)
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        return _started_linux(stat)
    return _started_ps(pid)


def _started_linux(stat: Path) -> str:
    try:
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[_LINUX_START_FIELD]


def _started_ps(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    out = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}).stdout
    state, _, when = out.decode().strip().partition(" ")
    return "" if state.startswith("Z") else when.strip()


def _started_windows(pid: int) -> str:
    command = ["tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH"]
    out = subprocess.run(command, capture_output=True, check=False).stdout
    return "running" if f'"{pid}"'.encode() in out else ""


def ended(pid: int, start: str, *, timeout: float) -> bool:
    """Wait for a process to end; whether it did."""
    deadline = time.monotonic() + timeout
    while started(pid) == start:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class LockedError(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(path: Path, *, timeout: float = 0.0) -> Iterator[None]:
    """Hold a lock file that the system lets go of when the process ends, however it ends.

    Who holds it may delete it: then whoever waits takes a new one.
    """
    deadline = time.monotonic() + timeout
    descriptor = _locked(path, deadline)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if _try_lock(descriptor):
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        os.close(descriptor)
        if time.monotonic() >= deadline:
            raise LockedError(str(path))
        time.sleep(0.02)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
