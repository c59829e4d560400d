"""What counts against the free allowances, in AWS's usage types; and what of it the sandbox remembers.

A pipeline that is deleted and an execution or a build that is pruned stay used: each backend keeps a tally of
what it has forgotten, as AWS's own count does not go down when something is deleted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from awspipe.sandbox.builds.record import Build
from awspipe.sandbox.pipelines import ActionExecution, Execution, Pipeline

ACTIVE_PIPELINE = "activePipeline"
ACTION_MINUTE = "actionExecutionMinute"
USER_MONTH = "User-Month"
BUILD_MINUTES = {
    ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL"): "Build-Min:Linux:g1.small",
    ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL"): "Build-Min:ARM:g1.small",
}
"""The machines that the free allowance is for."""

_V1_FREE_SECONDS = 30 * 24 * 3600.0

Amounts = Counter[str]
"""By usage type."""


@dataclass(frozen=True, slots=True)
class Month:
    """The calendar month, UTC, that a moment is in, as far as it has gone."""

    now: float

    @property
    def _begin(self) -> datetime:
        whole = datetime.fromtimestamp(self.now, UTC)
        return whole.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    @property
    def name(self) -> str:
        """E.g. `2026-11`."""
        return f"{self._begin:%Y-%m}"

    @property
    def since(self) -> float:
        """When it began."""
        return self._begin.timestamp()

    def minutes(self, start: float, end: float | None) -> int:
        """The minutes of a time in this month, each begun one counted; no end: it goes on."""
        seconds = (self.now if end is None else end) - max(start, self.since)
        return max(1, math.ceil(seconds / 60)) if seconds >= 0 else 0


@dataclass
class Tally:
    """What was used in a month by what is no longer known. It begins anew with a new month."""

    month: str = ""
    used: Amounts = field(default_factory=Counter)
    users: frozenset[str] = frozenset()
    """The roles with which CodeCommit was read."""

    def add(self, month: Month, amounts: Amounts, users: frozenset[str] = frozenset()) -> None:
        """Remember what is about to be forgotten."""
        self.used, self.users = self.of(month) + amounts, self.users_of(month) | users
        self.month = month.name

    def of(self, month: Month) -> Amounts:
        """What it holds of a month."""
        return self.used if self.month == month.name else Counter()

    def users_of(self, month: Month) -> frozenset[str]:
        """The roles that it holds of a month."""
        return self.users if self.month == month.name else frozenset()


def of_pipeline(one: Pipeline, month: Month) -> Amounts:
    """What a pipeline has used, of what is known of it."""
    active = month.now - one.created > _V1_FREE_SECONDS and any(
        it.updated >= month.since and not _is_v2(one, it.version) for it in one.executions
    )
    return Counter({ACTIVE_PIPELINE: int(active)}) + of_executions(one, one.executions, month)


def of_executions(one: Pipeline, executions: Iterable[Execution], month: Month) -> Amounts:
    """The minutes of the V2 actions of some executions, each try rounded up by itself."""
    tries = [it for execution in executions for it in execution.actions if _is_v2(one, it.version)]
    amounts = Counter({ACTION_MINUTE: sum(_minutes(it, month) for it in tries)})
    for it in tries:
        amounts += of_managed(it, month)
    return amounts


def of_managed(one: ActionExecution, month: Month) -> Amounts:
    """The build minutes of an action that CodePipeline runs on a build machine of its own."""
    if one.declaration["actionTypeId"]["provider"] != "Commands":
        return Counter()
    machine = [
        one.configuration.get("EnvironmentType", "LINUX_CONTAINER"),
        one.configuration.get("ComputeType", "BUILD_GENERAL1_SMALL"),
    ]
    usage_type = BUILD_MINUTES.get((machine[0], machine[1]))
    return Counter({usage_type: _minutes(one, month)} if usage_type else {})


def readers(executions: Iterable[Execution], month: Month) -> frozenset[str]:
    """The roles with which executions read CodeCommit: each is an active user.

    https://aws.amazon.com/codecommit/pricing/
    """
    tries = (it for execution in executions for it in execution.actions)
    return frozenset(
        it.role_arn
        for it in tries
        if it.declaration["actionTypeId"]["provider"] == "CodeCommit" and it.updated >= month.since
    )


def of_build(one: Build, month: Month) -> Amounts:
    """The minutes of a build on a machine that has a free allowance, from when it left the queue."""
    environment = one.project["environment"]
    usage_type = BUILD_MINUTES.get((environment["type"], environment["computeType"]))
    begun = next((it.start for it in one.phases if it.type not in ("SUBMITTED", "QUEUED")), None)
    if usage_type is None or begun is None:
        return Counter()
    return Counter({usage_type: month.minutes(begun, one.end)})


def _is_v2(one: Pipeline, version: int) -> bool:
    return str(one.versions[version].get("pipelineType", "V1")) == "V2"


def _minutes(one: ActionExecution, month: Month) -> int:
    """Approvals and custom actions are not charged for. https://aws.amazon.com/codepipeline/pricing/"""
    if one.category == "Approval" or one.declaration["actionTypeId"]["owner"] == "Custom":
        return 0
    return month.minutes(one.started, None if one.going_on else one.updated)
