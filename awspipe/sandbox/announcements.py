"""What CodePipeline says on the event bus while its executions go on.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

from typing import Any, Protocol

from awspipe.sandbox import eventbus
from awspipe.sandbox.pipelines import ActionExecution, Execution, Pipeline

_STATES = {
    "Started": "STARTED",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "Stopped": "STOPPED",
    "Stopping": "STOPPING",
    "Superseded": "SUPERSEDED",
    "Cancelled": "CANCELED",
    "Abandoned": "ABANDONED",
}


class Place(Protocol):
    """Where a pipeline is."""

    account_id: str
    region_name: str

    def arn(self, resource: str) -> str:
        """An ARN of CodePipeline."""


class News:
    """The changes of one step. They are told after it: a rule may start the pipeline that it hears of."""

    def __init__(self, place: Place, found: Pipeline) -> None:
        self._place = place
        self._found = found
        self._events: list[eventbus.Event] = []

    def execution(self, one: Execution, state: str) -> None:
        """An execution started or ended."""
        self._add("CodePipeline Pipeline Execution State Change", one, {"state": _STATES[state]})

    def stage(self, one: Execution, stage: str, state: str) -> None:
        """An execution entered a stage, or is through with it."""
        detail = {"stage": stage, "state": _STATES[state]}
        self._add("CodePipeline Stage Execution State Change", one, detail)

    def actions(self) -> None:
        """What has become of actions since this was last asked."""
        for one in self._found.executions:
            for action in one.actions:
                if not action.told:
                    self._action(one, action, "Started")
                if action.told != action.status and not action.going_on:
                    self._action(one, action, action.status)
                action.told = action.status

    def _action(self, one: Execution, action: ActionExecution, state: str) -> None:
        detail = {
            "stage": action.stage,
            "action": action.name,
            "state": _STATES[state],
            "region": action.region,
            "type": action.declaration["actionTypeId"],
        }
        self._add("CodePipeline Action Execution State Change", one, detail)

    def _add(self, detail_type: str, one: Execution, detail: dict[str, Any]) -> None:
        whole = {
            "pipeline": self._found.name,
            "execution-id": one.id,
            "version": float(one.version),
            "start-time": one.started,
            **detail,
        }
        resources = (self._place.arn(self._found.name),)
        self._events.append(eventbus.Event("aws.codepipeline", detail_type, whole, resources))

    def publish(self) -> None:
        """Tell all of it."""
        for event in self._events:
            eventbus.publish(self._place.account_id, self._place.region_name, event)
