"""`notify`: who hears by mail of what, how that begins and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.sns.models import sns_backends

from awspipe.apply import apply
from awspipe.doctor.account import notices
from awspipe.doctor.findings import Case, Finding, State
from awspipe.errors import SpecError
from awspipe.plan import Plan
from awspipe.sandbox import record
from awspipe.spec.load import load_text
from tests.contract.test_core_calls import assert_within
from tests.support import core, engine
from tests.support.clock import FakeClock
from tests.support.core import NOTIFYING, STATIC_SITE, World
from tests.support.denying import deny

ARN = f"arn:aws:sns:{core.REGION}:{core.ACCOUNT}:awspipe-shop"
ASKING = (
    STATIC_SITE.replace("  - name: Build\n", "  - {name: Ask, provider: approval}\n  - name: Build\n", 1)
    + "notify: {email: me@example.com}\n"
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def wait_for_confirmation(*addresses: str) -> None:
    """As on AWS until somebody has opened the mail: no ARN, and nothing to unsubscribe."""
    instead_of_arn("PendingConfirmation", *addresses)


def instead_of_arn(word: str, *addresses: str) -> None:
    for one in sns_backends[core.ACCOUNT][core.REGION].subscriptions.values():
        if one.endpoint in addresses:
            one.arn = word


def addresses(world: World) -> list[str]:
    listed = world.client("sns").list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    return sorted(one["Endpoint"] for one in listed)


def rules(world: World) -> set[str]:
    return {name for name in world.inventory if name.startswith("events/") and "notify" in name}


def test_an_address_is_subscribed_once_however_it_is_written(world: World) -> None:
    core.up(world.aws, NOTIFYING.replace("[me@", "[ME@example.com, me@"))
    assert addresses(world) == ["me@example.com", "you@example.com"]


def test_a_rule_for_approvals_only_where_somebody_is_asked(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    assert rules(world) == {"events/awspipe-shop-notify"}
    core.up(world.aws, ASKING)
    assert rules(world) == {"events/awspipe-shop-notify", "events/awspipe-shop-notify-approvals"}


def test_only_the_rules_may_publish(world: World) -> None:
    core.up(world.aws, ASKING)
    topic = sns_backends[core.ACCOUNT][core.REGION].topics[ARN]
    (statement,) = topic._policy_json["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    ours = [
        f"arn:aws:events:{core.REGION}:{core.ACCOUNT}:rule/awspipe-shop-notify" + end
        for end in ("", "-approvals")
    ]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": ours}}


def test_who_is_no_longer_named_is_unsubscribed(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    fewer = NOTIFYING.replace(", You@Example.com", "")
    core.up(world.aws, fewer)
    assert addresses(world) == ["me@example.com"]
    assert core.planned(world.aws, fewer).work == ()


def test_somebody_s_own_queue_stays_subscribed(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    world.client("sns").subscribe(
        TopicArn=ARN, Protocol="sqs", Endpoint=f"arn:aws:sqs:{core.REGION}:{core.ACCOUNT}:q"
    )
    assert core.planned(world.aws, NOTIFYING).work == ()


def test_what_is_not_confirmed_is_said_and_nothing_is_to_be_done(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    wait_for_confirmation("me@example.com")
    shown = core.planned(world.aws, NOTIFYING)
    assert shown.work == ()
    ((key, remark),) = shown.remarks
    assert str(key) == "subscription me@example.com"
    assert remark.startswith("not confirmed yet: somebody must open the mail from AWS Notifications")


def test_a_wrong_address_that_nobody_confirms_is_left_to_aws(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    wait_for_confirmation("you@example.com")
    right = NOTIFYING.replace("You@Example.com", "us@example.com")
    core.up(world.aws, right)
    again = core.planned(world.aws, right)
    assert again.work == ()
    ((key, kept),) = again.kept
    assert str(key) == "subscription you@example.com"
    assert "AWS drops it within 48 hours" in kept.why


def test_who_has_ended_it_by_the_link_in_a_mail_is_asked_again(world: World) -> None:
    """AWS lists it for some days more, and it is not one that waits to be confirmed."""
    core.up(world.aws, NOTIFYING)
    instead_of_arn("Deleted", "me@example.com")
    shown = core.planned(world.again(), NOTIFYING)
    assert [str(step) for step in shown.work] == ["create subscription me@example.com"]
    assert shown.remarks == ()


def test_who_has_ended_it_and_is_no_longer_named_is_nobody_s_matter(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    instead_of_arn("Deleted", "you@example.com")
    shown = core.planned(world.again(), NOTIFYING.replace(", You@Example.com", ""))
    assert (shown.work, shown.kept) == ((), ())


def test_notify_taken_out_takes_all_of_it_away(world: World) -> None:
    core.up(world.aws, core.GITHUB)
    before = core.lasting(world.inventory)
    core.up(world.aws, NOTIFYING)
    core.up(world.aws, core.GITHUB)
    assert core.lasting(world.inventory) == before


def test_down_says_of_an_unconfirmed_address_that_it_goes_by_itself(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    wait_for_confirmation("me@example.com")
    removed = core.down(world.again())
    assert [str(key) for key, _ in removed.plan.kept] == ["subscription me@example.com"]
    assert (removed.left, world.inventory) == ((), {})


def test_down_after_any_beginning_of_up_leaves_nothing(world: World) -> None:
    whole = core.planned(world.aws, NOTIFYING)
    for count in range(len(whole.steps) + 1):
        first = Plan(whole.scope, whole.steps[:count], (), (), ())
        core.done(apply(world.aws, first))
        assert core.down(world.again()).left == ()
        assert world.inventory == {}


def test_down_after_any_beginning_of_down_leaves_nothing(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    whole = core.down(world.again()).plan
    for count in range(len(whole.steps)):
        core.up(world.again(), NOTIFYING)
        first = Plan(whole.scope, whole.steps[:count], (), (), ())
        core.done(apply(world.again(), first))
        assert core.down(world.again()).left == ()
        assert world.inventory == {}


def test_down_finds_what_was_just_made(tmp_path: Path) -> None:
    """AWS's lists and its tag index may be behind."""
    with core.world(tmp_path, clock=FakeClock(core.now()), slow_lists=30) as world:
        core.up(world.aws, ASKING)
        assert core.down(world.again()).left == ()
        assert [name for name in world.inventory if name.startswith(("sns/", "events/"))] == []


def test_down_finds_what_was_just_made_beside_a_neighbour_s_rules(tmp_path: Path) -> None:
    """`shop-2` has rules whose names begin like ours: they say nothing of what we have."""
    clock = FakeClock(core.now())
    with core.world(tmp_path, clock=clock, slow_lists=30) as world:
        core.up(world.aws, ASKING.replace("shop", "shop-2"))
        clock.advance(60)
        before = {name for name in world.inventory if name.startswith(("sns/", "events/"))}
        core.up(world.again(), ASKING)
        assert core.down(world.again()).left == ()
        assert {name for name in world.inventory if name.startswith(("sns/", "events/"))} == before


def test_a_stage_called_notify_keeps_a_rule_of_its_own(world: World) -> None:
    named = STATIC_SITE.replace("- name: Source", "- name: notify")
    core.up(world.aws, named + "notify: {email: me@example.com}\n")
    assert len(rules(world)) == 2
    assert core.down(world.again()).left == ()
    assert world.inventory == {}


def test_a_connection_is_looked_for_beside_rules_that_only_tell(world: World) -> None:
    """The tag index aside: with it denied, names alone must do."""
    core.up(world.aws, NOTIFYING)
    found = core.down(world.again())
    assert "delete connection shop-github" in [str(step) for step in found.plan.steps]


def test_a_connection_is_found_beside_a_neighbour_s_rules_without_the_tag_index(world: World) -> None:
    core.up(world.aws, STATIC_SITE.replace("shop", "shop-2"))
    core.up(world.aws, core.GITHUB)
    aws = world.again()
    deny(aws.session, ["resourcegroupstaggingapi:GetResources"])
    core.down(aws)
    assert core.every_connection() == []


def test_up_and_down_with_notices_take_few_calls_more(tmp_path: Path) -> None:
    with core.world(tmp_path / "world", delay=0.05) as world:
        core.up(world.aws, ASKING)
        core.down(world.aws)
        assert_within(
            world, lambda world: core.up(world.aws, ASKING), 45, 8, after=lambda w: core.down(w.again())
        )
        assert_within(world, lambda world: core.up(world.aws, ASKING), 36, 4)


def texts(directory: Path) -> str:
    path = directory / record.MAIL
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_failure_is_told_by_mail(world: World) -> None:
    """Nobody plays a connection that leads nowhere."""
    core.up(world.aws, NOTIFYING)
    found = world.client("codepipeline").start_pipeline_execution(name="shop")
    world.runtime.drain()
    said = texts(world.runtime.state_dir)
    assert "To: me@example.com\n" in said
    assert "To: you@example.com\n" in said
    assert '"Pipeline shop: FAILED"\n' in said
    assert f"/codepipeline/pipelines/shop/executions/{found['pipelineExecutionId']}/timeline" in said


def test_an_approval_that_waits_is_told_by_mail(world: World) -> None:
    core.up(world.aws, ASKING)
    puppet = world.runtime.actions["Source", "AWS", "CodeCommit"]
    world.runtime.drain()
    assert isinstance(puppet, engine.Puppet)
    assert "waits for an approval" not in texts(world.runtime.state_dir)
    engine.finish(puppet.runs[-1])
    world.runtime.drain()
    said = texts(world.runtime.state_dir)
    assert said.count("From: awspipe shop <") == 1
    assert '"Pipeline shop waits for an approval: Ask in stage Ask"\n' in said
    assert '"To answer: awspipe approve shop, or awspipe reject shop"\n' in said


def test_a_topic_that_does_not_let_the_rule_in_gets_nothing(world: World) -> None:
    core.up(world.aws, NOTIFYING)
    world.runtime.drain()  # the execution that this began is told of yet
    closed = sns_backends[core.ACCOUNT][core.REGION].topics[ARN]
    closed._policy_json = {"Version": "2012-10-17", "Statement": []}
    before = texts(world.runtime.state_dir)
    world.client("codepipeline").start_pipeline_execution(name="shop")
    world.runtime.drain()
    assert texts(world.runtime.state_dir) == before


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{email: nobody}", '"email" cannot be "nobody"'),
        ("{email: []}", '"email"'),
        ("{email: a@b.kr, events: [explosion]}", '"events" must be approval, failed, started'),
        ("{email: a@b.kr, events: approval}", "there is nothing to tell of: no action is an approval"),
        ("{mail: a@b.kr}", "mail"),
    ],
)
def test_what_cannot_be_told_is_refused_offline(written: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(f"{STATIC_SITE}notify: {written}\n", "awspipe.yml")
    assert any(message in problem.message for problem in caught.value.problems), caught.value.problems


def checked(world: World, text: str) -> tuple[Finding, ...]:
    return tuple(notices(Case(world.aws, (core.graph(world.aws, text),))))


def test_doctor_names_who_has_not_confirmed(world: World) -> None:
    assert checked(world, core.GITHUB) == ()
    core.up(world.aws, NOTIFYING)
    (fine,) = checked(world, NOTIFYING)
    assert (fine.state, fine.says) == (State.OK, "no address waits to be confirmed")
    wait_for_confirmation("you@example.com")
    world.aws.forget()
    (problem,) = checked(world, NOTIFYING)
    assert (problem.state, problem.says) == (State.PROBLEM, "not confirmed: you@example.com")
    assert problem.fix == "open the mail from AWS Notifications there and confirm"
