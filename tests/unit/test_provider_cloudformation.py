"""`provider: cloudformation`: what CodePipeline is sent, what its role may do, what is refused offline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from awspipe.errors import SpecError
from awspipe.graph import Graph, wanted
from awspipe.naming import Scope
from awspipe.resources.base import Reference
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.role import Role
from awspipe.spec.load import load_text
from tests.support import iamgate, modelcheck
from tests.support.iamgate import Request

ACCOUNT = "123456789012"
SPEC = """\
name: shop
stages:
  - {{name: Source, provider: codecommit, repository: shop, namespace: S}}
  - name: Deploy
    actions:
      - {{name: Make, provider: cloudformation, stack: shop, {more}}}
"""
USUAL = "template: infra/shop.yml, role: cfn"
REVIEWED = SPEC.format(more=f"{USUAL}, mode: CHANGE_SET_REPLACE") + (
    "      - {name: Look, provider: approval, run_order: 2}\n"
    "      - {name: Execute, provider: cloudformation, stack: shop, mode: CHANGE_SET_EXECUTE, run_order: 3}\n"
)


def graph(text: str) -> Graph:
    (spec,) = load_text(text, "awspipe.yml")
    return wanted(spec, Scope("shop", ACCOUNT, "ap-northeast-2"))


def actions(text: str) -> list[dict[str, Any]]:
    (made,) = [one for one in graph(text).resources if isinstance(one, Pipeline)]
    modelcheck.check_request("codepipeline", "CreatePipeline", {"pipeline": made._declaration()})
    return list(made.body()["stages"][-1]["actions"])


def denied(text: str, *requests: Request) -> list[str]:
    role = next(
        one for one in graph(text).resources if isinstance(one, Role) and "codepipeline" in one.service
    )
    return [one.request.action for one in iamgate.denied(role.body()["Policy"], requests)]


def on_stack(operation: str, stack: str = "shop") -> Request:
    arn = f"arn:aws:cloudformation:ap-northeast-2:{ACCOUNT}:stack/{stack}/0a1b"
    return Request(f"cloudformation:{operation}", arn)


def test_a_stack_is_made_or_updated() -> None:
    more = (
        f"{USUAL}, settings: infra/shop.json, capabilities: [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND], "
        'parameters: {Size: "3", Commit: "#{S.CommitId}"}'
    )
    (action,) = actions(SPEC.format(more=more))
    assert action["actionTypeId"]["provider"] == "CloudFormation"
    overrides = action["configuration"].pop("ParameterOverrides")
    assert json.loads(overrides) == {"Size": "3", "Commit": "#{S.CommitId}"}
    assert action["configuration"] == {
        "ActionMode": "CREATE_UPDATE",
        "StackName": "shop",
        "TemplatePath": "Source::infra/shop.yml",
        "TemplateConfiguration": "Source::infra/shop.json",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/cfn",
        "Capabilities": "CAPABILITY_IAM,CAPABILITY_AUTO_EXPAND",
    }


def test_a_change_set_is_looked_at_before_it_is_carried_out() -> None:
    first, _, last = actions(REVIEWED)
    assert (first["configuration"]["ActionMode"], first["configuration"]["ChangeSetName"]) == (
        "CHANGE_SET_REPLACE",
        "awspipe",
    )
    assert last["inputArtifacts"] == []
    assert last["configuration"] == {
        "ActionMode": "CHANGE_SET_EXECUTE",
        "StackName": "shop",
        "ChangeSetName": "awspipe",
    }


def test_the_role_may_change_this_stack_and_never_delete_it() -> None:
    text = SPEC.format(more=USUAL)
    assert not denied(text, on_stack("CreateStack"), on_stack("UpdateStack"), on_stack("DescribeStacks"))
    wrong = (on_stack("UpdateStack", "shop-2"), on_stack("DeleteStack"), on_stack("ExecuteChangeSet"))
    assert denied(text, *wrong) == [one.action for one in wrong]
    assert not denied(REVIEWED, on_stack("CreateChangeSet"), on_stack("ExecuteChangeSet"))
    assert denied(REVIEWED, on_stack("CreateStack"))


def test_the_stack_s_role_is_handed_to_cloudformation_alone() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/"

    def passing(role: str, service: str) -> Request:
        return Request("iam:PassRole", arn + role, {"iam:PassedToService": f"{service}.amazonaws.com"})

    text = SPEC.format(more="template: a.yml, role: apps/cfn")
    assert not denied(text, passing("apps/cfn", "cloudformation"))
    assert denied(text, passing("apps/cfn", "ec2"))
    assert denied(text, passing("admin", "cloudformation"))


def test_the_role_is_looked_for_and_never_made() -> None:
    made = graph(SPEC.format(more=USUAL))
    assert made.references == (Reference("role", "cfn"),)
    assert not [one for one in made.resources if one.name == "cfn"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("template: a.yml", "`mode: CREATE_UPDATE` needs `role`: the name of a role of yours"),
        ("role: cfn", "`mode: CREATE_UPDATE` needs `template`"),
        (f"{USUAL}, input: []", "`input` cannot be empty"),
        (f"{USUAL}, change_set: mine", "`change_set` is for the modes"),
        (
            f"{USUAL}, mode: DELETE_ONLY",
            '"mode" must be CREATE_UPDATE, CHANGE_SET_REPLACE or CHANGE_SET_EXECUTE',
        ),
        ("mode: CHANGE_SET_EXECUTE, role: cfn", "`role` belongs to the change set"),
        ("mode: CHANGE_SET_EXECUTE, input: Source", "`input` belongs to the change set"),
        ("template: 'Source::a.yml', role: cfn", '"template" cannot be "Source::a.yml"'),
        (f"{USUAL}, capabilities: CAPABILITY_ALL", '"capabilities" must be CAPABILITY_IAM'),
        (f"{USUAL}, parameters: {{a-b: c}}", "a-b"),
        (f"{USUAL}, parameters: {{A: {'x' * 1000}}}", "ParameterOverrides has 1008 characters"),
    ],
)
def test_what_aws_would_refuse_is_refused_offline(more: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        graph(SPEC.format(more=more))
    assert any(message in one.message for one in caught.value.problems), caught.value.problems
