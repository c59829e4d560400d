"""The policy that `awspipe policy` prints is enough for up, status and down, and no more than that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from awspipe import steering
from awspipe.approvals import waiting
from awspipe.aws import refusal
from awspipe.expiry import ends
from awspipe.failures import causes
from awspipe.graph import Source
from awspipe.resources.base import Resource
from awspipe.rights import Job, document, grants
from awspipe.sandbox.box import ISOLATION
from awspipe.sandbox.codedeploy import codedeploy_backends
from awspipe.status import status
from tests.support import core, guard, iamgate
from tests.support.core import GITHUB, NOTIFYING, SERVER, STATIC_SITE, World
from tests.support.guard import Guard
from tests.support.iamgate import Request
from tests.support.steering import Commands

both = pytest.mark.parametrize("text", [STATIC_SITE, SERVER], ids=["static-site", "server"])
every = pytest.mark.parametrize(
    "text",
    [STATIC_SITE, SERVER, GITHUB, NOTIFYING],
    ids=["static-site", "server", "github", "notifying"],
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose executions really run."""
    monkeypatch.setenv(ISOLATION, "process")
    with core.world(tmp_path, actions={}) as world:
        yield world


def guarded(world: World) -> Guard:
    """The world's own connection, judged from now on."""
    iam = world.client("iam")

    def path_of(role: str) -> str | None:
        try:
            return str(iam.get_role(RoleName=role)["Role"]["Path"])
        except iam.exceptions.NoSuchEntityException:
            return None

    return guard.attach(world.aws.session, path_of)


def least(world: World, text: str, job: Job) -> dict[str, Any]:
    """What `awspipe policy --for JOB` prints."""
    return document(grants([core.graph(world.again(), text)], frozenset({job})))


def pushing(world: World, judge: Guard) -> Any:
    """A `git push`: CodeCommit asks IAM for it too."""
    push = core.first_commit(world)

    def pushed(source: Source) -> None:
        arn = f"arn:aws:codecommit:{core.REGION}:{core.ACCOUNT}:{source.repository}"
        assert judge.ask(Request("codecommit:GitPush", arn)) is None
        push(source)

    return pushed


def assert_tight(policy: dict[str, Any], judge: Guard) -> None:
    """All that was asked was allowed, and without any one statement something would not have been."""
    assert judge.denied == []
    statements = policy["Statement"]
    for one in statements:
        rest = {**policy, "Statement": [other for other in statements if other is not one]}
        assert iamgate.denied(rest, judge.asked), one["Sid"]


@every
def test_up_needs_this_policy_and_no_less(world: World, text: str) -> None:
    judge, policy = guarded(world), least(world, text, Job.UP)
    judge.allow(policy)
    core.up(world.aws, text, push=pushing(world, judge))
    core.up(world.aws, text)
    assert_tight(policy, judge)


@both
def test_status_needs_this_policy_and_no_less(played: World, text: str) -> None:
    """Of a pipeline that has really failed, so that all that its cause takes is asked."""
    world = played
    judge, policy = guarded(world), least(world, text, Job.STATUS)
    core.up(world.again(), text, push=core.first_commit(world))
    world.runtime.drain()
    judge.allow(policy)
    known = [failed(world)]
    for host in list(codedeploy_backends[core.ACCOUNT][core.REGION].hosts):
        codedeploy_backends[core.ACCOUNT][core.REGION].remove_host(host)
    world.client("codepipeline").start_pipeline_execution(name="shop")
    world.runtime.drain()
    known.append(failed(world))
    assert (
        known
        == {
            STATIC_SITE: ["buildspec-missing", "buildspec-missing"],
            SERVER: ["appspec-missing", "no-instances"],
        }[text]
    )
    assert ends(world.aws, ["shop"]) == {}
    assert_tight(policy, judge)
    asked = {one.action for one in judge.asked}
    assert {action for one in policy["Statement"] for action in one["Action"]} == asked


def failed(world: World) -> str:
    """Which known cause the newest execution has failed of, as `status` tells it."""
    found = status(world.aws, "shop")
    assert found is not None
    (cause,) = [cause for stage in found.stages for cause in stage.causes]
    return cause.known


STEERED = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop}
  - {name: Approve, provider: approval}
"""


def test_steering_needs_this_policy_and_no_less(world: World) -> None:
    judge, policy = guarded(world), least(world, STEERED, Job.STEER)
    core.up(world.again(), STEERED)
    judge.allow(policy)
    found = status(world.aws, "shop")
    assert found and found.latest and waiting(world.aws, "shop")
    causes(world.aws, "shop", found.latest.id)
    assert ends(world.aws, ["shop"]) == {}
    second = found.stages[1]
    steering.disable(world.aws, "shop", second.name, "wait")
    steering.enable(world.aws, "shop", second.name)
    again = replace(second, execution=found.latest.id)
    for refused in (  # for other reasons: nothing failed, and nothing succeeded
        lambda: steering.retry(world.aws, "shop", again, everything=False),
        lambda: steering.rollback(world.aws, "shop", second.name, again.execution),
    ):
        core.refused(refused)
    put = world.aws.client("codepipeline").put_approval_result
    result = {"status": "Approved", "summary": ""}
    names = {"pipelineName": "shop", "stageName": second.name, "actionName": second.name}
    assert refusal(
        lambda: put(**names, result=result, token=again.execution), "InvalidApprovalTokenException"
    )
    world.aws.client("codepipeline").start_pipeline_execution(name="shop")
    steering.stop(world.aws, "shop", again.execution, abandon=True, reason="enough")
    assert_tight(policy, judge)
    asked_for = {one.action for one in judge.asked}
    assert {action for one in policy["Statement"] for action in one["Action"]} == asked_for


@every
def test_down_needs_this_policy_and_no_less(world: World, text: str) -> None:
    judge, policy = guarded(world), least(world, text, Job.DOWN)
    core.up(world.again(), text, push=core.first_commit(world))
    s3 = world.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        s3.put_object(Bucket=bucket["Name"], Key="a", Body=b"1")
    for one in core.graph(world.aws, text).resources:
        if one.kind == "build-project":
            core.report_group(world, f"{one.name}-unit")
    judge.allow(policy)
    for one in core.graph(world.aws, text).resources:  # as where the tag index is behind
        assert one.owner(world.aws, one.scope, one.name) == "shop"
    assert core.down(world.aws, delete_data=True).left == ()
    assert_tight(policy, judge)
    assert world.inventory == {}


@both
def test_up_repairs_every_field_with_the_same_policy(world: World, text: str) -> None:
    judge, policy = guarded(world), least(world, text, Job.UP)
    core.up(world.again(), text)
    judge.allow(policy)
    for one in core.graph(world.aws, text).resources:
        if type(one).update is not Resource.update:
            one.update(world.aws, frozenset(one.body()))
    assert judge.denied == []


@both
def test_a_role_may_be_handed_to_its_own_service_only(world: World, text: str) -> None:
    policy = least(world, text, Job.UP)
    for role in (one for one in core.graph(world.aws, text).resources if one.kind == "role"):
        service = role.service  # type: ignore[attr-defined]
        for other in ("codepipeline", "codebuild", "codedeploy", "events", "ec2", "lambda"):
            context = {"iam:PassedToService": f"{other}.amazonaws.com"}
            refused = iamgate.denied(policy, [Request("iam:PassRole", role.arn, context)])  # type: ignore[attr-defined]
            assert bool(refused) is (service != f"{other}.amazonaws.com")


def test_another_pipeline_s_things_are_out_of_reach(world: World) -> None:
    policy = document(grants([core.graph(world.aws, STATIC_SITE)], frozenset(Job)))
    judge = guarded(world)
    core.up(world.again(), core.template("static-site", "shop-2"))
    judge.allow(policy)
    error = core.refused(core.down, world.aws, "shop-2")
    assert "not authorized" in error.message
    assert judge.denied
    assert all(one.request.resource.endswith("shop-2") for one in judge.denied)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "awspipe.yml"
    path.write_text(STATIC_SITE, encoding="utf-8")
    return path


def test_the_command_prints_the_policy_alone(
    world: World, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Commands(capsys)("policy", "-f", str(spec), "--for", "up")
    assert said.code == 0
    assert json.loads(said.out) == least(world, STATIC_SITE, Job.UP)


def test_with_an_account_s_id_no_call_is_made(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no world: a call would have nowhere to go."""
    commands = Commands(capsys)
    said = commands("policy", "-f", str(spec), "--account", "210987654321", "--json", "--for", "status")
    (statement,) = (one for one in said.document["policy"]["Statement"] if one["Sid"] == "Codepipeline")
    assert statement["Resource"] == [f"arn:aws:codepipeline:{core.REGION}:210987654321:shop"]
    assert commands("policy", "-f", str(spec), "--account", "1234").code == 2
