"""What the actions of an execution write: the lines of builds, and the lifecycle events of deployments.

Each source keeps what it has read until it is handed over, so that a call that fails in between loses nothing
and doubles nothing. CloudWatch Logs gives a token after every page, the same again at the end:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from awspipe.errors import AwspipeError
from awspipe.executions import ActionExecution, Execution
from awspipe.explain import DENIED, code_of, explain
from awspipe.naming import log_stream_of
from awspipe.polling import Line

CALLS = {"logs": 300, "codebuild": 60, "codedeploy": 60}
"""As many calls as go out in a minute. CloudWatch Logs takes far more of GetLogEvents:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

_PAGE = 10_000
_TARGETS = 25
_QUIET = 3
"""As many looks without a line, after an action has ended, mean that none is on its way any more."""
_NO_TARGETS_YET = ("DeploymentNotStartedException", "DeploymentTargetDoesNotExistException")
_ENDED = frozenset({"Succeeded", "Failed", "Skipped", "Unknown"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line and when it was written, in milliseconds since 1970."""

    moment: int
    action: ActionExecution
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What an action wrote cannot be read, and why; `hint`: what to do."""

    action: ActionExecution
    why: str
    hint: str = ""


class Source(Protocol):
    """The lines of one action. `more`: there is a further page at once; `over`: no line can come any more."""

    action: ActionExecution
    lines: deque[LogLine]
    more: bool
    over: bool

    def fetch(self) -> Iterator[Gap]:
        """Read on: a page at most. What cannot be read is given once."""


@dataclass
class Logs:
    """The lines of the actions of one execution that `wanted` names.

    `since` in milliseconds since 1970; `tail`: of each action no more than so many lines that there are
    already.
    """

    line: Line
    wanted: Callable[[ActionExecution], bool]
    since: int = 0
    tail: int = 0
    more: bool = False
    gaps: list[Gap] = field(default_factory=list)
    _sources: dict[str, Source] = field(default_factory=dict)

    def read(self, execution: Execution) -> tuple[LogLine, ...]:
        """The lines that are new, in the order of time as far as it is known.

        Where one action has a further page, lines of others that are later than its last one wait for it.
        """
        for action in filter(self.wanted, execution.actions):
            source = self._sources.get(action.id) or self._source(action)
            if source is not None:
                source.action = action
                self._sources[action.id] = source
        for source in self._sources.values():
            self.gaps += () if source.over else source.fetch()
        self.more = any(source.more for source in self._sources.values())
        return self._taken()

    @property
    def begun(self) -> bool:
        """Whether there is an action that may have written something."""
        return bool(self._sources)

    @property
    def settled(self) -> bool:
        """Whether all that was written has been read."""
        return all(one.over for one in self._sources.values())

    def _source(self, action: ActionExecution) -> Source | None:
        provider = action.kind.rpartition("/")[2]
        if provider == "CodeDeploy" and action.external_id:
            return Deployment(action, self.line, self.since)
        if action.log_stream:
            return Stream(action, self.line, self.since, self.tail, *log_stream_of(action.log_stream))
        if provider == "CodeBuild" and action.external_id:
            return Stream(action, self.line, self.since, self.tail)
        return None

    def _taken(self) -> tuple[LogLine, ...]:
        waiting = [one.lines[-1].moment for one in self._sources.values() if one.more and one.lines]
        until = min(waiting, default=None)
        found: list[LogLine] = []
        for source in self._sources.values():
            while source.lines and (until is None or source.lines[0].moment <= until):
                found.append(source.lines.popleft())
        return tuple(sorted(found, key=lambda one: one.moment))


def has_log(action: ActionExecution) -> bool:
    """Whether an action of this provider writes something that can be read."""
    return bool(action.log_stream) or action.kind.rpartition("/")[2] in ("CodeBuild", "CodeDeploy")


@dataclass
class Stream:
    """The lines of a build, or of what CodePipeline runs itself."""

    action: ActionExecution
    line: Line
    since: int = 0
    tail: int = 0
    group: str = ""
    stream: str = ""
    lines: deque[LogLine] = field(default_factory=deque)
    more: bool = False
    over: bool = False
    _token: str = ""
    _quiet: int = 0

    def fetch(self) -> Iterator[Gap]:
        """A page of its events."""
        from botocore.exceptions import ClientError

        try:
            if self.group or self._locate():
                self._page()
            elif self.over:
                yield Gap(self.action, "its lines are not kept in CloudWatch Logs")
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                yield from self._missing()
            elif code_of(error) in DENIED:
                self.over = True
                yield _denied(self.action, error)
            else:
                raise

    def _locate(self) -> bool:
        """Find out where the build writes; False where it does not yet, or never will."""
        answer = self.line.ask("batch_get_builds", service="codebuild", ids=[self.action.external_id])
        logs = next((one.get("logs") or {} for one in answer["builds"]), {})
        disabled = (logs.get("cloudWatchLogs") or {}).get("status") == "DISABLED"
        if disabled or (not logs.get("groupName") and self.action.state != "InProgress"):
            self.over = True
            return False
        if logs.get("groupName") and logs.get("streamName"):
            self.group, self.stream = logs["groupName"], logs["streamName"]
        return bool(self.group)

    def _missing(self) -> Iterator[Gap]:
        """A stream is made when its build begins, and goes with its group or after the retention time."""
        if self.action.state != "InProgress":
            self.over = True
            why = f"there is no stream {self.stream} in log group {self.group}"
            yield Gap(
                self.action, why, "it went with the group's retention time, or the build could not write it"
            )

    def _page(self) -> None:
        begin = {"nextToken": self._token} if self._token else {"limit": min(self.tail or _PAGE, _PAGE)}
        answer = self.line.ask(
            "get_log_events",
            service="logs",
            logGroupName=self.group,
            logStreamName=self.stream,
            startFromHead=bool(self._token) or not self.tail,
            **({"startTime": self.since} if self.since else {}),
            **begin,
        )
        events, token = answer["events"], answer["nextForwardToken"]
        self.lines += [made for event in events for made in self._lines(event)]
        self.more, self._token = token != self._token, token
        self._quiet = 0 if self.more or self.action.state == "InProgress" else self._quiet + 1
        self.over = self._quiet >= _QUIET

    def _lines(self, event: dict[str, Any]) -> Iterator[LogLine]:
        for text in event["message"].removesuffix("\n").split("\n"):
            yield LogLine(event["timestamp"], self.action, text.removesuffix("\r"))


def _denied(action: ActionExecution, error: Any) -> Gap:
    told = explain(error, f"read what {action.label} wrote")
    return Gap(action, told.message, told.hint) if isinstance(told, AwspipeError) else Gap(action, str(told))


@dataclass
class Deployment:
    """The lifecycle events of a deployment's targets, each with the end of its script's output."""

    action: ActionExecution
    line: Line
    since: int = 0
    lines: deque[LogLine] = field(default_factory=deque)
    more: bool = False
    over: bool = False
    _told: set[tuple[str, str]] = field(default_factory=set)
    _quiet: int = 0

    def fetch(self) -> Iterator[Gap]:
        """The events that have ended since."""
        from botocore.exceptions import ClientError

        try:
            new = [one for target in self._targets() for one in self._events(target)]
        except ClientError as error:
            yield from self._refused(error)
            new = []
        self._quiet = 0 if new or self.action.state == "InProgress" else self._quiet + 1
        self.over = self.over or self._quiet >= _QUIET
        self._told |= {key for key, _ in new}
        found = [line for _, lines in new for line in lines if line.moment >= self.since]
        self.lines += sorted(found, key=lambda one: one.moment)

    def _refused(self, error: Any) -> Iterator[Gap]:
        if code_of(error) in _NO_TARGETS_YET:
            return
        if code_of(error) not in (*DENIED, "DeploymentDoesNotExistException"):
            raise error
        self.over = True
        yield _denied(self.action, error)

    def _targets(self) -> Iterator[dict[str, Any]]:
        """The targets, whatever their kind: each in AWS's answer under a key of its own."""
        deployment = self.action.external_id
        pages = self.line.pages("list_deployment_targets", service="codedeploy", deploymentId=deployment)
        ids = [one for page in pages for one in page["targetIds"]]
        for begin in range(0, len(ids), _TARGETS):
            answer = self.line.ask(
                "batch_get_deployment_targets",
                service="codedeploy",
                deploymentId=deployment,
                targetIds=ids[begin : begin + _TARGETS],
            )
            for one in answer["deploymentTargets"]:
                yield from (it for key, it in one.items() if key.endswith("Target") and isinstance(it, dict))

    def _events(self, target: dict[str, Any]) -> Iterator[tuple[tuple[str, str], list[LogLine]]]:
        for event in target.get("lifecycleEvents", ()):
            key = (target["targetId"], event["lifecycleEventName"])
            if event["status"] in _ENDED and key not in self._told and event.get("endTime"):
                yield key, [self._line(event, text) for text in _told(target, event)]

    def _line(self, event: dict[str, Any], text: str) -> LogLine:
        ended: datetime = event["endTime"]
        return LogLine(int(ended.timestamp() * 1000), self.action, text)


def _told(target: dict[str, Any], event: dict[str, Any]) -> Iterator[str]:
    """An event in lines: how it ended, why, and the end of what its script wrote."""
    name = target["targetId"].rpartition("/")[2].rpartition(":")[2]
    begun, ended = event.get("startTime"), event["endTime"]
    took = f" ({(ended - begun).total_seconds():.0f} s)" if begun else ""
    diagnostics = event.get("diagnostics") or {}
    yield f"{name} {event['lifecycleEventName']} {event['status']}{took}"
    if event["status"] == "Failed":
        facts = [diagnostics.get("errorCode"), diagnostics.get("scriptName"), diagnostics.get("message")]
        yield f"{name}   {': '.join(filter(None, facts))}"
    for text in (diagnostics.get("logTail") or "").splitlines():
        yield f"{name}   {text}"
