"""The conditions of stages: who may enter, and whether a stage that is through has succeeded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import engine
from tests.support.engine import Stage, build, source
from tests.support.sandbox import code, refusal

NAMED = source(namespace="SrcVars")


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        yield stage


def rule(provider: str = "VariableCheck", name: str = "check", **configuration: str) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "ruleTypeId": kind, "configuration": configuration}


def branch(value: str, operator: str = "EQ", name: str = "check") -> dict[str, Any]:
    return rule(name=name, Variable="#{SrcVars.BranchName}", Value=value, Operator=operator)


def gate(result: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"conditions": [{"result": result, "rules": list(rules)}]}


def begin(play: Stage, branch: str = "main") -> None:
    play.end("Source", variables={"BranchName": branch})


@pytest.mark.parametrize(
    ("value", "operator", "holds"),
    [
        ("main", "EQ", True),
        ("other", "EQ", False),
        ("other", "NE", True),
        ("ai", "CONTAINS", True),
        ("m[a-z]+", "MATCHES", True),
        ("m", "MATCHES", False),
        ("(", "MATCHES", False),
    ],
)
def test_a_variable_is_checked(play: Stage, value: str, operator: str, holds: bool) -> None:
    play.create(NAMED, build("Build", beforeEntry=gate("FAIL", branch(value, operator))))
    begin(play)
    assert play.going_on() == ([("Build", 1)] if holds else [])
    assert play.statuses() == ["InProgress" if holds else "Failed"]
    state = play.state("Build")["beforeEntryConditionState"]
    status = "Succeeded" if holds else "Failed"
    assert state["latestExecution"]["status"] == status
    (checked,) = state["conditionStates"][0]["ruleStates"]
    assert checked["latestExecution"]["status"] == status
    assert ("errorDetails" in checked["latestExecution"]) is (value == "(")


def test_a_regular_expression_that_would_take_for_ever_fails_the_rule(play: Stage) -> None:
    play.create(NAMED, build("Build", beforeEntry=gate("FAIL", branch("(a+)+!", "MATCHES"))))
    begin(play, "a" * 60)
    assert play.statuses() == ["Failed"]
    (found,) = play.aws.list_rule_executions(pipelineName="shop")["ruleExecutionDetails"]
    error = found["output"]["executionResult"]["errorDetails"]["message"]
    assert error == "The rule's configuration is not valid: it took too long to compare."


def test_a_stage_is_passed_by(play: Stage) -> None:
    skips = gate("SKIP", branch("release"))
    play.create(NAMED, build("Build", beforeEntry=skips), build("Deploy"))
    begin(play)
    assert (play.going_on(), play.latest("Build")) == ([("Deploy", 1)], (1, "Skipped"))
    play.end("Deploy")
    assert play.statuses() == ["Succeeded"]
    ask = {"pipelineName": "shop", "stageName": "Build", "pipelineExecutionId": play.id(1)}
    assert (
        code(play.aws.retry_stage_execution, **ask, retryMode="ALL_ACTIONS") == "StageNotRetryableException"
    )
    override = play.aws.override_stage_condition
    assert code(override, **ask, conditionType="BEFORE_ENTRY") == "ConditionNotOverridableException"


def test_an_unresolved_variable_fails_the_rule(play: Stage) -> None:
    unknown = rule(Variable="#{SrcVars.Nothing}", Value="x", Operator="EQ")
    play.create(NAMED, build("Build", beforeEntry=gate("FAIL", unknown, branch("main", name="second"))))
    begin(play)
    assert play.statuses() == ["Failed"]
    (found,) = play.aws.list_rule_executions(pipelineName="shop")["ruleExecutionDetails"]
    assert (found["ruleName"], found["status"]) == ("check", "Failed")
    error = found["output"]["executionResult"]["errorDetails"]["message"]
    assert error == "The variable #{SrcVars.Nothing} could not be resolved."


def test_a_window_is_waited_for_by_trying_again(play: Stage) -> None:
    """The clock stands at nine on a Monday, in UTC: that is six in Seoul's evening."""
    window = rule("DeploymentWindow", Cron="* * 19-22 ? * MON-FRI", TimeZone="Asia/Seoul")
    play.create(NAMED, build("Build", beforeEntry=gate("FAIL", window)))
    begin(play)
    assert play.statuses() == ["Failed"]
    play.clock.advance(3600)
    play.retry("Build", 1)
    assert play.going_on() == [("Build", 1)]
    found = play.aws.list_rule_executions(pipelineName="shop")["ruleExecutionDetails"]
    assert [one["status"] for one in found] == ["Succeeded", "Failed"]
    latest = {"pipelineExecutionId": play.id(1), "startTimeRange": "Latest"}
    asked = {"latestInPipelineExecution": latest}
    found = play.aws.list_rule_executions(pipelineName="shop", filter=asked)["ruleExecutionDetails"]
    assert [one["status"] for one in found] == ["Succeeded"]


def test_a_stage_that_is_through_may_have_failed(play: Stage) -> None:
    play.create(NAMED, build("Build", onSuccess=gate("FAIL", branch("main"))), build("Deploy"))
    begin(play)
    play.end("Build")
    assert play.going_on() == [("Deploy", 1)]
    play.end("Deploy")
    play.start()
    begin(play, "other")
    play.end("Build")
    assert (play.statuses(), play.latest("Build")) == (["Succeeded", "Failed"], (2, "Failed"))
    summary = play.aws.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"][0]
    assert summary["statusSummary"] == "The onSuccess condition of stage 'Build' was not met."


def test_a_stage_that_is_through_may_go_back(play: Stage) -> None:
    play.create(NAMED, build("Build", onSuccess=gate("ROLLBACK", branch("main"))))
    begin(play)
    play.end("Build")
    play.start()
    begin(play, "other")
    play.end("Build")
    assert (play.statuses(), play.going_on()) == (["Succeeded", "Failed", "InProgress"], [("Build", 3)])
    play.end("Build")
    assert play.statuses() == ["Succeeded", "Failed", "Succeeded"]


@pytest.mark.parametrize("kind", ["BEFORE_ENTRY", "ON_SUCCESS"])
def test_a_condition_is_overridden(play: Stage, kind: str) -> None:
    where = "beforeEntry" if kind == "BEFORE_ENTRY" else "onSuccess"
    play.create(NAMED, build("Build", **{where: gate("FAIL", branch("other"))}), build("Deploy"))
    begin(play)
    if kind == "ON_SUCCESS":
        play.end("Build")
    assert play.statuses() == ["Failed"]
    ask = {"pipelineName": "shop", "stageName": "Build", "conditionType": kind}
    play.aws.override_stage_condition(**ask, pipelineExecutionId=play.id(1))
    play.runtime.drain()
    assert play.state("Build")[f"{where}ConditionState"]["latestExecution"]["status"] == "Overridden"
    if kind == "BEFORE_ENTRY":
        play.end("Build")
    assert play.going_on() == [("Deploy", 1)]
    override = play.aws.override_stage_condition
    assert code(override, **ask, pipelineExecutionId=play.id(1)) == "ConditionNotOverridableException"


def test_only_the_latest_execution_is_let_past(play: Stage) -> None:
    play.create(NAMED, build("Build", beforeEntry=gate("FAIL", branch("other"))))
    begin(play)
    play.start()
    begin(play)
    ask = {"pipelineName": "shop", "stageName": "Build", "conditionType": "BEFORE_ENTRY"}
    override = play.aws.override_stage_condition
    assert code(override, **ask, pipelineExecutionId=play.id(1)) == "NotLatestPipelineExecutionException"


@pytest.mark.parametrize(
    ("gates", "expected", "text"),
    [
        ({"beforeEntry": gate("ROLLBACK", branch("x"))}, "InvalidStage", "has no result FAIL or SKIP."),
        ({"onSuccess": gate("SKIP", branch("x"))}, "InvalidStage", "has no result FAIL or ROLLBACK."),
        ({"onSuccess": gate("FAIL", branch("x"), branch("y"))}, "InvalidStage", "rules of the same name."),
        ({"onSuccess": gate("FAIL", rule(Variable="x"))}, "InvalidStage", "configuration 'Value'"),
        ({"onSuccess": gate("FAIL", branch("x", "GT"))}, "InvalidStage", "has no operator EQ, NE"),
        (
            {"beforeEntry": gate("SKIP", rule("DeploymentWindow", Cron="* * * ? * *"))},
            "InvalidStage",
            "cannot skip the stage",
        ),
        (
            {"beforeEntry": gate("FAIL", rule("LambdaInvoke", FunctionName="f"))},
            "UnsupportedOperationInSandbox",
            "stage conditions with the rule LambdaInvoke",
        ),
        (
            {"onFailure": gate("ROLLBACK", branch("x"))},
            "UnsupportedOperationInSandbox",
            "onFailure conditions",
        ),
    ],
)
def test_what_is_refused(play: Stage, gates: dict[str, Any], expected: str, text: str) -> None:
    wanted = play.declaration(NAMED, build("Build", **gates))
    answer = refusal(play.aws.create_pipeline, pipeline=wanted)
    assert answer[0].startswith(expected)
    assert text in answer[1]
