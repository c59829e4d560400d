"""The AWS Free Tier API: what the account's plan is, and how much of the free allowances is used this month.

The usage is counted from what the sandbox has played: the minutes of V2 actions and of small builds, the V1
pipelines that an execution went through, also of what has been deleted since (metering.py). Unlike AWS's,
which is some hours late, the count is current.
What AWS says to an account made before 2025-07-15, which has no plan, is not documented;
ResourceNotFoundException is the one error of the operation that can mean it.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Free_Tier.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

from awspipe.sandbox import added, codebuild, codepipeline, metering, pricefile, runtime
from awspipe.sandbox.service import Answer, Backend, RefusalError, Request, page, response_class, unsupported

_CREDITS = 200.0
_PLAN_DAYS = 182
_DAY = 24 * 3600.0


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
        month = metering.Month(self.now())
        used = self._used(month)
        v1, v2 = used[metering.ACTIVE_PIPELINE], used[metering.ACTION_MINUTE]
        yield _usage("AWS CodePipeline", metering.ACTIVE_PIPELINE, v1, "Pipelines", "pipeline-v1")
        yield _usage("AWS CodePipeline", metering.ACTION_MINUTE, v2, "Minutes", "pipeline-v2")
        for usage_type in metering.BUILD_MINUTES.values():
            yield _usage("CodeBuild", usage_type, used[usage_type], "Minutes", "build-linux-small")
        yield _usage("AWS CodeCommit", metering.USER_MONTH, self._users(month), "Users", "codecommit-user")

    def _users(self, month: metering.Month) -> int:
        """The active users of CodeCommit: the roles that read for pipelines, and whoever pushed for them."""
        roles: set[str] = set()
        for backend in self._places(codepipeline.codepipeline_backends):
            roles |= backend.forgotten.users_of(month)
            for pipeline in backend.pipelines.values():
                roles |= metering.readers(pipeline.executions, month)
        return len(roles) + bool(roles)

    def _used(self, month: metering.Month) -> metering.Amounts:
        """Of the month, in all regions: by what is there, and by what was there."""
        used: metering.Amounts = Counter()
        for backend in self._places(codepipeline.codepipeline_backends):
            used += backend.forgotten.of(month)
            for pipeline in backend.pipelines.values():
                used += metering.of_pipeline(pipeline, month)
        for backend in self._places(codebuild.codebuild_backends):
            used += backend.forgotten.of(month)
            for build in backend.builds.values():
                used += metering.of_build(build, month)
        return used

    def _places(self, backends: BackendDict[Any]) -> Iterator[Any]:
        """A service's backends of this account, in all regions."""
        for account, _, backend in backends.iter_backends():
            if account == self.account_id:
                yield backend

    @property
    def _url_module(self) -> Any:
        return added.routes("freetier", _RESPONSE)


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
