"""approve and reject against the sandbox's engine: what they say, and what AWS then holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from awspipe.approvals import Approval, StaleError, answer, waiting
from awspipe.cli.approve import Choice, Wanted
from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.errors import AwspipeError
from tests.support import engine, sandbox
from tests.support.clock import START
from tests.support.engine import Stage
from tests.support.steering import Asked, Commands, connection, reader

ASKING = {"ExternalEntityLink": "https://staging.example.com", "CustomData": "Look at #{src.Page}"}


def asks(stage: Stage, **members: Any) -> None:
    """A pipeline whose first execution waits for approval."""
    source = engine.source(namespace="src")
    stage.create(source, engine.approval(configuration=ASKING), engine.build(), **members)
    stage.end("Source", variables={"Page": "the page"})


def test_the_only_one_that_waits_is_approved(stage: Stage, commands: Commands) -> None:
    asks(stage)
    stage.clock.advance(300)
    said = commands("approve", "shop", "--comment", "looks good")
    one = stage.id(1)[:8]
    assert said.code == 0
    assert said.err.splitlines()[0] == "account 123456789012, ap-northeast-2"
    assert f", execution {one}\n    ccccccc a commit\n    review  https://staging.example.com\n" in said.err
    assert said.out == (
        f"approved: Approve of shop, execution {one} (ccccccc a commit)\n"
        f"next: awspipe watch shop --execution {one} --region {sandbox.REGION}   follows what comes next\n"
    )
    assert stage.action("Approve")["status"] == "Succeeded"
    assert stage.action("Approve")["summary"] == "looks good"
    assert stage.going_on() == [("Build", 1)]


def test_a_rejection_fails_the_execution(stage: Stage, commands: Commands) -> None:
    asks(stage)
    said = commands("reject", "shop", "--json")
    assert said.code == 0
    document = said.document
    since = document["approval"].pop("since")
    assert since.startswith("2026-01-05T")
    assert document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "answer": "Rejected",
        "comment": None,
        "approval": {
            "stage": "Approve",
            "action": "Approve",
            "execution_id": stage.id(1),
            "revision": "c" * 40,
            "message": "a commit",
            "review": "https://staging.example.com",
            "comment": "Look at the page",
        },
    }
    assert stage.statuses() == ["Failed"]


def test_the_pipeline_of_the_spec_is_meant_where_none_is_named(
    stage: Stage, commands: Commands, tmp_path: Path
) -> None:
    asks(stage)
    spec = tmp_path / "awspipe.yml"
    stages = "[{name: Source, provider: codecommit, repository: r}, {name: Approve, provider: approval}]"
    spec.write_text(f"name: shop\nstages: {stages}\n", encoding="utf-8")
    assert commands("approve", "-f", str(spec)).code == 0
    assert stage.going_on() == [("Build", 1)]

    spec.write_text("\n---\n".join(f"name: {name}\nstages: {stages}\n" for name in ("shop", "b")), "utf-8")
    said = commands("approve", "-f", str(spec))
    assert said.code == 2
    assert said.err.endswith("has 2 pipelines: say which one\n  try: NAME is one of shop, b\n")


def test_what_is_not_there_is_said_apart_from_what_may_come(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.approval(), engine.build())
    said = commands("approve", "shop")
    assert said.code == 8
    assert f"nothing waits for approval in shop yet: under way is {stage.id(1)[:8]}\n" in said.err
    assert "`awspipe watch shop --region ap-northeast-2` follows it" in said.err

    stage.end("Source", error="no branch")
    said = commands("approve", "shop")
    assert said.code == 1
    assert "nothing waits for approval in shop, and no execution is under way\n" in said.err
    assert commands("approve", "shop", "--stage", "Approve").code == 1

    assert "stage Build of shop has no approval\n" in commands("approve", "shop", "--stage", "Build").err
    said = commands("approve", "shop", "--stage", "Aprove")
    assert said.code == 2
    assert "shop has no stage Aprove\n  try: did you mean Approve? its stages are" in said.err
    said = commands("approve", "nowhere")
    assert said.code == 1
    assert "there is no pipeline nowhere in ap-northeast-2\n" in said.err


def test_a_comment_longer_than_aws_takes_is_refused_before_any_call(commands: Commands) -> None:
    said = commands("approve", "shop", "--comment", "x" * 513)
    assert (said.code, said.out) == (2, "")
    assert said.err == "awspipe: --comment has 513 characters: AWS takes 512\n"


def twice(stage: Stage) -> None:
    """Two approvals side by side in one stage, and the same of another execution in a stage after it."""
    stage.create(
        engine.source(),
        {
            "name": "Sign",
            "actions": [*engine.approval("Legal")["actions"], *engine.approval("Brand")["actions"]],
        },
        engine.build(),
    )
    stage.end("Source")


def test_of_several_the_command_for_each_is_shown(stage: Stage, commands: Commands) -> None:
    twice(stage)
    said = commands("reject", "shop", "--stage", "Sign")
    assert said.code == 2
    region = f"--region {sandbox.REGION}"
    assert said.err.endswith(
        "awspipe: 2 approvals wait in shop: say which one\n"
        "  try: one of\n"
        f"    awspipe reject shop --stage Sign --action Brand {region}\n"
        f"    awspipe reject shop --stage Sign --action Legal {region}\n"
    )
    assert commands("approve", "shop", "--action", "Brand").code == 0
    assert stage.statuses() == ["InProgress"]
    assert commands("approve", "shop").code == 0
    assert stage.going_on() == [("Build", 1)]


def test_on_a_terminal_one_of_several_is_asked_for(stage: Stage) -> None:
    twice(stage)
    aws = reader()
    found = waiting(aws, "shop")
    assert found
    target = Target(aws, sandbox=True, profile=None, options=Options(sandbox=True))
    console = Asked("2")
    assert Choice(console, target, "shop", "Approved", START).pick(found, Wanted(None)).action == "Legal"
    assert console.questions == ["Which one? [1-2] "]
    one = stage.id(1)[:8]
    assert console.err.getvalue().splitlines()[1::2] == [  # type: ignore[attr-defined]
        f"  1 Sign/Brand: waits for 0 s, execution {one}",
        f"  2 Sign/Legal: waits for 0 s, execution {one}",
    ]
    with pytest.raises(AwspipeError, match="nothing was changed"):
        Choice(Asked("3"), target, "shop", "Approved", START).pick(found, Wanted(None))


def test_executions_that_run_in_parallel_are_told_apart(stage: Stage, commands: Commands) -> None:
    asks(stage, executionMode="PARALLEL")
    stage.start()
    stage.end("Source", variables={"Page": "the page"})
    said = commands("approve", "shop")
    first, second = stage.id(1)[:8], stage.id(2)[:8]
    assert said.code == 2
    assert f"    awspipe approve shop --stage Approve --execution {first} --region" in said.err
    said = commands("approve", "shop", "--execution", second)
    assert f"next: awspipe watch shop --execution {second} --region {sandbox.REGION}" in said.out
    assert stage.going_on() == [("Build", 2)]
    assert commands("reject", "shop").code == 0
    assert stage.statuses() == ["Failed", "InProgress"]


def shown(stage: Stage, **members: Any) -> tuple[Any, Approval]:
    asks(stage, **members)
    found = waiting(reader(), "shop")
    assert found
    return found, found.approvals[0]


def stale(found: Any, one: Approval) -> str:
    with pytest.raises(StaleError) as caught:
        answer(reader(), "shop", found, one, status="Approved", comment="")
    return caught.value.message


@pytest.mark.parametrize("mode", ["QUEUED", "PARALLEL"])
def test_one_that_was_answered_meanwhile_says_by_whom(stage: Stage, commands: Commands, mode: str) -> None:
    found, one = shown(stage, executionMode=mode)
    commands("approve", "shop", "--comment", "first")
    assert stale(found, one) == (
        f"Approve was not approved: execution {one.execution[:8]} was approved already by root "
        "at 09:00:00 UTC: first"
    )


def test_one_that_was_rejected_meanwhile_says_why(stage: Stage, commands: Commands) -> None:
    found, one = shown(stage)
    commands("reject", "shop", "--comment", "ugly")
    assert "was refused already: Rejected by " in stale(found, one)
    assert stale(found, one).endswith("root: ugly at 09:00:00 UTC")
    stage.retry("Approve", 1)
    assert answer(reader(), "shop", found, one, status="Approved", comment="") is None


def test_one_whose_execution_was_stopped_says_so(stage: Stage) -> None:
    found, one = shown(stage)
    stage.stop(1, abandon=True)
    assert stale(found, one).endswith("asks no longer: it is Stopped")


def test_the_answer_never_goes_to_another_execution_than_the_one_shown(stage: Stage) -> None:
    found, one = shown(stage)
    stage.approve("Approve", "Rejected")
    stage.start()
    stage.end("Source", variables={"Page": "the page"})
    assert "was refused already" in stale(found, one)
    assert stage.action("Approve")["status"] == "InProgress"


def test_an_approval_costs_six_calls(stage: Stage) -> None:
    asks(stage)
    aws, names = connection(), []
    aws.client("codepipeline").meta.events.register(
        "before-call.codepipeline.*", lambda model, **_: names.append(model.name)
    )
    found = waiting(aws, "shop")
    assert found
    assert sorted(names) == [
        "GetPipeline",
        "GetPipelineExecution",
        "GetPipelineState",
        "ListActionExecutions",
    ]
    names.clear()
    answer(aws, "shop", found, found.approvals[0], status="Approved", comment="")
    assert names == ["GetPipelineState", "PutApprovalResult"]
