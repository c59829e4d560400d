"""CodePipeline's operations that steer executions: stop, retry, roll back, approve, and hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from awspipe.sandbox import engine, gates
from awspipe.sandbox.actions.base import ActionError, Result
from awspipe.sandbox.pipelines import (
    FAILED,
    STOPPED,
    SUCCEEDED,
    ActionExecution,
    Execution,
    Pipeline,
    Transition,
    Trigger,
)
from awspipe.sandbox.service import Answer, RefusalError, Request, new_id


class Steering:
    """The operations that change how executions go on; the backend brings the pipelines."""

    if TYPE_CHECKING:
        account_id: str
        region_name: str
        pipelines: dict[str, Pipeline]

        @property
        def caller(self) -> str:
            """Who calls."""

        @property
        def engine(self) -> engine.PipelineEngine:
            """What plays the pipelines."""

        def arn(self, resource: str) -> str:
            """An ARN of CodePipeline."""

        def pipeline(self, name: str) -> Pipeline:
            """The pipeline of a name."""

        def now(self) -> float:
            """The time."""

        def check_limit(self, found: Pipeline) -> None:
            """Refuse one execution more than there may be."""

    def op_stop_pipeline_execution(self, request: Request) -> Answer:
        """Stop an execution: when its actions have ended, or at once."""
        found = self.pipeline(request["pipelineName"])
        one = found.execution(request["pipelineExecutionId"])
        if one is None or not one.unfinished:
            state = "does not exist" if one is None else f"is already in the state {one.status}"
            text = f"Pipeline execution {request['pipelineExecutionId']} of {found.name} {state}."
            raise RefusalError("PipelineExecutionNotStoppableException", text)
        if one.status == "Stopping" and not request.get("abandon"):
            text = f"Pipeline execution {one.id} of {found.name} is already being stopped."
            raise RefusalError("DuplicatedStopRequestException", text)
        one.stop_reason = request.get("reason") or ""
        one.status, one.updated = "Stopping", self.now()
        if request.get("abandon"):
            for action in one.actions:
                if action.going_on:
                    action.status, action.updated = "Abandoned", self.now()
        if not one.inside:
            one.status = STOPPED
        self.engine.advance(found)
        return {"pipelineExecutionId": one.id}

    def op_retry_stage_execution(self, request: Request) -> Answer:
        """Run a stage again for the execution that failed in it, all of it or what failed."""
        found = self.pipeline(request["pipelineName"])
        stage = _stage(found, request["stageName"])
        one = found.execution(request["pipelineExecutionId"])
        if one is None or stage not in one.stages:
            text = f"Pipeline execution {request['pipelineExecutionId']} was never in the stage '{stage}'."
            raise RefusalError("StageNotRetryableException", text)
        if one.mode != "PARALLEL" and found.latest.get(stage) != one.id:
            text = f"Pipeline execution {one.id} is not the latest one in the stage '{stage}'."
            raise RefusalError("NotLatestPipelineExecutionException", text)
        self._check_retryable(found, one, stage)
        self.check_limit(found)
        self.engine.again(one, stage, request["retryMode"], "ManualStageRetry")
        one.stages[stage].manual_retries += 1
        self.engine.advance(found)
        return {"pipelineExecutionId": one.id}

    def _check_retryable(self, found: Pipeline, one: Execution, stage: str) -> None:
        why = ""
        if one.unfinished or one.stages[stage].status not in (FAILED, STOPPED):
            why = "there is nothing in it that failed"
        elif one.version != found.version:
            why = "the pipeline's structure has changed since"
        if why:
            text = f"The stage '{stage}' cannot be retried for pipeline execution {one.id}: {why}."
            raise RefusalError("StageNotRetryableException", text)

    def op_rollback_stage(self, request: Request) -> Answer:
        """Run a stage again as it succeeded earlier, in a new execution."""
        found = self.pipeline(request["pipelineName"])
        stage = _stage(found, request["stageName"])
        target = found.execution(request["targetPipelineExecutionId"])
        if target is None:
            text = f"Pipeline {found.name} does not have an execution with the id "
            raise RefusalError(
                "PipelineExecutionNotFoundException", text + request["targetPipelineExecutionId"]
            )
        if target.version != found.version:
            text = f"Pipeline execution {target.id} was started in version {target.version} of the pipeline."
            raise RefusalError("PipelineExecutionOutdatedException", text)
        why = _why_no_rollback(found, stage, target)
        if why:
            text = f"Unable to roll back the stage '{stage}' to pipeline execution {target.id}: {why}."
            raise RefusalError("UnableToRollbackStageException", text)
        made = self._rollback(target)
        self.engine.roll_back(found, stage, target, made)
        self.engine.advance(found)
        return {"pipelineExecutionId": made.id}

    def _rollback(self, target: Execution) -> Execution:
        return Execution(
            id=new_id(),
            version=target.version,
            mode=target.mode,
            trigger=Trigger("ManualRollback", self.caller),
            started=self.now(),
            updated=self.now(),
        )

    def op_put_approval_result(self, request: Request) -> Answer:
        """Answer an approval; its token says which one is meant."""
        found = self.pipeline(request["pipelineName"])
        self.engine.expire(found)
        stage = _stage(found, request["stageName"])
        declared = {action["name"]: action for action in (found.stage(stage) or {})["actions"]}
        action = declared.get(request["actionName"])
        if action is None or action["actionTypeId"]["category"] != "Approval":
            text = f"The stage '{stage}' has no approval action named '{request['actionName']}'"
            raise RefusalError("ActionNotFoundException", text)
        one, asked = _approval(found, stage, request)
        answer, said = request["result"]["status"], request["result"]["summary"]
        asked.updated_by, asked.summary = self.caller, said or None
        error = (
            None if answer == "Approved" else ActionError("ApprovalRejected", _rejection(self.caller, said))
        )
        self.engine.settle(one, asked, Result(error=error))
        self.engine.advance(found)
        return {"approvedAt": asked.updated}

    def op_enable_stage_transition(self, request: Request) -> Answer:
        """Let executions move into (or out of) a stage again."""
        return self._set_transition(request, enabled=True)

    def op_disable_stage_transition(self, request: Request) -> Answer:
        """Hold executions before (or after) a stage."""
        return self._set_transition(request, enabled=False)

    def _set_transition(self, request: Request, *, enabled: bool) -> Answer:
        found = self.pipeline(request["pipelineName"])
        stage = _stage(found, request["stageName"])
        found.transitions[stage, request["transitionType"]] = Transition(
            enabled, self.caller, self.now(), None if enabled else request["reason"]
        )
        self.engine.advance(found)
        return {}

    def op_override_stage_condition(self, request: Request) -> Answer:
        """Let an execution pass a condition that it has failed."""
        found = self.pipeline(request["pipelineName"])
        stage = _stage(found, request["stageName"])
        one = found.execution(request["pipelineExecutionId"])
        state = one.stages.get(stage) if one else None
        kind = gates.GATES[request["conditionType"]]
        gate = next((it for it in (state.gates if state else ()) if it.kind == kind), None)
        if one is None or state is None or gate is None or gate.status != FAILED or one.unfinished:
            text = (
                f"There is no failed {request['conditionType']} condition of the stage '{stage}' to override."
            )
            raise RefusalError("ConditionNotOverridableException", text)
        if gate.result == "SKIP":
            text = "A condition whose result is to skip the stage cannot be overridden."
            raise RefusalError("ConditionNotOverridableException", text)
        if one.mode != "PARALLEL" and found.latest.get(stage) != one.id:
            text = f"Pipeline execution {one.id} is not the latest one in the stage '{stage}'."
            raise RefusalError("NotLatestPipelineExecutionException", text)
        self.check_limit(found)
        passed = replace(gate, status=gates.OVERRIDDEN, at=self.now())
        state.gates = tuple(passed if it is gate else it for it in state.gates)
        self.engine.go_on(one, stage)
        self.engine.advance(found)
        return {}


def _stage(found: Pipeline, name: str) -> str:
    if name not in found.stage_names:
        text = f"Pipeline '{found.name}' does not have a stage named '{name}'"
        raise RefusalError("StageNotFoundException", text)
    return name


def _why_no_rollback(found: Pipeline, stage: str, target: Execution) -> str:
    first = found.stage_names[0]
    state = target.stages.get(stage)
    reasons = (
        (found.declaration["pipelineType"] != "V2", "only V2 pipelines can roll back"),
        ("PARALLEL" in (found.declaration["executionMode"], target.mode), "a PARALLEL pipeline cannot"),
        (stage == first, "it is the source stage"),
        (target.type == "ROLLBACK", "that execution is a rollback itself"),
        (state is None or state.status != SUCCEEDED, "that execution did not succeed in it"),
        (found.occupant(stage) is not None, "it is running"),
    )
    return next((why for applies, why in reasons if applies), "")


def _approval(found: Pipeline, stage: str, request: Request) -> tuple[Execution, ActionExecution]:
    """The approval that a token belongs to and that still waits."""
    for one in found.executions:
        for action in one.actions:
            here = (action.stage, action.name) == (stage, request["actionName"])
            if here and action.token == request["token"]:
                if action.going_on:
                    return one, action
                text = f"The approval action '{action.name}' has already been approved or rejected."
                raise RefusalError("ApprovalAlreadyCompletedException", text)
    raise RefusalError("InvalidApprovalTokenException", "The approval token is not valid.")


def _rejection(who: str, said: str) -> str:
    return f"Rejected by {who}: {said}" if said else f"Rejected by {who}"
