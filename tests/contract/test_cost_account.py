"""What the account is, read from the sandbox as from AWS: its plan, what is used, credentials too weak."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from awspipe.cost import account
from awspipe.cost.account import FreePlan, Legacy, PaidPlan, Used
from awspipe.cost.unknown import Unknown
from tests.support import core
from tests.support.core import World
from tests.support.denying import deny

QUESTIONS = {"freetier:GetAccountPlanState", "freetier:GetFreeTierUsage", "codepipeline:ListPipelines"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as made:
        yield made


def test_the_plan_of_an_old_account(tmp_path: Path) -> None:
    with core.world(tmp_path, account_plan="legacy") as world:
        assert account.account_plan(world.aws) == Legacy()


def test_the_plan_of_a_new_account(world: World) -> None:
    plan = account.account_plan(world.aws)
    assert isinstance(plan, FreePlan)
    assert (plan.credits, plan.expired) == (Decimal("200.0"), False)
    assert plan.ends is not None


def test_the_plan_of_an_account_that_pays(tmp_path: Path) -> None:
    with core.world(tmp_path, account_plan="paid") as world:
        assert account.account_plan(world.aws) == PaidPlan(Decimal("200.0"))


def test_the_questions_are_three_side_by_side_and_free(world: World) -> None:
    core.up(world.aws, core.SERVER)
    world.calls.clear()
    answer = account.ask(world.aws).answer()
    assert set(world.calls.names) == QUESTIONS
    assert len(world.calls.calls) == 3
    assert isinstance(answer.pipelines, tuple)
    assert [(one.name, one.type) for one in answer.pipelines] == [("shop", "V2")]
    assert answer.used == Used({"pipeline-v2": Decimal(1), "codecommit-user": Decimal(2)})


def test_they_go_where_aws_answers_them_whatever_the_region(world: World) -> None:
    account.ask(world.aws).answer()
    assert world.aws.region == core.REGION
    assert world.aws.client("freetier", account.HOME).meta.region_name == "us-east-1"


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_what_may_not_be_asked_is_unknown_and_the_rest_is_known(world: World, question: str) -> None:
    deny(world.aws.session, {question})
    answer = account.ask(world.aws).answer()
    unknown = [one for one in (answer.plan, answer.used, answer.pipelines) if isinstance(one, Unknown)]
    assert [one.why for one in unknown] == [f"these credentials may not ask for it ({question})"]


def test_where_nobody_answers_nothing_fails(world: World) -> None:
    world.aws.endpoint_url = "http://127.0.0.1:1"
    answer = account.ask(world.aws).answer()
    assert isinstance(answer.plan, Unknown)
    assert "freetier:GetAccountPlanState failed: " in answer.plan.why
