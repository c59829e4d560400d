"""`full_clone: true`: builds get a git clone with its history, by rights of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.cost import usage
from awspipe.cost.meters import Month
from awspipe.graph import Source
from awspipe.sandbox.box import ISOLATION
from tests.support import core
from tests.support.core import World

BUILDSPEC = """
        version: 0.2
        phases:
          build:
            commands:
              - git log --format=%s > log.txt
              - git remote get-url origin > origin.txt
              - git show HEAD~1:index.html > before.html
        artifacts: {files: ["*.txt", "*.html"]}
"""
SPEC = f"""\
name: shop
stages:
  - {{name: Source, provider: codecommit, repository: shop, full_clone: true}}
  - name: Build
    provider: codebuild
    buildspec: |{BUILDSPEC}
  - {{name: Deploy, provider: s3}}
"""
SITE = f"shop-files-deploy-{core.ACCOUNT}-{core.REGION}-an"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(ISOLATION, "process")
    with core.world(tmp_path, actions={}) as world:
        yield world


def two_commits(world: World) -> Any:
    def push(source: Source) -> None:
        client, parent = world.client("codecommit"), {}
        for number in (b"one", b"two"):
            made = client.create_commit(
                repositoryName=source.repository,
                branchName=source.branch,
                putFiles=[{"filePath": "index.html", "fileContent": number}],
                commitMessage=f"say {number.decode()}",
                **parent,
            )
            parent = {"parentCommitId": made["commitId"]}

    return push


def run(world: World, text: str = SPEC) -> str:
    core.up(world.aws, text, push=two_commits(world))
    world.runtime.drain()
    (only,) = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")[
        "pipelineExecutionSummaries"
    ]
    return str(only["status"])


def last(world: World, name: str) -> Any:
    found = world.client("codepipeline").list_action_executions(pipelineName="shop")
    return next(one for one in found["actionExecutionDetails"] if one["actionName"] == name)


def text(world: World, key: str) -> str:
    return bytes(world.client("s3").get_object(Bucket=SITE, Key=key)["Body"].read()).decode()


def test_a_build_has_the_whole_history_and_the_remote(world: World) -> None:
    assert run(world) == "Succeeded"
    assert text(world, "log.txt") == "say two\nsay one\n"
    assert text(world, "before.html") == "one"
    assert text(world, "origin.txt") == f"https://git-codecommit.{core.REGION}.amazonaws.com/v1/repos/shop\n"
    assert core.planned(world.again(), SPEC).work == ()


def test_the_artifact_is_the_reference_that_aws_hands_on(world: World) -> None:
    run(world)
    actions = world.client("codepipeline").list_action_executions(pipelineName="shop")[
        "actionExecutionDetails"
    ]
    source = next(one for one in actions if one["actionName"] == "Source")["output"]
    place = source["outputArtifacts"][0]["s3location"]
    found = json.loads(world.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read())
    assert found == {
        "AccountId": core.ACCOUNT,
        "FullRepositoryName": "shop",
        "CloneUrl": f"https://git-codecommit.{core.REGION}.amazonaws.com/v1/repos/shop",
        "CommitId": source["outputVariables"]["CommitId"],
        "BranchName": "main",
    }


def test_the_build_s_role_counts_as_a_user_of_codecommit(world: World) -> None:
    more = "  - {name: Check, provider: codebuild, category: Test, input: Build}\n"
    run(world, SPEC + more)
    (found,) = usage.uses(world.aws, Month.of(core.now())).uses
    assert {one.rpartition("/")[2] for one in found.readers} == {
        f"awspipe-shop-{core.REGION}",
        f"awspipe-shop-{core.REGION}-Build",
    }


def test_only_the_build_that_reads_the_source_may_clone(world: World) -> None:
    more = "  - {name: Check, provider: codebuild, category: Test, input: Build}\n"
    core.up(world.aws, SPEC + more)
    iam = world.client("iam")

    def actions(part: str) -> set[str]:
        name = f"awspipe-shop-{core.REGION}-{part}"
        policy = iam.get_role_policy(RoleName=name, PolicyName="awspipe")["PolicyDocument"]
        return {action for one in policy["Statement"] for action in one["Action"]}

    assert "codecommit:GitPull" in actions("Build")
    assert "codecommit:GitPull" not in actions("Check")


def test_a_build_whose_role_may_not_clone_says_so(world: World) -> None:
    core.up(world.aws, SPEC)
    iam, name = world.client("iam"), f"awspipe-shop-{core.REGION}-Build"
    policy = iam.get_role_policy(RoleName=name, PolicyName="awspipe")["PolicyDocument"]
    kept = [one for one in policy["Statement"] if one["Action"] != ["codecommit:GitPull"]]
    iam.put_role_policy(
        RoleName=name, PolicyName="awspipe", PolicyDocument=json.dumps({**policy, "Statement": kept})
    )
    two_commits(world)(Source("shop", "main"))
    world.runtime.drain()
    failed = world.client("codepipeline").list_action_executions(pipelineName="shop")[
        "actionExecutionDetails"
    ][0]
    error = failed["output"]["executionResult"]["errorDetails"]["message"]
    assert "authorization failed for primary source" in error
    assert "codecommit:GitPull" in error


def test_a_clone_through_a_connection(world: World) -> None:
    spec = core.GITHUB.replace("repository: me/shop", "repository: me/shop\n    full_clone: true").replace(
        "  - name: Deploy", "  - name: Build\n    provider: codebuild\n  - name: Deploy"
    )
    core.up(world.aws, spec)
    role = world.client("iam").get_role_policy(
        RoleName=f"awspipe-shop-{core.REGION}-Build", PolicyName="awspipe"
    )["PolicyDocument"]
    (arn,) = [one["ConnectionArn"] for one in core.every_connection()]
    assert {
        "Effect": "Allow",
        "Action": ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
        "Resource": [arn],
    } in role["Statement"]
    assert core.planned(world.again(), spec).work == ()
    assert core.down(world.aws).left == ()
