"""`up --adopt` takes over what has one of our names and no owner, unless data would be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli.views.plan import document, lines
from awspipe.errors import RefusedError
from awspipe.graph import Source
from awspipe.plan import Verb
from awspipe.resources.base import Key, kinds
from tests.contract.test_core_foreign import HERE, MAKERS, NAMES, ROLE, Owner
from tests.support import core, sandbox
from tests.support.core import GITHUB, SERVER, STATIC_SITE, World

ARTIFACTS, SITE = f"shop-artifacts-{HERE}", f"shop-site-deploy-{HERE}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def bucket(world: World, name: str, _: Owner = None) -> None:
    """An empty one."""
    where = {"LocationConstraint": core.REGION, "Tags": [{"Key": "team", "Value": "web"}]}
    world.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration=where, BucketNamespace="account-regional"
    )


def rule(world: World, name: str, _: Owner = None) -> None:
    """One that waits for another event."""
    world.client("events").put_rule(
        Name=name, EventPattern='{"source": ["aws.s3"]}', Tags=[{"Key": "team", "Value": "web"}]
    )


ADOPTABLE: dict[str, Callable[[World, str, Owner], None]] = {
    **{kind: maker for kind, maker in MAKERS.items() if kind not in ("role", "connection")},
    "bucket": bucket,
    "rule": rule,
}
CASES = [(text, kind, name) for text, kind, name in NAMES if kind in ADOPTABLE]


def tags(facts: dict[str, Any]) -> dict[str, str]:
    """A resource's tags, whichever shape AWS gives them."""
    found = facts.get("tags", facts.get("Tags"))
    found = found.get("TagSet", found) if isinstance(found, dict) else found
    if isinstance(found, dict):
        return found
    return {one.get("Key", one.get("key")): one.get("Value", one.get("value")) for one in found or []}


def adopted(world: World, text: str, key: Key) -> Any:
    """The step that takes it over; every other step makes something."""
    shown = core.planned(world.aws, text, adopt=True)
    assert shown.conflicts == ()
    (step,) = [one for one in shown.work if one.verb is Verb.ADOPT]
    assert step.key == key
    return step


def refusal(world: World, text: str) -> str:
    """Why nothing was taken over, nor anything else changed."""
    before = world.inventory
    error = core.refused(lambda: core.up(world.aws, text, adopt=True))
    assert isinstance(error, RefusedError)
    assert error.exit_code == 3
    assert world.calls.mutating == ()
    assert world.inventory == before
    return error.message


@pytest.mark.parametrize(("text", "kind", "name"), CASES, ids=[f"{kind} {name}" for _, kind, name in CASES])
def test_what_has_no_owner_is_taken_over_and_made_as_wanted(
    world: World, text: str, kind: str, name: str
) -> None:
    ADOPTABLE[kind](world, name, None)
    adopted(world, text, Key(kind, name))
    core.up(world.aws, text, adopt=True)
    again = core.planned(world.again(), text)
    assert (again.work, again.conflicts) == ((), ())
    (facts,) = [
        facts for key, facts in world.inventory.items() if key.partition("/")[2] == name and _is(kind, key)
    ]
    assert tags(facts) == {"team": "web", "awspipe:pipeline": "shop"}
    core.down(world.aws)
    assert not [key for key in world.inventory if key.partition("/")[2] == name and _is(kind, key)]


def _is(kind: str, key: str) -> bool:
    services = {
        "bucket": "s3",
        "log-group": "logs",
        "rule": "events",
        "build-project": "codebuild",
        "repository": "codecommit",
        "application": "codedeploy",
        "deployment-group": "codedeploy",
        "pipeline": "codepipeline",
        "topic": "sns",
    }
    return key.startswith(f"{services[kind]}/")


def test_every_kind_says_whether_it_can_be_taken_over() -> None:
    assert set(ADOPTABLE) | {"role", "connection", "subscription"} == set(kinds())


def test_what_belongs_to_another_pipeline_is_never_taken_over(world: World) -> None:
    ours = [(kind, name) for text, kind, name in CASES if text == STATIC_SITE]
    for kind, name in ours:
        MAKERS[kind](world, name, "blog")
    said = refusal(world, STATIC_SITE)
    for kind, name in ours:
        assert f"{Key(kind, name)} is there already, and it belongs to the pipeline blog" in said


def test_what_would_change_is_shown_field_by_field(world: World) -> None:
    MAKERS["pipeline"](world, "shop", None)
    shown = core.planned(world.aws, STATIC_SITE, adopt=True)
    told = list(lines(shown))
    assert "  @ pipeline         shop (adopted: from then on `down` removes it)" in told
    assert any(line.strip().startswith("roleArn: ") and " -> " in line for line in told)
    assert told[-1] == "shop: 9 to create, 0 to update, 0 to delete, 1 to adopt"
    (step,) = [one for one in document(shown)["steps"] if one["verb"] == "adopt"]
    assert {one["path"].partition(".")[0] for one in step["changes"]} >= {"roleArn", "artifactStore"}


def test_without_being_asked_nothing_is_taken_over(world: World) -> None:
    bucket(world, ARTIFACTS)
    error = core.refused(core.up, world.aws, STATIC_SITE)
    assert error.hint == (
        "choose another `name` in the spec, or `awspipe plan --adopt` shows what taking it over would change"
    )


def test_what_is_ours_already_is_not_asked_about(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    world.calls.clear()
    core.up(world.aws, STATIC_SITE, adopt=True)
    assert len(world.calls.calls) <= 25


def test_a_role_cannot_be_taken_over(world: World) -> None:
    MAKERS["role"](world, ROLE, None)
    assert refusal(world, STATIC_SITE) == (
        f"role {ROLE} is there already, and it cannot be adopted: its path is not ours, and the path of a "
        "role cannot be changed: nothing was changed"
    )


def test_a_connection_cannot_be_taken_over(world: World) -> None:
    MAKERS["connection"](world, "shop-github", None)
    assert "it cannot be adopted: awspipe takes over no connection" in refusal(world, GITHUB)


def test_a_repository_with_commits_is_left_to_its_owner(world: World) -> None:
    MAKERS["repository"](world, "shop", None)
    core.first_commit(world)(Source("shop", "main"))
    assert "it holds commits; `existing: true` uses it as it is" in refusal(world, STATIC_SITE)


def test_a_bucket_whose_objects_would_become_public_is_not_taken_over(world: World) -> None:
    bucket(world, SITE)
    world.client("s3").put_public_access_block(
        Bucket=SITE,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    world.client("s3").put_object(Bucket=SITE, Key="diary", Body=b"dear diary")
    assert "it is not empty, and what it holds would become public" in refusal(world, STATIC_SITE)


@pytest.mark.parametrize("versioned", [False, True], ids=["objects", "only old versions"])
def test_a_bucket_whose_objects_would_expire_is_not_taken_over(world: World, versioned: bool) -> None:
    bucket(world, ARTIFACTS)
    s3 = world.client("s3")
    if versioned:
        s3.put_bucket_versioning(Bucket=ARTIFACTS, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=ARTIFACTS, Key="diary", Body=b"dear diary")
    if versioned:
        s3.delete_object(Bucket=ARTIFACTS, Key="diary")
    assert "what it holds would expire after 30 days" in refusal(world, STATIC_SITE)


def test_a_bucket_that_lost_nothing_but_its_tag_is_taken_over_with_what_it_holds(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    s3 = world.client("s3")
    for name in (ARTIFACTS, SITE):
        s3.put_object(Bucket=name, Key="kept", Body=b"1")
        s3.delete_bucket_tagging(Bucket=name)
    core.up(world.aws, STATIC_SITE, adopt=True)
    assert core.planned(world.again(), STATIC_SITE).work == ()
    assert s3.get_object(Bucket=SITE, Key="kept")["Body"].read() == b"1"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"ScheduleExpression": "rate(1 day)"}, "its schedule would be lost: rate(1 day)"),
        ({"EventPattern": '{"source": ["a"]}'}, "it has other targets, which would go with it: mail"),
    ],
    ids=["schedule", "targets"],
)
def test_a_rule_that_does_more_is_not_taken_over(world: World, members: dict[str, str], why: str) -> None:
    events = world.client("events")
    events.put_rule(Name="awspipe-shop-Source", **members)
    events.put_targets(Rule="awspipe-shop-Source", Targets=[{"Id": "mail", "Arn": "arn:aws:sns:x:1:y"}])
    assert why in refusal(world, STATIC_SITE)


def test_a_log_group_that_would_lose_lines_is_not_taken_over(world: World) -> None:
    name = "/aws/codebuild/shop-Build"
    MAKERS["log-group"](world, name, None)
    logs = world.client("logs")
    logs.create_log_stream(logGroupName=name, logStreamName="a")
    now = int(core.now().timestamp() * 1000)
    logs.put_log_events(
        logGroupName=name, logStreamName="a", logEvents=[{"timestamp": now, "message": "hello"}]
    )
    assert "it holds lines, and those older than 14 days would be lost" in refusal(world, STATIC_SITE)


def test_an_application_with_groups_of_others_is_not_taken_over(world: World) -> None:
    codedeploy = world.client("codedeploy")
    codedeploy.create_application(applicationName="shop")
    codedeploy.create_deployment_group(
        applicationName="shop",
        deploymentGroupName="Theirs",
        serviceRoleArn=sandbox.role("deploys", "codedeploy"),
    )
    assert "it has deployment groups, which would go with it: Theirs" in refusal(world, SERVER)


def test_an_application_for_functions_is_not_taken_over(world: World) -> None:
    world.client("codedeploy").create_application(applicationName="shop", computePlatform="Lambda")
    assert "it deploys to Lambda, and that cannot be changed" in refusal(world, SERVER)


def test_a_commit_is_pushed_into_an_empty_repository_that_was_taken_over(world: World) -> None:
    MAKERS["repository"](world, "shop", None)
    outcome = core.up(world.aws, STATIC_SITE, push=core.first_commit(world), adopt=True)
    order = [str(step) for step in outcome.done]
    assert order.index("adopt repository shop") < order.index("push commit to repository shop (main)")


def test_adopting_needs_no_more_than_its_kinds_declare(world: World) -> None:
    for text, kind, name in CASES:
        if text == STATIC_SITE:
            ADOPTABLE[kind](world, name, None)
    core.up(world.aws, STATIC_SITE, adopt=True)
    every = {action for kind in kinds().values() for action in kind.permissions.all}
    assert world.calls.actions - every == {"sts:GetCallerIdentity", "tag:GetResources"}
