"""The engine's scenarios, one after the other, with actions that end when the test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import codepipeline, seam
from tests.support import engine
from tests.support.engine import Stage, approval, build, build_action, source
from tests.support.sandbox import ACCOUNT, REGION, action, code, plain, refusal

THREE = (source(), build(), build("Deploy"))


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        yield stage


def test_stages_run_one_after_the_other(play: Stage) -> None:
    play.create(*THREE)
    assert play.going_on() == [("Source", 1)]
    play.end("Source")
    assert (play.going_on(), play.latest("Source")) == ([("Build", 1)], (1, "Succeeded"))
    play.end("Build")
    play.end("Deploy", summary="done")
    assert (play.going_on(), play.statuses()) == ([], ["Succeeded"])
    assert play.action("Deploy")["summary"] == "done"
    assert play.latest("Deploy") == (1, "Succeeded")


def test_actions_run_in_their_order_and_side_by_side(play: Stage) -> None:
    actions = [build_action(name, runOrder=order) for name, order in (("C", 5), ("A", 2), ("B", 2))]
    play.create(source(), build("Build", *actions))
    play.end("Source")
    assert play.going_on() == [("A", 1), ("B", 1)]
    play.end("B")
    assert play.going_on() == [("A", 1)]
    play.end("A")
    assert play.going_on() == [("C", 1)]
    play.end("C")
    assert play.statuses() == ["Succeeded"]


def test_a_failure_waits_for_its_neighbours_and_frees_the_stage(play: Stage) -> None:
    play.create(source(), build("Build", build_action("A"), build_action("B"), build_action("C", runOrder=2)))
    play.end("Source")
    play.end("A", error="no")
    assert (play.statuses(), play.latest("Build")) == (["InProgress"], (1, "InProgress"))
    play.end("B")
    assert (play.statuses(), play.latest("Build")) == (["Failed"], (1, "Failed"))
    assert play.action("Build", "A")["errorDetails"] == {"code": "JobFailed", "message": "no"}
    assert play.going_on() == []
    play.start()
    play.end("Source")
    assert play.going_on() == [("A", 2), ("B", 2)]


def test_a_newer_execution_overtakes_those_that_wait_between_stages(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source")  # 1 builds
    for _ in range(3):
        play.start()
    assert play.waiting("Source") == [4]
    assert play.statuses() == ["InProgress", "InProgress", "Superseded", "InProgress"]
    play.end("Source")  # 2 waits before Build, 4 fetches
    assert (play.waiting("Build"), play.going_on()) == ([2], [("Build", 1), ("Source", 4)])
    play.end("Source")  # 4 overtakes 2
    assert play.waiting("Build") == [4]
    play.end("Build")
    assert play.statuses() == ["InProgress", "Superseded", "Superseded", "InProgress"]
    assert play.going_on() == [("Build", 4), ("Deploy", 1)]


def test_a_queue_keeps_its_order_and_loses_nobody(play: Stage) -> None:
    play.create(*THREE, executionMode="QUEUED")
    for _ in range(3):
        play.start()
    assert (play.going_on(), play.waiting("Source")) == ([("Source", 1)], [2, 3, 4])
    for _ in range(4):
        play.end("Source")
    assert (play.going_on(), play.waiting("Build")) == ([("Build", 1)], [2, 3, 4])
    for number in range(1, 5):
        play.end("Build", number)
        play.end("Deploy", number)
    assert play.statuses() == ["Succeeded"] * 4


def test_parallel_executions_do_not_mind_each_other(play: Stage) -> None:
    play.create(*THREE, executionMode="PARALLEL")
    play.start()
    play.start()
    assert play.going_on() == [("Source", 1), ("Source", 2), ("Source", 3)]
    for number in (3, 1):
        play.end("Source", number)
    assert play.going_on() == [("Build", 1), ("Build", 3), ("Source", 2)]
    play.end("Build", 3)
    play.end("Deploy", 3)
    assert play.statuses() == ["InProgress", "InProgress", "Succeeded"]
    assert play.aws.get_pipeline_state(name="shop")["stageStates"] == []


def test_a_parallel_execution_runs_five_actions_at_once(play: Stage) -> None:
    many = [build_action(f"A{n}") for n in range(7)]
    play.create(source(), build("Build", *many), executionMode="PARALLEL")
    play.end("Source")
    assert len(play.going_on()) == 5
    play.end("A3")
    assert len(play.going_on()) == 5


@pytest.mark.parametrize(("mode", "again"), [("FAILED_ACTIONS", ["A"]), ("ALL_ACTIONS", ["A", "B"])])
def test_a_failed_stage_is_retried(play: Stage, mode: str, again: list[str]) -> None:
    play.create(source(), build("Build", build_action("A"), build_action("B")))
    play.end("Source")
    play.end("B")
    play.end("A", error="no")
    play.retry("Build", 1, mode)
    assert play.going_on() == [(name, 1) for name in again]
    assert play.statuses() == ["InProgress"]
    for name in again:
        play.end(name)
    assert (play.statuses(), play.latest("Build")) == (["Succeeded"], (1, "Succeeded"))
    metadata = {"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"}
    assert play.state("Build")["retryStageMetadata"] == metadata
    tries = play.aws.list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    assert len(tries) == 3 + len(again)
    latest = {"pipelineExecutionId": play.id(1), "startTimeRange": "Latest"}
    only = play.aws.list_action_executions(pipelineName="shop", filter={"latestInPipelineExecution": latest})
    assert {one["status"] for one in only["actionExecutionDetails"]} == {"Succeeded"}
    assert len(only["actionExecutionDetails"]) == 3


def test_a_source_stage_is_retried_too(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source", error="no")
    play.retry("Source", 1)
    assert play.going_on() == [("Source", 1)]


def test_only_the_latest_failed_execution_is_retried(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source")
    play.end("Build", error="no")
    play.start()
    ask: dict[str, Any] = {"pipelineName": "shop", "retryMode": "FAILED_ACTIONS"}
    retry = play.aws.retry_stage_execution
    one, two = play.id(1), play.id(2)
    assert (
        code(retry, **ask, stageName="Source", pipelineExecutionId=one)
        == "NotLatestPipelineExecutionException"
    )
    assert code(retry, **ask, stageName="Source", pipelineExecutionId=two) == "StageNotRetryableException"
    assert code(retry, **ask, stageName="Deploy", pipelineExecutionId=one) == "StageNotRetryableException"
    assert code(retry, **ask, stageName="No", pipelineExecutionId=one) == "StageNotFoundException"
    play.end("Source")
    assert (
        code(retry, **ask, stageName="Build", pipelineExecutionId=one)
        == "NotLatestPipelineExecutionException"
    )


def test_a_changed_structure_is_not_retried(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source", error="no")
    play.aws.update_pipeline(pipeline=play.declaration(*THREE))
    ask = {"pipelineName": "shop", "stageName": "Source", "retryMode": "FAILED_ACTIONS"}
    answer = code(play.aws.retry_stage_execution, **ask, pipelineExecutionId=play.id(1))
    assert answer == "StageNotRetryableException"


def test_stop_and_wait_lets_actions_end(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source")
    play.stop(1)
    assert (play.statuses(), play.latest("Build")) == (["Stopping"], (1, "Stopping"))
    twice = {"pipelineName": "shop", "pipelineExecutionId": play.id(1)}
    assert code(play.aws.stop_pipeline_execution, **twice) == "DuplicatedStopRequestException"
    play.end("Build")
    assert (play.statuses(), play.latest("Build")) == (["Stopped"], (1, "Stopped"))
    assert play.action("Build")["status"] == "Succeeded"
    assert code(play.aws.stop_pipeline_execution, **twice) == "PipelineExecutionNotStoppableException"
    play.retry("Build", 1)
    assert play.going_on() == [("Deploy", 1)]  # what succeeded is kept


def test_stop_and_abandon_does_not_wait_and_hears_nothing_later(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source")
    late = play.live()[0]
    play.stop(1)
    play.stop(1, abandon=True)  # wait, then abandon: allowed
    assert (play.statuses(), play.action("Build")["status"]) == (["Stopped"], "Abandoned")
    engine.finish(late)
    assert play.action("Build")["status"] == "Abandoned"
    assert play.puppet.stopped == []  # its provider goes on
    play.retry("Build", 1)
    assert play.going_on() == [("Build", 1)]
    assert late.wanted is False


def test_an_execution_that_waits_stops_at_once(play: Stage) -> None:
    play.create(*THREE, executionMode="QUEUED")
    play.start()
    play.stop(2)
    assert (play.statuses(), play.waiting("Source")) == (["InProgress", "Stopped"], [])
    play.end("Source")
    assert play.going_on() == [("Build", 1)]


def test_an_approval_waits_for_its_answer(play: Stage) -> None:
    play.create(source(), approval(), build("Deploy"))
    play.end("Source")
    asked = play.action("Approve")
    assert (asked["status"], play.latest("Approve")) == ("InProgress", (1, "InProgress"))
    answer = play.approve("Approve")
    assert answer["approvedAt"].timestamp() == play.clock.time()
    done = play.action("Approve")
    assert (done["status"], done["summary"]) == ("Succeeded", "because")
    assert done["lastUpdatedBy"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert play.going_on() == [("Deploy", 1)]


def test_a_rejection_fails_the_stage_and_a_retry_asks_anew(play: Stage) -> None:
    play.create(source(), approval(), build("Deploy"))
    play.end("Source")
    old = play.action("Approve")["token"]
    play.approve("Approve", "Rejected")
    assert (play.statuses(), play.latest("Approve")) == (["Failed"], (1, "Failed"))
    play.retry("Approve", 1)
    new = play.action("Approve")["token"]
    assert new != old
    ask = {"pipelineName": "shop", "stageName": "Approve", "actionName": "Approve"}
    ask["result"] = {"status": "Approved", "summary": ""}  # type: ignore[assignment]
    put = play.aws.put_approval_result
    assert code(put, **ask, token=old) == "ApprovalAlreadyCompletedException"
    assert code(put, **ask, token=play.id(1)) == "InvalidApprovalTokenException"
    assert code(put, **{**ask, "stageName": "No"}, token=new) == "StageNotFoundException"
    assert code(put, **{**ask, "actionName": "No"}, token=new) == "ActionNotFoundException"
    put(**ask, token=new)
    assert code(put, **ask, token=new) == "ApprovalAlreadyCompletedException"


def test_an_abandoned_approval_cannot_be_answered(play: Stage) -> None:
    play.create(source(), approval(), build("Deploy"))
    play.end("Source")
    token = play.action("Approve")["token"]
    play.stop(1, abandon=True)
    with pytest.raises(play.aws.exceptions.ApprovalAlreadyCompletedException):
        play.approve("Approve", token=token)


@pytest.mark.parametrize(("minutes", "given"), [(7 * 24 * 60, {}), (5, {"timeoutInMinutes": 5})])
def test_an_approval_has_its_time(play: Stage, minutes: int, given: dict[str, Any]) -> None:
    play.create(source(), approval(**given), build("Deploy"))
    play.end("Source")
    play.clock.advance(60 * minutes - 1)
    assert play.statuses() == ["InProgress"]
    play.clock.advance(1)
    assert play.statuses() == ["Failed"]
    assert "not answered" in play.action("Approve")["errorDetails"]["message"]


def test_in_parallel_mode_the_token_is_the_actions_external_id(play: Stage) -> None:
    play.create(source(), approval(), build("Deploy"), executionMode="PARALLEL")
    play.end("Source")
    found = play.aws.list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    asked = next(one for one in found if one["actionName"] == "Approve")
    play.approve("Approve", token=asked["output"]["executionResult"]["externalExecutionId"])
    assert play.going_on() == [("Deploy", 1)]


def test_a_disabled_transition_holds_the_newest(play: Stage) -> None:
    play.create(*THREE)
    play.hold("Build")
    play.end("Source")
    play.start()
    play.end("Source")
    assert (play.waiting("Build"), play.statuses()) == ([2], ["Superseded", "InProgress"])
    assert "latestExecution" not in play.state("Build")
    play.let("Build")
    assert play.going_on() == [("Build", 2)]


def test_an_outbound_transition_holds_too(play: Stage) -> None:
    play.create(*THREE)
    where = {"pipelineName": "shop", "stageName": "Source", "transitionType": "Outbound"}
    play.aws.disable_stage_transition(**where, reason="wait")
    play.end("Source")
    assert play.going_on() == []
    play.aws.enable_stage_transition(**where)
    play.runtime.drain()
    assert play.going_on() == [("Build", 1)]


def test_a_stage_is_rolled_back_to_what_succeeded_in_it(play: Stage) -> None:
    play.create(*THREE, variables=[{"name": "v", "defaultValue": "one"}])
    for name in ("Source", "Build", "Deploy"):
        play.end(name)
    play.start(variables=[{"name": "v", "value": "two"}])
    for name in ("Source", "Build"):
        play.end(name)
    play.end("Deploy", error="no")
    ask = {"pipelineName": "shop", "stageName": "Deploy"}
    made = play.aws.rollback_stage(**ask, targetPipelineExecutionId=play.id(1))["pipelineExecutionId"]
    play.runtime.drain()
    assert (play.id(3), play.going_on()) == (made, [("Deploy", 3)])
    old, new = (run for run in play.puppet.runs if run.name == "Deploy" and run.execution_id != play.id(2))
    assert new.inputs == old.inputs
    play.end("Deploy")
    assert (play.statuses(), play.latest("Deploy")) == (
        ["Succeeded", "Failed", "Succeeded"],
        (3, "Succeeded"),
    )
    found = play.aws.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=made)[
        "pipelineExecution"
    ]
    assert found["executionType"] == "ROLLBACK"
    assert found["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": play.id(1)}
    assert found["trigger"]["triggerType"] == "ManualRollback"
    assert found["variables"] == [{"name": "v", "resolvedValue": "one"}]


def test_what_cannot_be_rolled_back(play: Stage) -> None:
    play.create(*THREE)
    for name in ("Source", "Build"):
        play.end(name)
    back, one = play.aws.rollback_stage, {"pipelineName": "shop", "targetPipelineExecutionId": play.id(1)}
    for stage, expected in (
        ("Source", "UnableToRollbackStageException"),  # a source stage
        ("Deploy", "UnableToRollbackStageException"),  # it did not succeed there
        ("No", "StageNotFoundException"),
    ):
        assert code(back, **one, stageName=stage) == expected
    play.start()
    play.end("Source", 2)
    assert "it is running" in refusal(back, **one, stageName="Build")[1]
    play.end("Build", 2)
    made = back(**one, stageName="Build")["pipelineExecutionId"]
    play.runtime.drain()
    play.end("Build")
    to_a_rollback = {**one, "targetPipelineExecutionId": made}
    assert "a rollback itself" in refusal(back, **to_a_rollback, stageName="Build")[1]
    play.aws.update_pipeline(pipeline=play.declaration(*THREE))
    assert code(back, **one, stageName="Build") == "PipelineExecutionOutdatedException"


def test_a_stage_rolls_back_by_itself_where_it_says_so(play: Stage) -> None:
    play.create(source(), build("Deploy", onFailure={"result": "ROLLBACK"}))
    play.end("Source")
    play.end("Deploy")
    play.start()
    play.end("Source")
    play.end("Deploy", error="no")
    assert (play.statuses(), play.going_on()) == (["Succeeded", "Failed", "InProgress"], [("Deploy", 3)])
    play.end("Deploy", error="again")
    assert play.statuses() == ["Succeeded", "Failed", "Failed"]


def test_a_stage_retries_by_itself_once_where_it_says_so(play: Stage) -> None:
    gate = {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}
    play.create(source(), build("Build", onFailure=gate))
    play.end("Source")
    play.end("Build", error="no")
    assert (play.going_on(), play.statuses()) == ([("Build", 1)], ["InProgress"])
    metadata = {"autoStageRetryAttempt": 1, "latestRetryTrigger": "AutomatedStageRetry"}
    assert play.state("Build")["retryStageMetadata"] == metadata
    play.end("Build", error="no")
    assert play.statuses() == ["Failed"]


def test_an_update_cancels_when_actions_have_ended(play: Stage) -> None:
    play.create(*THREE)
    play.end("Source")
    play.start()
    play.start()
    play.aws.update_pipeline(pipeline=play.declaration(*THREE))
    assert play.statuses() == ["InProgress", "InProgress", "Cancelled"]
    play.end("Build")
    assert (play.statuses()[0], play.latest("Build")) == ("Cancelled", (1, "Cancelled"))
    play.end("Source")
    assert play.statuses() == ["Cancelled"] * 3
    play.start()
    assert play.going_on() == [("Source", 4)]


def test_an_update_does_not_wait_for_an_approval(play: Stage) -> None:
    play.create(source(), approval(), build("Deploy"))
    play.end("Source")
    play.aws.update_pipeline(pipeline=play.declaration(*THREE))
    assert play.statuses() == ["Cancelled"]


def test_an_update_leaves_parallel_executions_alone(play: Stage) -> None:
    play.create(*THREE, executionMode="PARALLEL")
    play.aws.update_pipeline(pipeline=play.declaration(source(), build("Other")))
    play.end("Source")
    assert play.going_on() == [("Build", 1)]  # by the structure that it began with


def test_variables_are_resolved(play: Stage) -> None:
    environment = (
        '[{"name":"A","value":"#{src.CommitId} #{variables.who} #{codepipeline.PipelineExecutionId}"}]'
    )
    configuration = {"ProjectName": "p", "EnvironmentVariables": environment}
    play.create(
        source(namespace="src"),
        build("Build", build_action(configuration=configuration, namespace="built")),
        variables=[{"name": "who", "defaultValue": "me"}],
    )
    play.end("Source", variables={"CommitId": "abc"})
    (run,) = play.live()
    assert run.configuration["EnvironmentVariables"] == f'[{{"name":"A","value":"abc me {play.id(1)}"}}]'
    play.end("Build", variables={"V": "1"})
    made = play.aws.list_action_executions(pipelineName="shop")["actionExecutionDetails"][0]
    assert made["input"]["configuration"]["EnvironmentVariables"] == environment
    assert made["input"]["resolvedConfiguration"] == dict(run.configuration)
    assert made["output"]["outputVariables"] == {"V": "1"}


def test_an_unresolved_variable_fails_the_action(play: Stage) -> None:
    configuration = {"ProjectName": "#{src.Nothing}"}
    play.create(source(namespace="src"), build("Build", build_action(configuration=configuration)))
    play.end("Source")
    assert play.statuses() == ["Failed"]
    assert play.action("Build")["errorDetails"]["message"] == (
        "An action in this pipeline failed because one or more variables could not be resolved: "
        "Action name=Build."
    )


def test_what_an_action_is_given_and_what_is_told_of_it(play: Stage) -> None:
    play.create(source(), build("Build", build_action(outputArtifacts=[{"name": "Output-of-it"}])))
    play.end("Source")
    (run,) = play.live()
    (src,), (out,) = run.inputs, run.outputs
    assert (src.name, src.bucket, src.revision and src.revision.id) == ("Src", "artifacts", "c" * 40)
    assert out.key.startswith("shop/Output-of-/")
    assert len(out.key.rpartition("/")[2]) == 7
    assert (run.stage, run.name, run.account, run.region) == ("Build", "Build", ACCOUNT, REGION)
    run.note(external_id="p:1", external_url="http://x", log_stream_arn="arn:aws:logs:x")
    told = play.action("Build")
    assert (told["externalExecutionId"], told["externalExecutionUrl"]) == ("p:1", "http://x")
    play.end("Build", external_id="p:2")
    made = play.aws.list_action_executions(pipelineName="shop")["actionExecutionDetails"][0]
    location = {"bucket": out.bucket, "key": out.key}
    assert made["output"]["outputArtifacts"] == [{"name": "Output-of-it", "s3location": location}]
    assert made["output"]["executionResult"]["externalExecutionId"] == "p:2"
    (revision,) = play.aws.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=play.id(1))[
        "pipelineExecution"
    ]["artifactRevisions"][:1]
    assert (revision["name"], revision["revisionId"]) == ("Src", "c" * 40)
    summary = play.aws.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"][0]
    assert summary["sourceRevisions"] == [
        {"actionName": "Source", "revisionId": "c" * 40, "revisionSummary": "a commit"}
    ]
    wanted = {"succeededInStage": {"stageName": "Build"}}
    found = play.aws.list_pipeline_executions(pipelineName="shop", filter=wanted)
    assert len(found["pipelineExecutionSummaries"]) == 1


def test_a_role_that_is_gone_fails_the_action(play: Stage) -> None:

    play.create(*THREE)
    plain("iam").delete_role(RoleName="pipeline")
    play.end("Source")
    assert play.action("Build")["errorDetails"]["code"] == "PermissionError"


def test_what_nobody_plays_fails_honestly(play: Stage) -> None:
    lambda_ = action("Call", "Invoke/Lambda", configuration={"FunctionName": "f"})
    play.create(source(), {"name": "Call", "actions": [lambda_]})
    play.end("Source")
    error = play.action("Call")["errorDetails"]
    assert error["code"] == "ActionNotPlayedInSandbox"
    assert error["message"] == (
        "The sandbox does not play Invoke actions of the provider Lambda; nothing was done."
    )


def test_a_deleted_pipeline_is_not_heard_of_again(play: Stage) -> None:
    play.create(*THREE)
    (run,) = play.live()
    play.aws.delete_pipeline(name="shop")
    assert run.wanted is False
    play.create(*THREE)
    engine.finish(run)
    assert play.statuses() == ["InProgress"]


def test_after_a_restart_what_ran_failed_and_what_waits_waits_on(play: Stage) -> None:
    play.create(source(), build("Build", build_action("A"), build_action("B")), approval())
    play.end("Source")
    play.end("B")
    backend = codepipeline.codepipeline_backends[ACCOUNT][REGION]
    with play.runtime.lock:
        backend.resume()
    assert play.statuses() == ["Failed"]
    assert play.action("Build", "A")["errorDetails"] == {
        "code": "SandboxStopped",
        "message": "The sandbox was stopped while this action ran; retry the stage.",
    }
    play.retry("Build", 1)
    assert play.going_on() == [("A", 1)]
    play.end("A")
    token = play.action("Approve")["token"]
    with play.runtime.lock:
        backend.resume()
    assert play.action("Approve")["token"] == token
    play.approve("Approve")
    assert play.statuses() == ["Succeeded"]


def test_when_the_sandbox_stops_actions_are_stopped_and_nothing_begins(play: Stage) -> None:
    play.create(*THREE)
    (run,) = play.live()
    assert seam.close()
    assert play.puppet.stopped == ["Source"]
    engine.finish(run)
    assert play.going_on() == []
    assert not [one for one in threading.enumerate() if one.name.startswith("awspipe-shop")]


def test_a_failure_while_the_sandbox_stops_is_the_stops(play: Stage) -> None:
    play.create(*THREE)
    (run,) = play.live()
    seam.close()
    engine.finish(run, error="killed")
    assert play.action("Source")["errorDetails"]["code"] == "SandboxStopped"
