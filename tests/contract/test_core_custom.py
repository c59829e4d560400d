"""Actions in CodePipeline's own words: sent as they stand, compared, and held to its model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest

from awspipe.plan import Verb
from awspipe.providers.custom import ActionType, Declaration, EnvironmentVariable
from tests.support import core
from tests.support.core import World

SPEC = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop, namespace: Code}
  - name: Check
    actions:
      - name: Call
        provider: custom
        declaration:
          actionTypeId: {category: Invoke, provider: Lambda}
          configuration: {FunctionName: check, UserParameters: "#{Code.CommitId}"}
        statements: {actions}
      - name: Run
        provider: custom
        input: Source
        output: Tested
        namespace: Ran
        declaration:
          actionTypeId: {category: Compute, provider: Commands}
          commands: [npm test, npm run build]
          outputVariables: [VERSION]
          environmentVariables: [{name: A, value: b}]
"""
ALLOWED = "[{actions: 'lambda:InvokeFunction', resources: 'arn:aws:lambda:*:123456789012:function:check'}]"
TEXT = SPEC.replace("{actions}", ALLOWED)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def test_a_declaration_is_sent_as_it_stands(world: World) -> None:
    core.up(world.aws, TEXT)
    call, run = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]["stages"][1]["actions"]
    assert call == {
        "name": "Call",
        "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
        "runOrder": 1,
        "configuration": {"FunctionName": "check", "UserParameters": "#{Code.CommitId}"},
        "inputArtifacts": [],
        "outputArtifacts": [],
    }
    assert (run["commands"], run["outputVariables"]) == (["npm test", "npm run build"], ["VERSION"])
    assert run["environmentVariables"] == [{"name": "A", "value": "b", "type": "PLAINTEXT"}]
    assert (run["inputArtifacts"], run["outputArtifacts"]) == ([{"name": "Source"}], [{"name": "Tested"}])
    assert core.planned(world.aws, TEXT).work == ()


def test_the_pipeline_s_role_may_do_what_the_spec_says(world: World) -> None:
    core.up(world.aws, TEXT)
    role = {"RoleName": f"awspipe-shop-{core.REGION}", "PolicyName": "awspipe"}
    policy = world.client("iam").get_role_policy(**role)["PolicyDocument"]
    assert {
        "Effect": "Allow",
        "Action": ["lambda:InvokeFunction"],
        "Resource": ["arn:aws:lambda:*:123456789012:function:check"],
    } in policy["Statement"]


def test_a_change_of_any_part_is_seen(world: World) -> None:
    core.up(world.aws, TEXT)
    for old, new in (("npm run build", "npm ci"), ("[VERSION]", "[OTHER]"), ("value: b", "value: c")):
        shown = core.planned(world.aws, TEXT.replace(old, new))
        assert core.verbs(shown) == {"pipeline": {Verb.UPDATE}}, new


def test_the_keys_and_limits_are_those_of_aws_s_model() -> None:
    model = botocore.session.get_session().get_service_model("codepipeline")
    said = {"name", "runOrder", "namespace", "inputArtifacts", "outputArtifacts"}
    elsewhere = {"region"}  # needs artifact stores in several regions
    members = set(model.shape_for("ActionDeclaration").members)
    assert members - said - elsewhere == set(Declaration.model_fields)
    assert set(model.shape_for("ActionTypeId").members) == set(ActionType.model_fields)
    assert set(model.shape_for("EnvironmentVariable").members) == set(EnvironmentVariable.model_fields)
    category = ActionType.model_json_schema()["properties"]["category"]
    assert set(category["enum"]) == set(model.shape_for("ActionCategory").enum)
