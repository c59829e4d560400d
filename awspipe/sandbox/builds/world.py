"""What a build asks of what is around it: the sandbox's services, or one folder of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from awspipe.formats.buildspec_model import Artifacts, Buildspec
from awspipe.sandbox.builds.cachestore import Store
from awspipe.sandbox.builds.record import Phase, Place
from awspipe.sandbox.builds.reports.results import Coverage, Results

Line = tuple[int, str]
"""When, in milliseconds since the epoch, and what."""


class PhaseError(Exception):
    """A phase fails, with CodeBuild's status code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MissingValueError(Exception):
    """A parameter or a secret that is not there, or that the build may not read."""


class World(Protocol):
    """The surroundings of one build. PhaseError is the failure of the phase that asked."""

    def now(self) -> float:
        """The time, in seconds since the epoch."""

    def changing(self) -> AbstractContextManager[object]:
        """Held while the build's record changes."""

    def write(self, lines: Sequence[Line]) -> None:
        """Take lines of the build's log; secrets are masked in them."""

    def passed(self, phase: Phase) -> None:
        """A phase has ended."""

    def access(self) -> Mapping[str, str]:
        """The variables by which the build's commands reach AWS, its region among them."""

    def fetch(self, source: Place, target: Path) -> None:
        """Put a source into an empty directory."""

    def parameter(self, name: str) -> str:
        """The value of a parameter; MissingValueError."""

    def secret(self, reference: str) -> str:
        """`secret-id[:json-key[:version-stage[:version-id]]]`; the id may be an ARN. MissingValueError."""

    def outputs(self, spec: Buildspec) -> Sequence[tuple[Place, Artifacts]]:
        """Which of a buildspec's artifacts are wanted, and where."""

    def cache(self) -> Store | None:
        """Where caches are kept; None where the project has none."""

    def report(self, name: str, found: Results | Coverage) -> str:
        """Keep a report, by the name or the ARN that the buildspec has; its ARN, "" where it has none."""

    def upload(self, target: Place, files: Mapping[str, Path]) -> None:
        """Take an artifact: its files by their names in it."""
