"""CodeBuild's builds: started, shown, stopped. `builds/` is how they run."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import metering, pruning, runtime
from awspipe.sandbox.builds.played import Played
from awspipe.sandbox.builds.record import FAULT, Build, Phase, Place
from awspipe.sandbox.builds.run import Runner
from awspipe.sandbox.service import Answer, RefusalError, Request, page, without_nothing

_INVALID = "InvalidInputException"
_PAGE = 100
_KEPT = 20
_LOST = "the sandbox was stopped while the build ran"

_runners: dict[str, Runner] = {}
"""What runs now, by build id: not part of the state."""


def runner(build_id: str) -> Runner | None:
    """What runs a build; None when it has ended."""
    return _runners.get(build_id)


class Builds:
    """The operations on builds."""

    builds: dict[str, Build]
    """By id, oldest first."""

    if TYPE_CHECKING:
        account_id: str
        region_name: str
        forgotten: metering.Tally
        projects: dict[str, dict[str, Any]]

        def arn(self, resource: str) -> str:
            """An ARN of this service here."""

        def now(self) -> float:
            """The time."""

        def project_name(self, name: str) -> str:
            """A project's name, where an ARN may stand."""

        def absent(self, name: str) -> RefusalError:
            """The refusal for a project that is not there."""

    def start(self, project: str, **given: Any) -> Build:
        """Begin a build; `given` are fields of `Build`. Called with the lock held.

        `runtime.ends` has an event under its id that is set when it has ended.
        """
        if project not in self.projects:
            raise self.absent(project)
        number = 1 + max((one.number for one in self._of(project)), default=0)
        name = str(uuid.uuid4())
        made = Build(
            uuid=name,
            number=number,
            arn=self.arn(f"build/{project}:{name}"),
            project=self.projects[project],
            start=self.now(),
            **given,
        )
        self.builds[made.id] = made
        now = runtime.current()
        world = Played(made, self.account_id, self.region_name)
        _runners[made.id] = one = Runner(made, now.state_dir / "builds" / made.uuid, world)
        end = now.ends.setdefault(made.id, threading.Event())
        now.jobs.submit(f"build-{made.uuid}", lambda: self._run(one, end))
        return made

    def _run(self, one: Runner, end: threading.Event) -> None:
        try:
            one.run()
        finally:
            with runtime.current().lock:
                _runners.pop(one.build.id, None)
                self._prune(one.build.project["name"])
            end.set()

    def _prune(self, project: str) -> None:
        for one in [one for one in self._of(project) if not one.going_on][:-_KEPT]:
            self._forget(one.id)
            pruning.forget_log(self.account_id, self.region_name, one.log_group, one.log_stream)

    def _forget(self, id_: str) -> None:
        """Drop a build; the minutes that it used stay used."""
        found = self.builds.pop(id_, None)
        if found is not None:
            month = metering.Month(self.now())
            self.forgotten.add(month, metering.of_build(found, month))

    def _of(self, project: str) -> list[Build]:
        return [one for one in self.builds.values() if one.project["name"] == project]

    def op_start_build(self, request: Request) -> Answer:
        """Start a build of a project whose source is not a pipeline's."""
        name = self.project_name(request["projectName"])
        if name not in self.projects:
            raise self.absent(name)
        if self.projects[name]["source"]["type"] != "NO_SOURCE":
            text = "The sandbox starts builds by hand for projects without a source only"
            raise RefusalError("UnsupportedOperationInSandbox", text)
        overrides = tuple(
            (one["name"], one["value"], one.get("type", "PLAINTEXT"))
            for one in request.get("environmentVariablesOverride") or ()
        )
        made = self.start(
            name, initiator="awspipe", overrides=overrides, buildspec=request.get("buildspecOverride")
        )
        return {"build": made.api()}

    def op_list_builds(self, request: Request) -> Answer:
        """The ids of all builds."""
        return self._ids(list(self.builds), request)

    def op_list_builds_for_project(self, request: Request) -> Answer:
        """The ids of a project's builds."""
        name = self.project_name(request["projectName"])
        if name not in self.projects:
            raise self.absent(name)
        return self._ids([one.id for one in self._of(name)], request)

    def op_batch_get_builds(self, request: Request) -> Answer:
        """Builds by id or ARN."""
        found = {one: self.builds.get(self._build_id(one)) for one in request["ids"]}
        return {
            "builds": [one.api() for one in found.values() if one is not None],
            "buildsNotFound": [name for name, one in found.items() if one is None],
        }

    def op_stop_build(self, request: Request) -> Answer:
        """Stop a build; one that has ended stays as it is."""
        if ":" not in request["id"]:
            raise RefusalError(_INVALID, "Invalid build ID provided")
        found = self.builds.get(self._build_id(request["id"]))
        if found is None:
            text = f"Build cannot be found: {self.arn('build/' + self._build_id(request['id']))}"
            raise RefusalError("ResourceNotFoundException", text)
        running = runner(found.id)
        if running is not None:
            found.stopping = True
            # Ending processes takes the lock of the build's own log: not with ours held.
            runtime.current().jobs.submit(f"stop-{found.uuid}", running.stop)
        return {"build": found.api()}

    def op_batch_delete_builds(self, request: Request) -> Answer:
        """Forget builds that have ended."""
        deleted, kept = [], []
        for name in request["ids"]:
            found = self.builds.get(self._build_id(name))
            if found is not None and found.going_on:
                kept.append({"id": name, "statusCode": "BUILD_IN_PROGRESS"})
            else:
                self._forget(self._build_id(name))
                deleted.append(name)
        return {"buildsDeleted": deleted, "buildsNotDeleted": kept}

    def resume(self) -> None:
        """Builds that ran when the sandbox ended are lost."""
        for one in self.builds.values():
            if one.going_on:
                now = self.now()
                one.phases.append(Phase("COMPLETED", now, now, FAULT, "CLIENT_ERROR", _LOST))
                one.status, one.end = FAULT, now

    def halt(self) -> None:
        """The sandbox stops: so does every build."""
        for one in list(_runners.values()):
            one.stop()

    def _ids(self, ids: list[str], request: Request) -> Answer:
        newest_first = ids if request.get("sortOrder") == "ASCENDING" else ids[::-1]
        items, token = page(newest_first, request.get("nextToken"), _PAGE, code=_INVALID)
        return without_nothing(ids=items, nextToken=token)

    def _build_id(self, name: str) -> str:
        return name.removeprefix(self.arn("build/"))


def places(artifacts: tuple[Any, ...]) -> tuple[Place, ...]:
    """A pipeline's artifacts as a build takes and makes them."""
    return tuple(Place(one.name, one.bucket, one.key) for one in artifacts)
