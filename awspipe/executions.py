"""Executions and their actions, as CodePipeline tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from awspipe.aws import Aws

UNFINISHED = frozenset({"InProgress", "Stopping"})
"""The states of an execution that goes on."""

_PAGE = 100


@dataclass(frozen=True, slots=True)
class ExecutionStatus:
    """One execution, with the revision of its first source and what started it.

    `trigger` and `detail` are AWS's TriggerType and TriggerDetail; `target` is what a rollback goes back to.
    """

    id: str
    state: str
    started: datetime | None
    updated: datetime | None
    revision: str
    message: str
    trigger: str
    summary: str
    detail: str = ""
    target: str = ""
    stop_reason: str = ""
    revisions: tuple[str, ...] = ()
    """The revisions of all sources."""

    @property
    def unfinished(self) -> bool:
        """Whether it goes on."""
        return self.state in UNFINISHED


@dataclass(frozen=True, slots=True)
class ActionRun:
    """The last try of an action in one execution. `by` is who answered or changed it, an ARN or ""."""

    stage: str
    name: str
    category: str
    state: str
    started: datetime | None
    updated: datetime | None
    by: str
    external_id: str
    """What its provider calls it; for an approval of a PARALLEL pipeline its token."""
    summary: str
    url: str
    configuration: dict[str, str]


def executions_of(aws: Aws, name: str, limit: int, *, succeeded_in: str = "") -> Iterator[ExecutionStatus]:
    """The executions of a pipeline, newest first and at most `limit`, page by page as they are taken.

    `succeeded_in`: only those that succeeded in this stage.
    """
    pages = aws.client("codepipeline").get_paginator("list_pipeline_executions")
    only = {"filter": {"succeededInStage": {"stageName": succeeded_in}}} if succeeded_in else {}
    size = {"MaxItems": limit, "PageSize": min(limit, _PAGE)}
    for page in pages.paginate(pipelineName=name, **only, PaginationConfig=size):
        yield from map(_execution, page["pipelineExecutionSummaries"])


def execution(aws: Aws, name: str, id_: str) -> ExecutionStatus:
    """One execution; GetPipelineExecution does not tell its times."""
    answer = aws.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)
    found = answer["pipelineExecution"]
    return _execution({**found, "sourceRevisions": found.get("artifactRevisions", ())})


def version_of(aws: Aws, name: str, id_: str) -> int:
    """The version of the pipeline that an execution began with: its list does not tell."""
    answer = aws.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)
    return int(answer["pipelineExecution"]["pipelineVersion"])


def actions_of(aws: Aws, name: str, execution: str) -> tuple[ActionRun, ...]:
    """The last try of each action of one execution, in the order in which they began."""
    pages = aws.client("codepipeline").get_paginator("list_action_executions")
    tries = [
        _run(one)
        for page in pages.paginate(pipelineName=name, filter={"pipelineExecutionId": execution})
        for one in reversed(page["actionExecutionDetails"])
    ]
    tries.sort(key=lambda one: one.started.timestamp() if one.started else 0)
    return tuple({(one.stage, one.name): one for one in tries}.values())


def _execution(summary: dict[str, Any]) -> ExecutionStatus:
    revisions: list[dict[str, str]] = list(summary.get("sourceRevisions", ()))
    revision = next(iter(revisions), {})
    trigger = summary.get("trigger") or {}
    return ExecutionStatus(
        id=summary["pipelineExecutionId"],
        state=summary["status"],
        started=summary.get("startTime"),
        updated=summary.get("lastUpdateTime"),
        revision=revision.get("revisionId", ""),
        message=revision.get("revisionSummary", ""),
        trigger=trigger.get("triggerType", ""),
        summary=summary.get("statusSummary", ""),
        detail=trigger.get("triggerDetail", ""),
        target=(summary.get("rollbackMetadata") or {}).get("rollbackTargetPipelineExecutionId", ""),
        stop_reason=(summary.get("stopTrigger") or {}).get("reason", ""),
        revisions=tuple(one["revisionId"] for one in revisions if "revisionId" in one),
    )


def _run(detail: dict[str, Any]) -> ActionRun:
    asked, result = detail.get("input") or {}, (detail.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    return ActionRun(
        stage=detail["stageName"],
        name=detail["actionName"],
        category=(asked.get("actionTypeId") or {}).get("category", ""),
        state=detail["status"],
        started=detail.get("startTime"),
        updated=detail.get("lastUpdateTime"),
        by=detail.get("updatedBy", ""),
        external_id=result.get("externalExecutionId", ""),
        summary=error.get("message") or result.get("externalExecutionSummary", ""),
        url=result.get("externalExecutionUrl", ""),
        configuration=asked.get("resolvedConfiguration") or asked.get("configuration") or {},
    )
