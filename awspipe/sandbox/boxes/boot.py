"""The first process of a namespace box: it makes the box's view of the machine, and then keeps it alive.

Run by `unshare` with nothing but the standard library. Each top-level directory is an overlay over the real
one (an overlay of `/` itself is refused by the kernel), except: /tmp and /run are empty, because two hosts
would overwrite each other's files there; /proc shows the box's own processes; /dev has no disks.
It ends when its standard input does, that is with the server, and the kernel ends the box's processes then.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

SHARED = "shared"
"""The directory, in the box's own, of what both sides see."""
HUB = ".awspipe"
"""Where a box finds it."""

_RDONLY, _REMOUNT, _BIND, _REC = 0x1, 0x20, 0x1000, 0x4000
_DETACH = 2
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYS_MOUNT_SETATTR = 442
_AT_RECURSIVE = 0x8000
_OWN = ("proc", "sys", "dev", "run", "tmp", "lost+found", HUB)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LOCKED = ("sys", "sysrq-trigger", "irq", "bus")
_TWINS = {"usr": 3, "var": 3, "etc": 2, "opt": 2, "home": 1, "srv": 2}
"""How deep an ordinary user may create files where root could."""
_NO_TWINS = ("/usr/share/", "/usr/include/", "/usr/src/", "/var/cache/")

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Make the view, say that it is ready, and wait."""
    plan = json.loads(sys.argv[1])
    pid = int(Path("/proc/self").readlink().name)  # of this machine's /proc, so as this machine counts
    os.chdir(plan["directory"])
    for name in ("top", "upper", "work", SHARED):
        Path(name).mkdir(mode=0o755, exist_ok=True)
    mount("top", "top", "", _BIND)
    read_only = [name for name in _directories() if not _cover(name, user=plan["user"])]
    _make_own(plan["user"])
    for path in plan["visible"]:
        _show(path)
    for path in plan["hidden"]:
        if Path("top" + path).is_dir():
            mount("tmpfs", "top" + path, "tmpfs", 0, "mode=755")
    _bind(SHARED, f"top/{HUB}")
    _enter()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then reaps for us
    os.write(1, (json.dumps({"pid": pid, "read_only": read_only}) + "\n").encode())
    while os.read(0, 1):
        pass


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    texts = [one.encode() for one in (source, target, kind, options)]
    if libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]):
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} (mount {kind or 'bind'} at {target})")


def _directories() -> list[str]:
    """The top-level directories to cover; links are made on the way."""
    found = []
    for entry in os.scandir("/"):
        if entry.is_symlink():
            with suppress(FileExistsError):
                Path("top", entry.name).symlink_to(Path(entry.path).readlink())
        elif entry.is_dir() and entry.name not in _OWN:
            found.append(entry.name)
    return sorted(found)


def _cover(name: str, *, user: bool) -> bool:
    """Lay an overlay over a directory; where that cannot be, show it read-only, and say False."""
    for place in ("top", "upper", "work"):
        Path(place, name).mkdir(exist_ok=True)
    if user and not os.access(f"/{name}", os.R_OK | os.X_OK):
        return True  # what this user cannot look into is an empty directory
    if user and name in _TWINS:
        _make_twins(f"/{name}", _TWINS[name])
    options = f"lowerdir=/{name},upperdir=upper/{name},workdir=work/{name}"
    with suppress(OSError):
        mount("overlay", f"top/{name}", "overlay", 0, options + (",userxattr" if user else ""))
        return True
    _bind(f"/{name}", f"top/{name}", flags=_BIND | _REC)
    _protect(f"top/{name}")
    return False


def _make_twins(path: str, depth: int) -> None:
    """Make directories of this user's where root's are: they are one in the overlay, and ours to write in."""
    with suppress(FileExistsError):
        os.mkdir(f"upper{path}")  # noqa: PTH102 - a thousand times
    if depth == 0 or f"{path}/" in _NO_TWINS:
        return
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and os.access(entry.path, os.R_OK | os.X_OK):
                _make_twins(entry.path, depth - 1)


def _make_own(user: bool) -> None:
    """What a box does not share: /proc, /dev, /tmp, /run, and a /sys that cannot be written."""
    for name in _OWN:
        Path("top", name).mkdir(exist_ok=True)
    mount("tmpfs", "top/tmp", "tmpfs", 0, "mode=1777")
    mount("tmpfs", "top/run", "tmpfs", 0, "mode=755")
    for name in ("lock", "user"):
        Path("top/run", name).mkdir(mode=0o1777)
    mount("proc", "top/proc", "proc")
    if not user:
        for name in _LOCKED:
            if Path("top/proc", name).exists():
                _bind(f"top/proc/{name}", f"top/proc/{name}")
                mount("", f"top/proc/{name}", "", _REMOUNT | _BIND | _RDONLY)
    with suppress(OSError):
        _bind("/sys", "top/sys", flags=_BIND | _REC)
        _protect("top/sys")
    _make_devices()
    _keep_resolver()


def _make_devices() -> None:
    mount("tmpfs", "top/dev", "tmpfs", 0, "mode=755")
    for name in _DEVICES:
        Path("top/dev", name).touch()
        _bind(f"/dev/{name}", f"top/dev/{name}")
    for name in ("pts", "shm"):
        Path("top/dev", name).mkdir()
    mount("tmpfs", "top/dev/shm", "tmpfs", 0, "mode=1777")
    mount("devpts", "top/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0"}
    links |= {"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
    for name, target in links.items():
        Path("top/dev", name).symlink_to(target)


def _keep_resolver() -> None:
    """systemd's resolver writes /etc/resolv.conf into /run, which the box has not."""
    real = os.path.realpath("/etc/resolv.conf")
    if real.startswith("/run/") and Path(real).is_file():
        copy = Path("top" + real)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(Path(real).read_bytes())


def _show(path: str) -> None:
    """Let a directory be seen that lies where the box has one of its own."""
    if path.startswith(("/tmp/", "/run/")) and Path(path).is_dir():  # noqa: S108
        Path("top" + path).mkdir(parents=True, exist_ok=True)
        _bind(path, "top" + path)
        with suppress(OSError):
            _protect("top" + path)


def _bind(source: str, target: str, *, flags: int = _BIND) -> None:
    mount(source, target, "", flags)


def _protect(target: str) -> None:
    """Make a mount and what is mounted below it read-only: mount_setattr(2)."""
    attributes = (ctypes.c_uint64 * 4)(_RDONLY, 0, 0, 0)
    at_cwd = -100
    if libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(at_cwd),
        target.encode(),
        ctypes.c_uint(_AT_RECURSIVE),
        attributes,
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    ):
        mount("", target, "", _REMOUNT | _BIND | _RDONLY)


def _enter() -> None:
    """Make the view the root. The old one is gone with it, so that root in a box cannot go back there."""
    os.chdir("top")
    Path(".old").mkdir(exist_ok=True)
    number = _SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is not None and libc.syscall(ctypes.c_long(number), b".", b".old") == 0:
        os.chdir("/")
        libc.umount2(b"/.old", ctypes.c_int(_DETACH))
    else:  # the root of an initial ramdisk cannot be pivoted
        os.chroot(".")
        os.chdir("/")
    with suppress(OSError):
        Path("/.old").rmdir()


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        sys.exit(f"{problem.strerror or problem}")
