"""retry, rollback, stop, disable and enable: what they say, and what AWS then holds."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from awspipe.cli import boards
from awspipe.cli.boards import Board
from awspipe.cli.options import Options
from awspipe.cli.retry import _failed
from awspipe.cli.target import Target
from awspipe.errors import AwsError, AwspipeError, UsageError
from awspipe.status import board
from awspipe.steering import disable, retry, rollback, stop
from tests.support import engine, sandbox
from tests.support.engine import Stage, build_action
from tests.support.steering import Asked, Commands, Said, reader, sourced

REGION = f"--region {sandbox.REGION}"
A, B = "a" * 40, "b" * 40


def numbered(said: Said, stage: Stage) -> Said:
    """What a command said, with each execution's number in place of its id."""
    out, err = said.out, said.err
    for number, id_ in enumerate(stage.ids(), 1):
        out, err = (text.replace(id_[:8], f"#{number}") for text in (out, err))
    return Said(said.code, out, err)


def talk(said: Said) -> list[str]:
    """What was said after the first line, which names account and region."""
    return said.err.splitlines()[1:]


def two_builds(stage: Stage, **members: Any) -> None:
    """One of two actions has failed."""
    both = (build_action("Unit"), build_action("Lint"))
    stage.create(engine.source(), engine.build("Test", *both), engine.build("Pack"), **members)
    sourced(stage, A)
    stage.end("Unit", error="no")
    stage.end("Lint")


def test_what_failed_runs_again_and_what_succeeded_does_not(stage: Stage, commands: Commands) -> None:
    two_builds(stage)
    said = numbered(commands("retry", "-n", "shop"), stage)
    assert said.code == 0
    assert talk(said) == ["  Test of execution #1 (aaaaaaa Commit a): the actions that failed run again"]
    assert said.out == (
        "retrying: Test of shop, execution #1 (aaaaaaa Commit a)\n"
        f"next: awspipe watch shop --execution #1 {REGION}   follows it\n"
    )
    assert stage.going_on() == [("Unit", 1)]


def test_all_actions_of_a_stage_run_again_where_that_is_asked(stage: Stage, commands: Commands) -> None:
    two_builds(stage)
    said = commands("retry", "Test", "--all-actions", "-n", "shop", "--json")
    assert said.document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "stage": "Test",
        "execution_id": stage.id(1),
        "retry_mode": "ALL_ACTIONS",
    }
    assert stage.going_on() == [("Lint", 1), ("Unit", 1)]


def test_a_retry_of_an_older_execution_says_so(stage: Stage, commands: Commands) -> None:
    two_builds(stage)
    stage.start()
    said = numbered(commands("retry", "-n", "shop"), stage)
    assert talk(said)[1] == "  ! execution #2 is newer: this brings an older revision forward"
    assert f"next: awspipe watch shop --execution #1 {REGION}   follows it\n" in said.out


def test_where_nothing_failed_nothing_is_retried(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build())
    said = commands("retry", "-n", "shop")
    assert (said.code, talk(said)[0]) == (
        1,
        "awspipe: no stage of shop has failed: there is nothing to retry",
    )
    said = commands("retry", "Source", "-n", "shop")
    assert "Source of shop did not fail: it is InProgress\n" in said.err
    assert "Build of shop did not fail: it is not run yet\n" in commands("retry", "Build", "-n", "shop").err
    assert commands("retry", "Bild", "-n", "shop").code == 2


def test_of_several_failed_stages_the_latest_executions_is_meant(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build("One"), engine.build("Two"))
    sourced(stage, A)
    stage.end("One")
    stage.end("Two", error="no")
    stage.start()
    sourced(stage, B)
    stage.end("One", error="no")
    two = Target(reader(), sandbox=True, profile=None, options=Options(sandbox=True))
    found = board(reader(), "shop")
    assert found
    assert _failed(Board(Asked(), two, "shop", found), None).name == "One"
    stage.start()
    said = numbered(commands("retry", "-n", "shop"), stage)
    assert said.code == 2
    assert talk(said) == [
        "awspipe: 2 stages of shop failed: say which one",
        "  try: one of",
        f"    awspipe retry One -n shop {REGION}",
        f"    awspipe retry Two -n shop {REGION}",
    ]
    found = board(reader(), "shop")
    assert found
    assert _failed(Board(Asked("2"), two, "shop", found), None).name == "Two"


def test_only_the_latest_execution_in_a_stage_is_retried(stage: Stage, commands: Commands) -> None:
    two_builds(stage)
    stage.start()
    sourced(stage, B)
    said = numbered(commands("retry", "Test", "--execution", stage.id(1)[:8], "-n", "shop"), stage)
    assert said.code == 1
    assert talk(said) == [
        "awspipe: only the latest execution in Test of shop can be retried: that is execution #2 "
        "(bbbbbbb Commit b)",
        f"  try: `awspipe run shop --commit {A} {REGION}` brings a commit back",
    ]
    nobody = commands("retry", "--execution", "00000000-0000", "-n", "shop")
    assert (nobody.code, talk(nobody)[0]) == (1, "awspipe: shop has no recent execution 00000000-0000")


def test_an_execution_of_a_parallel_pipeline_is_named(stage: Stage, commands: Commands) -> None:
    two_builds(stage, executionMode="PARALLEL")
    stage.start()
    assert commands("retry", "-n", "shop").code == 1
    assert commands("retry", "--execution", stage.id(1), "-n", "shop").code == 0
    assert ("Unit", 1) in stage.going_on()


def deployed(stage: Stage, *commits: str, **members: Any) -> None:
    """Each of these commits went through, in this order."""
    stage.create(engine.source(), engine.build("Deploy"), **members)
    for number, commit in enumerate(commits, 1):
        if number > 1:
            stage.start()
        sourced(stage, commit)
        stage.end("Deploy")
        stage.clock.advance(60)


def test_a_stage_goes_back_to_what_was_there_before(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B)
    said = numbered(commands("rollback", "Deploy", "-n", "shop", "--yes"), stage)
    assert said.code == 0
    assert talk(said) == [
        "  Deploy goes back to execution #1 (aaaaaaa Commit a)",
        "  from execution #2 (bbbbbbb Commit b)",
        "  only this stage runs, as a new execution with that one's revisions and variables",
    ]
    assert said.out == (
        "rolling back: Deploy of shop to execution #1 (aaaaaaa Commit a), as execution #3\n"
        f"next: awspipe watch shop --execution #3 {REGION}   follows it\n"
    )
    assert stage.going_on() == [("Deploy", 3)]
    assert "Deploy of shop is running\n" in commands("rollback", "Deploy", "-n", "shop", "--yes").err
    stage.end("Deploy")
    said = commands("rollback", "Deploy", "-n", "shop", "--yes")
    assert "no execution with another revision, before the one that is there, succeeded in Deploy" in said.err
    back = f"`awspipe rollback Deploy --to {stage.id(2)[:8]} -n shop {REGION}` goes to execution "
    assert back + stage.id(2)[:8] in said.err


def test_a_rollback_passes_by_what_brought_the_same_commit(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B, B)
    said = numbered(commands("rollback", "Deploy", "--to", B[:7], "-n", "shop"), stage)
    assert "  ! that is the revision that is there already" in talk(said)
    said = numbered(commands("rollback", "Deploy", "-n", "shop", "--yes"), stage)
    assert talk(said)[:2] == [
        "  Deploy goes back to execution #1 (aaaaaaa Commit a)",
        "  from execution #3 (bbbbbbb Commit b)",
    ]


def test_where_a_stage_failed_its_last_success_is_gone_back_to(stage: Stage, commands: Commands) -> None:
    deployed(stage, A)
    stage.start()
    sourced(stage, A)
    stage.end("Deploy", error="no")
    said = numbered(commands("rollback", "Deploy", "-n", "shop", "--yes"), stage)
    assert talk(said)[0] == "  Deploy goes back to execution #1 (aaaaaaa Commit a)"


def test_a_rollback_tells_of_what_comes_after_it(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B)
    stage.start()
    said = numbered(commands("rollback", "Deploy", "-n", "shop", "--yes"), stage)
    assert talk(said)[3] == (
        "  ! execution #3 is under way: it comes to Deploy after this; "
        f"`awspipe stop #3 -n shop {REGION}` ends it"
    )


def test_a_rollback_goes_to_the_execution_or_commit_that_is_named(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B, "d" * 40)
    said = commands("rollback", "Deploy", "--to", A[:7], "-n", "shop", "--yes", "--json")
    assert said.document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "stage": "Deploy",
        "target_execution_id": stage.id(1),
        "execution_id": stage.id(4),
    }
    stage.end("Deploy")
    assert commands("rollback", "Deploy", "--to", stage.id(2)[:8], "-n", "shop", "--yes").code == 0
    stage.end("Deploy")
    said = commands("rollback", "Deploy", "--to", "1234567", "-n", "shop", "--yes")
    assert "no execution 1234567 succeeded in Deploy of shop\n" in said.err


def test_nothing_is_rolled_back_unasked(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B)
    said = commands("rollback", "Deploy", "-n", "shop")
    assert said.code == 2
    assert f"`awspipe rollback Deploy --to {stage.id(1)[:8]} --yes -n shop {REGION}`" in said.err
    assert stage.going_on() == []


@pytest.mark.parametrize(
    ("members", "where", "why"),
    [
        ({"pipelineType": "V1"}, "Deploy", "only V2 pipelines can roll back, and it is V1"),
        ({"executionMode": "PARALLEL"}, "Deploy", "a PARALLEL pipeline cannot roll back"),
        ({}, "Source", "the first stage cannot be rolled back"),
    ],
)
def test_what_aws_never_rolls_back_is_said_before_any_call(
    stage: Stage, commands: Commands, members: dict[str, Any], where: str, why: str
) -> None:
    deployed(stage, A, B, **members)
    said = commands("rollback", where, "-n", "shop", "--yes")
    assert said.code == 1
    assert f"awspipe: {where} of shop cannot roll back: {why}\n" in said.err


def test_a_changed_pipeline_has_no_way_back(stage: Stage, commands: Commands) -> None:
    deployed(stage, A, B)
    changed = stage.declaration(engine.source(), engine.build("Deploy", build_action("Deploy", runOrder=2)))
    stage.aws.update_pipeline(pipeline=changed)
    said = numbered(commands("rollback", "Deploy", "-n", "shop", "--yes"), stage)
    assert said.code == 1
    assert (
        "shop was changed after execution #1: AWS goes back only to executions of its present version, 2\n"
    ) in said.err


def test_what_runs_ends_before_its_execution_stops(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build())
    sourced(stage, A)
    said = numbered(commands("stop", "-n", "shop", "--reason", "lunch"), stage)
    assert said.code == 0
    assert talk(said) == [
        "  execution #1 (aaaaaaa Commit a) is stopped",
        "  Build: runs to its end first; --abandon does not wait",
    ]
    assert said.out == (
        "stopping: execution #1 (aaaaaaa Commit a) of shop, when what runs has ended\n"
        f"next: awspipe watch shop --execution #1 {REGION}   shows how it ends\n"
    )
    assert stage.statuses() == ["Stopping"]
    said = numbered(commands("stop", "-n", "shop"), stage)
    assert said.code == 1
    assert "execution #1 of shop is being stopped: it waits for actions that run\n" in said.err
    assert f"`awspipe stop #1 --abandon -n shop {REGION}` does not wait\n" in said.err

    said = commands("stop", "--abandon", "-n", "shop")
    assert (said.code, stage.statuses()) == (2, ["Stopping"])
    said = commands("stop", "--abandon", "-n", "shop", "--yes", "--json")
    assert said.document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "execution_id": stage.id(1),
        "abandon": True,
        "reason": None,
    }
    assert stage.statuses() == ["Stopped"]


def test_a_stop_warns_of_an_approval_that_nobody_answers(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.approval())
    sourced(stage, A)
    said = commands("stop", "-n", "shop")
    assert talk(said)[1] == "  ! Approve waits until somebody answers: reject it, or --abandon"
    assert commands("stop", "--abandon", "-n", "shop").code == 0
    assert stage.statuses() == ["Stopped"]


def test_of_several_under_way_one_is_named(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build(), executionMode="PARALLEL")
    stage.start()
    said = numbered(commands("stop", "-n", "shop"), stage)
    assert said.code == 2
    assert talk(said) == [
        "awspipe: 2 executions of shop are under way: say which one",
        "  try: one of",
        f"    awspipe stop #2 -n shop {REGION}",
        f"    awspipe stop #1 -n shop {REGION}",
    ]
    said = numbered(commands("stop", stage.id(1)[:8], "-n", "shop"), stage)
    assert talk(said)[1] == "  Source: runs to its end first; --abandon does not wait"
    assert stage.statuses() == ["Stopping", "InProgress"]


def test_what_has_ended_cannot_be_stopped(stage: Stage, commands: Commands) -> None:
    deployed(stage, A)
    said = commands("stop", "-n", "shop")
    assert (said.code, talk(said)[0]) == (1, "awspipe: no execution of shop is under way")
    said = numbered(commands("stop", stage.id(1), "-n", "shop"), stage)
    assert talk(said)[0] == "awspipe: execution #1 of shop is Succeeded already"
    assert commands("stop", "-n", "shop", "--reason", "x" * 201).code == 2


def test_a_disabled_stage_is_not_entered_and_an_enabled_one_is(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build(), engine.build("Deploy"))
    said = commands("disable", "Deploy", "--reason", "not at night!", "-n", "shop")
    assert said.code == 0
    assert said.out == (
        "disabled: nothing enters Deploy of shop\n"
        "  ! Source, Build still run for each execution, and may cost\n"
        f"next: awspipe enable Deploy -n shop {REGION}   lets executions enter again\n"
    )
    sourced(stage, A)
    stage.end("Build")
    assert stage.waiting("Deploy") == [1]
    assert stage.state("Deploy")["inboundTransitionState"]["disabledReason"] == "not at night!"

    said = numbered(commands("enable", "Deploy", "-n", "shop"), stage)
    assert said.out == (
        "enabled: executions enter Deploy of shop (it was: not at night!)\n"
        "  execution #1 (aaaaaaa Commit a) enters now\n"
        f"next: awspipe watch shop --execution #1 {REGION}   follows it\n"
    )
    assert stage.latest("Deploy") == (1, "InProgress")
    assert commands("enable", "Deploy", "-n", "shop").out == "Deploy of shop was enabled already\n"
    assert commands("enable", "Deploy", "-n", "shop", "--json").document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "stage": "Deploy",
        "enabled": True,
        "reason": None,
    }


@pytest.mark.parametrize("reason", ["밤에는 안 됨", "", "x" * 301, "a/b"])
def test_a_reason_that_aws_would_not_take_is_refused_before_any_call(
    stage: Stage, commands: Commands, reason: str
) -> None:
    said = commands("disable", "Deploy", "--reason", reason, "-n", "shop")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("awspipe: --reason h")


def test_nothing_leads_into_the_first_stage(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build())
    said = commands("disable", "Source", "--reason", "x", "-n", "shop")
    assert said.code == 2
    assert "Source is the first stage of shop: nothing leads into it\n" in said.err
    assert f"`awspipe disable Build --reason x -n shop {REGION}`" in said.err


def _stopped(stage: Stage) -> None:
    stop(reader(), "shop", stage.id(1), abandon=False, reason="")


def _failed_stage(stage: Stage) -> Any:
    found = board(reader(), "shop")
    assert found
    return found.stages[1]


@pytest.mark.parametrize(
    ("call", "code", "hint"),
    [
        (
            lambda s: rollback(reader(), "shop", "Deploy", s.id(2)),
            "UnableToRollbackStage",
            "no rollback itself",
        ),
        (
            lambda s: retry(reader(), "shop", _failed_stage(s), everything=False),
            "StageNotRetryable",
            "`awspipe run` starts a new execution",
        ),
        (_stopped, "PipelineExecutionNotStoppable", "`awspipe status` shows how"),
        (lambda s: disable(reader(), "shop", "Depoy", "x"), "StageNotFound", ""),
    ],
)
def test_a_refusal_of_aws_comes_with_its_code_and_what_it_means(
    stage: Stage, call: Callable[[Stage], object], code: str, hint: str
) -> None:
    """Somebody else was faster: what was offered is refused by AWS."""
    deployed(stage, A, B)
    stage.aws.rollback_stage(pipelineName="shop", stageName="Deploy", targetPipelineExecutionId=stage.id(1))
    stage.runtime.drain()
    with pytest.raises(AwsError) as caught:
        call(stage)
    assert caught.value.code == f"{code}Exception"
    assert hint in caught.value.hint


def test_on_a_terminal_a_loss_is_asked_about(stage: Stage) -> None:
    deployed(stage, A)
    found = board(reader(), "shop")
    assert found
    target = Target(reader(), sandbox=False, profile=None, options=Options())
    Board(Asked("y"), target, "shop", found).agree(yes=False, command="")
    with pytest.raises(AwspipeError, match="nothing was changed"):
        Board(Asked("n"), target, "shop", found).agree(yes=False, command="")
    with pytest.raises(UsageError, match="say which one"):
        boards.one_of(_Nobody(), "2 of them", [("one", "a"), ("two", "b")])


class _Nobody(Asked):
    def __init__(self) -> None:
        super().__init__()
        self.err = io.StringIO()

    @property
    def interactive(self) -> bool:
        return False
