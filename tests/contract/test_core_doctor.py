"""`doctor` against an account: what it finds, and that it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from awspipe.doctor.caller import credentials
from awspipe.doctor.checks import CHECKS
from awspipe.doctor.findings import Case, Finding, State, run
from awspipe.rights import Job, document, grants
from tests.support import core, iamgate
from tests.support.core import SERVER, STATIC_SITE, World
from tests.support.iamgate import Request
from tests.support.steering import Commands

USER = f"arn:aws:iam::{core.ACCOUNT}:user/student"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def answer(world: World, service: str, operation: str, found: Any) -> None:
    """AWS's answer to an operation that moto does not play: a value, or what makes one of the parameters."""
    events = world.aws.client(service).meta.events

    def remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["params"] = dict(params)

    def called(context: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        made = found(context["params"]) if callable(found) else found
        code = 403 if "Error" in made else 200
        return AWSResponse("", code, {}, None), {"ResponseMetadata": {"HTTPStatusCode": code}, **made}

    events.register(f"before-parameter-build.{service}.{operation}", remember)
    events.register(f"before-call.{service}.{operation}", called)


def simulated(world: World, policy: dict[str, Any], arn: str = USER, caller: str = USER) -> None:
    """IAM's simulator, for a caller with this policy: that of the user or role `arn`."""

    def judge(params: dict[str, Any]) -> dict[str, Any]:
        assert params["PolicySourceArn"] == arn
        context = {
            one["ContextKeyName"]: one["ContextKeyValues"][0] for one in params.get("ContextEntries", [])
        }
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "implicitDeny"
                if iamgate.denied(policy, [Request(action, resource, context)])
                else "allowed",
            }
            for action in params["ActionNames"]
            for resource in params["ResourceArns"]
        ]
        return {"EvaluationResults": results, "IsTruncated": False}

    answer(world, "sts", "GetCallerIdentity", {"Account": core.ACCOUNT, "Arn": caller, "UserId": "x"})
    answer(world, "iam", "SimulatePrincipalPolicy", judge)


def quota(world: World, value: float | None) -> None:
    """CodeBuild's quotas."""
    name = "Concurrently running builds for Linux/Small environment"
    found = [] if value is None else [{"QuotaName": name, "Value": value}]
    answer(world, "service-quotas", "ListServiceQuotas", {"Quotas": found})


def findings(world: World, *texts: str) -> dict[str, Finding]:
    graphs = tuple(core.graph(world.aws, text) for text in texts)
    case = Case(world.aws, graphs)
    checks = {name: (lambda check=check: check(case)) for name, check in CHECKS.items()}
    return {one.name: one for one in run(checks, limit=30)}  # type: ignore[arg-type]


def allowed(world: World, text: str) -> dict[str, Any]:
    return document(grants([core.graph(world.again(), text)], frozenset(Job)))


def test_all_checks_read_and_nothing_else(world: World) -> None:
    core.up(world.again(), STATIC_SITE)
    before = world.inventory
    simulated(world, allowed(world, STATIC_SITE))
    quota(world, 1)
    found = findings(world, STATIC_SITE, core.template("server", "other"))
    assert world.calls.mutating == ()
    assert world.inventory == before
    assert found["leftovers"].state is State.OK


def test_permissions_that_are_there_are_said_to_be(world: World) -> None:
    simulated(world, allowed(world, STATIC_SITE))
    quota(world, None)
    found = findings(world, STATIC_SITE)["permissions"]
    assert (found.state, found.says) == (State.OK, "all that up, status and down of this spec need")


def test_permissions_that_lack_are_named(world: World) -> None:
    policy = allowed(world, SERVER)
    policy["Statement"] = [
        {**one, "Action": [name for name in one["Action"] if name != "iam:PassRole"]}
        for one in policy["Statement"]
    ]
    policy["Statement"] = [one for one in policy["Statement"] if one["Action"]]
    simulated(world, policy)
    found = findings(world, SERVER)["permissions"]
    assert (found.state, found.exit_code) == (State.PROBLEM, 4)
    assert found.says == "not allowed: iam:PassRole"
    assert "awspipe policy" in found.fix


def test_who_may_not_simulate_cannot_know(world: World) -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    answer(world, "iam", "SimulatePrincipalPolicy", denied)
    answer(world, "sts", "GetCallerIdentity", {"Account": core.ACCOUNT, "Arn": USER, "UserId": "x"})
    found = findings(world, SERVER)["permissions"]
    assert found.state is State.UNKNOWN
    assert "iam:SimulatePrincipalPolicy" in found.says


def test_a_session_of_a_role_is_judged_by_the_role(world: World) -> None:
    world.client("iam").create_role(RoleName="dev", Path="/team/", AssumeRolePolicyDocument="{}")
    role = f"arn:aws:iam::{core.ACCOUNT}:role/team/dev"
    session = f"arn:aws:sts::{core.ACCOUNT}:assumed-role/dev/me"
    simulated(world, allowed(world, SERVER), role, session)
    found = findings(world, SERVER)["permissions"]
    assert found.state is State.OK


def test_the_root_user_is_not_judged(world: World) -> None:
    root = {"Account": core.ACCOUNT, "Arn": f"arn:aws:iam::{core.ACCOUNT}:root", "UserId": "x"}
    answer(world, "sts", "GetCallerIdentity", root)
    assert findings(world, SERVER)["permissions"].state is State.UNKNOWN


def instance(world: World, **members: Any) -> str:
    ec2 = world.client("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "awspipe", "Value": "shop"}]}]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags, **members)
    return str(made["Instances"][0]["InstanceId"])


def test_a_deployment_group_without_a_machine_is_a_problem(world: World) -> None:
    simulated(world, allowed(world, SERVER))
    found = findings(world, SERVER)["hosts of Deploy"]
    assert (found.state, found.says) == (State.PROBLEM, "no running machine has the tag awspipe=shop")


def test_an_instance_without_a_profile_cannot_fetch_anything(world: World) -> None:
    simulated(world, allowed(world, SERVER))
    made = instance(world)
    found = findings(world, SERVER)["hosts of Deploy"]
    assert found.state is State.PROBLEM
    assert found.says.startswith(f"{made}: no instance profile")


def test_an_instance_with_a_profile_is_counted_and_the_agent_is_not_promised(world: World) -> None:
    simulated(world, allowed(world, SERVER))
    world.client("iam").create_instance_profile(InstanceProfileName="web")
    instance(world, IamInstanceProfile={"Name": "web"})
    found = findings(world, SERVER)["hosts of Deploy"]
    assert found.state is State.OK
    assert found.says.startswith("1 with the tag awspipe=shop; whether the agent runs")


TO_INSTANCES = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop}
  - name: Ship
    provider: ec2
    target_directory: /srv/shop
    post_script: start.sh
    WHICH
"""


def agents(world: World, known: dict[str, str]) -> None:
    """What Systems Manager knows of the nodes with the tag: their ids, and how far it reaches them."""

    def answered(params: dict[str, Any]) -> dict[str, Any]:
        assert params["Filters"] in (
            [{"Key": "tag:awspipe", "Values": ["shop"]}],
            [{"Key": "tag-key", "Values": ["awspipe"]}],
        )
        return {
            "InstanceInformationList": [
                {"InstanceId": name, "PingStatus": status} for name, status in known.items()
            ]
        }

    answer(world, "ssm", "DescribeInstanceInformation", answered)


@pytest.mark.parametrize("value", ["shop", '""'])
def test_an_instance_that_systems_manager_does_not_reach_is_named(world: World, value: str) -> None:
    spec = TO_INSTANCES.replace("WHICH", f"ec2_tag: {{awspipe: {value}}}")
    simulated(world, allowed(world, spec))
    known: dict[str, str] = {}
    agents(world, known)
    found = findings(world, spec)["hosts of Ship"]
    assert (found.state, found.says) == (
        State.PROBLEM,
        f"no running machine has the tag awspipe{'=shop' if value == 'shop' else ''}",
    )
    made = instance(world)
    found = findings(world, spec)["hosts of Ship"]
    assert (found.state, found.says) == (State.PROBLEM, f"{made}: Systems Manager does not reach it")
    known[made] = "ConnectionLost"
    assert findings(world, spec)["hosts of Ship"].state is State.PROBLEM
    known[made] = "Online"
    found = findings(world, spec)["hosts of Ship"]
    assert found.state is State.OK
    assert found.says.endswith("and Systems Manager reaches each")


def test_a_node_of_ones_own_is_looked_for_where_it_is_registered(world: World) -> None:
    spec = TO_INSTANCES.replace("WHICH", "managed_node_tag: {awspipe: shop}")
    simulated(world, allowed(world, spec))
    agents(world, {"mi-1": "Online", "mi-2": "ConnectionLost"})
    found = findings(world, spec)["hosts of Ship"]
    assert (found.state, found.says) == (State.PROBLEM, "mi-2: Systems Manager does not reach it")


CONNECTED = """\
name: shop
stages:
  - {name: Source, provider: github, repository: me/shop}
  - {name: Deploy, provider: s3}
"""


def test_a_connection_that_waits_is_named_however_many_there_are(world: World) -> None:
    create = world.client("codeconnections").create_connection
    for number in range(101):
        create(ConnectionName=f"c{number}", ProviderType="GitHub")
    case = Case(world.aws, (core.graph(world.aws, CONNECTED),))
    (found,) = CHECKS["connections"](case)
    assert found.state is State.PROBLEM
    assert found.says == f"not completed: {', '.join(f'c{number}' for number in range(101))}"
    assert found.fix.endswith(f"/codesuite/settings/connections?region={core.REGION}")
    (found,) = CHECKS["connections"](replace(case, sandbox=True))
    assert found.fix == "`awspipe sandbox connect c0 OWNER/NAME PATH` completes one"


@pytest.mark.parametrize(
    ("value", "state", "says"),
    [
        (0, State.PROBLEM, "this account may run none"),
        (1, State.OK, "1 at once, others wait for their turn"),
        (60, State.OK, "60 at once"),
        (None, State.UNKNOWN, "AWS names no quota for this size"),
    ],
)
def test_how_many_builds_may_run_is_what_aws_says(
    world: World, value: float | None, state: State, says: str
) -> None:
    simulated(world, allowed(world, STATIC_SITE))
    quota(world, value)
    found = findings(world, STATIC_SITE)["builds Linux/Small"]
    assert (found.state, found.says) == (state, says)


def test_what_an_earlier_pipeline_left_is_named(world: World) -> None:
    core.up(world.again(), STATIC_SITE)
    world.client("codepipeline").delete_pipeline(name="shop")
    found = findings(world)["leftovers"]
    assert found.state is State.PROBLEM
    assert found.says.endswith("things of shop, and there is no such pipeline")
    assert found.fix == "`awspipe down shop` removes them"


def test_a_repository_that_was_kept_is_no_problem(world: World) -> None:
    core.up(world.again(), STATIC_SITE, push=core.first_commit(world))
    core.down(world.again())
    found = findings(world)["leftovers"]
    assert (found.state, found.says) == (State.OK, "repository of shop, which was kept with its commits")


def test_credentials_that_end_soon_are_a_problem(world: World) -> None:
    case = Case(world.aws, now=lambda: datetime.now(UTC))
    session = world.aws.session._session
    session.set_credentials("ASIA", "x", "y")  # type: ignore[no-untyped-call]
    session.get_credentials()._expiry_time = datetime.now(UTC) + timedelta(minutes=2)
    first = next(iter(credentials(case)))
    assert (first.state, first.exit_code, first.fix) == (State.PROBLEM, 4, "log in again")


def test_the_command_goes_through_a_whole_account(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Commands(capsys)("doctor", "-f", str(tmp_path / "awspipe.yml"), "--json")
    checks = {one["name"]: one for one in said.document["checks"]}
    assert checks["account"]["says"] == f"{core.ACCOUNT}, {core.REGION}"
    assert checks["credentials"]["state"] == checks["leftovers"]["state"] == "ok"
    assert "permissions" not in checks  # without a spec nobody knows which are needed
    assert said.code == (1 if said.document["problems"] else 0)


def test_a_broken_spec_is_said_and_the_rest_goes_on(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "awspipe.yml"
    spec.write_text("name: shop\nstagse: []\n", encoding="utf-8")
    said = Commands(capsys)("doctor", "-f", str(spec), "--json")
    checks = {one["name"]: one for one in said.document["checks"]}
    assert checks["spec"]["state"] == "problem"
    assert checks["leftovers"]["state"] == "ok"
    assert said.code == 1
