"""CodePipeline's answers about executions: where they stand, and what each of their actions did."""

from __future__ import annotations

from typing import Any

from awspipe.sandbox import gates
from awspipe.sandbox.actions.base import Artifact
from awspipe.sandbox.pipelines import ActionExecution, Execution, Pipeline, StageExecution, Transition
from awspipe.sandbox.service import Answer, without_nothing

_SHORT = 100  # the model's limit for a revision's change identifier


def pipeline_state(found: Pipeline) -> Answer:
    """The answer of GetPipelineState. A PARALLEL pipeline has no state."""
    parallel = found.declaration["executionMode"] == "PARALLEL"
    stages = [] if parallel else [_stage(found, stage) for stage in found.declaration["stages"]]
    return {
        "pipelineName": found.name,
        "pipelineVersion": found.version,
        "stageStates": stages,
        "created": found.created,
        "updated": found.updated,
    }


def _stage(found: Pipeline, stage: dict[str, Any]) -> Answer:
    name = stage["name"]
    waiting = [_inbound(one) for one in found.waiting(name) if one.mode != "PARALLEL"]
    latest = found.execution(found.latest.get(name, ""))
    state = latest.stages.get(name) if latest else None
    return without_nothing(
        stageName=name,
        inboundTransitionState=_transition(found.transitions.get((name, "Inbound"))),
        inboundExecution=waiting[-1] if waiting else None,
        inboundExecutions=waiting or None,
        latestExecution=_stage_execution(latest, state) if latest and state else None,
        actionStates=[
            _action(action, found.latest_actions.get((name, action["name"]))) for action in stage["actions"]
        ],
        beforeEntryConditionState=gates.state(stage, gates.ENTRY, state.gates if state else ()),
        onSuccessConditionState=gates.state(stage, gates.SUCCESS, state.gates if state else ()),
        retryStageMetadata=_retries(state) if state and state.last_retry else None,
    )


def _inbound(one: Execution) -> Answer:
    return {"pipelineExecutionId": one.id, "status": "InProgress", "type": one.type}


def _stage_execution(one: Execution, state: StageExecution) -> Answer:
    stopping = one.inside and one.status == "Stopping"
    status = "Stopping" if stopping else state.status
    return {"pipelineExecutionId": one.id, "status": status, "type": one.type}


def _retries(state: StageExecution) -> Answer:
    return without_nothing(
        autoStageRetryAttempt=state.automatic_retries or None,
        manualStageRetryAttempt=state.manual_retries or None,
        latestRetryTrigger=state.last_retry,
    )


def _transition(one: Transition | None) -> Answer:
    if one is None:
        return {"enabled": True}
    return without_nothing(
        enabled=one.enabled,
        lastChangedBy=one.changed_by,
        lastChangedAt=one.changed_at,
        disabledReason=one.reason,
    )


def _action(declaration: dict[str, Any], last: ActionExecution | None) -> Answer:
    if last is None:
        return {"actionName": declaration["name"]}
    revision = last.revision and {
        "revisionId": last.revision.id,
        "revisionChangeId": last.revision.id[:_SHORT],
        "created": last.revision.created or last.updated,
    }
    latest = without_nothing(
        actionExecutionId=last.id,
        status=last.status,
        summary=last.summary,
        lastStatusChange=last.updated,
        token=last.token if last.going_on else None,
        lastUpdatedBy=last.updated_by,
        externalExecutionId=last.external_id,
        externalExecutionUrl=last.external_url,
        errorDetails=_error(last),
        logStreamARN=last.log_stream_arn,
    )
    return without_nothing(actionName=last.name, currentRevision=revision, latestExecution=latest)


def _error(one: ActionExecution) -> Answer | None:
    return one.error and {"code": one.error[0], "message": one.error[1]}


def execution(found: Pipeline, one: Execution) -> Answer:
    """The answer of GetPipelineExecution."""
    whole = without_nothing(
        pipelineName=found.name,
        pipelineVersion=one.version,
        pipelineExecutionId=one.id,
        status=one.status,
        statusSummary=one.summary,
        artifactRevisions=[_artifact_revision(it) for it in one.artifacts.values() if it.revision],
        variables=[{"name": name, "resolvedValue": value} for name, value in sorted(one.variables.items())]
        or None,
        trigger=_trigger(one),
        executionMode=one.mode,
        executionType=one.type,
        rollbackMetadata=_rollback(one),
    )
    return {"pipelineExecution": whole}


def _artifact_revision(it: Artifact) -> Answer:
    revision = it.revision
    if revision is None:
        return {}
    return without_nothing(
        name=it.name,
        revisionId=revision.id,
        revisionSummary=revision.summary or None,
        revisionUrl=revision.url,
        created=revision.created,
    )


def _trigger(one: Execution) -> Answer:
    return {"triggerType": one.trigger.type, "triggerDetail": one.trigger.detail}


def _rollback(one: Execution) -> Answer | None:
    target = one.rollback_target
    return None if target is None else {"rollbackTargetPipelineExecutionId": target}


def summary(found: Pipeline, one: Execution) -> Answer:
    """One execution in the answer of ListPipelineExecutions."""
    return without_nothing(
        pipelineExecutionId=one.id,
        status=one.status,
        statusSummary=one.summary,
        startTime=one.started,
        lastUpdateTime=one.updated,
        sourceRevisions=_source_revisions(found, one),
        trigger=_trigger(one),
        stopTrigger=None if one.stop_reason is None else {"reason": one.stop_reason},
        executionMode=one.mode,
        executionType=one.type,
        rollbackMetadata=_rollback(one),
    )


def _source_revisions(found: Pipeline, one: Execution) -> list[Answer]:
    made = []
    for action in found.versions[one.version]["stages"][0]["actions"]:
        names = {it["name"] for it in action["outputArtifacts"]}
        revision = next((it.revision for it in one.artifacts.values() if it.name in names), None)
        if revision is not None:
            made.append(
                without_nothing(
                    actionName=action["name"],
                    revisionId=revision.id,
                    revisionSummary=revision.summary or None,
                    revisionUrl=revision.url,
                )
            )
    return made


def action_execution(one: ActionExecution) -> Answer:
    """One try of an action in the answer of ListActionExecutions."""
    return without_nothing(
        pipelineExecutionId=one.execution_id,
        actionExecutionId=one.id,
        pipelineVersion=one.version,
        stageName=one.stage,
        actionName=one.name,
        startTime=one.started,
        lastUpdateTime=one.updated,
        updatedBy=one.updated_by,
        status=one.status,
        input=_input(one),
        output=_output(one),
    )


def _input(one: ActionExecution) -> Answer:
    return without_nothing(
        actionTypeId=one.declaration["actionTypeId"],
        configuration=_shown(one.declaration["configuration"]),
        resolvedConfiguration=_shown(one.configuration),
        roleArn=one.declaration.get("roleArn"),
        region=one.region,
        inputArtifacts=[_located(it) for it in one.inputs],
        namespace=one.declaration.get("namespace"),
    )


def _shown(configuration: dict[str, str]) -> dict[str, str]:
    return {key: "****" if key == "OAuthToken" else value for key, value in configuration.items()}


def _output(one: ActionExecution) -> Answer:
    result = without_nothing(
        externalExecutionId=one.external_id,
        externalExecutionSummary=one.summary,
        externalExecutionUrl=one.external_url,
        errorDetails=_error(one),
        logStreamARN=one.log_stream_arn,
    )
    made = one.outputs if one.status == "Succeeded" else []
    return {
        "outputArtifacts": [_located(it) for it in made],
        "executionResult": result,
        "outputVariables": one.variables,
    }


def _located(it: Artifact) -> Answer:
    return {"name": it.name, "s3location": {"bucket": it.bucket, "key": it.key}}
