"""`run-as`: as which user commands run, as far as this machine lets a build become another one.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (run-as)
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from awspipe.formats.buildspec_model import Buildspec
from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.rooms import Rooms
from awspipe.sandbox.builds.shell import Shell
from awspipe.sandbox.builds.world import PhaseError

_IN_IMAGES = "codebuild-user"
"""The user that AWS's images have for this."""


def users(spec: Buildspec, rooms: Rooms, shell: Shell, log: Log) -> dict[str, str | None]:
    """Each user that the buildspec names, to the one to become; None where none can be become."""
    found: dict[str, str | None] = {}
    for name in dict.fromkeys(_named(spec)):
        found[name] = name if _can_become(name, rooms, shell, log) else None
    if any(found.values()):
        # "grants the specified user read and run permissions", the page says.
        shell.run(f"chmod -R a+rX . {shlex.quote(rooms.home.inside)}")
    return found


def _named(spec: Buildspec) -> Iterator[str]:
    for name in (spec.run_as, *(one.run_as for one in spec.phases.values())):
        if name:
            yield name


def _can_become(name: str, rooms: Rooms, shell: Shell, log: Log) -> bool:
    if os.geteuid() != 0 or not shell.finds("setpriv"):
        log.say(f"run-as: {name} is asked for; this build runs as you, who cannot become another user")
        return False
    quoted = shlex.quote(name)
    if shell.run(f"id -u {quoted} >/dev/null 2>&1").code == 0:
        return True
    made = rooms.level == "namespace" and name == _IN_IMAGES
    if made and shell.run(f"useradd --no-create-home {quoted} >/dev/null 2>&1").code == 0:
        return True
    raise PhaseError("CLIENT_ERROR", f"run-as: {name} is asked for, and this machine has no such user")
