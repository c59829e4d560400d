"""What a server that was killed left running in its boxes.

A box's first process dies with its server, but only a moment later; two views on the same files would damage
them. So who opens a box again ends what the last one recorded, and waits for that.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from awspipe.sandbox import box, process

_RECORD = "box.json"
_PATIENCE = 10.0
_GRACE = 0.5
_LOOK = 0.01
_VAIN = 2


def remember(directory: Path, pid: int) -> None:
    """Keep which process is a box's first."""
    (directory / _RECORD).write_text(json.dumps({"pid": pid, "started": process.started(pid)}))


def end(directory: Path) -> None:
    """End what runs in a box that this process does not hold."""
    known = _read(directory / _RECORD)
    if known is not None:
        end_process(*known)
        (directory / _RECORD).unlink(missing_ok=True)
    elif (directory / "root").is_dir():
        end_marked(directory)


def end_process(pid: int, started: str) -> None:
    """KILL a process that has this start, and wait until it has ended."""
    if started and process.started(pid) == started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        process.ended(pid, started, timeout=_PATIENCE)


def end_marked(directory: Path, started: Sequence[subprocess.Popen[Any]] = ()) -> None:
    """TERM, then KILL, to what was `started` and to all that carries a box's mark, until there is none."""
    _tell(directory, started, signal.SIGTERM)
    if sys.platform != "win32":
        _tell(directory, started, signal.SIGKILL)


def _tell(directory: Path, started: Sequence[subprocess.Popen[Any]], number: signal.Signals) -> None:
    """Until it was looked in vain twice: a process that has just begun does not carry the mark yet."""
    told: set[int] = set()
    patience, vain = (_GRACE if number is signal.SIGTERM else _PATIENCE), 0
    until = time.monotonic() + patience
    while vain < _VAIN and time.monotonic() < until:
        left = {*_marked(directory), *(one.pid for one in started if one.poll() is None)}
        for pid in left - told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        told |= left
        vain = 0 if left else vain + 1
        time.sleep(_LOOK)


def _marked(directory: Path) -> Iterator[int]:
    """The living processes that carry a box's mark."""
    wanted = f"{box.MARK}={directory}".encode()
    if not Path("/proc/self/environ").exists():
        yield from _marked_by_ps(wanted)
        return
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a Path for each of them takes its time
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                variables = Path("/proc", entry, "environ").read_bytes()
                if wanted in variables.split(b"\0"):
                    yield int(entry)


def _marked_by_ps(wanted: bytes) -> Iterator[int]:
    listed = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, check=False).stdout
    for line in listed.splitlines():
        pid, _, rest = line.strip().partition(b" ")
        if wanted in rest.split(b" ") and int(pid) != os.getpid():
            yield int(pid)


def _read(path: Path) -> tuple[int, str] | None:
    try:
        known = json.loads(path.read_text())
        return int(known["pid"]), str(known["started"])
    except (OSError, ValueError, KeyError):
        return None
