"""What the pipelines of a region used this month, read from calls that are free.

ListPipelines, and for each pipeline GetPipeline and ListActionExecutions; BatchGetBuilds for the builds among
them. AWS keeps the history of twelve months.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from awspipe.aws import Aws, maybe, threads
from awspipe.cost.account import PipelineFacts, pipelines
from awspipe.cost.estimate import managed_meter
from awspipe.cost.meters import ActionRun, BuildRun, Month, PipelineUse
from awspipe.cost.prices import build_meter
from awspipe.cost.unknown import Unknown, known
from awspipe.explain import explained
from awspipe.providers.base import providers

_LONGEST = timedelta(days=8)
"""Longer than any action can take: an approval waits for seven days.
https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""

_CODECOMMIT = "CodeCommit"
_FORMAT, _CLONE = "OutputArtifactFormat", "CODEBUILD_CLONE_REF"
_GONE = "PipelineNotFoundException"
_READERS = 8
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """What pipelines used, the regions that were looked at, and what could not be read, and why."""

    uses: tuple[PipelineUse, ...]
    regions: tuple[str, ...]
    unread: tuple[str, ...] = ()
    denied: bool = False
    """Whether some of that is because the credentials may not."""


def everywhere(aws: Aws, regions: Sequence[str], month: Month, name: str = "") -> Reading:
    """What the pipelines of some regions used, or those of a name; the regions are read side by side."""
    with threads(_READERS, "regions") as pool:
        found = list(pool.map(lambda region: uses(aws.at(region), month, name), regions))
    return Reading(
        tuple(use for one in found for use in one.uses),
        tuple(regions),
        tuple(why for one in found for why in one.unread),
        any(one.denied for one in found),
    )


def uses(aws: Aws, month: Month, name: str = "") -> Reading:
    """What each pipeline of the region used, or the one of a name."""
    listed = pipelines(aws)
    if isinstance(listed, Unknown):
        return Reading((), (aws.region,), (f"{aws.region}: {listed.why}",), listed.denied)
    wanted = [one for one in listed if name in ("", one.name)]
    with threads(_READERS, "cost") as pool:
        found = list(pool.map(lambda one: known(lambda: _use(aws, one, month), _OPERATIONS), wanted))
    pairs = list(zip(wanted, found, strict=True))
    return Reading(
        tuple(one for one in found if isinstance(one, PipelineUse)),
        (aws.region,),
        tuple(f"{one.name} ({aws.region}): {why.why}" for one, why in pairs if isinstance(why, Unknown)),
        any(one.denied for one in found if isinstance(one, Unknown)),
    )


def enabled_regions(aws: Aws) -> tuple[str, ...] | Unknown:
    """The regions that the account may use and CodePipeline is in.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    served = aws.session.get_available_regions("codepipeline", aws.identity.partition)

    def ask() -> tuple[str, ...]:
        listed = aws.client("ec2").describe_regions()["Regions"]
        return tuple(sorted({one["RegionName"] for one in listed} & set(served)))

    return known(ask, "ec2:DescribeRegions")


_OPERATIONS = "GetPipeline, ListActionExecutions and BatchGetBuilds"


def _use(aws: Aws, facts: PipelineFacts, month: Month) -> PipelineUse:
    with explained(f"look at what {facts.name} used"):
        declared = maybe(lambda: aws.client("codepipeline").get_pipeline(name=facts.name), _GONE)
        declaration = declared["pipeline"] if declared else {"stages": []}
        actions = tuple(_actions(aws, facts.name, month))
        builds, lost = _builds(aws, [one for one in actions if one.build])
    builds += tuple(_managed(one) for one in actions if one.meter)
    return PipelineUse(
        name=facts.name,
        region=aws.region,
        type=facts.type,
        created=facts.created,
        month=month,
        actions=actions,
        builds=builds,
        lost=lost,
        needs_v2=tuple(needs_v2(declaration)),
        services=frozenset(one["actionTypeId"]["provider"] for one in _declared(declaration)),
        readers=frozenset((*_readers(declaration), *_cloners(declaration, actions, builds))),
    )


def _readers(declaration: dict[str, Any]) -> Iterator[str]:
    """The roles with which a pipeline reads CodeCommit."""
    for action in _sources(declaration):
        yield action.get("roleArn") or declaration["roleArn"]


def _cloners(
    declaration: dict[str, Any], runs: Iterable[ActionRun], builds: Iterable[BuildRun]
) -> Iterator[str]:
    """The roles of builds that got a reference to a clone: each cloned the repository itself.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
    """
    cloned = [one for one in _sources(declaration) if one["configuration"].get(_FORMAT) == _CLONE]
    clones = {made["name"] for one in cloned for made in one["outputArtifacts"]}
    takers = {
        (stage["name"], action["name"])
        for stage in declaration["stages"]
        for action in stage["actions"]
        if clones & {taken["name"] for taken in action.get("inputArtifacts", ())}
    }
    theirs = {one.build for one in runs if (one.stage, one.name) in takers}
    yield from (one.role for one in builds if one.role and one.id in theirs)


def _sources(declaration: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The actions that read CodeCommit."""
    return (one for one in _declared(declaration) if one["actionTypeId"]["provider"] == _CODECOMMIT)


def _actions(aws: Aws, name: str, month: Month) -> Iterator[ActionRun]:
    """The tries that may touch the month; pages come newest first."""
    pages = aws.client("codepipeline").get_paginator("list_action_executions")
    since = month.begin - _LONGEST
    for page in pages.paginate(pipelineName=name, PaginationConfig={"PageSize": 100}):
        found = page["actionExecutionDetails"]
        recent = [one for one in found if one["startTime"] >= since]
        yield from (one for one in map(_action, recent) if month.within(one.started, one.ended) is not None)
        if found and not recent:
            return


def _action(detail: dict[str, Any]) -> ActionRun:
    given = detail.get("input", {})
    kind = given.get("actionTypeId", {})
    result = detail.get("output", {}).get("executionResult", {})
    running = detail["status"] == "InProgress"
    return ActionRun(
        execution=detail["pipelineExecutionId"],
        stage=detail["stageName"],
        name=detail["actionName"],
        category=kind.get("category", ""),
        owner=kind.get("owner", ""),
        status=detail["status"],
        started=detail["startTime"],
        ended=None if running else detail.get("lastUpdateTime", detail["startTime"]),
        build=result.get("externalExecutionId", "") if kind.get("provider") == "CodeBuild" else "",
        region=given.get("region", ""),
        meter=managed_meter(given.get("configuration", {})) if kind.get("provider") == _COMMANDS else "",
    )


def _builds(aws: Aws, runs: Sequence[ActionRun]) -> tuple[tuple[BuildRun, ...], int]:
    """The builds of the actions, and how many of them CodeBuild no longer knows."""
    found: list[BuildRun] = []
    lost = 0
    for region in sorted({one.region for one in runs}):
        codebuild = aws.at(region or aws.region).client("codebuild")
        ids = list(dict.fromkeys(one.build for one in runs if one.region == region))
        for start in range(0, len(ids), _BATCH):
            answer = codebuild.batch_get_builds(ids=ids[start : start + _BATCH])
            found += map(_build, answer["builds"])
            lost += len(answer.get("buildsNotFound", ()))
    return tuple(found), lost


def _build(build: dict[str, Any]) -> BuildRun:
    """Charged for from when it leaves the queue."""
    environment = build["environment"]
    phases = [one for one in build.get("phases", ()) if one["phaseType"] not in ("SUBMITTED", "QUEUED")]
    began = min((one["startTime"] for one in phases if "startTime" in one), default=None)
    meter = build_meter(environment["type"], environment["computeType"])
    return BuildRun(build["id"], meter, began, build.get("endTime"), build.get("serviceRole", ""))


_COMMANDS = "Commands"


def _managed(run: ActionRun) -> BuildRun:
    """What CodePipeline runs on a build machine of its own: CodeBuild shows no such build.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
    """
    return BuildRun(f"{run.execution}/{run.stage}/{run.name}", run.meter, run.started, run.ended)


def _declared(declaration: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for stage in declaration["stages"]:
        yield from stage["actions"]


_V2_MEMBERS = ("triggers", "variables")
_V2_STAGE_MEMBERS = ("beforeEntry", "onSuccess", "onFailure")


def needs_v2(declaration: dict[str, Any]) -> Iterator[str]:
    """What of a declaration only V2 has.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-types-planning.html
    """
    yield from (member for member in _V2_MEMBERS if declaration.get(member))
    if declaration.get("executionMode", "SUPERSEDED") != "SUPERSEDED":
        yield f"execution mode {declaration['executionMode']}"
    for stage in declaration["stages"]:
        yield from (f"{member} of {stage['name']}" for member in _V2_STAGE_MEMBERS if stage.get(member))
    only = {model.aws_provider for model in providers().values() if model.v2_only}
    for action in _declared(declaration):
        if action["actionTypeId"]["provider"] in only or action.get("commands"):
            yield f"action {action['name']}"
