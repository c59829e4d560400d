"""A pipeline whose executions go on by a script and a fake clock, behind clients that fail when told to.

world = World()
one = world.execution()                                  # InProgress from now on
world.after(5, one.begins("Source"))                     # seconds after now
world.fails(10, 70, throttled)                           # from when to when each call fails
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError

from awspipe.aws import Aws, Identity
from awspipe.errors import CredentialsError
from awspipe.polling import Line
from tests.support import modelcheck
from tests.support.clock import FakeClock

PIPELINE = "shop"
STAGES = {"Source": ("Source",), "Build": ("Unit", "Lint"), "Deploy": ("Deploy",)}
KINDS = {"Source": ("Source", "CodeCommit"), "Approve": ("Approval", "Manual"), "Deploy": ("Deploy", "S3")}

Step = Callable[[], object]
Fault = Callable[[str], dict[str, Any]]


def refuse(code: str, status: int = 400) -> Fault:
    """Each call is refused with a code."""

    def fault(operation: str) -> dict[str, Any]:
        answer: Any = {
            "Error": {"Code": code, "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(answer, operation)

    return fault


throttled = refuse("ThrottlingException")
expired = refuse("ExpiredTokenException")


def cut(_: str) -> dict[str, Any]:
    """Nobody answers."""
    raise EndpointConnectionError(endpoint_url="https://codepipeline.ap-northeast-2.amazonaws.com/")


def truncated(_: str) -> dict[str, Any]:
    """What botocore makes of an answer that was cut off."""
    return {}


@dataclass
class Run:
    """An execution that the test moves on."""

    clock: FakeClock
    id: str
    started: datetime
    state: str = "InProgress"
    summary: str = ""
    revision: tuple[str, str] | None = ("d0aedeb" + "1" * 33, "Fix the title")
    updated: datetime | None = None
    waits: str = ""
    target: str = ""
    """The execution that a rollback goes back to."""
    tries: list[dict[str, Any]] = field(default_factory=list)

    def begins(self, stage: str, action: str = "") -> Step:
        """An action begins."""

        def step() -> None:
            category, provider = KINDS.get(action or stage, ("Build", "CodeBuild"))
            kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
            self.tries.append(
                {
                    "pipelineExecutionId": self.id,
                    "actionExecutionId": str(uuid.uuid4()),
                    "pipelineVersion": 1,
                    "stageName": stage,
                    "actionName": action or stage,
                    "startTime": self.clock(),
                    "lastUpdateTime": self.clock(),
                    "status": "InProgress",
                    "input": {"actionTypeId": kind},
                    "output": {},
                }
            )

        return step

    def ends(self, stage: str, action: str = "", *, state: str = "Succeeded", error: str = "") -> Step:
        """An action ends."""

        def step() -> None:
            (one,) = [it for it in self.tries if self._goes_on(it, stage, action or stage)]
            one |= {"status": state, "lastUpdateTime": self.clock()}
            if error:
                details = {"code": "JobFailed", "message": error}
                one["output"] = {"executionResult": {"errorDetails": details}}

        return step

    @staticmethod
    def _goes_on(one: dict[str, Any], stage: str, action: str) -> bool:
        return (one["stageName"], one["actionName"], one["status"]) == (stage, action, "InProgress")

    def becomes(self, state: str, summary: str = "") -> Step:
        """The execution changes its state."""

        def step() -> None:
            self.state, self.summary, self.updated = state, summary, self.clock()

        return step

    def waits_before(self, stage: str) -> Step:
        """The execution waits before a stage."""

        def step() -> None:
            self.waits = stage

        return step

    def shown(self, *, whole: bool) -> dict[str, Any]:
        """PipelineExecution, or PipelineExecutionSummary."""
        answer: dict[str, Any] = {
            "pipelineExecutionId": self.id,
            "status": self.state,
            **({"statusSummary": self.summary} if self.summary else {}),
            "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": "arn:aws:iam::1:user/ann"},
            "executionMode": "SUPERSEDED",
        }
        revisions = [{"revisionId": self.revision[0], "revisionSummary": self.revision[1]}]
        if whole:
            return answer | {
                "pipelineName": PIPELINE,
                "pipelineVersion": 1,
                "artifactRevisions": revisions if self.tries else [],
            }
        if self.target:
            answer |= {
                "executionType": "ROLLBACK",
                "rollbackMetadata": {"rollbackTargetPipelineExecutionId": self.target},
            }
        times = {"startTime": self.started, "lastUpdateTime": self.updated or self.started}
        return answer | times | {"sourceRevisions": [{"actionName": "Source", **one} for one in revisions]}


@dataclass
class World:
    """One pipeline in one account."""

    clock: FakeClock = field(default_factory=FakeClock)
    runs: list[Run] = field(default_factory=list)
    calls: list[tuple[float, str]] = field(default_factory=list)
    """When each call came, in seconds from the beginning, and which it was."""
    closed: dict[str, str] = field(default_factory=dict)
    """Stages whose entry is disabled, and why."""
    parallel: bool = False
    page: int = 100
    _script: list[tuple[float, Step]] = field(default_factory=list)
    _faults: list[tuple[float, float, Fault]] = field(default_factory=list)
    _begin: float = 0.0

    def __post_init__(self) -> None:
        self._begin = self.clock.time()

    @property
    def now(self) -> float:
        return self.clock.time() - self._begin

    def execution(self) -> Run:
        """An execution that starts now."""
        made = Run(self.clock, str(uuid.uuid4()), self.clock())
        self.runs.append(made)
        return made

    def after(self, seconds: float, *steps: Step) -> None:
        """Something happens later."""
        self._script += [(self.now + seconds, step) for step in steps]
        self._script.sort(key=lambda one: one[0])

    def fails(self, begin: float, end: float, fault: Fault) -> None:
        """Calls fail for a time, in seconds from the beginning."""
        self._faults.append((begin, end, fault))

    def line(self, **options: Any) -> Line:
        """A line whose clock is this world's."""
        return Line(Connection(self).aws, clock=self.clock.time, sleep=self.clock.sleep, **options)

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """A call's answer at this time."""
        self.calls.append((self.now, operation))
        model = "".join(part.capitalize() for part in operation.split("_"))
        modelcheck.check_request("codepipeline", model, request)
        while self._script and self._script[0][0] <= self.now:
            moment, step = self._script.pop(0)
            self._at(moment, step)
        for begin, end, fault in self._faults:
            if begin <= self.now < end:
                return fault(model)
        found: dict[str, Any] = getattr(self, f"_{operation}")(request)
        # AWS answers an empty list where there is nothing, whatever minimum the model shares with requests.
        modelcheck.check_output("codepipeline", model, {key: it for key, it in found.items() if it != []})
        return found

    def _at(self, moment: float, step: Step) -> None:
        """Carry out a step as at its own time."""
        late = self.now - moment
        self.clock.rewind(late)
        step()
        self.clock.advance(late)

    def _get_pipeline_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        for one in self.runs:
            if one.id == request["pipelineExecutionId"]:
                return {"pipelineExecution": one.shown(whole=True)}
        return refuse("PipelineExecutionNotFoundException")("GetPipelineExecution")

    def _list_pipeline_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        shown = [one.shown(whole=False) for one in reversed(self.runs)]
        return self._paged(shown, "pipelineExecutionSummaries", request)

    def _list_action_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = (request.get("filter") or {}).get("pipelineExecutionId")
        tries = [one for run in self.runs if wanted in (None, run.id) for one in run.tries]
        tries.sort(key=lambda one: one["startTime"])
        return self._paged(tries[::-1], "actionExecutionDetails", request)

    def _paged(self, items: list[Any], key: str, request: dict[str, Any]) -> dict[str, Any]:
        begin, size = int(request.get("nextToken") or 0), min(request["maxResults"], self.page)
        more = {"nextToken": str(begin + size)} if begin + size < len(items) else {}
        return {key: items[begin : begin + size], **more}

    def _get_pipeline(self, _: dict[str, Any]) -> dict[str, Any]:
        stages = [
            {"name": stage, "actions": [self._declared(action) for action in actions]}
            for stage, actions in STAGES.items()
        ]
        return {
            "pipeline": {"name": PIPELINE, "roleArn": "arn:aws:iam::123456789012:role/p", "stages": stages}
        }

    @staticmethod
    def _declared(name: str) -> dict[str, Any]:
        category, provider = KINDS.get(name, ("Build", "CodeBuild"))
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": name, "actionTypeId": kind}

    def _get_pipeline_state(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"stageStates": [] if self.parallel else list(self._stage_states())}

    def _stage_states(self) -> Iterator[dict[str, Any]]:
        for stage in STAGES:
            transition = {"enabled": stage not in self.closed}
            if stage in self.closed:
                transition["disabledReason"] = self.closed[stage]  # type: ignore[assignment]
            waiting = [one.id for one in self.runs if one.waits == stage and one.state == "InProgress"]
            inside = [
                one.id for one in self.runs for it in one.tries if Run._goes_on(it, stage, it["actionName"])
            ]
            state: dict[str, Any] = {
                "stageName": stage,
                "inboundTransitionState": transition,
                "inboundExecutions": [
                    {"pipelineExecutionId": one, "status": "InProgress"} for one in waiting
                ],
            }
            if inside and inside[-1]:
                state["latestExecution"] = {"pipelineExecutionId": inside[-1], "status": "InProgress"}
            yield state


class Connection:
    """As much of an `Aws` as a poller uses. `until`: when its credentials expire."""

    def __init__(self, world: World, *, until: float = float("inf"), account: str = "123456789012") -> None:
        self.world = world
        self.until = until
        self.account = account
        self.closed = False

    @property
    def aws(self) -> Aws:
        return cast(Aws, self)

    @property
    def identity(self) -> Identity:
        if self.world.now >= self.until:
            raise CredentialsError("the AWS credentials have expired")
        return Identity(self.account, f"arn:aws:iam::{self.account}:user/ann", "aws")

    def client(self, service: str) -> Any:
        assert service == "codepipeline"
        operations = modelcheck.service_model(service).operation_names
        return SimpleNamespace(**{xform_name(one): self._operation(xform_name(one)) for one in operations})

    def _operation(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            if self.world.now >= self.until:
                self.world.calls.append((self.world.now, name))
                return expired(name)
            return self.world.answer(name, request)

        return call

    def close(self) -> None:
        self.closed = True


def most_in_a_minute(calls: list[tuple[float, str]]) -> int:
    """The most calls in any 60 seconds."""
    times = [moment for moment, _ in calls]
    return max((sum(begin <= one < begin + 60 for one in times) for begin in times), default=0)
