"""What is kept of a deployment: plain data, pickled with the CodeDeploy backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from awspipe.sandbox.agent.order import LIFECYCLE, SUCCESS, Outcome
from awspipe.sandbox.service import without_nothing

CREATED, IN_PROGRESS, SUCCEEDED, FAILED, STOPPED = "Created", "InProgress", "Succeeded", "Failed", "Stopped"
PENDING, SKIPPED = "Pending", "Skipped"
ENDED = (SUCCEEDED, FAILED, STOPPED)
USER, ROLLBACK = "user", "codeDeployRollback"


@dataclass
class Event:
    """A lifecycle event on one host."""

    name: str
    status: str = PENDING
    start: float | None = None
    end: float | None = None
    outcome: Outcome | None = None

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        diagnostics = None
        if self.outcome is not None:
            diagnostics = {
                "errorCode": self.outcome.code,
                "scriptName": self.outcome.script,
                "message": self.outcome.message,
                "logTail": self.outcome.log,
            }
        return without_nothing(
            lifecycleEventName=self.name,
            status=self.status,
            startTime=self.start,
            endTime=self.end,
            diagnostics=diagnostics,
        )


@dataclass
class Target:
    """A host in a deployment: its id and ARN, and the name of the box that plays it, if there is one."""

    id: str
    arn: str
    host: str | None
    updated: float
    status: str = PENDING
    events: list[Event] = field(default_factory=lambda: [Event(name) for name in LIFECYCLE])

    def begin(self, event: str, now: float) -> None:
        """A lifecycle event starts."""
        one = self.event(event)
        one.status, one.start = IN_PROGRESS, now
        self.status, self.updated = IN_PROGRESS, now

    def end(self, outcome: Outcome, now: float) -> None:
        """A lifecycle event has ended."""
        one = self.event(outcome.event)
        one.status = SUCCEEDED if outcome.code == SUCCESS else FAILED
        one.end, one.outcome, self.updated = now, outcome, now

    def close(self, status: str, now: float) -> None:
        """Nothing more happens on this host: what did not start is skipped."""
        for event in self.events:
            if event.status == PENDING:
                event.status = SKIPPED
            elif event.status == IN_PROGRESS:
                event.status, event.end = FAILED, now
        self.status, self.updated = status, now

    def event(self, name: str) -> Event:
        """The event of a name."""
        return next(one for one in self.events if one.name == name)

    def document(self, deployment: str) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "deploymentId": deployment,
            "targetId": self.id,
            "targetArn": self.arn,
            "status": self.status,
            "lastUpdatedAt": self.updated,
            "lifecycleEvents": [one.document() for one in self.events],
        }


@dataclass
class Deployment:
    """One deployment. `members` are those of the request that the API shows again."""

    id: str
    application: str
    group: str
    group_id: str
    config: str
    revision: dict[str, Any]
    created: float
    members: dict[str, Any]
    creator: str = USER
    status: str = CREATED
    started: float | None = None
    completed: float | None = None
    error: tuple[str, str] | None = None
    previous: dict[str, Any] | None = None
    rollback: dict[str, str] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    stopping: bool = False
    """Somebody asked for its end."""
    rolls_back_when_stopped: bool = False

    @property
    def going_on(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ENDED

    def of(self, status: str) -> list[Target]:
        """The hosts of a status."""
        return [one for one in self.targets.values() if one.status == status]

    def first_failure(self) -> Event | None:
        """The lifecycle event that failed first on any host."""
        failed = [event for one in self.targets.values() for event in one.events if event.status == FAILED]
        return min(failed, key=lambda event: event.end or 0.0, default=None)

    def end(self, status: str, now: float) -> None:
        """It is over; hosts that had not begun are skipped."""
        for one in self.targets.values():
            if one.status in (PENDING, IN_PROGRESS):
                one.close(SKIPPED if one.status == PENDING else FAILED, now)
        self.status, self.completed = status, now

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        error = {"code": self.error[0], "message": self.error[1]} if self.error else None
        return without_nothing(
            **self.members,
            deploymentId=self.id,
            applicationName=self.application,
            deploymentGroupName=self.group,
            deploymentConfigName=self.config,
            revision=self.revision,
            previousRevision=self.previous,
            status=self.status,
            errorInformation=error,
            createTime=self.created,
            startTime=self.started,
            completeTime=self.completed,
            deploymentOverview=dict(self._overview()),
            creator=self.creator,
            rollbackInfo=self.rollback or None,
            instanceTerminationWaitTimeStarted=False,
            deploymentStyle={"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"},
            computePlatform="Server",
        )

    def _overview(self) -> Iterator[tuple[str, int]]:
        for status in (PENDING, IN_PROGRESS, SUCCEEDED, FAILED, SKIPPED):
            yield status, len(self.of(status))
        yield "Ready", 0
