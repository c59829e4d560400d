"""Owner, group, mode, ACLs and SELinux labels of one deployed path.

A host of the sandbox may be unable to give a file away: then it says so, and goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from awspipe.formats.appspec import Permission
from awspipe.sandbox.agent.order import AgentError

Warn = Callable[[str], None]


def change(path: str, place: Path, permission: Permission, *, warn: Warn, root: Path) -> None:
    """Do what a permission says to a path. `path` is its name on the host."""
    if permission.mode is not None and not place.is_symlink():
        place.chmod(permission.mode)
    if permission.acls:
        _setfacl(path, place, permission, warn)
    if permission.context is not None:
        _label(path, place, permission, warn)
    if permission.owner or permission.group:
        _give(path, place, permission, warn=warn, root=root)


def can_be_others(root: Path) -> bool:
    """Whether files can be given away and scripts run as somebody else: root, on a host of its own."""
    return root == Path("/") and os.geteuid() == 0


def _give(path: str, place: Path, permission: Permission, *, warn: Warn, root: Path) -> None:
    whom = ":".join(one or "" for one in (permission.owner, permission.group))
    if not can_be_others(root):
        warn(f"{path} is not given to {whom}: only root on a host of its own can do that")
        return
    try:
        shutil.chown(place, permission.owner, permission.group)  # type: ignore[arg-type]
    except LookupError as error:
        warn(f"{path} is not given to {whom}: {error.args[0]} is not known on this machine")
    except OSError as error:
        warn(f"{path} is not given to {whom}: {error.strerror}")


def _setfacl(path: str, place: Path, permission: Permission, warn: Warn) -> None:
    command = shutil.which("setfacl")
    if command is None:
        warn(f"{path} gets no ACLs: there is no setfacl on this machine")
        return
    mode = f"{place.stat().st_mode & 0o777:03o}"
    whole = ",".join((*permission.acls, f"u::{mode[0]}", f"g::{mode[1]}", f"o::{mode[2]}"))
    _run([command, "-m", whole, str(place)], f"the acls of {path} cannot be set")


def _label(path: str, place: Path, permission: Permission, warn: Warn) -> None:
    semanage, restorecon = shutil.which("semanage"), shutil.which("restorecon")
    if semanage is None or restorecon is None or permission.context is None:
        warn(f"{path} gets no SELinux context: there is no semanage on this machine")
        return
    words = {"-s": permission.context.user, "-t": permission.context.type, "-r": permission.context.range}
    options = [word for name, value in words.items() if value for word in (name, value)]
    what = f"the context of {path} cannot be set"
    _run([semanage, "fcontext", "-a", *options, str(place)], what)
    _run([restorecon, "-v", str(place)], what)


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise AgentError(f"{what}: {said} (exit code {done.returncode})")
