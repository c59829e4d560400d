"""One build, as CodeBuild shows it. Plain data: it is pickled with its backend.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

SUCCEEDED, FAILED, STOPPED, TIMED_OUT, FAULT = "SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT", "FAULT"
IN_PROGRESS = "IN_PROGRESS"


THIS_MACHINE = "this-machine"
"""The image of a build that is not to play any."""


@dataclass(frozen=True, slots=True)
class Place:
    """An artifact that a build takes or makes: a zip in S3, or one object for each file below the key."""

    name: str
    bucket: str
    key: str
    packed: bool = True


@dataclass(slots=True)
class Phase:
    """One phase: its times are epoch seconds, and a failure says why."""

    type: str
    start: float
    end: float | None = None
    status: str | None = None
    code: str = ""
    message: str = ""
    forgiven: bool = False
    """It failed, and its `on-failure: CONTINUE` lets the build go on."""

    def api(self) -> dict[str, Any]:
        """As the API shows it; a phase that goes on has neither end nor status."""
        shown: dict[str, Any] = {"phaseType": self.type, "startTime": self.start}
        if self.end is None:
            return shown
        context = {"statusCode": self.code, "message": self.message}
        return shown | {
            "phaseStatus": self.status,
            "endTime": self.end,
            "durationInSeconds": int(self.end - self.start),
            "contexts": [context] if self.code else [],
        }


@dataclass(slots=True, kw_only=True)
class Build:
    """A build. `overrides` are the variables of whoever started it: (name, value, type)."""

    uuid: str
    number: int
    arn: str
    project: dict[str, Any]
    initiator: str
    start: float
    inputs: tuple[Place, ...] = ()
    outputs: tuple[Place, ...] = ()
    overrides: tuple[tuple[str, str, str], ...] = ()
    buildspec: str | None = None
    revision: str = ""
    status: str = IN_PROGRESS
    end: float | None = None
    phases: list[Phase] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)
    report_arns: list[str] = field(default_factory=list)
    stopping: bool = False

    @property
    def id(self) -> str:
        """`project:uuid`."""
        return f"{self.project['name']}:{self.uuid}"

    @property
    def going_on(self) -> bool:
        """Whether it has not ended."""
        return self.end is None

    @property
    def log_group(self) -> str:
        """Where its lines go."""
        return str(self._logs.get("groupName") or f"/aws/codebuild/{self.project['name']}")

    @property
    def log_stream(self) -> str:
        """Where in its group."""
        prefix = self._logs.get("streamName", "")
        return f"{prefix}/{self.uuid}" if prefix else self.uuid

    @property
    def is_logged(self) -> bool:
        """Whether its lines go to CloudWatch Logs at all."""
        return bool(self._logs.get("status", "ENABLED") == "ENABLED")

    @property
    def _logs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.project.get("logsConfig", {}).get("cloudWatchLogs", {})
        return found

    @property
    def failure(self) -> Phase | None:
        """The first phase that failed and was not forgiven."""
        return next(
            (one for one in self.phases if one.status not in (None, SUCCEEDED) and not one.forgiven), None
        )

    def api(self) -> dict[str, Any]:
        """The build as the API shows it."""
        region, account = self.arn.split(":")[3:5]
        shown = {
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "startTime": self.start,
            "currentPhase": self.phases[-1].type if self.phases else "SUBMITTED",
            "buildStatus": self.status,
            "buildComplete": not self.going_on,
            "projectName": self.project["name"],
            "phases": [one.api() for one in self.phases],
            "source": copy.deepcopy(self.project["source"]),
            "environment": copy.deepcopy(self.project["environment"]),
            "serviceRole": self.project["serviceRole"],
            "timeoutInMinutes": self.project["timeoutInMinutes"],
            "initiator": self.initiator,
            "logs": {
                "groupName": self.log_group,
                "streamName": self.log_stream,
                "cloudWatchLogsArn": f"arn:aws:logs:{region}:{account}:log-group:{self.log_group}"
                f":log-stream:{self.log_stream}",
            },
            "exportedEnvironmentVariables": [
                {"name": name, "value": value} for name, value in self.exported.items()
            ],
        }
        if self.report_arns:
            shown["reportArns"] = list(self.report_arns)
        if self.outputs:
            first = self.outputs[0]
            shown["artifacts"] = {"location": f"arn:aws:s3:::{first.bucket}/{first.key}"}
        if self.end is not None:
            shown["endTime"] = self.end
        return shown | ({"resolvedSourceVersion": self.revision} if self.revision else {})
