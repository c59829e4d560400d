"""Executions that end before their time, and tries that fail: what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from awspipe.failures import Cause, causes
from tests.support import core, engine, modelcheck
from tests.support.engine import Stage, approval, build


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        yield stage


DENIED = {"__type": "AccessDeniedException", "message": "no"}


def why(
    stage: Stage, number: int = -1, answers: dict[str, list[dict[str, Any]]] | None = None
) -> tuple[Cause, ...]:
    """What awspipe says of an execution. `answers` come in the place of AWS's first ones."""
    on = core.session()
    checked = modelcheck.attach(on)
    left = {operation: list(given) for operation, given in (answers or {}).items()}

    def respond(event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        given = left.get(event_name.rsplit(".", maxsplit=1)[-1])
        if not given:
            return None
        answer = given.pop(0)
        response = AWSResponse(request.url, 403 if answer is DENIED else 200, HTTPHeaders(), None)
        response._content = json.dumps(answer).encode()  # type: ignore[attr-defined]
        return response

    modelcheck.emitter(on).register_first("before-send", respond)
    aws = core.connect(on)
    try:
        return causes(aws, "shop", stage.id(number))
    finally:
        aws.close()
        assert not checked.violations
        assert not any(left.values())


def test_an_approval_that_is_rejected(stage: Stage) -> None:
    stage.create(engine.source(), approval())
    stage.end("Source")
    stage.approve("Approve", "Rejected")
    (cause,) = why(stage)
    assert (cause.stage, cause.action, cause.known) == ("Approve", "Approve", "approval-rejected")
    assert cause.line == "rejected by root: because"


def test_an_approval_that_nobody_answers(stage: Stage) -> None:
    stage.create(engine.source(), approval(timeoutInMinutes=5))
    stage.end("Source")
    stage.clock.advance(301)
    stage.statuses()
    (cause,) = why(stage)
    assert (cause.known, cause.line) == (
        "approval-timed-out",
        "nobody answered the approval within its time",
    )


def test_an_execution_that_was_superseded_says_by_which(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source")
    for _ in range(2):
        stage.start()
        stage.end("Source")
    (cause,) = why(stage, 2)
    assert (cause.stage, cause.known) == ("", "superseded")
    assert cause.line == (
        f"superseded by execution {stage.id(3)[:8]}, which overtook it while it waited after it was in Source"
    )
    assert why(stage, 3) == ()


def test_an_execution_that_was_stopped_says_why(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.stop(1, abandon=True)
    (cause,) = why(stage)
    assert (cause.known, cause.line) == ("stopped", "stopped by hand after it was in Source: enough")
    assert cause.fix == "retry the stage, or start a new execution"


def test_an_execution_that_an_update_cancelled(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.aws.update_pipeline(pipeline=stage.declaration(engine.source(), build("Make")))
    stage.end("Source")
    (cause,) = why(stage, 1)
    assert (cause.known, cause.line) == (
        "cancelled",
        "cancelled after it was in Source, because the pipeline was updated while it ran",
    )


def test_of_several_tries_the_last_counts(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source")
    stage.end("Build", error="first")
    stage.clock.advance(1)
    stage.retry("Build", 1)
    assert why(stage) == ()
    stage.end("Build", error="second")
    (cause,) = why(stage)
    assert (cause.line, cause.known) == ("second (JobFailed)", "")


def test_every_action_that_failed_is_told(stage: Stage) -> None:
    two = [engine.build_action("Unit"), engine.build_action("Lint")]
    stage.create(engine.source(), build("Test", *two))
    stage.end("Source")
    stage.end("Unit", error="one")
    (cause,) = why(stage)
    assert (cause.stage, cause.action) == ("Test", "Unit")
    stage.end("Lint", error="two")
    assert [one.action for one in why(stage)] == ["Unit", "Lint"]


def test_what_does_not_fit_on_a_page_is_read_too(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source")
    stage.end("Build", error="last")
    first = {"actionExecutionDetails": [], "nextToken": "0"}
    (cause,) = why(stage, answers={"ListActionExecutions": [first]})
    assert cause.line == "last (JobFailed)"


def test_a_condition_that_is_not_met_fails_a_stage_without_an_action(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source", error="x")
    rule = {
        "stageName": "Build",
        "ruleName": "alarm",
        "status": "Failed",
        "output": {"executionResult": {"errorDetails": {"code": "JobFailed", "message": "ALARM"}}},
    }
    answers = {
        "ListActionExecutions": [{"actionExecutionDetails": []}],
        "ListRuleExecutions": [{"ruleExecutionDetails": [rule]}],
    }
    (cause,) = why(stage, answers=answers)
    assert (cause.stage, cause.action, cause.known) == ("Build", "", "condition")
    assert cause.line == "the condition alarm was not met: ALARM"


def test_a_failure_that_nothing_explains_is_said_to_be_one(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source", error="x")
    (cause,) = why(stage, answers={"ListActionExecutions": [{"actionExecutionDetails": []}]})
    assert (cause.known, cause.line) == ("", "it failed, and AWS names no action that did")


def test_what_nobody_may_read_is_said(stage: Stage) -> None:
    stage.create(engine.source(), build())
    stage.end("Source")
    stage.stop(1)
    stage.end("Build", error="x")
    (cause,) = why(stage, answers={"GetPipelineExecution": [DENIED]})
    assert cause.line == "x (JobFailed)"
    first, second = why(stage, answers={"ListPipelineExecutions": [DENIED]})
    assert first.line == "x (JobFailed)"
    assert second.line == (
        "stopped by hand after it was in Build: "
        "codepipeline:ListPipelineExecutions would tell why, and these credentials may not"
    )
    nothing = {"actionExecutionDetails": []}
    (cause,) = why(stage, answers={"GetPipelineExecution": [DENIED], "ListActionExecutions": [nothing]})
    assert cause.line == (
        "codepipeline:GetPipelineExecution would tell how it ended: these credentials may not"
    )
