"""Executions and their actions, as CodePipeline tells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from awspipe.aws import Aws
from awspipe.naming import EXECUTION_ID

UNFINISHED = frozenset({"InProgress", "Stopping"})
"""The states of an execution that goes on."""

_PAGE = 100


@dataclass(frozen=True, slots=True)
class ActionExecution:
    """One try of an action. `kind` is `Category/Provider`; `error` is AWS's code and message, or empty.

    `external_id` is what its provider calls it; for an approval of a PARALLEL pipeline its token.
    """

    id: str
    execution: str
    stage: str
    name: str
    state: str
    kind: str
    started: datetime | None
    updated: datetime | None
    summary: str
    error: tuple[str, str]
    url: str
    external_id: str
    log_stream: str
    by: str = ""
    """Who answered or changed it, an ARN or ""."""
    configuration: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """`Stage/Action`, or one word where they are the same."""
        return self.stage if self.stage == self.name else f"{self.stage}/{self.name}"

    @property
    def says(self) -> str:
        """What it says of itself: AWS's error message, else its summary."""
        return self.error[1] or self.summary

    @property
    def is_approval(self) -> bool:
        """Whether somebody has to answer."""
        return self.kind.startswith("Approval/")


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an execution does nothing: it waits before `stage`. `behind` is the execution that is in it."""

    stage: str
    closed: str | None = None
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution as it stands, with the revision of its first source and what started it.

    `trigger` and `trigger_detail` are AWS's TriggerType and TriggerDetail; `target` is what a rollback goes
    back to; `revisions` are those of all sources. What a list of executions does not tell is known where one
    is followed: `actions` are the newest tries, `stages` the declared ones, in order.
    """

    pipeline: str
    id: str
    state: str
    summary: str = ""
    revision: str = ""
    message: str = ""
    trigger: str = ""
    trigger_detail: str = ""
    mode: str = ""
    started: datetime | None = None
    updated: datetime | None = None
    stages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    actions: tuple[ActionExecution, ...] = ()
    hold: Hold | None = None
    superseded_by: str = ""
    target: str = ""
    stop_reason: str = ""
    revisions: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state in UNFINISHED

    @property
    def busy(self) -> tuple[ActionExecution, ...]:
        """The actions that go on."""
        return tuple(one for one in self.actions if one.state == "InProgress")

    @property
    def approvals(self) -> tuple[ActionExecution, ...]:
        """The approvals that wait for an answer."""
        return tuple(one for one in self.busy if one.is_approval)

    def stage_state(self, stage: str) -> str:
        """AWS's word for how this execution stands in a stage; "" where it has not come to it."""
        states = {one.state for one in self.actions if one.stage == stage}
        declared = next((names for name, names in self.stages if name == stage), ())
        done = {one.name for one in self.actions if one.stage == stage and one.state == "Succeeded"}
        if not states:
            return ""
        if "InProgress" in states:
            return "InProgress"
        if states == {"Succeeded"} and (done >= set(declared) or not self.running):
            return "Succeeded"
        worst = next((one for one in ("Failed", "Abandoned") if one in states), "InProgress")
        return "Stopped" if worst == "Abandoned" else worst


def overtaker(one: Execution, newer: Sequence[Execution]) -> str:
    """The id of the execution that went on in the place of one that was superseded; "" where none is known.

    `newer` are those that began after it, newest first. AWS's summary may name one; else it is the first of
    them that was not superseded itself. A rollback enters its stage at once and overtakes nobody.
    https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
    """
    named = [id_ for id_ in EXECUTION_ID.findall(one.summary) if id_ != one.id]
    oldest_first = [other for other in reversed(newer) if not other.target]
    passed = [other.id for other in oldest_first if other.state != "Superseded"]
    return next(iter(named[-1:] or passed or [other.id for other in oldest_first]), "")


def newer_than(one: Execution, newest_first: Iterable[Execution]) -> tuple[Execution, ...]:
    """Those of a list that began after an execution, newest first; none where the list does not reach it."""
    newer: list[Execution] = []
    for other in newest_first:
        if other.id == one.id:
            return tuple(newer)
        newer.append(other)
    return ()


def executions_of(aws: Aws, name: str, limit: int, *, succeeded_in: str = "") -> Iterator[Execution]:
    """The executions of a pipeline, newest first and at most `limit`, page by page as they are taken.

    `succeeded_in`: only those that succeeded in this stage.
    """
    pages = aws.client("codepipeline").get_paginator("list_pipeline_executions")
    only = {"filter": {"succeededInStage": {"stageName": succeeded_in}}} if succeeded_in else {}
    size = {"MaxItems": limit, "PageSize": min(limit, _PAGE)}
    for page in pages.paginate(pipelineName=name, **only, PaginationConfig=size):
        yield from (as_execution(name, one) for one in page["pipelineExecutionSummaries"])


def execution(aws: Aws, name: str, id_: str) -> Execution:
    """One execution; GetPipelineExecution does not tell its times."""
    answer = aws.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)
    return as_execution(name, answer["pipelineExecution"])


def version_of(aws: Aws, name: str, id_: str) -> int:
    """The version of the pipeline that an execution began with: its list does not tell."""
    answer = aws.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)
    return int(answer["pipelineExecution"]["pipelineVersion"])


def actions_of(aws: Aws, name: str, execution: str) -> tuple[ActionExecution, ...]:
    """The last try of each action of one execution, in the order in which they began."""
    return newest_tries(map(as_action, action_details(aws, name, execution)))


def action_details(aws: Aws, name: str, execution: str) -> list[dict[str, Any]]:
    """Every try of every action of one execution, as AWS tells it: the newest first."""
    pages = aws.client("codepipeline").get_paginator("list_action_executions")
    found = pages.paginate(pipelineName=name, filter={"pipelineExecutionId": execution})
    return [one for page in found for one in page["actionExecutionDetails"]]


def as_execution(pipeline: str, answer: dict[str, Any]) -> Execution:
    """An execution from AWS's PipelineExecution or PipelineExecutionSummary; only this one has times."""
    revisions: list[dict[str, str]] = answer.get("artifactRevisions") or answer.get("sourceRevisions") or []
    revision = next(iter(revisions), {})
    trigger = answer.get("trigger") or {}
    return Execution(
        pipeline=pipeline,
        id=answer["pipelineExecutionId"],
        state=answer["status"],
        summary=answer.get("statusSummary", ""),
        revision=revision.get("revisionId", ""),
        message=commit_message(revision.get("revisionSummary", "")),
        trigger=trigger.get("triggerType", ""),
        trigger_detail=trigger.get("triggerDetail", ""),
        mode=answer.get("executionMode", ""),
        started=answer.get("startTime"),
        updated=answer.get("lastUpdateTime"),
        target=(answer.get("rollbackMetadata") or {}).get("rollbackTargetPipelineExecutionId", ""),
        stop_reason=(answer.get("stopTrigger") or {}).get("reason", ""),
        revisions=tuple(one["revisionId"] for one in revisions if "revisionId" in one),
    )


def commit_message(summary: str) -> str:
    """A revision's message: that of a connection's source comes wrapped in JSON, with its provider."""
    if not summary.startswith("{"):
        return summary
    try:
        found = json.loads(summary)
    except ValueError:
        return summary
    return str(found.get("CommitMessage", summary)) if isinstance(found, dict) else summary


def as_action(detail: dict[str, Any]) -> ActionExecution:
    """One try of an action from AWS's ActionExecutionDetail."""
    asked = detail.get("input") or {}
    kind = asked.get("actionTypeId") or {}
    result = (detail.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    return ActionExecution(
        id=detail["actionExecutionId"],
        execution=detail["pipelineExecutionId"],
        stage=detail["stageName"],
        name=detail["actionName"],
        state=detail["status"],
        kind=f"{kind.get('category', '')}/{kind.get('provider', '')}",
        started=detail.get("startTime"),
        updated=detail.get("lastUpdateTime"),
        summary=result.get("externalExecutionSummary", ""),
        error=(error.get("code", ""), error.get("message", "")),
        url=result.get("externalExecutionUrl", ""),
        external_id=result.get("externalExecutionId", ""),
        log_stream=result.get("logStreamARN", ""),
        by=detail.get("updatedBy", ""),
        configuration=asked.get("resolvedConfiguration") or asked.get("configuration") or {},
    )


def newest_tries(found: Iterable[ActionExecution]) -> tuple[ActionExecution, ...]:
    """The newest try of each action, in the order in which they began. AWS lists the newest first."""
    newest: dict[tuple[str, str], ActionExecution] = {}
    for one in found:
        known = newest.get((one.stage, one.name))
        if known is None or _moment(one) > _moment(known):
            newest[one.stage, one.name] = one
    oldest_first = list(newest.values())[::-1]
    return tuple(sorted(oldest_first, key=_moment))


def _moment(one: ActionExecution) -> float:
    return one.started.timestamp() if one.started else 0.0
