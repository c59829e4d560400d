"""What the account is: its plan, what of its free allowances is used, how many pipelines it has.

Three calls side by side, all of them free. What cannot be read is said to be unknown; no command fails for
it. Never called: what changes the plan (`UpgradeAccountPlan`).
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from awspipe.aws import Aws, maybe
from awspipe.cost.estimate import Left
from awspipe.cost.freetier import Allowance
from awspipe.cost.mix import v1_charge_begins
from awspipe.cost.prices import BUILD_POOL, CODECOMMIT_USERS, PIPELINE_V1, PIPELINE_V2, ZERO, PriceList
from awspipe.cost.unknown import Unknown, known

HOME = "us-east-1"
"""Where AWS serves the Free Tier API for every account of the `aws` partition.
https://docs.aws.amazon.com/general/latest/gr/billing.html"""


@dataclass(frozen=True, slots=True)
class Legacy:
    """An account from before 2025-07-15: no plan; what exceeds the free allowances is charged."""


@dataclass(frozen=True, slots=True)
class FreePlan:
    """Nothing is charged: credits are used up, and when they or the time end, the account closes.

    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
    """

    credits: Decimal | None
    ends: datetime | None
    expired: bool = False


@dataclass(frozen=True, slots=True)
class PaidPlan:
    """Credits first, then money."""

    credits: Decimal | None


AccountPlan = Legacy | FreePlan | PaidPlan | Unknown


@dataclass(frozen=True, slots=True)
class Used:
    """How much of each allowance that never ends the account has used this month, by the pool of its row.

    AWS lists only what is used at all, and counts some hours late.
    """

    pools: dict[str, Decimal]

    def left(self, prices: PriceList) -> Left:
        """What is left of the allowances that a pipeline uses."""
        return Left(self._left(prices, PIPELINE_V2), self._left(prices, BUILD_POOL))

    def _left(self, prices: PriceList, pool: str) -> Decimal:
        return max(ZERO, prices.allowance(pool) - self.pools.get(pool, ZERO))


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """A pipeline in AWS's list."""

    name: str
    type: str
    created: datetime | None

    def charged_as_v1(self, now: datetime) -> bool:
        """Whether its first 30 days are over."""
        return self.created is None or v1_charge_begins(self.created) <= now


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account; `pipelines` are those of one region."""

    plan: AccountPlan
    used: Used | Unknown
    pipelines: tuple[PipelineFacts, ...] | Unknown


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions, on their way."""

    plan: Future[AccountPlan]
    used: Future[Used | Unknown]
    pipelines: Future[tuple[PipelineFacts, ...] | Unknown]

    def answer(self) -> Account:
        """Wait for all three."""
        return Account(self.plan.result(), self.used.result(), self.pipelines.result())


def ask(aws: Aws) -> Asked:
    """Ask in the background."""
    return Asked(
        aws.submit(lambda: account_plan(aws)),
        aws.submit(lambda: used(aws)),
        aws.submit(lambda: pipelines(aws)),
    )


def account_plan(aws: Aws) -> AccountPlan:
    """The account's plan."""
    return known(lambda: _plan(aws), "freetier:GetAccountPlanState")


def used(aws: Aws) -> Used | Unknown:
    """What is used of the free allowances."""
    return known(lambda: _used(aws), "freetier:GetFreeTierUsage")


def pipelines(aws: Aws) -> tuple[PipelineFacts, ...] | Unknown:
    """The pipelines of the region, also those that awspipe did not make."""
    return known(lambda: _pipelines(aws), "codepipeline:ListPipelines")


def _plan(aws: Aws) -> AccountPlan:
    """That an account without a plan answers ResourceNotFoundException is not documented, but fits."""
    ask_plan = aws.client("freetier", HOME).get_account_plan_state
    state: dict[str, Any] | None = maybe(ask_plan, "ResourceNotFoundException")
    if state is None:
        return Legacy()
    money = state.get("accountPlanRemainingCredits")
    credits = None if money is None else Decimal(str(money["amount"]))
    if state["accountPlanType"] == "PAID":
        return PaidPlan(credits)
    expired = state["accountPlanStatus"] == "EXPIRED"
    return FreePlan(credits, state.get("accountPlanExpirationDate"), expired)


_USAGE_TYPES = {
    "activePipeline": PIPELINE_V1,
    "actionExecutionMinute": PIPELINE_V2,
    "Build-Min:Linux:g1.small": BUILD_POOL,
    "Build-Min:ARM:g1.small": BUILD_POOL,
    "User-Month": CODECOMMIT_USERS,
}


def allowances(aws: Aws) -> tuple[Allowance, ...] | Unknown:
    """Every line of AWS's tracking, of all services: only what is used at all is listed."""
    return known(lambda: _allowances(aws), "freetier:GetFreeTierUsage")


def _allowances(aws: Aws) -> tuple[Allowance, ...]:
    pages = aws.client("freetier", HOME).get_paginator("get_free_tier_usage").paginate()
    return tuple(
        Allowance(
            service=one.get("service", ""),
            usage_type=one["usageType"],
            used=Decimal(str(one["actualUsageAmount"])),
            limit=Decimal(str(one.get("limit", 0))),
            unit=one.get("unit", ""),
            kind=one.get("freeTierType", ""),
        )
        for page in pages
        for one in page["freeTierUsages"]
    )


def _used(aws: Aws) -> Used:
    """A usage type may have its region before it, e.g. `APN2-actionExecutionMinute`."""
    pools: dict[str, Decimal] = {}
    for one in _allowances(aws):
        pool = next((pool for end, pool in _USAGE_TYPES.items() if one.usage_type.endswith(end)), "")
        if pool:
            pools[pool] = pools.get(pool, ZERO) + one.used
    return Used(pools)


def _pipelines(aws: Aws) -> tuple[PipelineFacts, ...]:
    pages = aws.client("codepipeline").get_paginator("list_pipelines").paginate()
    return tuple(
        PipelineFacts(one["name"], one.get("pipelineType", "V1"), one.get("created"))
        for page in pages
        for one in page["pipelines"]
    )
