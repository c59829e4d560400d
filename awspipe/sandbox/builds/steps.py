"""The phases of a buildspec: what runs, and what comes after a failure.

A failure in `install` or `pre_build` ends the phases; after a failed `build`, `post_build` still runs, and
artifacts are uploaded all the same. `on-failure` says otherwise for a phase: ABORT ends the phases there,
CONTINUE goes on as if it had not failed, RETRY runs the phase again.
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (on-failure, finally)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from awspipe.formats.buildspec_model import PHASES, Buildspec, OnFailure, Phase
from awspipe.sandbox.builds.journal import Journal
from awspipe.sandbox.builds.record import SUCCEEDED
from awspipe.sandbox.builds.record import Phase as Record
from awspipe.sandbox.builds.shell import Ended
from awspipe.sandbox.builds.world import PhaseError

_COMMAND_ERROR = "COMMAND_EXECUTION_ERROR"


class CommandError(PhaseError):
    """A command failed; `said` is the last of what it said."""

    def __init__(self, command: str, ended: Ended) -> None:
        reason = f"Error while executing command: {command}. Reason: exit status {ended.code}"
        super().__init__(_COMMAND_ERROR, reason)
        self.said = ended.said


@dataclass(frozen=True, slots=True)
class Went:
    """How the phases went: whether the build succeeds so far, and whether artifacts are to be uploaded."""

    succeeded: bool
    upload: bool


Run = Callable[[str, Phase], Ended]
"""Runs a command of a phase."""


class Steps:
    """Runs the phases of a buildspec."""

    def __init__(self, journal: Journal, run: Run, failed: Callable[[], None]) -> None:
        self._journal = journal
        self._log = journal.log
        self._run = run
        self._failed = failed

    def all(self, spec: Buildspec) -> Went:
        """Every phase, those without commands too, until one ends them."""
        succeeded = True
        for name in PHASES:
            phase = spec.phases.get(name, Phase())
            shown = self._one(name, phase)
            if shown.status == SUCCEEDED:
                continue
            if self._journal.ended_by:
                return Went(succeeded=False, upload=False)
            if phase.on_failure is not None and phase.on_failure.kind == "CONTINUE":
                shown.forgiven = True
                continue
            succeeded = False
            self._failed()
            if name in ("install", "pre_build"):
                return Went(succeeded=False, upload=False)
            if phase.on_failure is not None:
                break
        return Went(succeeded, upload=True)

    def _one(self, name: str, phase: Phase) -> Record:
        """How a phase went."""
        with self._journal.phase(name.upper()) as shown:
            self._log.say(f"Entering phase {name.upper()}")
            self._tries(name, phase)
        return shown

    def _tries(self, name: str, phase: Phase) -> None:
        retry = phase.on_failure if phase.on_failure and phase.on_failure.kind == "RETRY" else None
        left = retry.attempts if retry else 0
        while True:
            try:
                return self._attempt(phase)
            except CommandError as error:
                if left <= 0 or self._journal.ended_by or not _matches(retry, error):
                    raise
            left -= 1
            self._log.say(f"Retrying phase {name.upper()}: attempts left: {left}")

    def _attempt(self, phase: Phase) -> None:
        """`commands` until one fails, then `finally`, whose failure is the phase's too."""
        first: CommandError | None = None
        for commands in (phase.commands, phase.finally_):
            try:
                for command in commands:
                    self._command(command, phase)
            except CommandError as error:
                first = first or error
            if self._journal.ended_by:
                break
        if first is not None:
            raise first

    def _command(self, command: str, phase: Phase) -> None:
        self._log.say(f"Running command {command}")
        ended = self._run(command, phase)
        if ended.code or self._journal.ended_by:
            self._log.say(f"Command did not exit successfully {command} exit status {ended.code}")
            raise CommandError(command, ended)


def _matches(retry: OnFailure | None, error: CommandError) -> bool:
    """Whether the error is one that a phase is to be retried for. A pattern that is none matches nothing."""
    try:
        return retry is not None and bool(re.search(retry.pattern, f"{error.message}\n{error.said}"))
    except re.error:
        return False
