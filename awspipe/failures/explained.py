"""Why one execution of a pipeline failed, or ended before its time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from awspipe.aws import Aws, threads
from awspipe.errors import DeniedError
from awspipe.executions import Execution, action_details, as_execution, execution
from awspipe.explain import explained
from awspipe.failures import (
    artifact,
    builds,
    deployments,
    ends,
    known,
    known_access,
    known_actions,
    known_builds,
    known_commands,
    known_deployments,
    known_instances,
    known_stacks,
)
from awspipe.failures.cause import Cause, Failure, Place, Said, Where
from awspipe.naming import log_stream_of
from awspipe.triggers import who

_OF_PROVIDER = {
    "CloudFormation": known_stacks.ROWS,
    "CodeBuild": known_builds.ROWS,
    "CodeDeploy": known_deployments.ROWS,
    "Commands": (*known_commands.ROWS, *known_builds.ROWS),
    "EC2": known_instances.ROWS,
    "Lambda": known_stacks.ROWS,
}
_GATHER = {"CodeBuild": builds.gather, "CodeDeploy": deployments.gather, "Commands": builds.gather_managed}
_MOST = 10
"""Failures of one execution that are looked into."""


def causes(
    aws: Aws,
    pipeline: str,
    id_: str,
    actions: Callable[[], list[dict[str, Any]]] | None = None,
    known: Execution | None = None,
) -> tuple[Cause, ...]:
    """Why an execution failed: a cause for each action whose last try did, in the order in which they began.

    An execution that was superseded, stopped or cancelled has that as its cause; one that goes on well, or
    has succeeded, has none. Reads only: the actions of the execution must be readable (AwsError else), and
    for each other read that is denied the cause says which permission would tell more. `actions` gives the
    tries of its actions, newest first, where they are asked for already, and `known` is the execution itself.
    """
    with explained(f"look for the cause of the failure of {pipeline}"), threads(4, "causes") as pool:
        # A pool of its own: whoever asks may be in the shared one, and wait there for itself.
        listed = pool.submit(actions or partial(action_details, aws, pipeline, id_))
        found = known or _execution(aws, pipeline, id_)
        tried = _last_tries(listed.result())
        failed = [one for one in tried if one["status"] == "Failed"][:_MOST]
        told = tuple(pool.map(lambda one: _explained(aws, pipeline, one), failed))
    return told + ends.causes(aws, pipeline, found, tried, explained=bool(told))


def _execution(aws: Aws, pipeline: str, id_: str) -> Execution:
    """The execution; its id alone where it may not be read."""
    try:
        with explained(f"look at execution {id_}"):
            return execution(aws, pipeline, id_)
    except DeniedError:
        return as_execution(pipeline, {"pipelineExecutionId": id_, "status": ""})


def _last_tries(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest try of each action, oldest action first. AWS lists the newest try first."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for one in sorted(details, key=lambda one: one["startTime"], reverse=True):
        newest.setdefault((one["stageName"], one["actionName"]), one)
    last = list(newest.values())
    last.reverse()  # what began at one moment stays in its order
    return sorted(last, key=lambda one: one["startTime"])


def _failure(pipeline: str, one: dict[str, Any]) -> Failure:
    """An action execution as evidence: what it says itself."""
    given, result = one.get("input") or {}, (one.get("output") or {}).get("executionResult") or {}
    kind, error = given.get("actionTypeId") or {}, result.get("errorDetails") or {}
    failure = Failure(
        pipeline=pipeline,
        stage=one["stageName"],
        action=one["actionName"],
        category=kind.get("category", ""),
        provider=kind.get("provider", ""),
        status=one["status"],
        configuration=given.get("resolvedConfiguration") or given.get("configuration") or {},
        inputs=tuple(_places(given.get("inputArtifacts") or ())),
        external_id=result.get("externalExecutionId", ""),
        log_stream=result.get("logStreamARN", ""),
        said=[Said(Where.ACTION, error.get("message", ""), error.get("code", ""))],
    )
    failure.facts["by"] = who(one.get("updatedBy", ""))
    failure.facts["comment"] = result.get("externalExecutionSummary", "")
    failure.facts["provider"] = failure.provider
    return failure


def _places(artifacts: Any) -> Iterator[Place]:
    for one in artifacts:
        where = one.get("s3location") or {}
        if {"bucket", "key"} <= where.keys():
            yield Place(where["bucket"], where["key"])


def _explained(aws: Aws, pipeline: str, one: dict[str, Any]) -> Cause:
    failure = _failure(pipeline, one)
    aws = aws.at((one.get("input") or {}).get("region") or aws.region)
    failure.names = cache(partial(artifact.names, aws, failure))
    gather = _GATHER.get(failure.provider, _lines_only)
    gather(aws, failure)
    return known.explained(rows(failure.provider), failure)


def rows(provider: str) -> tuple[known.Row, ...]:
    """What is known of the failures of a provider's actions: the special first."""
    return (*known_access.ROWS, *_OF_PROVIDER.get(provider, ()), *known_actions.ROWS)


def _lines_only(aws: Aws, failure: Failure) -> None:
    """The last lines of what CodePipeline runs itself."""
    group, stream = log_stream_of(failure.log_stream)
    if not stream:
        return
    lines = builds.log_lines(aws, failure, group, stream)
    failure.detail += lines
    failure.said.append(Said(Where.LOG, "\n".join(itertools.islice(reversed(lines), 20))))
