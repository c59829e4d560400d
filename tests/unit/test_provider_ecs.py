"""`provider: ecs`: what CodePipeline is sent, and what its role may do."""

from __future__ import annotations

from typing import Any

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
stages:
  - {{name: Source, provider: codecommit, repository: shop}}
  - {{name: Deploy, provider: ecs, cluster: web, service: shop{more}}}
"""


def graph(more: str = "") -> Graph:
    (spec,) = load_text(SPEC.format(more=more), "awspipe.yml")
    return wanted(spec, Scope("shop", "123456789012", "ap-northeast-2"))


def denied(made: Graph, *requests: Request) -> list[str]:
    """What the pipeline's role may not do of these."""
    role = next(one for one in made.resources if isinstance(one, Role) and "codepipeline" in one.service)
    policy: dict[str, Any] = role.body()["Policy"]
    return [one.request.action for one in iamgate.denied(policy, requests)]


def passing(role: str, service: str) -> Request:
    arn = f"arn:aws:iam::123456789012:role/{role}"
    return Request("iam:PassRole", arn, {"iam:PassedToService": service})


def test_the_action_is_sent_as_codepipeline_takes_it() -> None:
    (made,) = [one for one in graph(", timeout: 15").resources if isinstance(one, Pipeline)]
    modelcheck.check_request("codepipeline", "CreatePipeline", {"pipeline": made._declaration()})
    (action,) = made.body()["stages"][-1]["actions"]
    assert action["actionTypeId"]["provider"] == "ECS"
    assert action["inputArtifacts"] == [{"name": "Source"}]
    assert action["configuration"] == {
        "ClusterName": "web",
        "ServiceName": "shop",
        "FileName": "imagedefinitions.json",
        "DeploymentTimeout": "15",
    }


def test_the_role_may_update_this_service_and_no_other() -> None:
    service = f"arn:aws:ecs:{HERE}:service/web/"
    assert not denied(graph(), Request("ecs:UpdateService", f"{service}shop"))
    assert denied(graph(), Request("ecs:UpdateService", f"{service}other")) == ["ecs:UpdateService"]


def test_a_family_limits_what_may_be_registered() -> None:
    other = Request("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{HERE}:task-definition/other:1")
    ours = Request("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{HERE}:task-definition/shop:1")
    assert not denied(graph(), other, ours)
    assert denied(graph(", family: shop"), other, ours) == ["ecs:RegisterTaskDefinition"]


def test_tags_may_be_set_only_while_registering() -> None:
    arn = f"arn:aws:ecs:{HERE}:task-definition/shop:1"
    assert not denied(
        graph(), Request("ecs:TagResource", arn, {"ecs:CreateAction": "RegisterTaskDefinition"})
    )
    assert denied(graph(), Request("ecs:TagResource", arn))


def test_only_the_roles_that_are_named_are_handed_on_and_to_ecs_alone() -> None:
    made = graph(", roles: [exec, apps/task]")
    assert not denied(
        made, passing("exec", "ecs-tasks.amazonaws.com"), passing("apps/task", "ecs.amazonaws.com")
    )
    assert denied(made, passing("exec", "ec2.amazonaws.com"))
    assert denied(made, passing("admin", "ecs-tasks.amazonaws.com"))
