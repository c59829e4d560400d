"""Where a pipeline stands: its stages, its latest executions and what a user may want to open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from awspipe.aws import Aws, maybe, owner_of, refusal, threads
from awspipe.explain import DENIED, explained
from awspipe.naming import OWNER_TAG, Scope
from awspipe.providers.base import Address
from awspipe.resources.bucket import is_site, website_url
from awspipe.resources.repository import Repository

UNFINISHED = frozenset({"InProgress", "Stopping"})
"""The states of an execution that goes on."""

_RECENT = 5
_PAGE = 100
_INDEX_LAG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ActionStatus:
    """An action's latest run. `state` is AWS's word, or "" when it has not run yet."""

    name: str
    state: str
    at: datetime | None
    revision: str
    summary: str
    url: str


@dataclass(frozen=True, slots=True)
class StageStatus:
    """A stage: what holds it, and whether executions may enter. `closed` is the reason they may not."""

    name: str
    state: str
    execution: str
    closed: str | None
    actions: tuple[ActionStatus, ...]


@dataclass(frozen=True, slots=True)
class ExecutionStatus:
    """One execution, with the revision it carries and what started it."""

    id: str
    state: str
    started: datetime | None
    updated: datetime | None
    revision: str
    message: str
    trigger: str
    summary: str


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


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """A pipeline as it stands."""

    scope: Scope
    type: str
    version: int
    created: datetime | None
    updated: datetime | None
    stages: tuple[StageStatus, ...]
    executions: tuple[ExecutionStatus, ...]
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A pipeline of ours in a list."""

    name: str
    type: str
    version: int
    created: datetime | None
    updated: datetime | None


def status(aws: Aws, name: str) -> PipelineStatus | None:
    """A pipeline's state in three calls side by side; None when there is none of this name."""
    codepipeline = aws.client("codepipeline")
    absent = "PipelineNotFoundException"
    with explained(f"look at pipeline {name}"):
        declared, state, listed = aws.gather(
            lambda: maybe(lambda: codepipeline.get_pipeline(name=name), absent),
            lambda: maybe(lambda: codepipeline.get_pipeline_state(name=name), absent),
            lambda: maybe(
                lambda: codepipeline.list_pipeline_executions(pipelineName=name, maxResults=_RECENT), absent
            ),
        )
        if declared is None or state is None or listed is None:
            return None
        metadata = declared["metadata"]
        scope = _scope(metadata["pipelineArn"])
        return PipelineStatus(
            scope=scope,
            type=declared["pipeline"].get("pipelineType", "V1"),
            version=declared["pipeline"]["version"],
            created=metadata.get("created"),
            updated=metadata.get("updated"),
            stages=tuple(_stage(one) for one in state["stageStates"]),
            executions=tuple(_execution(one) for one in listed["pipelineExecutionSummaries"]),
            addresses=tuple(_addresses(scope, declared["pipeline"])),
        )


def executions_of(aws: Aws, name: str, limit: int) -> Iterator[ExecutionStatus]:
    """The executions of a pipeline, newest first and at most `limit`, page by page as they are taken."""
    pages = aws.client("codepipeline").get_paginator("list_pipeline_executions")
    listed = pages.paginate(pipelineName=name, PaginationConfig={"MaxItems": limit, "PageSize": _PAGE})
    for page in listed:
        yield from map(_execution, page["pipelineExecutionSummaries"])


def execution(aws: Aws, name: str, id_: str) -> ExecutionStatus:
    """One execution; GetPipelineExecution does not tell its times."""
    answer = aws.client("codepipeline").get_pipeline_execution(pipelineName=name, pipelineExecutionId=id_)
    found = answer["pipelineExecution"]
    return _execution({**found, "sourceRevisions": found.get("artifactRevisions", ())})


def actions_of(aws: Aws, name: str, execution: str) -> tuple[ActionRun, ...]:
    """The last try of each action of one execution, in the order in which they began."""
    pages = aws.client("codepipeline").get_paginator("list_action_executions")
    latest: dict[tuple[str, str], ActionRun] = {}
    for page in pages.paginate(pipelineName=name, filter={"pipelineExecutionId": execution}):
        for one in map(_run, page["actionExecutionDetails"]):  # newest first
            latest.setdefault((one.stage, one.name), one)
    return tuple(reversed(latest.values()))


def pipelines(aws: Aws, now: datetime) -> tuple[PipelineEntry, ...]:
    """Our pipelines in the region by name: those in AWS's tag index, and new ones that carry our tag.

    The index is some seconds behind, so a pipeline made or changed in the last ten minutes is asked itself.
    """
    with explained("list pipelines"), threads(8, "list") as pool:
        indexed_later = pool.submit(_indexed, aws)
        pages = aws.client("codepipeline").get_paginator("list_pipelines").paginate()
        listed = [one for page in pages for one in page["pipelines"]]
        indexed = indexed_later.result()
        account = aws.identity
        unknown = [one for one in listed if one["name"] not in indexed and _is_new(one, now)]
        if indexed is _UNREADABLE:
            unknown = listed
        arns = {
            one["name"]: Scope(one["name"], account.account, aws.region, account.partition).pipeline_arn
            for one in unknown
        }
        ours = dict(zip(arns, pool.map(lambda arn: _is_ours(aws, arn), arns.values()), strict=True))
    return tuple(
        PipelineEntry(
            name=one["name"],
            type=one.get("pipelineType", "V1"),
            version=one["version"],
            created=one.get("created"),
            updated=one.get("updated"),
        )
        for one in sorted(listed, key=lambda one: str(one["name"]))
        if one["name"] in indexed or ours.get(one["name"])
    )


_UNREADABLE: frozenset[str] = frozenset({"\0"})


def _indexed(aws: Aws) -> frozenset[str]:
    names: list[str] = []

    def ask() -> None:
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(
            TagFilters=[{"Key": OWNER_TAG}], ResourceTypeFilters=["codepipeline:pipeline"]
        ):
            names.extend(one["ResourceARN"].rpartition(":")[2] for one in page["ResourceTagMappingList"])

    return _UNREADABLE if refusal(ask, *DENIED) else frozenset(names)


def _is_new(entry: dict[str, Any], now: datetime) -> bool:
    latest = entry.get("updated") or entry.get("created")
    return latest is None or now - latest.astimezone(UTC) < _INDEX_LAG


def _is_ours(aws: Aws, arn: str) -> bool:
    tags = aws.client("codepipeline").list_tags_for_resource(resourceArn=arn)["tags"]
    return owner_of(tags) == arn.rpartition(":")[2]


def _scope(arn: str) -> Scope:
    _, partition, _, region, account, name = arn.split(":", 5)
    return Scope(name, account, region, partition)


def _stage(state: dict[str, Any]) -> StageStatus:
    latest = state.get("latestExecution") or {}
    transition = state.get("inboundTransitionState") or {"enabled": True}
    closed = None if transition["enabled"] else str(transition.get("disabledReason") or "no reason given")
    return StageStatus(
        name=state["stageName"],
        state=latest.get("status", ""),
        execution=latest.get("pipelineExecutionId", ""),
        closed=closed,
        actions=tuple(_action(one) for one in state.get("actionStates", ())),
    )


def _action(state: dict[str, Any]) -> ActionStatus:
    latest = state.get("latestExecution") or {}
    revision = state.get("currentRevision") or {}
    error = latest.get("errorDetails") or {}
    return ActionStatus(
        name=state["actionName"],
        state=latest.get("status", ""),
        at=latest.get("lastStatusChange"),
        revision=revision.get("revisionId", ""),
        summary=error.get("message") or latest.get("summary", ""),
        url=latest.get("externalExecutionUrl") or state.get("entityUrl", ""),
    )


def _execution(summary: dict[str, Any]) -> ExecutionStatus:
    revision: dict[str, str] = next(iter(summary.get("sourceRevisions", ())), {})
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


def _addresses(scope: Scope, declaration: dict[str, Any]) -> Iterator[Address]:
    """What the pipeline's own declaration tells of sites and repositories."""
    for stage in declaration["stages"]:
        for action in stage["actions"]:
            configuration = action.get("configuration", {})
            match action["actionTypeId"]["category"], action["actionTypeId"]["provider"]:
                case "Source", "CodeCommit":
                    name = configuration["RepositoryName"]
                    yield Address("Repository", Repository.https_url(scope, name), name)
                case "Deploy", "S3" if is_site(scope, configuration["BucketName"]):
                    name = configuration["BucketName"]
                    yield Address("Site", website_url(scope, name), name)


def console_url(scope: Scope) -> str:
    """The pipeline's page in the AWS console."""
    domain = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}.get(
        scope.partition, "aws.amazon.com"
    )
    return (
        f"https://{scope.region}.console.{domain}/codesuite/codepipeline/pipelines/"
        f"{scope.pipeline}/view?region={scope.region}"
    )
