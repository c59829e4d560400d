"""Approvals that wait for somebody's answer, and the answer.

A token says which approval an answer is for: each try of the action has a new one, so it is read at the
moment of answering. https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from awspipe.aws import Aws, maybe, refusal
from awspipe.errors import AwspipeError
from awspipe.executions import UNFINISHED, ActionExecution, Execution, actions_of, execution, executions_of
from awspipe.explain import explained
from awspipe.triggers import who

LONGEST_COMMENT = 512
"""The model's limit of ApprovalSummary."""

_MOST = 1000
"""As many executions of a PARALLEL pipeline are looked through: 50 can be under way."""

_STALE = ("InvalidApprovalTokenException", "ApprovalAlreadyCompletedException")


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that waits: where, since when, for which revision, and what its asker wants to be read."""

    stage: str
    action: str
    execution: str
    since: datetime | None
    revision: str
    message: str
    review: str
    """The address to look at first (ExternalEntityLink), or ""."""
    data: str
    """What the asker says (CustomData), or ""."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for an answer in a pipeline, oldest first; its stages; the executions under way."""

    parallel: bool
    approvals: tuple[Approval, ...]
    stages: tuple[str, ...]
    asking: tuple[str, ...]
    """The stages that have an approval."""
    under_way: tuple[str, ...]


class StaleError(AwspipeError):
    """The approval waits no longer, or not this try of it: nothing was answered."""


def waiting(aws: Aws, name: str) -> Waiting | None:
    """What waits for an answer; None where there is no such pipeline.

    Two calls side by side, then two for each execution that asks; a PARALLEL pipeline's are listed first.
    """
    codepipeline = aws.client("codepipeline")
    absent = "PipelineNotFoundException"
    with explained(f"look for approvals in {name}"):
        declared, state = aws.gather(
            lambda: maybe(lambda: codepipeline.get_pipeline(name=name), absent),
            lambda: maybe(lambda: codepipeline.get_pipeline_state(name=name), absent),
        )
        if declared is None or state is None:
            return None
        parallel = declared["pipeline"].get("executionMode") == "PARALLEL"
        listed = executions_of(aws, name, _MOST) if parallel else ()
        going_on = {one.id: one for one in listed if one.running}
        under_way = list(going_on) if parallel else _inside(state)
        asking = under_way if parallel else [one for _, one in _tokens(state).values()]
        found = aws.gather(*(_asked(aws, name, id_, going_on.get(id_)) for id_ in dict.fromkeys(asking)))
    stages = declared["pipeline"]["stages"]
    return Waiting(
        parallel=parallel,
        approvals=tuple(sorted((one for several in found for one in several), key=_age)),
        stages=tuple(stage["name"] for stage in stages),
        asking=tuple(stage["name"] for stage in stages if any(map(_asks, stage["actions"]))),
        under_way=tuple(dict.fromkeys(under_way)),
    )


def answer(aws: Aws, name: str, found: Waiting, asked: Approval, *, status: str, comment: str) -> None:
    """Approve or reject (`status`: Approved or Rejected).

    Raises StaleError, with what happened, where the approval that was shown waits no longer.
    """
    codepipeline = aws.client("codepipeline")
    with explained(f"answer {asked.action} of {name}"):
        token = _token(aws, name, found, asked)
        refused = not token or refusal(
            lambda: codepipeline.put_approval_result(
                pipelineName=name,
                stageName=asked.stage,
                actionName=asked.action,
                result={"summary": comment, "status": status},
                token=token,
            ),
            *_STALE,
        )
        if refused:
            raise StaleError(f"{asked.action} was not {status.lower()}: {_fate(aws, name, asked)}")


def _token(aws: Aws, name: str, found: Waiting, asked: Approval) -> str:
    """The token of the try that waits now, if it is of the execution that was asked about; else ""."""
    if found.parallel:
        mine = _run_of(actions_of(aws, name, asked.execution), asked)
        return mine.external_id if mine and mine.state == "InProgress" else ""
    state = aws.client("codepipeline").get_pipeline_state(name=name)
    token, execution_id = _tokens(state).get((asked.stage, asked.action), ("", ""))
    return token if execution_id == asked.execution else ""


def _tokens(state: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """By stage and action: the token of an approval that waits, and whose execution's it is."""
    found = {}
    for stage in state["stageStates"]:
        for action in stage.get("actionStates", ()):
            latest = action.get("latestExecution") or {}
            if latest.get("token") and latest.get("status") == "InProgress":
                inside = stage["latestExecution"]["pipelineExecutionId"]
                found[stage["stageName"], action["actionName"]] = (latest["token"], inside)
    return found


def _inside(state: dict[str, Any]) -> list[str]:
    """The executions that are in a stage or wait before one."""
    found = []
    for stage in state["stageStates"]:
        latest = stage.get("latestExecution") or {}
        found += [latest["pipelineExecutionId"]] if latest.get("status") in UNFINISHED else []
        found += [one["pipelineExecutionId"] for one in stage.get("inboundExecutions", ())]
    return found


def _asks(action: dict[str, Any]) -> bool:
    return bool(action["actionTypeId"]["category"] == "Approval")


def _asked(aws: Aws, name: str, id_: str, known: Execution | None) -> Callable[[], list[Approval]]:
    """Reads the approvals that wait in one execution."""

    def read() -> list[Approval]:
        runs = [one for one in actions_of(aws, name, id_) if one.is_approval]
        open_ = [one for one in runs if one.state == "InProgress"]
        carried = known or (execution(aws, name, id_) if open_ else None)
        return [_approval(one, id_, carried) for one in open_ if carried]

    return read


def _approval(run: ActionExecution, id_: str, carried: Execution) -> Approval:
    return Approval(
        stage=run.stage,
        action=run.name,
        execution=id_,
        since=run.started,
        revision=carried.revision,
        message=carried.message,
        review=run.configuration.get("ExternalEntityLink", ""),
        data=run.configuration.get("CustomData", ""),
    )


def _age(one: Approval) -> tuple[datetime, str, str]:
    return one.since or datetime.min.replace(tzinfo=UTC), one.stage, one.action


def _run_of(runs: tuple[ActionExecution, ...], asked: Approval) -> ActionExecution | None:
    return next((one for one in runs if (one.stage, one.name) == (asked.stage, asked.action)), None)


def _fate(aws: Aws, name: str, asked: Approval) -> str:
    """What became of an approval that was asked for."""
    run = _run_of(actions_of(aws, name, asked.execution), asked)
    state = execution(aws, name, asked.execution).state
    short = asked.execution[:8]
    match run.state if run else "":
        case "Succeeded" if run:
            return f"execution {short} was approved already{_by(run)}"
        case "Failed" if run:
            return f"execution {short} was refused already: {run.says or 'rejected'}{_at(run)}"
        case "InProgress" if state in UNFINISHED:
            return f"execution {short} asks anew, after a retry: look at it again"
    return f"execution {short} asks no longer: it is {state}"


def _by(run: ActionExecution) -> str:
    by = f" by {who(run.by)}" if run.by else ""
    return f"{by}{_at(run)}" + (f": {run.says}" if run.says else "")


def _at(run: ActionExecution) -> str:
    return f" at {run.updated.astimezone(UTC):%H:%M:%S} UTC" if run.updated else ""
