"""What the sandbox forgets, so that it does not fill the disk: AWS keeps it for a month or a year.

Of a pipeline are kept the last executions, and the artifacts of fewer; an execution that goes on, that a
stage had last or that it last succeeded with is kept whole, because it can be retried and rolled back to.
"""

from __future__ import annotations

from typing import Protocol

from moto.logs.models import logs_backends

from awspipe.sandbox import metering, objects, runtime
from awspipe.sandbox.actions.base import Artifact
from awspipe.sandbox.deploy.records import Deployment
from awspipe.sandbox.pipelines import SUCCEEDED, Execution, Pipeline

EXECUTIONS = 50
ARTIFACTS = 20
DEPLOYMENTS = 50


class Place(Protocol):
    """Where artifacts lie, and who remembers what the forgotten used."""

    account_id: str
    region_name: str
    forgotten: metering.Tally

    def now(self) -> float:
        """The time, by the sandbox's clock."""
        ...


def prune(found: Pipeline, place: Place) -> None:
    """Forget old executions of a pipeline, and what they handed on. Called with the lock held."""
    if len(found.executions) <= ARTIFACTS:
        return
    needed = _needed(found)
    old = [one for one in found.executions[:-ARTIFACTS] if one.id not in needed]
    fresh = [one for one in found.executions if one not in old]
    used = {_where(artifact) for one in fresh for artifact in one.artifacts.values()}
    for one in old:
        _drop_artifacts(one, place, used)
    _forget(found, [one for one in found.executions[:-EXECUTIONS] if one.id not in needed], place)


def _forget(found: Pipeline, gone: list[Execution], place: Place) -> None:
    """Drop executions; the minutes that they used stay used."""
    if gone:
        month, ids = metering.Month(place.now()), {one.id for one in gone}
        used, users = metering.of_executions(found, gone, month), metering.readers(gone, month)
        place.forgotten.add(month, used, users)
        found.executions = [one for one in found.executions if one.id not in ids]


def unneeded(deployments: list[Deployment], needed: set[str]) -> list[Deployment]:
    """The deployments of a group that can be forgotten."""
    return [one for one in deployments[:-DEPLOYMENTS] if not one.going_on and one.id not in needed]


def forget_log(account: str, region: str, group: str, stream: str) -> None:
    """Drop the lines of a build that is forgotten. Called with the lock held."""
    held = logs_backends[account][region].groups.get(group)
    if held is not None and held.streams.pop(stream, None) is not None:
        runtime.current().changes.note_in_passing("logs")


def _needed(found: Pipeline) -> set[str]:
    needed = {one.id for one in found.executions if one.unfinished} | set(found.latest.values())
    for stage in found.stage_names:
        succeeded = (one.id for one in reversed(found.executions) if _succeeded(one, stage))
        needed |= {next(succeeded, "")}
    return needed


def _succeeded(one: Execution, stage: str) -> bool:
    return stage in one.stages and one.stages[stage].status == SUCCEEDED


def _drop_artifacts(one: Execution, place: Place, used: set[tuple[str, str]]) -> None:
    if one.emptied:
        return
    one.emptied = True
    for artifact in {_where(output) for action in one.actions for output in action.outputs} - used:
        objects.delete(place.account_id, place.region_name, *artifact)


def _where(artifact: Artifact) -> tuple[str, str]:
    return artifact.bucket, artifact.key
