"""Stages that are decided about as a whole: how they are written, what is refused, what AWS is sent."""

from __future__ import annotations

from typing import Any

import pytest

from awspipe.errors import SpecError
from awspipe.graph import wanted
from awspipe.naming import Scope
from awspipe.plan import State, plan
from awspipe.resources.base import Live
from awspipe.resources.pipeline import Pipeline, _stage
from awspipe.spec.load import load_text
from tests.support import modelcheck

SPEC = """\
name: shop
{top}
stages:
  - name: Source
    provider: codecommit
    repository: shop
    namespace: Src
{source}
  - name: Test
    provider: codebuild
    category: Test
    namespace: Tested
  - name: Deploy
    provider: s3
{deploy}
"""
BRANCH = '{variable: "#{Src.BranchName}", equals: main}'
WINDOW = '{cron: "* * 9-17 ? * MON-FRI", timezone: Asia/Seoul}'


def spec(deploy: str = "", *, source: str = "", top: str = "") -> str:
    def indented(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.splitlines())

    return SPEC.format(deploy=indented(deploy), source=indented(source), top=top)


def pipeline(text: str) -> Pipeline:
    """The pipeline that a spec wants, held to AWS's model."""
    (loaded,) = load_text(text, "awspipe.yml")
    graph = wanted(loaded, Scope(loaded.name, "123456789012", "ap-northeast-2"))
    (found,) = [one for one in graph.resources if isinstance(one, Pipeline)]
    modelcheck.check_request("codepipeline", "CreatePipeline", {"pipeline": found._declaration()})
    return found


def deploy_stage(text: str) -> dict[str, Any]:
    return dict(pipeline(text).body()["stages"][-1])


def test_a_stage_without_gates_has_nothing_but_its_actions() -> None:
    assert set(deploy_stage(spec())) == {"name", "actions"}


def test_an_entry_is_one_condition_with_its_rules() -> None:
    text = spec(f"before_entry:\n  otherwise: skip\n  rules: [{BRANCH}]")
    assert deploy_stage(text)["beforeEntry"] == {
        "conditions": [
            {
                "result": "SKIP",
                "rules": [
                    {
                        "name": "variable-1",
                        "ruleTypeId": {
                            "category": "Rule",
                            "owner": "AWS",
                            "provider": "VariableCheck",
                            "version": "1",
                        },
                        "configuration": {
                            "Variable": "#{Src.BranchName}",
                            "Value": "main",
                            "Operator": "EQ",
                        },
                    }
                ],
            }
        ]
    }


def test_success_may_have_rules_of_both_kinds() -> None:
    window = WINDOW.replace("{cron", "{name: office-hours, cron")
    text = spec(f"on_success:\n  otherwise: rollback\n  rules: [{BRANCH}, {window}]")
    (condition,) = deploy_stage(text)["onSuccess"]["conditions"]
    assert condition["result"] == "ROLLBACK"
    assert [one["name"] for one in condition["rules"]] == ["variable-1", "office-hours"]
    assert condition["rules"][1]["configuration"] == {
        "Cron": "* * 9-17 ? * MON-FRI",
        "TimeZone": "Asia/Seoul",
    }


@pytest.mark.parametrize(
    ("word", "sent"),
    [
        ("retry", {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}),
        ("retry-all", {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}),
        ("rollback", {"result": "ROLLBACK"}),
    ],
)
def test_a_failure_is_answered(word: str, sent: dict[str, Any]) -> None:
    assert deploy_stage(spec(f"on_failure: {word}"))["onFailure"] == sent


@pytest.mark.parametrize("operator", ["equals", "differs", "contains", "matches"])
def test_a_variable_is_compared_in_each_way(operator: str) -> None:
    rule = f'{{variable: "#{{Src.CommitMessage}}", {operator}: "a.*"}}'
    (condition,) = deploy_stage(spec(f"before_entry: {{rules: [{rule}]}}"))["beforeEntry"]["conditions"]
    words = {"equals": "EQ", "differs": "NE", "contains": "CONTAINS", "matches": "MATCHES"}
    assert condition["rules"][0]["configuration"]["Operator"] == words[operator]
    assert condition["result"] == "FAIL"


def test_the_mode_is_sent() -> None:
    assert pipeline(spec(top="mode: QUEUED")).body()["executionMode"] == "QUEUED"
    assert pipeline(spec()).body()["executionMode"] == "SUPERSEDED"


def test_sources_can_be_tried_once_more() -> None:
    assert pipeline(spec(source="on_failure: retry")).body()["stages"][0]["onFailure"]["result"] == "RETRY"


BROKEN = [
    ("V1 mode", spec(top="type: V1\nmode: PARALLEL"), "`mode: PARALLEL` needs a pipeline of type V2"),
    ("V1 gate", spec("on_failure: retry", top="type: V1"), "`on_failure` needs a pipeline of type V2"),
    ("mode", spec(top="mode: queued"), '"mode" must be SUPERSEDED, QUEUED or PARALLEL'),
    (
        "roll back sources",
        spec(source="on_failure: rollback"),
        "the stage of the sources cannot be rolled back",
    ),
    (
        "roll back in parallel",
        spec("on_failure: rollback", top="mode: PARALLEL"),
        "a pipeline with `mode: PARALLEL` has no stage that could be rolled back",
    ),
    (
        "skip by time",
        spec(f"before_entry: {{otherwise: skip, rules: [{WINDOW}]}}"),
        "a stage can be skipped only by rules about variables",
    ),
    ("no rules", spec("before_entry: {rules: []}"), '"rules" needs at least 1 entry, and has 0'),
    (
        "six rules",
        spec(f"before_entry: {{rules: [{', '.join([BRANCH] * 6)}]}}"),
        '"rules" has 6 entries; at most 5 are allowed',
    ),
    (
        "one name",
        spec("before_entry:\n  rules:\n" + f"  - {BRANCH.replace('{v', '{name: a, v')}\n" * 2),
        'two rules have the name "a"',
    ),
    (
        "unknown namespace",
        spec('before_entry: {rules: [{variable: "#{Nobody.X}", equals: a}]}'),
        '#{Nobody.X} reads the namespace "Nobody", and no action has it',
    ),
    (
        "later",
        spec(source='before_entry: {rules: [{variable: "#{Tested.X}", equals: a}]}'),
        "#{Tested.X} is given only later",
    ),
    (
        "undeclared",
        spec('before_entry: {rules: [{variable: "#{variables.X}", equals: a}]}'),
        "#{variables.X} is no variable of the pipeline",
    ),
    (
        "no comparison",
        spec('before_entry: {rules: [{variable: "#{Src.CommitId}"}]}'),
        "a rule about a `variable` needs one of: equals, differs, contains, matches",
    ),
    (
        "two comparisons",
        spec('before_entry: {rules: [{variable: "#{Src.CommitId}", equals: a, differs: b}]}'),
        "a rule about a `variable` needs one of: equals, differs, contains, matches",
    ),
    ("no cron", spec('before_entry: {rules: [{cron: "0 0 9 ? * MON"}]}'), '"cron" cannot be "0 0 9 ? * MON"'),
    ("five fields", spec('before_entry: {rules: [{cron: "* 9 * * *"}]}'), '"cron" cannot be "* 9 * * *"'),
    (
        "time zone",
        spec('before_entry: {rules: [{cron: "* * 9 ? * MON", timezone: seoul}]}'),
        '"timezone" cannot be "seoul"',
    ),
    (
        "in an action",
        spec() + "  - name: More\n    actions:\n"
        "    - {name: a, provider: approval, on_failure: retry}\n    - {name: b, provider: approval}\n",
        "`on_failure` is about a stage, and this is one of its actions",
    ),
    ("unknown key", spec("before_entry: {rule: []}"), 'unknown key "rule"'),
]


@pytest.mark.parametrize(
    ("text", "message"), [(text, said) for _, text, said in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_what_codepipeline_would_refuse_is_refused_offline(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(text, "awspipe.yml")
    assert message in [problem.message for problem in caught.value.problems]
    assert all(problem.line for problem in caught.value.problems)


def answered(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage as GetPipeline gives it: with what AWS adds to each rule."""
    gates = {
        gate: {
            "conditions": [
                {**one, "rules": [{**rule, "inputArtifacts": [], "region": "x"} for rule in one["rules"]]}
                for one in stage[gate]["conditions"]
            ]
        }
        for gate in ("beforeEntry", "onSuccess")
        if gate in stage
    }
    return {**stage, **gates}


def test_what_aws_adds_to_a_rule_is_no_difference() -> None:
    text = spec(
        f"before_entry: {{rules: [{BRANCH}]}}\non_success: {{rules: [{WINDOW}]}}\non_failure: rollback"
    )
    stage = deploy_stage(text)
    assert _stage(answered(stage)) == stage


def test_a_gate_that_was_changed_by_hand_is_seen() -> None:
    (loaded,) = load_text(spec("on_failure: retry"), "awspipe.yml")
    graph = wanted(loaded, Scope("shop", "123456789012", "ap-northeast-2"))
    live = {one.key: Live(one.body(), "shop") for one in graph.resources}
    (made,) = [one for one in graph.resources if isinstance(one, Pipeline)]
    stages = [{**one} for one in made.body()["stages"]]
    stages[-1]["onFailure"] = {"result": "ROLLBACK"}
    live[made.key] = Live({**made.body(), "stages": stages}, "shop")
    (step,) = plan(graph, State(live, {}), push=False).work
    assert [(one.path, one.before) for one in step.changes] == [
        ("stages[Deploy].onFailure.result", "ROLLBACK"),
        ("stages[Deploy].onFailure.retryConfiguration", None),
    ]
