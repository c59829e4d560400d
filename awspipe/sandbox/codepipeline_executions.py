"""CodePipeline's executions: started, listed, stopped and shown, but not played yet.

A started execution stays in progress and says that nothing plays it: never a pretended success.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from awspipe.sandbox.pipelines import Execution, Pipeline, Transition, Trigger
from awspipe.sandbox.service import Answer, RefusalError, Request, new_id, page, without_nothing

__all__ = ["NOT_PLAYED", "Executions", "Trigger"]

NOT_PLAYED = "The sandbox does not play executions yet."

_MOST_AT_ONCE = 50


class Executions:
    """The operations on executions; the backend brings the pipelines."""

    if TYPE_CHECKING:
        account_id: str
        partition: str

        def pipeline(self, name: str) -> Pipeline:
            """The pipeline of a name."""

        def now(self) -> float:
            """The time."""

    @property
    def caller(self) -> str:
        """Who calls, as CodePipeline notes it: the sandbox has one caller."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"

    def start(self, found: Pipeline, trigger: Trigger, request: Request | None = None) -> Execution:
        """Start an execution of a pipeline's newest version."""
        asked, mode = request or {}, found.declaration["executionMode"]
        running = [one for one in found.executions if one.unfinished]
        if mode != "SUPERSEDED" and len(running) >= _MOST_AT_ONCE:
            text = (
                f"The pipeline '{found.name}' has {_MOST_AT_ONCE} concurrent executions, which is the limit."
            )
            raise RefusalError("ConcurrentPipelineExecutionsLimitExceededException", text)
        started = Execution(
            id=new_id(),
            version=found.version,
            mode=mode,
            trigger=trigger,
            started=self.now(),
            updated=self.now(),
            action_execution_id=new_id(),
            summary=NOT_PLAYED,
            variables=_variables(found.declaration, asked),
            source_revisions=list(asked.get("sourceRevisions") or ()),
            token=asked.get("clientRequestToken"),
        )
        found.executions.append(started)
        return started

    def start_by_event(self, found: Pipeline, rule_arn: str, given: Any) -> None:
        """Start an execution for a rule; an input transformer may name revisions and variables."""
        asked = {}
        for name in ("sourceRevisions", "variables"):
            if isinstance(given, dict) and name in given:
                asked[name] = given[name] if isinstance(given[name], list) else [given[name]]
        try:
            self.start(found, Trigger("CloudWatchEvent", rule_arn), asked)
        except RefusalError:
            # The event's publisher is not told, as on AWS.
            return

    def cancel_all(self, found: Pipeline) -> None:
        """What UpdatePipeline does to everything in flight."""
        for one in found.executions:
            if one.unfinished:
                self._end(one, "Cancelled", "The pipeline was updated.")

    def op_start_pipeline_execution(self, request: Request) -> Answer:
        """Start an execution; the same client request token starts nothing new."""
        found = self.pipeline(request["name"])
        token = request.get("clientRequestToken")
        again = next((one for one in found.executions if token and one.token == token), None)
        if again is None:
            _check_revisions(found.declaration, request)
            again = self.start(found, Trigger("StartPipelineExecution", self.caller), request)
        return {"pipelineExecutionId": again.id}

    def op_stop_pipeline_execution(self, request: Request) -> Answer:
        """Stop an execution. Nothing runs that could be waited for, so it ends at once."""
        found = self.pipeline(request["pipelineName"])
        one = next((one for one in found.executions if one.id == request["pipelineExecutionId"]), None)
        if one is None or one.status not in ("InProgress", "Stopping"):
            state = "does not exist" if one is None else f"is already in the state {one.status}"
            text = f"Pipeline execution {request['pipelineExecutionId']} of {found.name} {state}."
            raise RefusalError("PipelineExecutionNotStoppableException", text)
        if one.status == "Stopping" and not request.get("abandon"):
            text = f"Pipeline execution {one.id} of {found.name} is already being stopped."
            raise RefusalError("DuplicatedStopRequestException", text)
        one.stop_reason = request.get("reason") or ""
        self._end(one, "Stopped", None)
        return {"pipelineExecutionId": one.id}

    def _end(self, one: Execution, status: str, summary: str | None) -> None:
        one.status, one.summary, one.updated = status, summary, self.now()

    def op_get_pipeline_execution(self, request: Request) -> Answer:
        """One execution."""
        found = self.pipeline(request["pipelineName"])
        one = _execution(found, request["pipelineExecutionId"])
        return {
            "pipelineExecution": without_nothing(
                pipelineName=found.name,
                pipelineVersion=one.version,
                pipelineExecutionId=one.id,
                status=one.status,
                statusSummary=one.summary,
                artifactRevisions=[],
                variables=[{"name": name, "resolvedValue": text} for name, text in one.variables.items()],
                trigger=_trigger(one),
                executionMode=one.mode,
                executionType="STANDARD",
            )
        }

    def op_list_pipeline_executions(self, request: Request) -> Answer:
        """The executions of a pipeline, newest first."""
        found = self.pipeline(request["pipelineName"])
        newest = found.executions[::-1]
        if (request.get("filter") or {}).get("succeededInStage"):
            # No stage of any execution has succeeded yet.
            newest = []
        items, token = page(newest, request.get("nextToken"), request.get("maxResults") or 100)
        return without_nothing(pipelineExecutionSummaries=[_summary(one) for one in items], nextToken=token)

    def op_list_action_executions(self, request: Request) -> Answer:
        """The actions that ran: none yet."""
        found = self.pipeline(request["pipelineName"])
        asked = request.get("filter") or {}
        latest = asked.get("latestInPipelineExecution") or {}
        wanted = asked.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        if wanted:
            _execution(found, wanted)
        return {"actionExecutionDetails": []}

    def op_get_pipeline_state(self, request: Request) -> Answer:
        """Where the pipeline's executions stand. A PARALLEL pipeline has no state."""
        found = self.pipeline(request["name"])
        parallel = found.declaration["executionMode"] == "PARALLEL"
        stages = [] if parallel else [self._stage(found, stage) for stage in found.declaration["stages"]]
        return {
            "pipelineName": found.name,
            "pipelineVersion": found.version,
            "stageStates": stages,
            "created": found.created,
            "updated": found.updated,
        }

    def _stage(self, found: Pipeline, stage: dict[str, Any]) -> Answer:
        transition = found.transitions.get((stage["name"], "Inbound"))
        occupant, waiting = (None, None)
        if stage is found.declaration["stages"][0]:
            occupant, waiting = _in_first_stage(found)
        return without_nothing(
            stageName=stage["name"],
            inboundTransitionState=_transition(transition),
            inboundExecution=_stage_execution(waiting),
            inboundExecutions=[_stage_execution(waiting)] if waiting else None,
            latestExecution=_stage_execution(occupant),
            actionStates=[_action(action, occupant) for action in stage["actions"]],
        )


def _execution(found: Pipeline, wanted: str) -> Execution:
    one = next((one for one in found.executions if one.id == wanted), None)
    if one is None:
        text = f"Pipeline {found.name} does not have an execution with the id {wanted}"
        raise RefusalError("PipelineExecutionNotFoundException", text)
    return one


def _in_first_stage(found: Pipeline) -> tuple[Execution | None, Execution | None]:
    """Who holds the first stage, and the newest that waits for it: a stage holds one execution at a time."""
    running = [one for one in found.executions if one.unfinished]
    if not running:
        # One that was made for an older structure never was in the stages of this one.
        last = found.executions[-1] if found.executions else None
        return (last if last and last.version == found.version else None), None
    return running[0], running[-1] if len(running) > 1 else None


def _stage_execution(one: Execution | None) -> Answer | None:
    if one is None:
        return None
    return {"pipelineExecutionId": one.id, "status": one.status, "type": "STANDARD"}


def _action(action: dict[str, Any], occupant: Execution | None) -> Answer:
    if occupant is None:
        return {"actionName": action["name"]}
    going_on = occupant.unfinished
    latest = {
        "actionExecutionId": occupant.action_execution_id,
        "status": "InProgress" if going_on else "Abandoned",
        "summary": NOT_PLAYED,
        "lastStatusChange": occupant.started if going_on else occupant.updated,
    }
    return {"actionName": action["name"], "latestExecution": latest}


def _transition(one: Transition | None) -> Answer:
    if one is None:
        return {"enabled": True}
    return without_nothing(
        enabled=one.enabled,
        lastChangedBy=one.changed_by,
        lastChangedAt=one.changed_at,
        disabledReason=one.reason,
    )


def _trigger(one: Execution) -> Answer:
    return {"triggerType": one.trigger.type, "triggerDetail": one.trigger.detail}


def _summary(one: Execution) -> Answer:
    return without_nothing(
        pipelineExecutionId=one.id,
        status=one.status,
        statusSummary=one.summary,
        startTime=one.started,
        lastUpdateTime=one.updated,
        sourceRevisions=[],
        trigger=_trigger(one),
        stopTrigger=None if one.stop_reason is None else {"reason": one.stop_reason},
        executionMode=one.mode,
        executionType="STANDARD",
    )


def _variables(declaration: dict[str, Any], asked: Request) -> dict[str, str]:
    """The pipeline variables of an execution: those given, else their defaults."""
    given = {one["name"]: one["value"] for one in asked.get("variables") or ()}
    declared = {one["name"]: one.get("defaultValue") for one in declaration.get("variables") or ()}
    for name in given:
        if name not in declared:
            raise RefusalError("ValidationException", f"Variable '{name}' is not declared in the pipeline.")
    values = declared | given
    return {name: value for name, value in values.items() if value is not None}


def _check_revisions(declaration: dict[str, Any], request: Request) -> None:
    revisions = request.get("sourceRevisions") or ()
    if revisions and declaration["pipelineType"] != "V2":
        raise RefusalError("ValidationException", "Source revision overrides need a V2 pipeline.")
    sources = {action["name"] for action in declaration["stages"][0]["actions"]}
    for one in revisions:
        if one["actionName"] not in sources:
            text = f"'{one['actionName']}' is not a source action of the pipeline."
            raise RefusalError("ValidationException", text)
