"""`provider: commands`: made, really run, logged, explained, and gone with its log group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.cost import usage
from awspipe.cost.meters import Month
from awspipe.failures import causes
from awspipe.graph import Source
from awspipe.plan import Verb
from awspipe.sandbox.box import ISOLATION
from tests.support import core
from tests.support.core import World
from tests.support.denying import deny

GROUP = "/aws/codepipeline/shop"
SPEC = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop, namespace: Code}
  - name: Test
    provider: commands
    namespace: Ran
    commands:
      - cd . && NUMBER=$(printf 7)
      - 'echo "#{Code.BranchName} $GREETING $TOKEN"'
      - printf made > made.txt
    env: {GREETING: hello, TOKEN: {secret: shop/token}}
    output_variables: [NUMBER]
    files: made.txt
  - name: Use
    provider: commands
    commands: ['test "#{Ran.NUMBER}" = 7', cat made.txt]
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(ISOLATION, "process")
    with core.world(tmp_path, actions={}) as world:
        world.client("secretsmanager").create_secret(Name="shop/token", SecretString="s3cr3t-t0ken")
        yield world


def run(world: World, text: str = SPEC) -> str:
    """Bring it up with a first commit; the status of its first execution when it has ended."""
    core.up(world.aws, text, push=core.first_commit(world))
    world.runtime.drain()
    return str(_first(world)["status"])


def _first(world: World) -> Any:
    found = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")
    return found["pipelineExecutionSummaries"][-1]


def execution(world: World) -> str:
    """The id of the first execution."""
    return str(_first(world)["pipelineExecutionId"])


def last(world: World, name: str) -> Any:
    found = world.client("codepipeline").list_action_executions(pipelineName="shop")
    return next(one for one in found["actionExecutionDetails"] if one["actionName"] == name)


def lines(world: World, name: str) -> str:
    """The action's log, found as CodePipeline tells it."""
    stream = last(world, name)["output"]["executionResult"]["logStreamARN"].rpartition(":log-stream:")[2]
    events = world.client("logs").get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]
    return "".join(one["message"] for one in events)


def test_commands_run_one_after_the_other_and_hand_on_what_they_made(world: World) -> None:
    assert run(world) == "Succeeded"
    assert last(world, "Test")["output"]["outputVariables"] == {"NUMBER": "7"}
    assert "\nmain hello ***\n" in lines(world, "Test")
    assert "\nmade" in lines(world, "Use")
    assert world.client("codebuild").list_builds()["ids"] == []


def test_up_again_changes_nothing_and_down_leaves_no_log_group(world: World) -> None:
    run(world)
    assert core.planned(world.again(), SPEC).work == ()
    (group,) = world.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (GROUP, 14)
    removed = core.down(world.aws, delete_data=True)
    assert removed.left == ()
    assert world.inventory == {}


@pytest.mark.parametrize("gone", [False, True])
def test_the_log_group_is_found_without_the_tag_index(world: World, gone: bool) -> None:
    """Also where `down` was broken off after the pipeline."""
    core.up(world.aws, SPEC)
    if gone:
        world.client("codepipeline").delete_pipeline(name="shop")
    assert f"logs/{GROUP}" in world.inventory
    aws = world.again()
    deny(aws.session, ["resourcegroupstaggingapi:GetResources"])
    core.down(aws)
    assert f"logs/{GROUP}" not in world.inventory


def test_a_change_of_any_part_is_seen(world: World) -> None:
    core.up(world.aws, SPEC)
    for old, new in (
        ("cat made.txt", "true"),
        ("[NUMBER]", "[NUMBER, OTHER]"),
        ("hello", "goodbye"),
        ("files: made.txt", "files: '*'"),
    ):
        assert core.verbs(core.planned(world.aws, SPEC.replace(old, new)))["pipeline"] == {Verb.UPDATE}, new


def test_a_command_that_fails_is_explained_with_its_last_lines(world: World) -> None:
    text = SPEC.replace("cat made.txt", "'echo one; echo two >&2; exit 3'")
    assert run(world, text) == "Failed"
    (cause,) = causes(world.aws, "shop", execution(world))
    assert (cause.stage, cause.known) == ("Use", "command-failed")
    assert cause.line == "exit code 3 of the command: echo one; echo two >&2; exit 3"
    assert cause.detail == ("one", "two")


@pytest.mark.parametrize(
    ("old", "new", "known", "line"),
    [
        (
            "cat made.txt",
            "nmp ci",
            "commands-program",
            "the machine has no program nmp (exit code 127): nmp ci",
        ),
        (
            "files: made.txt",
            "files: dist/*",
            "commands-files",
            "the commands made no file that `files:` asks for",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_the_words_of_the_spec(
    world: World, old: str, new: str, known: str, line: str
) -> None:
    assert run(world, SPEC.replace(old, new)) == "Failed"
    (cause,) = causes(world.aws, "shop", execution(world))
    assert (cause.known, cause.line) == (known, line)


def test_a_role_that_may_not_write_the_log_fails_the_action(world: World) -> None:
    core.up(world.aws, SPEC)
    iam, name = world.client("iam"), {"RoleName": f"awspipe-shop-{core.REGION}", "PolicyName": "awspipe"}
    policy = iam.get_role_policy(**name)["PolicyDocument"]
    kept = [one for one in policy["Statement"] if "logs:PutLogEvents" not in one["Action"]]
    iam.put_role_policy(**name, PolicyDocument=json.dumps({**policy, "Statement": kept}))
    core.first_commit(world)(Source("shop", "main"))
    world.runtime.drain()
    error = last(world, "Test")["output"]["executionResult"]["errorDetails"]
    assert error["code"] == "PermissionError"
    assert "logs:CreateLogGroup" in error["message"]


def test_the_minutes_count_as_those_of_a_build_machine(world: World) -> None:
    run(world)
    month = Month.of(core.now())
    (found,) = usage.uses(world.aws, month).uses
    assert found.build_minutes == {"build-linux-small": 2}
