"""The directories of a build in its box: sources below /codebuild/output, and a home of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from awspipe.sandbox.box import Box
from awspipe.sandbox.builds import hashfiles

_TOP = "/codebuild"
_ROOTS_HOME = "/root"
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "http_proxy", "https_proxy", "no_proxy")
"""What a build has of this machine's environment, beside PATH: no `CI`, no credentials, no settings of the
user's."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A directory: where this process finds it, and what it is called in the box."""

    here: Path
    inside: str

    def __truediv__(self, name: str) -> Spot:
        return Spot(self.here / name, f"{self.inside}/{name}")

    def made(self) -> Spot:
        """The same, there for sure."""
        self.here.mkdir(parents=True, exist_ok=True)
        return self


class Rooms:
    """Where things lie in one build's box."""

    def __init__(self, box: Box, seed: str) -> None:
        self.box = box
        self._seed = seed
        self._top = Spot(box.share(_TOP), box.path(_TOP))
        self.step = (self._top / "output/tmp").made()
        self.step.here.chmod(0o777)  # a command may run as another user (run-as)
        self.home = self._home()
        self._tools = (self._top / "bin").made()
        self._make_tools()

    def _make_tools(self) -> None:
        """The commands that CodeBuild has beside those of the image."""
        python, script = shlex.quote(sys.executable), shlex.quote(hashfiles.__file__)
        tool = self._tools.here / "codebuild-hash-files"
        tool.write_text(f'#!/bin/sh\nexec {python} -I -S {script} "$@"\n')
        tool.chmod(0o755)

    def source(self, index: int) -> Spot:
        """The directory of the primary source (0) or of another; named as CodeBuild names it."""
        number = zlib.crc32(f"{self._seed}/{index}".encode())
        return (self._top / f"output/src{number}/src").made()

    @property
    def level(self) -> str:
        """How the build is kept apart from this machine."""
        return "process" if self.box.root_prefix else "namespace"

    def environ(self) -> dict[str, str]:
        """Who the build is on this machine, and where its tools put things.

        Debian's and Homebrew's pip refuse to install beside the system's packages; in AWS's images it may.
        """
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        path = os.pathsep.join((_path(), self._tools.inside))
        own = {"HOME": self.home.inside, "PATH": path, "PIP_BREAK_SYSTEM_PACKAGES": "1"}
        return {**kept, **own, **(self._prefixes(own["PATH"]) if self.level == "process" else {})}

    def _home(self) -> Spot:
        """/root, as in AWS's images, and nothing of the user's in it; unless tools are started from there."""
        uses_root = any(Path(one).is_relative_to(_ROOTS_HOME) for one in _path().split(os.pathsep))
        if uses_root and not self.box.root_prefix:
            return (self._top / "home").made()
        return Spot(self.box.share(_ROOTS_HOME), self.box.path(_ROOTS_HOME))

    def _prefixes(self, path: str) -> Mapping[str, str]:
        """Where pip, npm and gem install to, where the whole machine is not the build's own."""
        home = self.home.inside
        (self.home / "tmp").made()
        return {
            "TMPDIR": f"{home}/tmp",  # noqa: S108 - of its own
            "PIP_USER": "1",
            "PYTHONUSERBASE": f"{home}/.local",
            "npm_config_prefix": f"{home}/.npm-global",
            "GEM_HOME": f"{home}/.gem",
            "PATH": os.pathsep.join(
                (f"{home}/.local/bin", f"{home}/.npm-global/bin", f"{home}/.gem/bin", path)
            ),
        }


def _path() -> str:
    """This machine's PATH without virtual environments: none is in a build on AWS, awspipe's least of all.

    One that has the only Python stays.
    """
    whole = os.environ.get("PATH", os.defpath)
    bare = os.pathsep.join(
        one for one in whole.split(os.pathsep) if one and not (Path(one).parent / "pyvenv.cfg").is_file()
    )
    return bare if shutil.which("python3", path=bare) or not shutil.which("python3", path=whole) else whole
