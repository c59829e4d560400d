"""What a pipeline will cost: from what it wants of AWS, before anything of it has run. Pure arithmetic.

What an action takes is not known before: each provider's `usual_minutes` is assumed, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from awspipe.cost.prices import BUILD_POOL, PIPELINE_V1, PIPELINE_V2, ZERO, PriceList, build_meter
from awspipe.graph import Graph
from awspipe.providers.base import Action, providers
from awspipe.resources.base import Body
from awspipe.resources.deployment_group import DeploymentGroup
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.project import BuildProject

_UPDATES = "codedeploy-on-premises"
_MANAGED_LIMIT = 55
"""Minutes after which CodePipeline ends what it runs on its own build machines.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html"""


@dataclass(frozen=True, slots=True)
class ActionUse:
    """What one run of an action uses: minutes that are billed (0 where none are), and a build's meter.

    `minutes` is assumed; `limit` is when a build is ended at the latest, None for what no setting bounds.
    """

    name: str
    minutes: int
    meter: str = ""
    limit: int | None = None

    @property
    def most(self) -> int:
        """The minutes at most, as far as a setting bounds them."""
        return self.minutes if self.limit is None else max(self.minutes, self.limit)


@dataclass(frozen=True, slots=True)
class RunUse:
    """What one execution uses, and the pipeline's type. `updates`: it deploys to on-premises instances."""

    type: str
    actions: tuple[ActionUse, ...]
    updates: bool = False

    @property
    def action_minutes(self) -> int:
        """The action minutes of one execution; V1 has no price for them."""
        return sum(one.minutes for one in self.actions)

    @property
    def build_minutes(self) -> dict[str, int]:
        """The build minutes of one execution, by meter."""
        return _by_meter((one.meter, one.minutes) for one in self.actions)

    @property
    def most_build_minutes(self) -> dict[str, int]:
        """The same when every build goes on until it is ended."""
        return _by_meter((one.meter, one.most) for one in self.actions)


def _by_meter(uses: Iterator[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for meter, minutes in uses:
        if meter:
            found[meter] = found.get(meter, 0) + minutes
    return found


def run_use(graph: Graph) -> RunUse:
    """What an execution of a wanted pipeline will use."""
    (pipeline,) = (one for one in graph.resources if isinstance(one, Pipeline))
    projects = {one.name: one for one in graph.resources if isinstance(one, BuildProject)}
    groups = (one for one in graph.resources if isinstance(one, DeploymentGroup))
    return RunUse(
        pipeline.type,
        tuple(_use(action, projects) for stage in pipeline.stages for action in stage["actions"]),
        updates=any(one.on_premises_tags for one in groups),
    )


def _use(action: Body, projects: Mapping[str, BuildProject]) -> ActionUse:
    kind = action["actionTypeId"]
    model = _models().get(kind["provider"])
    minutes = model.usual_minutes if model else 1
    if is_free(kind["category"], kind["owner"]):
        return ActionUse(action["name"], 0)
    project = projects.get(action["configuration"].get("ProjectName", ""))
    if project is not None:
        meter = build_meter(project.build_type, project.compute)
        return ActionUse(action["name"], minutes, meter, project.timeout)
    if model and model.uses_codebuild_minutes:
        return ActionUse(action["name"], minutes, managed_meter(action["configuration"]), _MANAGED_LIMIT)
    return ActionUse(action["name"], minutes)


def managed_meter(configuration: Mapping[str, str]) -> str:
    """What CodePipeline's own compute is charged as: by the machine that the action asks for."""
    return build_meter(
        configuration.get("EnvironmentType", "LINUX_CONTAINER"),
        configuration.get("ComputeType", "BUILD_GENERAL1_SMALL"),
    )


def is_free(category: str, owner: str) -> bool:
    """Whether an action's minutes are not charged: approvals and custom actions.

    https://aws.amazon.com/codepipeline/pricing/
    """
    return category == "Approval" or owner == "Custom"


@cache
def _models() -> dict[str, type[Action]]:
    return {model.aws_provider: model for model in providers().values()}


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of this month's free allowance: action minutes, and build minutes of small machines."""

    action_minutes: Decimal
    build_minutes: Decimal

    @classmethod
    def whole(cls, prices: PriceList) -> Left:
        """All of it."""
        return cls(prices.allowance(PIPELINE_V2), prices.allowance(BUILD_POOL))


NOTHING_LEFT = Left(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Bill:
    """USD in parts; `unknown` are meters without a price: the sum is then a lower bound."""

    fixed: Decimal
    actions: Decimal
    builds: Decimal
    updates: Decimal
    unknown: tuple[str, ...]

    @property
    def usd(self) -> Decimal:
        """All of it that has a price."""
        return self.fixed + self.actions + self.builds + self.updates


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a pipeline costs in a region with so many executions a month.

    `other_v1`: how many V1 pipelines the account has besides; one that is charged for is free.
    """

    use: RunUse
    region: str
    runs: int
    prices: PriceList
    other_v1: int = 0

    @property
    def run(self) -> Bill:
        """One execution, when nothing of the free allowance is left."""
        return self._bill(1, NOTHING_LEFT, self.use.build_minutes, fixed=ZERO)

    def month(self, left: Left) -> Bill:
        """A month of executions that take as long as assumed."""
        return self._bill(self.runs, left, self.use.build_minutes, fixed=self.fixed)

    def beyond(self, left: Left) -> Left:
        """What such a month leaves of the free allowance."""
        actions = self.use.action_minutes if self.use.type == "V2" else 0
        builds = sum(minutes for meter, minutes in self.use.build_minutes.items() if self._pooled(meter))
        return Left(
            max(left.action_minutes - actions * self.runs, ZERO),
            max(left.build_minutes - builds * self.runs, ZERO),
        )

    @property
    def worst(self) -> Bill:
        """A month in which nothing is free any more and every build goes on until it is ended."""
        return self._bill(self.runs, NOTHING_LEFT, self.use.most_build_minutes, fixed=self._v1)

    @property
    def fixed(self) -> Decimal:
        """USD a month for the pipeline itself from day 31 on: V1 only, and not the account's only one."""
        return self._v1 if self.other_v1 else ZERO

    @property
    def _v1(self) -> Decimal:
        price = self.prices.price(PIPELINE_V1, self.region)
        return price.usd if price and self.use.type == "V1" else ZERO

    def _bill(self, runs: int, left: Left, builds: Mapping[str, int], *, fixed: Decimal) -> Bill:
        actions = self._action_minutes(builds) * runs if self.use.type == "V2" else 0
        needed = {PIPELINE_V2, *builds, *((_UPDATES,) if self.use.updates else ())}
        return Bill(
            fixed,
            self._cost(PIPELINE_V2, actions, left.action_minutes),
            self._builds(runs, left, builds),
            self._cost(_UPDATES, runs if self.use.updates else 0, ZERO),
            tuple(sorted(one for one in needed if self.prices.price(one, self.region) is None)),
        )

    def _action_minutes(self, builds: Mapping[str, int]) -> int:
        """An action that builds lasts as long as its build."""
        longer = sum(builds.values()) - sum(self.use.build_minutes.values())
        return self.use.action_minutes + longer

    def _builds(self, runs: int, left: Left, builds: Mapping[str, int]) -> Decimal:
        """Free minutes go to the meters that have them, the dearest first."""
        free, total = left.build_minutes, ZERO
        for meter, minutes in sorted(builds.items(), key=lambda one: -self._usd(one[0])):
            price = self.prices.price(meter, self.region)
            if price is not None:
                used = min(free, Decimal(minutes * runs)) if self._pooled(meter) else ZERO
                free -= used
                total += price.cost(minutes * runs, free=used)
        return total

    def _pooled(self, meter: str) -> bool:
        """Whether a machine's minutes may be free ones."""
        price = self.prices.price(meter, self.region)
        return bool(price and price.row.free and price.row.free.pool == BUILD_POOL)

    def _usd(self, meter: str) -> Decimal:
        price = self.prices.price(meter, self.region)
        return price.usd if price else ZERO

    def _cost(self, meter: str, quantity: int, free: Decimal) -> Decimal:
        price = self.prices.price(meter, self.region)
        return price.cost(quantity, free=free) if price else ZERO


def together(estimates: Iterable[Estimate], left: Left) -> Decimal:
    """USD for a month of several pipelines, which share what is free."""
    total = ZERO
    for one in estimates:
        total += one.month(left).usd
        left = one.beyond(left)
    return total
