"""`provider: lambda`: what CodePipeline is sent, what its role may do, and what is refused offline."""

from __future__ import annotations

from typing import Any

import pytest

from awspipe.errors import SpecError
from awspipe.graph import Graph, wanted
from awspipe.naming import Scope
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.role import Role
from awspipe.spec.load import load_text
from tests.support import iamgate, modelcheck
from tests.support.iamgate import Request

HERE = "ap-northeast-2:123456789012"
SPEC = """\
name: shop
type: {type}
stages:
  - {{name: Source, provider: codecommit, repository: shop, namespace: S}}
  - {{name: Deploy, provider: lambda, function: shop{more}}}
"""


def graph(more: str = "", type: str = "V2") -> Graph:
    (spec,) = load_text(SPEC.format(more=more, type=type), "awspipe.yml")
    return wanted(spec, Scope("shop", "123456789012", "ap-northeast-2"))


def declared(more: str = "") -> dict[str, Any]:
    (made,) = [one for one in graph(more).resources if isinstance(one, Pipeline)]
    modelcheck.check_request("codepipeline", "CreatePipeline", {"pipeline": made._declaration()})
    return dict(made.body()["stages"][-1]["actions"][0])


def denied(made: Graph, *requests: Request) -> list[str]:
    role = next(one for one in made.resources if isinstance(one, Role) and "codepipeline" in one.service)
    return [one.request.action for one in iamgate.denied(role.body()["Policy"], requests)]


def test_a_version_is_published_and_no_more_where_there_is_no_alias() -> None:
    action = declared()
    assert action["actionTypeId"]["provider"] == "Lambda"
    assert action["configuration"] == {"FunctionName": "shop"}
    assert action["inputArtifacts"] == [{"name": "Source"}]


def test_an_alias_is_shifted_as_the_spec_says() -> None:
    action = declared(", alias: live, strategy: Linear20PercentEvery3Minutes, alarms: [errors, slow]")
    assert action["configuration"] == {
        "FunctionName": "shop",
        "FunctionAlias": "live",
        "DeployStrategy": "Linear20PercentEvery3Minutes",
        "Alarms": "errors,slow",
    }


@pytest.mark.parametrize("version", ["7", '"#{S.CommitId}"'])
def test_a_version_that_is_there_takes_no_artifact(version: str) -> None:
    action = declared(f", alias: live, version: {version}")
    assert action["inputArtifacts"] == []
    assert action["configuration"]["PublishedTargetVersion"] == version.strip('"')


def test_the_role_may_change_this_function_and_no_other() -> None:
    arn = f"arn:aws:lambda:{HERE}:function:"
    assert not denied(
        graph(", alias: live"),
        Request("lambda:UpdateFunctionCode", f"{arn}shop"),
        Request("lambda:UpdateAlias", f"{arn}shop"),
        Request("lambda:GetAlias", f"{arn}shop:live"),
    )
    assert denied(graph(), Request("lambda:UpdateFunctionCode", f"{arn}shop2"))
    assert denied(graph(), Request("lambda:InvokeFunction", f"{arn}shop"))


def test_its_log_is_the_pipeline_s_and_is_made_first() -> None:
    made = graph()
    assert [one.name for one in made.resources if one.kind == "log-group"] == ["/aws/codepipeline/shop"]
    group = f"arn:aws:logs:{HERE}:log-group:/aws/codepipeline/shop"
    assert not denied(made, Request("logs:PutLogEvents", f"{group}:*"))
    assert denied(made, Request("logs:PutLogEvents", f"{group}-2:*"))


def test_only_alarms_that_are_named_are_looked_at() -> None:
    made = graph(", alias: live, alarms: errors")
    assert not denied(made, Request("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:errors"))
    assert denied(made, Request("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:other"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (", strategy: AllAtOnce", "`strategy` is about traffic that is shifted: it needs `alias`"),
        (", alarms: a", "`alarms` is about traffic that is shifted: it needs `alias`"),
        (", version: 3", "`version` is about traffic that is shifted: it needs `alias`"),
        (
            ", alias: live, version: 3, input: Source",
            "`version` is published already, so it takes no `input`",
        ),
        (", alias: live, input: []", "without code from an `input` it must say which `version`"),
        (", alias: live, strategy: Canary0Percent5Minutes", "shifts 1 to 99 percent at a time"),
        (", alias: live, strategy: Linear1PercentEvery60Minutes", "would take 5940 minutes; AWS waits 2880"),
        (", alias: live, strategy: Slowly", '"strategy" cannot be "Slowly"'),
        (", alias: '7'", '"alias" cannot be "7"'),
        (", alias: live, alarms: ['a,b']", "a,b"),
    ],
)
def test_what_aws_would_refuse_is_refused_offline(more: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph(more)
    assert any(message in one.message for one in caught.value.problems), caught.value.problems


def test_it_needs_a_pipeline_of_type_v2() -> None:
    with pytest.raises(SpecError) as caught:
        graph(type="V1")
    assert "lambda needs a pipeline of type V2" in caught.value.problems[0].message
