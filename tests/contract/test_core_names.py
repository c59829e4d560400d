"""Odd and long names, in every kind of region: what AWS would refuse is never sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import core

LONG = "The-longest_name.that@AWS-takes-for-a-pipeline-has-one-hundred-characters-and-this-one-has-them-all-"
STAGE = "A-stage_may-have@a-long.name-too-and-this-one-is-as-long-as-CodePipeline-lets-it-be-which-is-100-ch-"


def wide(name: str, stage: str) -> str:
    """Every kind, with an action in each stage that is named otherwise than the stage."""
    return f"""
name: "{name}"
stages:
  - name: Source
    provider: codecommit
    repository: code
  - name: "{stage}"
    actions:
      - {{name: "0{stage[1:]}", provider: codebuild, output: Built}}
      - {{name: "1{stage[1:]}", provider: codebuild, category: Test, input: Source}}
  - name: "2{stage[1:]}"
    actions:
      - {{name: Site, provider: s3, input: Built, website: true, error: "404.html"}}
      - {{name: "3{stage[1:]}", provider: s3, input: Built}}
      - {{name: "4{stage[1:]}", provider: codedeploy, input: Built, on_premises_tags: {{a: b}}}}
"""


# moto takes GovCloud's IAM for the common one; tests/unit/test_naming.py has its names.
CASES = [
    ("ap-northeast-2", "a.b@c_D", "Build"),
    ("us-east-1", LONG, STAGE),
    ("me-south-1", LONG, "B"),
    ("cn-north-1", "a.b@c_D", "x@y"),
    ("cn-northwest-1", "Shop", STAGE),
    ("ap-southeast-1", "shop.git", "_-."),
]


@pytest.mark.parametrize(("region", "name", "stage"), CASES)
def test_a_pipeline_of_any_name_lives_and_dies(tmp_path: Path, region: str, name: str, stage: str) -> None:
    assert len(name) <= 100
    assert len(stage) <= 100
    text = wide(name, stage)
    with core.world(tmp_path, region=region) as world:
        core.up(world.aws, text)
        assert core.planned(world.aws, text).work == ()
        assert core.down(world.aws, name).left == ()
        assert core.inventory(world.client) == {}
        assert not [call for call in world.calls.failed if call.mutating]


def test_names_that_look_like_each_other_live_side_by_side(tmp_path: Path) -> None:
    names = ("a.b", "a-b", "a_b", "a@b", "A.b", "a..b", LONG, LONG[:99], LONG[:98])
    with core.world(tmp_path) as world:
        texts = {name: core.STATIC_SITE.replace("shop", f'"{name}"', 1) for name in names}
        for place, name in enumerate(names):
            texts[name] = texts[name].replace("repository: shop", f"repository: code{place}")
            core.up(world.aws, texts[name])
        for name in names:
            assert core.planned(world.aws, texts[name]).work == (), name
        for name in names:
            assert core.down(world.aws, name).left == ()
        assert world.inventory == {}
