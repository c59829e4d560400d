"""How the engine hears of the end of an action, and what then is known of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from awspipe.sandbox import actions, launch, metering, roles, runtime
from awspipe.sandbox.actions.base import ActionError, ActionRun, Result
from awspipe.sandbox.pipelines import FAILED, SUCCEEDED, ActionExecution, Execution, Pipeline

_APPROVAL_MINUTES = 7 * 24 * 60
_LONGEST = {"message": 5000, "summary": 2048}

SANDBOX_STOPPED = ("SandboxStopped", "The sandbox was stopped while this action ran; retry the stage.")


class Service(Protocol):
    """What the engine needs of the CodePipeline backend."""

    account_id: str
    region_name: str
    pipelines: dict[str, Pipeline]
    forgotten: metering.Tally

    def arn(self, resource: str) -> str:
        """An ARN of CodePipeline."""

    def now(self) -> float:
        """The time."""


class Outcomes(ABC):
    """The part of the engine that actions come back to."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @abstractmethod
    def advance(self, found: Pipeline) -> None:
        """Do all that can be done now."""

    def note(self, run: ActionRun, facts: Mapping[str, str]) -> None:
        """Keep what is known of an action that goes on."""
        with runtime.current().lock:
            found = self._find(run)
            if found is not None:
                for name, value in facts.items():
                    setattr(found[2], name, value)
                found[2].updated = self.service.now()

    def finish(self, run: ActionRun, result: Result) -> None:
        """End an action, unless it was abandoned meanwhile, and go on with its pipeline."""
        with runtime.current().lock:
            found = self._find(run)
            if found is None:
                return
            if result.error is not None and runtime.current().jobs.closed:
                result = replace(result, error=ActionError(*SANDBOX_STOPPED))
            self.settle(*found[1:], result)
            self.advance(found[0])

    def settle(self, one: Execution, action: ActionExecution, result: Result) -> None:
        """Write down how an action ended."""
        action.updated = one.updated = self.service.now()
        action.status = SUCCEEDED if result.error is None else FAILED
        action.external_id = result.external_id or action.external_id
        action.external_url = result.external_url or action.external_url
        action.summary = (result.summary or "")[: _LONGEST["summary"]] or action.summary
        if result.error is not None:
            message = result.error.message[: _LONGEST["message"]] or "The action failed."
            action.error = (result.error.code, message)
            return
        action.variables, action.revision = dict(result.variables), result.revision
        for artifact in action.outputs:
            one.artifacts[artifact.name] = replace(artifact, revision=result.revision)
        if namespace := action.declaration.get("namespace"):
            one.namespaces[namespace] = action.variables

    def wanted(self, run: ActionRun) -> bool:
        """Whether the action still goes on."""
        with runtime.current().lock:
            return self._find(run) is not None

    def refusal(self, run: ActionRun, action: str, resource: str, context: Mapping[str, str]) -> str | None:
        """IAM's sentence when the run's role may not do something."""
        return roles.refusal(run.role_arn, action, resource, session=run.execution_id, context=context)

    def resume(self) -> None:
        """After a restart: what ran is lost and says so, what waits for a person waits on."""
        lost = Result(error=ActionError(*SANDBOX_STOPPED))
        for found in list(self.service.pipelines.values()):
            for one in found.unfinished:
                for action in one.actions:
                    if action.going_on and action.category != "Approval":
                        self.settle(one, action, lost)
            self.advance(found)

    def halt(self) -> None:
        """The sandbox stops: tell what plays the actions that go on."""
        for found in list(self.service.pipelines.values()):
            for one in found.unfinished:
                for action in [it for it in one.actions if it.going_on]:
                    job = actions.find(launch.key_of(action))
                    run = launch.run_of(self, found, action)
                    if job is not None and run is not None:
                        job.stop(run)

    def expire(self, found: Pipeline) -> bool:
        """Look at the clock: an approval has its time. Whether one ran out."""
        late = [
            (one, action)
            for one, action in found.approvals()
            if self.service.now()
            >= action.started + 60 * action.declaration.get("timeoutInMinutes", _APPROVAL_MINUTES)
        ]
        text = "The approval was not answered within its time."
        for one, action in late:
            self.settle(one, action, Result(error=ActionError("JobFailed", text)))
        return bool(late)

    def _find(self, run: ActionRun) -> tuple[Pipeline, Execution, ActionExecution] | None:
        found = self.service.pipelines.get(run.pipeline)
        one = found.execution(run.execution_id) if found else None
        action = next((it for it in one.actions if it.id == run.id), None) if one else None
        if found is None or one is None or action is None or not action.going_on:
            return None
        return found, one, action
