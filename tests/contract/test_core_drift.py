"""What somebody deletes or edits behind awspipe's back: the plan says so, `up` repairs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.apply import apply
from awspipe.plan import Verb
from awspipe.resources.base import Key
from tests.support import core, sandbox
from tests.support.core import NOTIFYING, SERVER, STATIC_SITE, World

HERE = f"{core.ACCOUNT}-{core.REGION}-an"
ARTIFACTS, SITE = f"shop-artifacts-{HERE}", f"shop-site-deploy-{HERE}"
ROLE = f"awspipe-shop-{core.REGION}"
LOGS = "/aws/codebuild/shop-Build"
RULE = "awspipe-shop-Source"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def delete(world: World, key: Key) -> None:
    """As somebody does in the console."""
    name = key.name
    match key.kind:
        case "bucket":
            world.client("s3").delete_bucket(Bucket=name)
        case "role":
            world.client("iam").delete_role_policy(RoleName=name, PolicyName="awspipe")
            world.client("iam").delete_role(RoleName=name)
        case "log-group":
            world.client("logs").delete_log_group(logGroupName=name)
        case "rule":
            world.client("events").remove_targets(Rule=name, Ids=["pipeline"])
            world.client("events").delete_rule(Name=name)
        case "build-project":
            world.client("codebuild").delete_project(name=name)
        case "repository":
            world.client("codecommit").delete_repository(repositoryName=name)
        case "pipeline":
            world.client("codepipeline").delete_pipeline(name=name)
        case "application":
            world.client("codedeploy").delete_application(applicationName=name)
        case "deployment-group":
            application, group = name.split("/")
            world.client("codedeploy").delete_deployment_group(
                applicationName=application, deploymentGroupName=group
            )
        case _:
            _delete_more(world, key)


def _delete_more(world: World, key: Key) -> None:
    if key.kind == "topic":
        world.client("sns").delete_topic(TopicArn=world.scope().topic_arn(key.name))
        return
    if key.kind == "subscription":
        sns = world.client("sns")
        for one in sns.list_subscriptions()["Subscriptions"]:
            if one["Endpoint"] == key.name:
                sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
        return
    if key.kind != "connection":
        raise AssertionError(f"nobody has said how a {key.kind} is deleted by hand")
    connections = world.client("codeconnections")
    for one in connections.list_connections()["Connections"]:
        if one["ConnectionName"] == key.name:
            connections.delete_connection(ConnectionArn=one["ConnectionArn"])


SITE_KEYS = (
    Key("bucket", ARTIFACTS),
    Key("bucket", SITE),
    Key("role", ROLE),
    Key("role", f"{ROLE}-Source"),
    Key("role", f"{ROLE}-Build"),
    Key("log-group", LOGS),
    Key("rule", RULE),
    Key("build-project", "shop-Build"),
    Key("repository", "shop"),
    Key("pipeline", "shop"),
)
SERVER_KEYS = (
    Key("role", f"{ROLE}-Deploy"),
    Key("deployment-group", "shop/Deploy"),
)
NOTICE_KEYS = (Key("rule", "awspipe-shop-notify"), Key("subscription", "you@example.com"))
BY_HAND = [(STATIC_SITE, key) for key in SITE_KEYS] + [(SERVER, key) for key in SERVER_KEYS]
BY_HAND += [(NOTIFYING, key) for key in NOTICE_KEYS]


@pytest.mark.parametrize(("text", "key"), BY_HAND, ids=[str(key) for _, key in BY_HAND])
def test_what_was_deleted_by_hand_is_made_again_and_nothing_else(world: World, text: str, key: Key) -> None:
    core.up(world.aws, text)
    before = core.lasting(world.inventory)
    delete(world, key)
    shown = core.planned(world.aws, text)
    assert [(step.verb, step.key) for step in shown.work] == [(Verb.CREATE, key)]
    core.done(apply(world.aws, shown))
    assert core.lasting(world.inventory) == before


@pytest.mark.parametrize("first", [0, 1], ids=["half", "the other half"])
def test_down_removes_the_rest_of_what_was_deleted_by_hand(world: World, first: int) -> None:
    core.up(world.aws, STATIC_SITE)
    for key in SITE_KEYS[first::2]:
        delete(world, key)
    assert core.down(world.aws).left == ()
    assert world.inventory == {}


@pytest.mark.parametrize(
    ("text", "deleted", "goes_with_it"),
    [
        (SERVER, Key("application", "shop"), "deployment-group"),
        (NOTIFYING, Key("topic", "awspipe-shop"), "subscription"),
    ],
)
def test_what_is_deleted_by_hand_takes_others_with_it(
    world: World, text: str, deleted: Key, goes_with_it: str
) -> None:
    core.up(world.aws, text)
    before = core.lasting(world.inventory)
    delete(world, deleted)
    shown = core.planned(world.aws, text)
    assert core.verbs(shown) == {deleted.kind: {Verb.CREATE}, goes_with_it: {Verb.CREATE}}
    core.up(world.aws, text)
    assert core.lasting(world.inventory) == before


def test_everything_deleted_by_hand_is_made_again(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    before = core.lasting(world.inventory)
    for key in SITE_KEYS:
        delete(world, key)
    assert world.inventory == {}
    core.up(world.aws, STATIC_SITE)
    assert core.lasting(world.inventory) == before


def by(service: str, operation: str, **arguments: Any) -> Callable[[World], None]:
    return lambda world: getattr(world.client(service), operation)(**arguments)


def pipeline(change: Callable[[dict[str, Any]], None]) -> Callable[[World], None]:
    def edit(world: World) -> None:
        codepipeline = world.client("codepipeline")
        declared = codepipeline.get_pipeline(name="shop")["pipeline"]
        change(declared)
        codepipeline.update_pipeline(pipeline=declared)

    return edit


OURS = [{"key": "awspipe:pipeline", "value": "shop"}]  # an update of a project without tags removes them
OPEN = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
CLOSED = dict.fromkeys(OPEN, True)
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{ARTIFACTS}/*",
        }
    ],
}
RULES = [{"ID": "own", "Filter": {"Prefix": "a"}, "Status": "Enabled", "Expiration": {"Days": 1}}]
PATTERN = {"source": ["aws.codecommit"]}

TOPIC = f"arn:aws:sns:{core.REGION}:{core.ACCOUNT}:awspipe-shop"


def attribute(name: str, value: str) -> Callable[[World], None]:
    return by("sns", "set_topic_attributes", TopicArn=TOPIC, AttributeName=name, AttributeValue=value)


EDITS: dict[str, tuple[str, Callable[[World], None], set[str]]] = {
    "role policy widened": (
        STATIC_SITE,
        by(
            "iam", "put_role_policy", RoleName=ROLE, PolicyName="awspipe", PolicyDocument=json.dumps(ANYTHING)
        ),
        {"role Policy.Statement"},
    ),
    "role policy deleted": (
        STATIC_SITE,
        by("iam", "delete_role_policy", RoleName=ROLE, PolicyName="awspipe"),
        {"role Policy"},
    ),
    "trust widened": (
        STATIC_SITE,
        by(
            "iam",
            "update_assume_role_policy",
            RoleName=f"{ROLE}-Build",
            PolicyDocument=sandbox.trust("codebuild", "ec2"),
        ),
        {
            "role AssumeRolePolicyDocument.Statement[0].Condition",
            "role AssumeRolePolicyDocument.Statement[0].Principal.Service",
        },
    ),
    "public access allowed": (
        STATIC_SITE,
        by("s3", "put_public_access_block", Bucket=ARTIFACTS, PublicAccessBlockConfiguration=OPEN),
        {f"bucket PublicAccessBlockConfiguration.{one}" for one in OPEN},
    ),
    "public access block deleted": (
        STATIC_SITE,
        by("s3", "delete_public_access_block", Bucket=ARTIFACTS),
        {"bucket PublicAccessBlockConfiguration"},
    ),
    "site's access closed": (
        STATIC_SITE,
        by("s3", "put_public_access_block", Bucket=SITE, PublicAccessBlockConfiguration=CLOSED),
        {
            "bucket PublicAccessBlockConfiguration.BlockPublicPolicy",
            "bucket PublicAccessBlockConfiguration.RestrictPublicBuckets",
        },
    ),
    "bucket policy replaced": (
        STATIC_SITE,
        by("s3", "put_bucket_policy", Bucket=ARTIFACTS, Policy=json.dumps(NOBODY)),
        {f"bucket Policy.Statement[0].{one}" for one in ("Action", "Condition", "Resource", "Sid")},
    ),
    "bucket policy deleted": (
        STATIC_SITE,
        by("s3", "delete_bucket_policy", Bucket=SITE),
        {"bucket Policy"},
    ),
    "website deleted": (
        STATIC_SITE,
        by("s3", "delete_bucket_website", Bucket=SITE),
        {"bucket WebsiteConfiguration"},
    ),
    "website redirected": (
        STATIC_SITE,
        by(
            "s3",
            "put_bucket_website",
            Bucket=SITE,
            WebsiteConfiguration={
                "IndexDocument": {"Suffix": "index.html"},
                "ErrorDocument": {"Key": "404.html"},
                "RoutingRules": [{"Redirect": {"HostName": "example.com"}}],
            },
        ),
        {"bucket WebsiteConfiguration.RoutingRules"},
    ),
    "lifecycle deleted": (
        STATIC_SITE,
        by("s3", "delete_bucket_lifecycle", Bucket=ARTIFACTS),
        {"bucket Rules"},
    ),
    "lifecycle replaced": (
        STATIC_SITE,
        by(
            "s3",
            "put_bucket_lifecycle_configuration",
            Bucket=ARTIFACTS,
            LifecycleConfiguration={"Rules": RULES},
        ),
        {
            "bucket Rules[0].AbortIncompleteMultipartUpload",
            "bucket Rules[0].Expiration.Days",
            "bucket Rules[0].Filter.Prefix",
            "bucket Rules[0].ID",
            "bucket Rules[0].NoncurrentVersionExpiration",
        },
    ),
    "retention longer": (
        STATIC_SITE,
        by("logs", "put_retention_policy", logGroupName=LOGS, retentionInDays=365),
        {"log-group retentionInDays"},
    ),
    "retention for ever": (
        STATIC_SITE,
        by("logs", "delete_retention_policy", logGroupName=LOGS),
        {"log-group retentionInDays"},
    ),
    "rule disabled": (STATIC_SITE, by("events", "disable_rule", Name=RULE), {"rule State"}),
    "rule for everything": (
        STATIC_SITE,
        by("events", "put_rule", Name=RULE, EventPattern=json.dumps(PATTERN)),
        {
            "rule Description",
            "rule EventPattern.detail",
            "rule EventPattern.detail-type",
            "rule EventPattern.resources",
        },
    ),
    "target removed": (
        STATIC_SITE,
        by("events", "remove_targets", Rule=RULE, Ids=["pipeline"]),
        {"rule Target"},
    ),
    "target turned away": (
        STATIC_SITE,
        by("events", "put_targets", Rule=RULE, Targets=[{"Id": "pipeline", "Arn": "arn:aws:sns:x:1:y"}]),
        {"rule Target.Arn", "rule Target.RoleArn"},
    ),
    "topic renamed": (NOTIFYING, attribute("DisplayName", "Spam"), {"topic DisplayName"}),
    "topic open to all": (
        NOTIFYING,
        attribute(
            "Policy", json.dumps({**ANYTHING, "Statement": [{**ANYTHING["Statement"][0], "Principal": "*"}]})
        ),  # type: ignore[index]
        {
            "topic Policy.Statement[0]." + part
            for part in ("Action", "Condition", "Principal", "Resource", "Sid")
        },
    ),
    "notice reworded": (
        NOTIFYING,
        by("events", "put_targets", Rule="awspipe-shop-notify", Targets=[{"Id": "pipeline", "Arn": TOPIC}]),
        {"rule Target.InputTransformer"},
    ),
    "project's time-out": (
        STATIC_SITE,
        by("codebuild", "update_project", name="shop-Build", tags=OURS, timeoutInMinutes=480),
        {"build-project timeoutInMinutes"},
    ),
    "project's logs": (
        STATIC_SITE,
        by(
            "codebuild",
            "update_project",
            name="shop-Build",
            tags=OURS,
            logsConfig={"cloudWatchLogs": {"status": "DISABLED"}},
        ),
        {
            "build-project logsConfig.cloudWatchLogs.groupName",
            "build-project logsConfig.cloudWatchLogs.status",
        },
    ),
    "deployment configuration": (
        SERVER,
        by(
            "codedeploy",
            "update_deployment_group",
            applicationName="shop",
            currentDeploymentGroupName="Deploy",
            deploymentConfigName="CodeDeployDefault.AllAtOnce",
        ),
        {"deployment-group deploymentConfigName"},
    ),
    "no servers": (
        SERVER,
        by(
            "codedeploy",
            "update_deployment_group",
            applicationName="shop",
            currentDeploymentGroupName="Deploy",
            ec2TagFilters=[],
        ),
        {"deployment-group ec2TagFilters"},
    ),
    "pipeline queued": (
        STATIC_SITE,
        pipeline(lambda declared: declared.update(executionMode="QUEUED")),
        {"pipeline executionMode"},
    ),
    "pipeline's branch": (
        STATIC_SITE,
        pipeline(
            lambda declared: declared["stages"][0]["actions"][0]["configuration"].update(BranchName="x")
        ),
        {"pipeline stages[Source].actions[Source].configuration.BranchName"},
    ),
    "pipeline polls": (
        STATIC_SITE,
        pipeline(
            lambda declared: declared["stages"][0]["actions"][0]["configuration"].update(
                PollForSourceChanges="true"
            )
        ),
        {"pipeline stages[Source].actions[Source].configuration.PollForSourceChanges"},
    ),
    "pipeline deploys elsewhere": (
        STATIC_SITE,
        pipeline(
            lambda declared: declared["stages"][2]["actions"][0]["configuration"].update(ObjectKey="old")
        ),
        {"pipeline stages[Deploy].actions[Deploy].configuration.ObjectKey"},
    ),
    "pipeline's stage deleted": (
        STATIC_SITE,
        pipeline(lambda declared: declared["stages"].pop()),
        {"pipeline stages"},
    ),
    "pipeline's action ordered": (
        STATIC_SITE,
        pipeline(lambda declared: declared["stages"][1]["actions"][0].update(runOrder=7)),
        {"pipeline stages[Build].actions[Build].runOrder"},
    ),
}


@pytest.mark.parametrize(("text", "edit", "fields"), EDITS.values(), ids=EDITS.keys())
def test_what_was_edited_by_hand_is_said_and_mended(
    world: World, text: str, edit: Callable[[World], None], fields: set[str]
) -> None:
    core.up(world.aws, text)
    before = core.lasting(world.inventory)
    edit(world)
    assert core.lasting(world.inventory) != before
    shown = core.planned(world.aws, text)
    assert {f"{kind} {path}" for kind, path in core.changes(shown)} == fields
    assert {step.verb for step in shown.work} == {Verb.UPDATE}
    core.done(apply(world.aws, shown))
    assert core.lasting(world.inventory) == before


def test_what_others_add_to_ours_and_we_do_not_answer_for_stays(world: World) -> None:
    core.up(world.aws, STATIC_SITE)
    world.client("codepipeline").tag_resource(
        resourceArn=world.scope().pipeline_arn, tags=[{"key": "team", "value": "web"}]
    )
    world.client("events").put_targets(Rule=RULE, Targets=[{"Id": "mail", "Arn": "arn:aws:sns:x:1:y"}])
    world.client("s3").put_bucket_versioning(Bucket=SITE, VersioningConfiguration={"Status": "Enabled"})
    before = world.inventory
    assert core.planned(world.aws, STATIC_SITE).work == ()
    core.up(world.aws, STATIC_SITE)
    assert world.inventory == before


def test_down_takes_what_others_added_to_ours(world: World) -> None:
    """An attached policy, a second inline one, a second target: AWS refuses to delete what has them."""
    core.up(world.aws, STATIC_SITE)
    iam = world.client("iam")
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ANYTHING))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=own)
    iam.put_role_policy(RoleName=ROLE, PolicyName="second", PolicyDocument=json.dumps(ANYTHING))
    world.client("events").put_targets(Rule=RULE, Targets=[{"Id": "mail", "Arn": "arn:aws:sns:x:1:y"}])
    core.down(world.aws)
    assert world.inventory == {}
    assert iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 0
