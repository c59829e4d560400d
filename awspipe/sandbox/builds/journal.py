"""The record of a build while it runs: its phases from begin to end, and its log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.record import FAILED, STOPPED, SUCCEEDED, TIMED_OUT, Build, Phase
from awspipe.sandbox.builds.world import PhaseError, World

_WHY = {
    TIMED_OUT: ("BUILD_TIMED_OUT", "Build has timed out. "),
    STOPPED: ("", ""),
}


class Journal:
    """Writes down how a build goes."""

    def __init__(self, build: Build, world: World) -> None:
        self.build = build
        self.log = Log(world.write, world.now)
        self.ended_by = ""
        """STOPPED or TIMED_OUT, once somebody has ended it."""
        self._world = world

    @contextlib.contextmanager
    def phase(self, type_: str) -> Iterator[Phase]:
        """One phase from begin to end; a PhaseError in it is its failure."""
        phase = Phase(type_, self._world.now())
        with self._world.changing():
            self.build.phases.append(phase)
        try:
            yield phase
        except PhaseError as error:
            phase.code, phase.message = error.code, error.message
        except Exception as error:
            phase.code, phase.message = "INTERNAL_SERVER_ERROR", repr(error)
            self._close(phase)
            raise
        self._close(phase)

    def _close(self, phase: Phase) -> None:
        with self._world.changing():
            phase.end = self._world.now()
            phase.status = self.ended_by or (FAILED if phase.code else SUCCEEDED)
            if self.ended_by:
                phase.code, phase.message = _WHY[self.ended_by]
        self._tell(phase)

    def _tell(self, phase: Phase) -> None:
        if phase.type not in ("SUBMITTED", "QUEUED", "PROVISIONING"):
            self.log.say(f"Phase complete: {phase.type} State: {phase.status}")
            self.log.say(f"Phase context status code: {phase.code} Message: {phase.message}")
        self.log.flush()
        self._world.passed(phase)

    def end(self, status: str) -> None:
        """The build has ended."""
        self.log.flush()
        with self._world.changing():
            now = self._world.now()
            for type_ in ("FINALIZING", "COMPLETED"):
                self.build.phases.append(Phase(type_, now, now, SUCCEEDED))
            self.build.status, self.build.end = self.ended_by or status, now
