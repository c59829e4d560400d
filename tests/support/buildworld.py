"""A build's surroundings without AWS: what was written, and a clock that stands still."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from awspipe.formats.buildspec_model import Artifacts, Buildspec
from awspipe.sandbox.builds.cachestore import Store
from awspipe.sandbox.builds.record import Build, Phase, Place
from awspipe.sandbox.builds.reports.results import Coverage, Results
from awspipe.sandbox.builds.world import Line, MissingValueError


def build(**members: object) -> Build:
    """A build of a project without anything."""
    project = {
        "name": "project",
        "source": {},
        "environment": {"image": "aws/codebuild/standard:7.0"},
        "serviceRole": "",
        "timeoutInMinutes": 60,
    }
    usual = {"uuid": "u", "number": 1, "arn": "arn:aws:codebuild:r:1:build/project:u", "start": 0.0}
    return Build(**{**usual, "project": project, "initiator": "test", **members})  # type: ignore[arg-type]


class FakeWorld:
    """Keeps lines; has neither sources nor secrets."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def now(self) -> float:
        return 1_700_000_000.0

    def changing(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()

    def access(self) -> Mapping[str, str]:
        return {}

    def write(self, lines: Sequence[Line]) -> None:
        self.lines += [text for _, text in lines]

    def passed(self, phase: Phase) -> None:
        pass

    def fetch(self, source: Place, target: Path) -> None:
        raise AssertionError(source)

    def parameter(self, name: str) -> str:
        raise MissingValueError(name)

    def secret(self, reference: str) -> str:
        raise MissingValueError(reference)

    def outputs(self, spec: Buildspec) -> Sequence[tuple[Place, Artifacts]]:
        return ()

    def cache(self) -> Store | None:
        return None

    def report(self, name: str, found: Results | Coverage) -> str:
        return ""

    def upload(self, target: Place, files: Mapping[str, Path]) -> None:
        raise AssertionError(target)
