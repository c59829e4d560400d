"""What the commands about money may be allowed is what they ask AWS for, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from awspipe.cost import account, usage
from awspipe.cost.leftovers import leftovers
from awspipe.cost.meters import Month
from awspipe.cost.prices import shipped
from awspipe.cost.refresh import compare
from awspipe.cost.stops import facts
from awspipe.expiry import ends, expired
from awspipe.naming import EXPIRES_TAG
from awspipe.rights import MONEY, money_grants
from tests.support import core, engine


def test_the_commands_about_money_ask_for_what_their_policy_allows(tmp_path: Path) -> None:
    with core.world(tmp_path, actions=dict.fromkeys(engine.KEYS, engine.Puppet())) as world:
        core.up(world.aws, core.STATIC_SITE)
        world.client("codepipeline").tag_resource(
            resourceArn=world.scope().pipeline_arn,
            tags=[{"key": EXPIRES_TAG, "value": "2020-01-01T00:00:00Z"}],
        )
        world.aws.forget()
        world.calls.clear()
        account.ask(world.aws).answer()
        account.allowances(world.aws)
        regions = usage.enabled_regions(world.aws)
        assert isinstance(regions, tuple)
        usage.everywhere(world.aws, regions[:1], Month.of(datetime.now(UTC)))
        usage.uses(world.aws, Month.of(datetime.now(UTC)))
        compare(world.aws, shipped())
        leftovers(world.aws, shipped())
        facts(world.aws, [world.scope()])
        ends(world.aws)
        assert expired(world.aws, datetime.now(UTC)) == ("shop",)
        never = {"codebuild:BatchGetBuilds"}  # no build has run here
        assert world.calls.actions - {"sts:GetCallerIdentity"} == MONEY - never
        made = money_grants(world.scope())
        assert {action for one in made for action in one.statement.actions} == MONEY
        assert {where for one in made for where in one.statement.resources} == {
            *(
                "*",
                f"arn:aws:codepipeline:*:{core.ACCOUNT}:*",
                f"arn:aws:codebuild:*:{core.ACCOUNT}:project/*",
            ),
        }
