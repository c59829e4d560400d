"""What `awspipe build` says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awspipe.failures.cause import Cause
    from awspipe.sandbox.builds.record import Build, Phase
    from awspipe.sandbox.builds.reports.results import Coverage, Results

_OWN = re.compile(r"^\[Container\] \S+ \S+ (?P<said>.*)", re.DOTALL)
_COMMAND = "Running command "
_QUIET = re.compile(
    r"Phase |Phases found| [A-Z_]+: \d+ commands|Entering phase|CODEBUILD_SRC_DIR=|Expanding |Found \d+ file|"
    r"Command did not exit"
)
"""What CodeBuild says and the phases' own lines say better."""
_SILENT = ("SUBMITTED", "QUEUED", "PROVISIONING")
_MAY_BE_EMPTY = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Built:
    """A build that has ended, and what it left: artifacts and reports by name, and where artifacts are."""

    build: Build
    artifacts: Mapping[str, Sequence[str]]
    reports: Mapping[str, Results | Coverage]
    directory: str | None


class Follow:
    """Tells a build as it goes on: its lines to `say`, its phases to `answer`."""

    def __init__(self, say: Callable[[str], None], answer: Callable[[str], None]) -> None:
        self._say = say
        self._answer = answer
        self._ran = False
        self.lines: list[str] = []
        """The last lines of the log, as CodeBuild writes them."""

    def line(self, text: str) -> None:
        """A line of the log."""
        self.lines = [*self.lines[-_KEPT:], text]
        self._ran = self._ran or f" {_COMMAND}" in text
        shown = line(text)
        if shown is not None:
            self._say(shown)

    def phase(self, phase: Phase) -> None:
        """A phase that has ended. One without commands is not worth a line."""
        ran, self._ran = self._ran, False
        empty = phase.type in _MAY_BE_EMPTY and not ran and phase.status == "SUCCEEDED"
        if (phase.type not in _SILENT and not empty) or phase.status != "SUCCEEDED":
            self._answer(ended(phase))


def line(text: str) -> str | None:
    """A line of the log as it is shown; None where it is not."""
    own = _OWN.match(text)
    if own is None:
        return f"    {text}".rstrip()
    said = own["said"]
    if said.startswith(_COMMAND):
        first, _, more = said.removeprefix(_COMMAND).strip().partition("\n")
        return f"  $ {first}{' ...' if more else ''}"
    return None if _QUIET.match(said) else f"  . {said}"


def ended(phase: Phase) -> str:
    """A phase that has ended, and how long it took."""
    seconds = (phase.end or phase.start) - phase.start
    if phase.status == "SUCCEEDED":
        return f"  + {phase.type}  {seconds:.1f} s"
    why = f": {_first(phase.message)}" if phase.message else ""
    return f"  ! {phase.type}  {seconds:.1f} s{why}"


def _first(text: str) -> str:
    return text.strip().partition("\n")[0]


def cause(build: Build, lines: Sequence[str]) -> Cause | None:
    """Why a build failed, and what to do where that is known; None where it succeeded."""
    phase = build.failure
    if phase is None:
        return None
    from awspipe.failures import builds, known, known_builds
    from awspipe.failures.cause import Failure, Said, Where

    said = [Said(Where.PHASE, phase.message, phase.code)]
    detail = builds.command_lines([f"{one}\n" for one in lines], phase.type)
    failure = Failure(
        pipeline="",
        stage="",
        action=phase.type,
        category="Build",
        provider="CodeBuild",
        status=phase.status or "",
        configuration={},
        said=[*said, Said(Where.LOG, "".join(detail[-20:]))],
        detail=detail if phase.type in _MAY_BE_EMPTY else [],
        facts={"minutes": str(build.project["timeoutInMinutes"]), "phase": phase.type},
    )
    return known.explained(known_builds.ROWS, failure)


def end(built: Built, cause: Cause | None) -> list[str]:
    """What the tests say, how the build went, what is left, and what to do."""
    return [f"report {name}: {one.line()}" for name, one in built.reports.items()] + (
        _left(built) if cause is None else _failed(built.build, cause)
    )


def _failed(build: Build, cause: Cause) -> list[str]:
    phase = build.failure
    lines = [f"failed in {phase.type if phase else 'the build'}: {cause.line}"]
    return [*lines, *([f"  try: {cause.fix}"] if cause.fix else [])]


def _left(built: Built) -> list[str]:
    if not built.artifacts:
        return ["built; the buildspec names no artifacts"]
    names = [f"{_count(files)}{f' of {name}' if name else ''}" for name, files in built.artifacts.items()]
    kept = "(not kept: --artifacts DIR keeps them)" if built.directory is None else f"in {built.directory}"
    return [f"built: {', '.join(names)} {kept}"]


def _count(files: Sequence[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"


def document(built: Built, cause: Cause | None) -> dict[str, Any]:
    """The same as JSON."""
    build = built.build
    return {
        "build": build.id,
        "status": build.status,
        "phases": [_phase(one) for one in build.phases],
        "cause": None
        if cause is None
        else {"line": cause.line, "fix": cause.fix, "known": cause.known, "detail": list(cause.detail)},
        "artifacts": [{"name": name, "files": list(files)} for name, files in built.artifacts.items()],
        "directory": built.directory,
        "reports": [{"name": name, **one.document()} for name, one in built.reports.items()],
        "exported": build.exported,
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.type,
        "status": phase.status,
        "seconds": round((phase.end or phase.start) - phase.start, 3),
        "code": phase.code,
        "message": phase.message,
    }
