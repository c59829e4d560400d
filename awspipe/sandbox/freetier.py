"""The AWS Free Tier API: what the account's plan is, and how much of the free allowances is used this month.

The usage is counted from what the sandbox has played and still knows: the minutes of V2 actions and of small
builds, the V1 pipelines that an execution went through. Unlike on AWS, what was deleted no longer counts.
What AWS says to an account made before 2025-07-15, which has no plan, is not documented;
ResourceNotFoundException is the one error of the operation that can mean it.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Free_Tier.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

from awspipe.sandbox import added, codebuild, codepipeline, pricefile, runtime
from awspipe.sandbox.builds.record import Build
from awspipe.sandbox.pipelines import Pipeline
from awspipe.sandbox.service import Answer, Backend, RefusalError, Request, page, response_class, unsupported

_CREDITS = 200.0
_PLAN_DAYS = 182
_DAY = 24 * 3600.0
_V1_FREE_DAYS = 30
_FREE_MACHINES = {
    ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL"): "Linux:g1.small",
    ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL"): "ARM:g1.small",
}


class FreeTierBackend(Backend):
    """The Free Tier of one account."""

    SERVICE_NAMESPACE: ClassVar[str] = "freetier"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.began = self.now()

    def op_get_account_plan_state(self, request: Request) -> Answer:
        """The plan, its credits and its end; nothing that the sandbox plays uses credits up."""
        plan = runtime.current().account_plan
        if plan == "legacy":
            raise RefusalError("ResourceNotFoundException", "No account plan was found for this account.")
        answer: Answer = {
            "accountId": self.account_id,
            "accountPlanType": plan.upper(),
            "accountPlanStatus": "ACTIVE",
            "accountPlanRemainingCredits": {"amount": _CREDITS, "unit": "USD"},
        }
        if plan == "free":
            answer["accountPlanExpirationDate"] = self.began + _PLAN_DAYS * _DAY
        return answer

    def op_get_free_tier_usage(self, request: Request) -> Answer:
        """The allowances of which something is used this month."""
        if request.get("filter"):
            raise unsupported("freetier", "GetFreeTierUsage with a filter")
        used = [one for one in self._usages() if one["actualUsageAmount"] > 0]
        items, token = page(used, request.get("nextToken"), request.get("maxResults") or 100)
        return {"freeTierUsages": items, **({"nextToken": token} if token else {})}

    def _usages(self) -> Iterator[dict[str, Any]]:
        month = _Month(self.now())
        pipelines = [
            one
            for backend in self._places(codepipeline.codepipeline_backends)
            for one in backend.pipelines.values()
        ]
        builds = [
            one for backend in self._places(codebuild.codebuild_backends) for one in backend.builds.values()
        ]
        v1 = sum(_is_active(one, month) for one in pipelines if not _is_v2(one))
        v2 = sum(_action_minutes(one, month) for one in pipelines if _is_v2(one))
        yield _usage("AWS CodePipeline", "activePipeline", v1, "Pipelines", "pipeline-v1")
        yield _usage("AWS CodePipeline", "actionExecutionMinute", v2, "Minutes", "pipeline-v2")
        for machine, name in _FREE_MACHINES.items():
            minutes = sum(_build_minutes(one, month) for one in builds if _machine(one) == machine)
            yield _usage("CodeBuild", f"Build-Min:{name}", minutes, "Minutes", "build-linux-small")

    def _places(self, backends: BackendDict[Any]) -> Iterator[Any]:
        """A service's backends of this account, in all regions."""
        for account, _, backend in backends.iter_backends():
            if account == self.account_id:
                yield backend

    @property
    def _url_module(self) -> Any:
        return added.routes("freetier", _RESPONSE)


class _Month:
    """The calendar month, UTC, that a moment is in, as far as it has gone."""

    def __init__(self, now: float) -> None:
        begin = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self.since, self.now = begin.timestamp(), now

    def minutes(self, start: float, end: float | None) -> int:
        """The minutes of a time in this month, each begun one counted; no end: it goes on."""
        seconds = (self.now if end is None else end) - max(start, self.since)
        return max(1, math.ceil(seconds / 60)) if seconds >= 0 else 0


def _is_v2(one: Pipeline) -> bool:
    return str(one.declaration.get("pipelineType", "V1")) == "V2"


def _is_active(one: Pipeline, month: _Month) -> bool:
    """Whether a V1 pipeline is charged for, or is the free one."""
    if month.now - one.created <= _V1_FREE_DAYS * _DAY:
        return False
    return any(it.updated >= month.since for it in one.executions)


def _action_minutes(one: Pipeline, month: _Month) -> int:
    actions = [it for execution in one.executions for it in execution.actions]
    return sum(
        month.minutes(it.started, None if it.going_on else it.updated)
        for it in actions
        if it.category != "Approval" and it.declaration["actionTypeId"]["owner"] != "Custom"
    )


def _machine(one: Build) -> tuple[str, str]:
    environment = one.project["environment"]
    return environment["type"], environment["computeType"]


def _build_minutes(one: Build, month: _Month) -> int:
    begun = next((it.start for it in one.phases if it.type not in ("SUBMITTED", "QUEUED")), None)
    return 0 if begun is None else month.minutes(begun, one.end)


def _usage(service: str, usage_type: str, amount: float, unit: str, meter: str) -> dict[str, Any]:
    limit = next(pricefile.lasting(row) for row in pricefile.rows() if row["meter"] == meter)
    return {
        "service": service,
        "operation": "",
        "usageType": usage_type,
        "region": "global",
        "actualUsageAmount": float(amount),
        "limit": limit,
        "unit": unit,
        "description": f"{limit:g} {unit} a month are always free for {service}",
        "freeTierType": "Always Free",
    }


freetier_backends: BackendDict[FreeTierBackend] = BackendDict(
    FreeTierBackend, "freetier", use_boto3_regions=False, additional_regions=["us-east-1"]
)
_RESPONSE = response_class("freetier", freetier_backends)


def install() -> None:
    """Tell moto of the service; again is harmless."""
    added.install("freetier", freetier_backends, "freetier")
