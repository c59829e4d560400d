"""A build from its source to its artifacts, in a box of its own.

Nothing here knows where the source comes from and where artifacts and lines go: that is the `World`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from awspipe.sandbox import box
from awspipe.sandbox.builds import outputs, prepare
from awspipe.sandbox.builds.journal import Journal
from awspipe.sandbox.builds.output import Output
from awspipe.sandbox.builds.record import FAILED, FAULT, STOPPED, SUCCEEDED, TIMED_OUT, Build
from awspipe.sandbox.builds.rooms import Rooms
from awspipe.sandbox.builds.steps import Steps, Went
from awspipe.sandbox.builds.world import PhaseError, World


class Runner:
    """Runs one build with its files in `folder`, which is gone afterwards. `stop` is for any thread."""

    def __init__(self, build: Build, folder: Path, world: World) -> None:
        self.build = build
        self._folder = folder
        self._world = world
        self._journal = Journal(build, world)
        self._making = threading.Lock()
        self._box: box.Box | None = None

    def run(self) -> None:
        """All of it; the build has its end when this returns."""
        timer = threading.Timer(self.build.project["timeoutInMinutes"] * 60, self.time_out)
        timer.daemon = True
        timer.start()
        status = FAULT
        try:
            status = self._run()
        except Exception as error:
            self._journal.log.say(f"Internal error of the sandbox: {error!r}")
            raise
        finally:
            timer.cancel()
            self._kill()
            self._journal.end(status)
            self._destroy()

    def stop(self) -> None:
        """End it now."""
        self._end(STOPPED)

    def time_out(self) -> None:
        """End it: its time is over."""
        self._end(TIMED_OUT)

    def _end(self, status: str) -> None:
        with self._making:
            self._journal.ended_by = self._journal.ended_by or status
        self._kill()

    def _kill(self) -> None:
        with self._making:
            made = self._box
        if made is not None:
            made.kill()

    def _destroy(self) -> None:
        with self._making:
            made = self._box
        if made is not None:
            made.destroy()

    def _run(self) -> str:
        for type_ in ("SUBMITTED", "QUEUED"):
            with self._journal.phase(type_):
                pass
        rooms = None
        with self._journal.phase("PROVISIONING") as provisioning:
            rooms = self._rooms()
        if rooms is None or provisioning.status != SUCCEEDED:
            return FAULT
        output = Output(self._journal.log)
        try:
            return self._phases(rooms, output)
        finally:
            self._kill()
            output.close()

    def _rooms(self) -> Rooms:
        """Make the box. One that is stopped meanwhile is ended as soon as it is there."""
        try:
            made = box.create(self._folder, self.build.uuid)
            with self._making:
                self._box = made
                ended = self._journal.ended_by
            if ended:
                made.kill()
            return Rooms(made, self.build.uuid)
        except box.BoxError as error:
            says = f"the sandbox made no box for the build: {error}"
            raise PhaseError("INTERNAL_SERVER_ERROR", says) from error

    def _phases(self, rooms: Rooms, output: Output) -> str:
        ready = None
        with self._journal.phase("DOWNLOAD_SOURCE") as download:
            ready = prepare.prepared(self._journal, self._world, rooms, output)
        if ready is None or download.status != SUCCEEDED:
            return FAILED
        shell = ready.shell
        steps = Steps(self._journal, ready.run, lambda: shell.set("CODEBUILD_BUILD_SUCCEEDING", "0"))
        went = steps.all(ready.spec)
        return SUCCEEDED if self._left(rooms, ready, went) and went.succeeded else FAILED

    def _left(self, rooms: Rooms, ready: prepare.Ready, went: Went) -> bool:
        """Keep what the build leaves; whether that succeeds."""
        if not went.upload or self._journal.ended_by:
            return False
        self.build.exported.update(ready.shell.values(_exported(self.build, ready)))
        with self._journal.phase("UPLOAD_ARTIFACTS") as last:
            outputs.leave(ready, self._journal, self._world)
            if went.succeeded:
                ready.caching.save(rooms, ready.source)
        return last.status == SUCCEEDED


def _exported(build: Build, ready: prepare.Ready) -> list[str]:
    """AWS exports no variable of its own, and no secret that the project names.

    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (env/exported-variables)
    """
    project = build.project["environment"].get("environmentVariables", ())
    secret = {one["name"] for one in project if one.get("type", "PLAINTEXT") != "PLAINTEXT"}
    named = ready.spec.env.exported_variables
    return [name for name in named if not name.startswith("AWS_") and name not in secret]
