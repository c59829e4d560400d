"""A box of Linux namespaces: the whole machine as it is, copied on write, with its own processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from awspipe.sandbox import box
from awspipe.sandbox.boxes import boot, files, leftovers

_TOOLS = ("unshare", "nsenter", "setpriv")
_CAPABILITIES = (
    "chown",
    "dac_override",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "net_bind_service",
    "net_raw",
    "sys_chroot",
    "audit_write",
    "setfcap",
)
"""What root may do in a box: what it may in a container, but not make device files."""
_INSIDE = ["setpriv", f"--bounding-set=-all,{','.join(f'+{one}' for one in _CAPABILITIES)}"]
_AT = ["sh", "-c", 'cd -- "$1" && shift && exec "$@"', "sh"]
_NEEDED = ("usr", "var", "etc", "home")
"""Directories without which a box would be none, should they not be copied on write."""


class NamespaceBox(box.Box):
    """A box whose first process lives as long as this one holds the other end of its standard input."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(directory, name)
        self._shared: set[str] = set()
        self._first = _boot(directory)
        try:
            self._pid, self.read_only = _booted(self._first)
        except box.BoxError:
            _end(self._first)
            raise
        leftovers.remember(directory, self._pid)

    def entrance(self, cwd: str = "/") -> tuple[list[str], dict[str, str]]:
        """By nsenter; without most of what root may do."""
        at = [] if cwd == "/" else [*_AT, cwd]
        return [*self._nsenter(), *_INSIDE, *at], {}

    def share(self, inside: str) -> Path:
        """A directory of the box's own, mounted there."""
        here = self.directory / boot.SHARED / inside.lstrip("/")
        if inside in self._shared:
            return here
        here.mkdir(parents=True, exist_ok=True)
        mount = ["sh", "-c", f'mkdir -p "$1" && mount --bind "/{boot.HUB}$1" "$1"', "sh", inside]
        done = subprocess.run([*self._nsenter(), *mount], capture_output=True, check=False, cwd="/")
        if done.returncode:
            raise box.BoxError(f"{inside} cannot be shared: {done.stderr.decode(errors='replace').strip()}")
        self._shared.add(inside)
        return here

    def _nsenter(self) -> list[str]:
        whose = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self._pid), *whose, "-m", "-p", "-r", "-w"]

    def _outer_cwd(self, cwd: str) -> str:
        return "/"

    def _kill_all(self, started: Sequence[subprocess.Popen[Any]]) -> None:
        _end(self._first)


def probe(where: Path) -> None:
    """Make a box and write in it; BoxError, with why, where that is not to be had."""
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if not sys.platform.startswith("linux"):
        raise box.BoxError(f"{sys.platform} has no namespaces")
    if missing:
        raise box.BoxError(f"{' and '.join(missing)} (util-linux) cannot be found")
    directory = Path(tempfile.mkdtemp(prefix="probe-", dir=where))
    made = None
    try:
        made = NamespaceBox(directory, "probe")
        if bare := [one for one in made.read_only if one in _NEEDED]:
            raise box.BoxError(f"/{bare[0]} cannot be copied on write on this system")
        _try(made)
    finally:
        if made is not None:
            made.kill()
        files.delete(directory)


def _try(made: NamespaceBox) -> None:
    here = made.share("/awspipe-probe")
    command = [
        "sh",
        "-c",
        "echo yes >/usr/local/awspipe-probe && cp /usr/local/awspipe-probe /awspipe-probe/",
    ]
    pipe: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with made.popen(command, env={"PATH": os.environ.get("PATH", os.defpath)}, cwd="/", **pipe) as running:
        says = cast("IO[bytes]", running.stderr).read().decode(errors="replace").strip()
    if running.returncode or not (here / "awspipe-probe").is_file():
        raise box.BoxError(says or "a process in a box could not write")


def _boot(directory: Path) -> subprocess.Popen[bytes]:
    mine = [] if os.geteuid() == 0 else ["-U", "-r"]
    plan = {
        "directory": str(directory),
        "user": os.geteuid() != 0,
        "visible": _visible(),
        "hidden": _hidden(),
    }
    return subprocess.Popen(
        ["unshare", *mine, "-m", "-p", "-f", sys.executable, "-I", "-S", boot.__file__, json.dumps(plan)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )


def _booted(first: subprocess.Popen[bytes]) -> tuple[int, tuple[str, ...]]:
    """The box's first process as this machine counts, and the directories that are read-only in it."""
    said = cast("IO[bytes]", first.stdout).readline()
    if not said:
        why = cast("IO[bytes]", first.stderr).read().decode(errors="replace").strip().splitlines()
        raise box.BoxError(why[-1] if why else "namespaces cannot be made")
    answer = json.loads(said)
    return int(answer["pid"]), tuple(answer["read_only"])


def _end(first: subprocess.Popen[bytes]) -> None:
    """The box's first process ends when nobody holds its input; the kernel then ends all others."""
    for stream in (first.stdin, first.stdout, first.stderr):
        if stream is not None:
            stream.close()
    first.wait()


def _visible() -> list[str]:
    """What a box needs of the directories that it has of its own (/tmp, /run): Python and this package."""
    package = str(Path(__file__).parents[3])
    return sorted({sys.prefix, sys.base_prefix, package})


def _hidden() -> list[str]:
    """What no build should find by chance: the user's AWS credentials."""
    return [str(Path.home() / ".aws")]
