"""A pipeline's mode and what follows from a stage's failure: made, read back unchanged, repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import core
from tests.support.core import World

TEXT = (
    core.SERVER.replace("name: shop\n", "name: shop\nmode: QUEUED\n", 1).replace(
        "    branch: main\n", "    branch: main\n    namespace: Src\n    on_failure: retry\n"
    )
    + "    on_failure: rollback\n"
)
GATED = TEXT + '    before_entry: {rules: [{variable: "#{Src.BranchName}", equals: main}]}\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def test_mode_and_failures_are_made_and_read_back_unchanged(world: World) -> None:
    core.up(world.aws, TEXT)
    made = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    assert made["executionMode"] == "QUEUED"
    assert [stage.get("onFailure") for stage in made["stages"]] == [
        {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}},
        {"result": "ROLLBACK"},
    ]
    assert core.planned(world.again(), TEXT).work == ()


def test_what_was_changed_by_hand_is_repaired(world: World) -> None:
    core.up(world.aws, TEXT)
    codepipeline = world.client("codepipeline")
    made = codepipeline.get_pipeline(name="shop")["pipeline"]
    del made["stages"][1]["onFailure"]
    codepipeline.update_pipeline(pipeline={**made, "executionMode": "SUPERSEDED"})
    assert set(core.changes(core.planned(world.aws, TEXT))) == {
        ("pipeline", "executionMode"),
        ("pipeline", "stages[Deploy].onFailure"),
    }
    core.up(world.aws, TEXT)
    assert core.planned(world.again(), TEXT).work == ()


def test_conditions_are_made_and_read_back_unchanged(world: World) -> None:
    core.up(world.aws, GATED)
    made = world.client("codepipeline").get_pipeline(name="shop")["pipeline"]
    (condition,) = made["stages"][1]["beforeEntry"]["conditions"]
    assert condition["result"] == "FAIL"
    assert condition["rules"][0]["configuration"]["Value"] == "main"
    assert core.planned(world.again(), GATED).work == ()
    core.up(world.aws, TEXT)
    assert (
        "beforeEntry" not in world.client("codepipeline").get_pipeline(name="shop")["pipeline"]["stages"][1]
    )
