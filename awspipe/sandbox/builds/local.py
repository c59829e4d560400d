"""A folder of this machine as the surroundings of a build: no AWS, and the folder stays as it is."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from awspipe.formats.buildspec_model import Artifacts, Buildspec
from awspipe.sandbox.builds.cachestore import Store
from awspipe.sandbox.builds.record import Phase, Place
from awspipe.sandbox.builds.reports.results import Coverage, Results
from awspipe.sandbox.builds.world import Line, MissingValueError, PhaseError

_NAME = re.compile(r"[\w.-]+")

Hear = Callable[[str], None]


@dataclass(kw_only=True)
class Local:
    """What a build of a folder is given and leaves.

    `files` are the source's, by their paths in `source`; artifacts go below `into`, or nowhere. `values` are
    those of parameters and secrets, by their references.
    """

    source: Path
    files: Iterable[Path]
    into: Path | None
    reach: Mapping[str, str]
    values: Mapping[str, str]
    say: Hear
    ended: Callable[[Phase], None]
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    """The files of each artifact that was made; the primary one is called ""."""
    reports: dict[str, Results | Coverage] = field(default_factory=dict)
    """What the build's reports say, by their names."""

    def now(self) -> float:
        """This machine's time."""
        return time.time()

    def changing(self) -> contextlib.AbstractContextManager[object]:
        """Nobody else looks at the build's record."""
        return contextlib.nullcontext()

    def write(self, lines: Sequence[Line]) -> None:
        """To whoever listens."""
        for _, text in lines:
            self.say(text)

    def passed(self, phase: Phase) -> None:
        """To whoever listens."""
        self.ended(phase)

    def access(self) -> Mapping[str, str]:
        """As far as it is let."""
        return self.reach

    def fetch(self, source: Place, target: Path) -> None:
        """Copies of the files; links stay links."""
        for name in self.files:
            path, copy = self.source / name, target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, copy)

    def parameter(self, name: str) -> str:
        """One of the values that were found."""
        return self._value(name)

    def secret(self, reference: str) -> str:
        """One of the values that were found."""
        return self._value(reference)

    def _value(self, reference: str) -> str:
        try:
            return self.values[reference]
        except KeyError:
            raise MissingValueError(f"nobody knows the value of {reference}") from None

    def outputs(self, spec: Buildspec) -> Sequence[tuple[Place, Artifacts]]:
        """The primary artifact, and every secondary one by its name."""
        found = [(Place("", "", ""), spec.artifacts)] if spec.artifacts and spec.artifacts.files else []
        return [*found, *((Place(name, "", ""), one) for name, one in spec.secondary_artifacts.items())]

    def cache(self) -> Store | None:
        """None."""
        return None

    def report(self, name: str, found: Results | Coverage) -> str:
        """For whoever asks for a summary."""
        self.reports[name] = found
        return ""

    def upload(self, target: Place, files: Mapping[str, Path]) -> None:
        """Unpacked: the primary artifact's files in the directory itself, those of others in one each."""
        self.artifacts[target.name] = sorted(files)
        if self.into is None:
            return
        if target.name and (not _NAME.fullmatch(target.name) or not target.name.strip(".")):
            raise PhaseError("CLIENT_ERROR", f"{target.name!r} cannot be the name of a directory")
        folder = self.into / target.name
        if target.name and folder.exists():
            raise PhaseError(
                "CLIENT_ERROR", f"the primary artifact has a file or directory {target.name} too"
            )
        for name, path in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _copy(path, folder / name)


def _copy(path: Path, copy: Path) -> None:
    if path.is_symlink() or path.is_file():
        shutil.copy2(path, copy, follow_symlinks=False)
