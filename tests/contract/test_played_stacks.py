"""What awspipe makes for CloudFormation, Lambda and mail is enough: played from a commit to the end."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.failures import Cause, causes
from awspipe.graph import Source
from awspipe.resources.pipeline import Pipeline
from awspipe.sandbox import record
from tests.contract.test_sandbox_cloudformation import QUEUE, queues
from tests.support import core, sandbox
from tests.support.core import World

SPEC = """\
name: shop
notify: {email: me@example.com, events: [failed, approval, succeeded]}
stages:
  - {name: Source, provider: codecommit, repository: shop}
  - name: Stack
    actions:
      - name: Make
        provider: cloudformation
        stack: shop
        template: stack.yml
        role: cfn
        mode: CHANGE_SET_REPLACE
      - {name: Look, provider: approval, run_order: 2}
      - {name: Run, provider: cloudformation, stack: shop, mode: CHANGE_SET_EXECUTE, run_order: 3}
  - {name: Again, provider: cloudformation, stack: shop, template: stack.yml, role: cfn}
  - {name: Code, provider: lambda, function: shop, alias: live}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path, actions={}) as world:
        yield world


def prepare(world: World) -> None:
    """What the user has already."""
    sandbox.role("cfn", "cloudformation")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("a.py", "old")
    world.client("lambda").create_function(
        FunctionName="shop",
        Runtime="python3.12",
        Role=sandbox.role("function", "lambda"),
        Handler="a.b",
        Code={"ZipFile": code.getvalue()},
        Publish=True,
    )
    world.client("lambda").create_alias(FunctionName="shop", Name="live", FunctionVersion="1")


def pushing(world: World, template: str) -> Any:
    def push(source: Source) -> None:
        world.client("codecommit").create_commit(
            repositoryName=source.repository,
            branchName=source.branch,
            putFiles=[{"filePath": "stack.yml", "fileContent": template.encode()}],
        )

    return push


def approve(world: World) -> None:
    codepipeline = world.client("codepipeline")
    (look,) = [
        one
        for one in codepipeline.get_pipeline_state(name="shop")["stageStates"][1]["actionStates"]
        if one["actionName"] == "Look"
    ]
    codepipeline.put_approval_result(
        pipelineName="shop",
        stageName="Stack",
        actionName="Look",
        token=look["latestExecution"]["token"],
        result={"status": "Approved", "summary": "fine"},
    )
    world.runtime.drain()


def state(world: World) -> tuple[str, tuple[Cause, ...]]:
    """How the execution stands, and why."""
    found = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")
    (one,) = found["pipelineExecutionSummaries"]
    return one["status"], causes(world.again(), "shop", one["pipelineExecutionId"])


def mails(world: World) -> str:
    return (world.runtime.state_dir / record.MAIL).read_text(encoding="utf-8")


def test_a_stack_and_a_function_are_deployed_with_the_rights_that_awspipe_gives(world: World) -> None:
    prepare(world)
    core.up(world.aws, SPEC, push=pushing(world, QUEUE))
    world.runtime.drain()
    assert queues() == []
    approve(world)
    assert state(world) == ("Succeeded", ())
    assert queues() == ["made"]
    assert world.client("lambda").get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "2"
    assert '"Pipeline shop: SUCCEEDED"' in mails(world)
    assert Pipeline.stacks(world.again(), "shop") == ("shop",)
    bare = world.again()  # as a pipeline is that somebody has declared by hand
    nameless = {"actionTypeId": {"provider": "CloudFormation"}}
    declared = {"stages": [{"actions": [nameless, {**nameless, "configuration": {"ActionMode": "x"}}]}]}
    bare.once(("declaration", "shop"), lambda: {"pipeline": declared})
    assert Pipeline.stacks(bare, "shop") == ()
    core.down(world.again(), delete_data=True)
    assert Pipeline.stacks(world.again(), "shop") == ()
    assert queues() == ["made"]
    assert world.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]


def test_a_broken_template_is_explained_and_told(world: World) -> None:
    prepare(world)
    core.up(world.aws, SPEC, push=pushing(world, "Resources: ["))
    world.runtime.drain()
    told, (cause,) = state(world)
    assert told == "Failed"
    assert cause.known == "template-broken"
    assert cause.line == "the template is not valid: YAML not well-formed. (line 1, column 13)"


def test_a_role_that_is_not_there_is_refused_before_anything_is_made(world: World) -> None:
    error = core.refused(core.up, world.aws, SPEC)
    assert error.message == "the spec refers to what is not there: role cfn"
    assert error.hint.startswith("make it first, or leave the key out where awspipe can")
    assert world.calls.mutating == ()


def test_a_role_on_a_path_that_the_spec_does_not_name_is_refused(world: World) -> None:
    """Its ARN would be another one, and each deployment would fail."""
    iam = world.client("iam")
    iam.create_role(RoleName="cfn", Path="/apps/", AssumeRolePolicyDocument="{}")
    error = core.refused(core.up, world.aws, SPEC)
    assert "the role cfn that the spec names is on the path /apps/" in error.message
    assert error.hint == "write it with its path, `apps/cfn`"
    assert world.calls.mutating == ()
