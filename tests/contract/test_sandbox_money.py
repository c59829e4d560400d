"""The sandbox's Free Tier and price list: an account's plan, usage as it was played, prices as shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import pricefile, pruning
from awspipe.sandbox.builds.record import Phase
from awspipe.sandbox.codebuild import codebuild_backends
from awspipe.sandbox.codepipeline import codepipeline_backends
from awspipe.sandbox.pickles import Blobs, Codec
from tests.support import engine
from tests.support.buildworld import build
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process
from tests.support.server import Server

US = "us-east-1"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[engine.Stage]:
    with engine.playing(tmp_path) as played:
        yield played


def usage(stage: engine.Stage) -> dict[str, float]:
    found = client("freetier", US).get_free_tier_usage()["freeTierUsages"]
    assert [one["usageType"] for one in found].count("User-Month") <= 1
    amounts = {one["usageType"]: one["actualUsageAmount"] for one in found}
    return {name: amount for name, amount in amounts.items() if name != "User-Month"}


def users(stage: engine.Stage) -> float:
    """The active users of CodeCommit."""
    found = client("freetier", US).get_free_tier_usage()["freeTierUsages"]
    return next((one["actualUsageAmount"] for one in found if one["usageType"] == "User-Month"), 0)


@pytest.mark.parametrize("plan", ["free", "paid"])
def test_an_account_with_a_plan_has_credits(tmp_path: Path, plan: str) -> None:
    with in_process(tmp_path, account_plan=plan):
        state = client("freetier", US).get_account_plan_state()
    assert (state["accountId"], state["accountPlanType"]) == (ACCOUNT, plan.upper())
    assert state["accountPlanRemainingCredits"] == {"amount": 200.0, "unit": "USD"}
    assert ("accountPlanExpirationDate" in state) == (plan == "free")


def test_an_account_older_than_the_plans_has_none(tmp_path: Path) -> None:
    with in_process(tmp_path, account_plan="legacy"):
        assert code(client("freetier", US).get_account_plan_state) == "ResourceNotFoundException"


def test_what_is_not_used_is_not_listed(stage: engine.Stage) -> None:
    assert usage(stage) == {}


def test_minutes_of_v2_actions_are_rounded_up_one_by_one_and_approvals_are_free(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.approval(), engine.build())
    stage.clock.advance(61)
    stage.end("Source")
    stage.clock.advance(3600)
    stage.approve("Approve")
    stage.clock.advance(5)
    stage.end("Build")
    assert usage(stage) == {"actionExecutionMinute": 3}


def test_a_v1_pipeline_counts_from_day_31(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build(), pipelineType="V1")
    stage.end("Source")
    stage.end("Build")
    assert usage(stage) == {}
    stage.clock.advance(31 * 24 * 3600)
    stage.start()
    assert usage(stage) == {"activePipeline": 1}


def test_a_new_month_begins_at_nothing(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build())
    stage.end("Source")
    stage.end("Build")
    assert usage(stage) == {"actionExecutionMinute": 2}
    stage.clock.advance(27 * 24 * 3600)
    assert usage(stage) == {}


def test_what_was_used_stays_used_when_a_pipeline_is_deleted(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build())
    stage.clock.advance(61)
    stage.end("Source")
    assert usage(stage) == {"actionExecutionMinute": 3}  # the build has begun a minute
    stage.aws.delete_pipeline(name="shop")
    assert usage(stage) == {"actionExecutionMinute": 3}
    stage.create(engine.source(), engine.build())
    stage.end("Source")
    stage.end("Build")
    stage.aws.delete_pipeline(name="shop")
    assert usage(stage) == {"actionExecutionMinute": 5}
    stage.clock.advance(31 * 24 * 3600)
    assert usage(stage) == {}


def test_a_role_that_read_the_repository_stays_a_user_of_the_month(stage: engine.Stage) -> None:
    assert users(stage) == 0
    stage.create(engine.source(), engine.build())
    assert users(stage) == 2  # the pipeline's role, and whoever pushes
    stage.aws.delete_pipeline(name="shop")
    assert users(stage) == 2
    stage.create(engine.source(), engine.build())
    assert users(stage) == 2  # the same role again
    stage.clock.advance(31 * 24 * 3600)
    stage.aws.delete_pipeline(name="shop")
    stage.clock.advance(31 * 24 * 3600)
    assert users(stage) == 0


def test_a_v1_pipeline_that_was_active_stays_counted_when_it_is_deleted(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build(), pipelineType="V1")
    stage.end("Source")
    stage.end("Build")
    stage.clock.advance(31 * 24 * 3600)
    stage.start()
    stage.aws.delete_pipeline(name="shop")
    assert usage(stage) == {"activePipeline": 1}


def test_what_was_used_stays_used_when_old_executions_are_forgotten(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build())
    runs = pruning.EXECUTIONS + 10
    for number in range(runs):
        stage.end("Source")
        stage.end("Build")
        if number < runs - 1:
            stage.start()
    assert len(stage.ids()) == pruning.EXECUTIONS
    assert usage(stage) == {"actionExecutionMinute": 2 * runs}


def test_minutes_of_an_execution_count_by_the_type_that_its_pipeline_had(stage: engine.Stage) -> None:
    stage.create(engine.source(), engine.build(), pipelineType="V1")
    stage.end("Source")
    stage.end("Build")
    stage.aws.update_pipeline(pipeline=stage.declaration(engine.source(), engine.build()))
    stage.start()
    stage.end("Source")
    stage.end("Build")
    assert usage(stage) == {"actionExecutionMinute": 2}


def test_minutes_of_builds_stay_used_when_the_builds_are_deleted(stage: engine.Stage) -> None:
    made = build(end=stage.clock.time() + 90)
    made.project["environment"] |= {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}
    made.phases.append(Phase("PROVISIONING", stage.clock.time(), made.end, "SUCCEEDED"))
    codebuild_backends[ACCOUNT][REGION].builds[made.id] = made
    minutes = {"Build-Min:Linux:g1.small": 2}
    assert usage(stage) == minutes
    assert client("codebuild").batch_delete_builds(ids=[made.id])["buildsDeleted"] == [made.id]
    assert usage(stage) == minutes


def test_what_was_used_outlives_a_restart(stage: engine.Stage, tmp_path: Path) -> None:
    stage.create(engine.source(), engine.build())
    stage.end("Source")
    stage.aws.delete_pipeline(name="shop")
    before = usage(stage)
    assert before == {"actionExecutionMinute": 2}
    codec, mine = Codec(Blobs(tmp_path / "blobs")), codepipeline_backends[ACCOUNT]
    mine[REGION] = codec.loads(codec.dumps(mine[REGION]).data)
    assert usage(stage) == before


def products(pricing: Any, service: str, usage_type: str) -> list[dict[str, Any]]:
    given = [{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}]
    return [json.loads(one) for one in pricing.get_products(ServiceCode=service, Filters=given)["PriceList"]]


def test_the_price_list_has_every_listed_row_of_the_file(tmp_path: Path) -> None:
    with in_process(tmp_path):
        pricing = client("pricing", US)
        for row in pricefile.rows():
            for usage_type in row.get("listed", {}).get("usage_type", {}).values():
                found = products(pricing, row["listed"]["service_code"], usage_type)
                regions = row["listed"]["usage_type"]
                assert bool(found) == any(usage_type == regions[one] for one in row["usd"] if one in regions)
        assert products(pricing, "CodeBuild", "no-such-type") == []
        everything = {"Type": "ANY_OF", "Field": "usagetype", "Value": "a,b"}
        asked = {"ServiceCode": "CodeBuild", "Filters": [everything]}
        assert code(pricing.get_products, **asked) == "UnsupportedOperationInSandbox"


def test_a_served_sandbox_knows_both_services(tmp_path: Path) -> None:
    with Server(tmp_path / "state", "--account-plan", "paid") as server:
        state = server.client("freetier", US).get_account_plan_state()
        assert state["accountPlanType"] == "PAID"
        assert products(server.client("pricing", US), "AWSCodePipeline", "USE1-actionExecutionMinute")
        server.stop()
        server.start()
        assert server.client("freetier", US).get_free_tier_usage()["freeTierUsages"] == []
