"""Variables from the spec to a build that reads them: what a run is given, and what earlier actions tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.graph import Source
from awspipe.plan import Verb
from awspipe.sandbox import box
from tests.support import core
from tests.support.core import World

SPEC = """\
name: shop
variables:
  STAGE: beta
  WHO: {default: "nobody \\u00e9", description: who is greeted}
stages:
  - {name: Source, provider: codecommit, repository: shop, namespace: Code}
  - name: Build
    provider: codebuild
    env:
      COMMIT: "#{Code.CommitId}"
      GREETING: 'hello #{variables.WHO}, "#{variables.STAGE}"'
      RUN: "#{codepipeline.PipelineExecutionId}"
      RUBY: "#{name}"
      PLAIN: plain
  - {name: Deploy, provider: s3}
"""
BUILDSPEC = """\
version: 0.2
phases:
  build:
    commands:
      - printf '%s\\n' "$COMMIT" "$GREETING" "$RUN" "$RUBY" "$PLAIN" > said
artifacts:
  files: [said]
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose actions are played for real."""
    monkeypatch.setenv(box.ISOLATION, "process")
    with core.world(tmp_path, actions={}) as world:
        yield world


def commit(world: World) -> Any:
    def push(source: Source) -> None:
        world.client("codecommit").create_commit(
            repositoryName=source.repository,
            branchName=source.branch,
            putFiles=[{"filePath": "buildspec.yml", "fileContent": BUILDSPEC.encode()}],
        )

    return push


def said(world: World) -> list[str]:
    """What the newest build that was deployed has said."""
    world.runtime.drain()
    found = world.client("s3").get_object(
        Bucket=f"shop-files-deploy-{core.ACCOUNT}-{core.REGION}-an", Key="said"
    )
    return str(found["Body"].read().decode()).splitlines()


def test_a_build_reads_what_the_pipeline_fills_in(world: World) -> None:
    core.up(world.aws, SPEC, push=commit(world))
    branch = world.client("codecommit").get_branch(repositoryName="shop", branchName="main")["branch"]
    codepipeline = world.client("codepipeline")
    (first,) = codepipeline.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    assert said(world) == [
        branch["commitId"],
        'hello nobody é, "beta"',
        first["pipelineExecutionId"],
        "#{name}",
        "plain",
    ]
    given = [{"name": "WHO", "value": "Ann"}]
    again = codepipeline.start_pipeline_execution(name="shop", variables=given)["pipelineExecutionId"]
    assert said(world)[1:3] == ['hello Ann, "beta"', again]


def test_only_what_is_filled_in_is_the_action_s_the_rest_is_the_project_s(world: World) -> None:
    core.up(world.aws, SPEC, push=commit(world))
    declared = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    configuration = declared["stages"][1]["actions"][0]["configuration"]
    listed = json.loads(configuration["EnvironmentVariables"])
    assert [(one["name"], one["type"]) for one in listed] == [
        ("COMMIT", "PLAINTEXT"),
        ("GREETING", "PLAINTEXT"),
        ("RUN", "PLAINTEXT"),
    ]
    (project,) = world.client("codebuild").batch_get_projects(names=["shop-Build"])["projects"]
    own = {one["name"]: one["value"] for one in project["environment"]["environmentVariables"]}
    assert own == {"RUBY": "#{name}", "PLAIN": "plain"}
    assert declared["variables"] == [
        {"name": "STAGE", "defaultValue": "beta"},
        {"name": "WHO", "defaultValue": "nobody é", "description": "who is greeted"},
    ]
    assert core.planned(world.aws, SPEC).work == ()


def test_a_variable_that_goes_is_seen(world: World) -> None:
    core.up(world.aws, SPEC, push=commit(world))
    fewer = SPEC.replace("  STAGE: beta\n", "").replace('"#{variables.STAGE}"', "you")
    assert core.verbs(core.planned(world.aws, fewer)) == {"pipeline": {Verb.UPDATE}}
