"""From `up` to `down` with remains planted: what each command says, and what AWS holds then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.graph import Source
from tests.contract import test_cost_leftovers as planted
from tests.support import core, engine
from tests.support.core import ACCOUNT, REGION, STATIC_SITE, World
from tests.support.steering import Commands, Said

ROLE = f"awspipe-shop-{REGION}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path, actions=dict.fromkeys(engine.KEYS, engine.Puppet())) as made:
        yield made


@pytest.fixture
def commands(world: World, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def answer(said: Said) -> list[str]:
    assert said.code == 0, said.err
    return said.out.splitlines()


def left_of(world: World) -> set[str]:
    return {name for name in world.inventory if "shop" in name}


def test_an_untidy_pipeline_goes_and_what_others_made_stays(world: World, commands: Commands) -> None:
    """Old versions, markers, an unfinished upload, a foreign target on our rule; and what others made."""
    core.up(world.aws, STATIC_SITE)
    core.first_commit(world)(Source("shop", "other"))
    planted.plant_others(world)
    theirs = set(world.inventory) - left_of(world)
    untidy(world)

    listed = answer(commands("ls", "--cost"))
    assert [line.split()[:3] for line in listed[1:3]] == [
        ["shop", "awspipe", "V2"],
        ["theirs", "others", "V2"],
    ]

    shown = answer(commands("down", "shop", "--dry-run"))
    assert [line.split()[1:] for line in shown[:9]] == [
        ["pipeline", "shop"],
        ["rule", "awspipe-shop-Source"],
        ["bucket", f"shop-artifacts-{ACCOUNT}-{REGION}-an"],
        ["bucket", f"shop-site-deploy-{ACCOUNT}-{REGION}-an"],
        ["build-project", "shop-Build"],
        ["role", ROLE],
        ["role", f"{ROLE}-Build"],
        ["role", f"{ROLE}-Source"],
        ["log-group", "/aws/codebuild/shop-Build"],
    ]
    assert shown[9:13] == [
        "  = repository       shop stays: it holds commits; --delete-data removes it too",
        "shop: 9 to delete, 1 to keep",
        "what stops costing (USD before tax, prices of 2026-11-22):",
        f"  $0.00 a month  pipeline shop{' ' * 43}V2: $0.002 a minute (action minutes of V2 pipelines)",
    ]

    assert answer(commands("down", "shop", "--yes")) == [
        "shop is gone: 9 deleted",
        f"searched again by name and tag in account {ACCOUNT}, {REGION}: nothing is left but what was kept",
        "  = repository       shop stays: it holds commits; --delete-data removes it too",
        "1 resource left that awspipe made, for its data: "
        "$1.00 a user-month (active users), of which 5 are free",
        "what ran this month stays on the bill, which AWS shows up to a day late",
    ]
    assert left_of(world) == {"codecommit/shop"}
    assert set(world.inventory) - left_of(world) == theirs


def untidy(world: World) -> None:
    """What gathers in a pipeline's life."""
    s3 = world.client("s3")
    bucket = {"Bucket": planted.ARTIFACTS}
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(**bucket, Key="a", Body=body)
    s3.delete_object(**bucket, Key="a")
    s3.create_multipart_upload(**bucket, Key="unfinished")
    target = {"Id": "theirs", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarm"}
    world.client("events").put_targets(Rule="awspipe-shop-Source", Targets=[target])


def test_leftovers_delete_what_awspipe_made_and_only_when_asked(world: World, commands: Commands) -> None:
    planted.plant_ours(world)
    planted.plant_others(world)
    theirs = set(world.inventory) - left_of(world)
    before = left_of(world)

    shown = answer(commands("leftovers"))
    assert shown[:2] == [
        f"{REGION} (USD before tax, prices of 2026-11-22):",
        "  shop is gone, but awspipe made these for it:",
    ]
    others = shown.index(
        "  not made by awspipe, and nothing here seems to use it (never removed by awspipe):"
    )
    names = (
        planted.CONSOLE_BUCKET,
        "/aws/codebuild/ghost",
        planted.GHOST_ROLE,
        "codebuild-ghost-service-role",
    )
    for name, line in zip(names, shown[others + 1 :], strict=True):
        assert f" {name} " in line
    assert left_of(world) == before

    removed = commands("leftovers", "--delete", "--yes")
    assert "shop is gone: 8 deleted" in removed.out
    assert left_of(world) == {"codecommit/shop"}
    assert set(world.inventory) - left_of(world) == theirs
    assert "`awspipe down shop --delete-data" in commands("leftovers").out
