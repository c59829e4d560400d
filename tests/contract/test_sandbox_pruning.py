"""Nothing of a pipeline grows without bound, and what can still be asked for stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import objects, pruning
from tests.support import engine, sandbox
from tests.support.deploying import WHERE, Deploying
from tests.support.engine import Stage, build, source
from tests.support.sandbox import ACCOUNT, REGION


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        place = {"LocationConstraint": REGION}
        sandbox.client("s3").create_bucket(Bucket="artifacts", CreateBucketConfiguration=place)
        yield stage


def run(play: Stage, *, build_fails: bool = False) -> None:
    """One execution with an artifact, to its end."""
    (live,) = play.live()
    for output in live.outputs:
        objects.write(ACCOUNT, REGION, output.bucket, output.key, live.execution_id.encode())
    play.end("Source")
    play.end("Build", error="no" if build_fails else "")


def artifacts(play: Stage) -> list[str]:
    """The executions whose artifacts are there, oldest first."""
    s3: Any = sandbox.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="artifacts").get("Contents", ())]
    held = {s3.get_object(Bucket="artifacts", Key=key)["Body"].read().decode() for key in keys}
    return [one for one in play.ids() if one in held]


def test_the_last_executions_and_fewer_artifacts_are_kept(play: Stage) -> None:
    play.create(source(), build())
    first = play.id(1)
    for _ in range(pruning.EXECUTIONS):
        run(play)
        play.start()
    assert len(play.ids()) == pruning.EXECUTIONS
    assert first not in play.ids()
    # that of the newest is yet to come
    assert artifacts(play) == play.ids()[-pruning.ARTIFACTS : -1]


def test_what_a_stage_last_succeeded_with_is_kept(play: Stage) -> None:
    play.create(source(), build())
    good = play.id(1)
    run(play)
    for _ in range(pruning.ARTIFACTS + 2):
        play.start()
        run(play, build_fails=True)
    assert artifacts(play)[0] == good
    assert len(artifacts(play)) == pruning.ARTIFACTS + 1


def test_versions_of_an_artifact_go_with_it(play: Stage) -> None:
    s3: Any = sandbox.client("s3")
    s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
    play.create(source(), build())
    for _ in range(pruning.ARTIFACTS + 2):
        run(play)
        play.start()
    assert len(s3.list_object_versions(Bucket="artifacts")["Versions"]) == pruning.ARTIFACTS - 1
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket="artifacts")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Deploying]:
    with sandbox.in_process(tmp_path) as played:
        yield Deploying(played)


def test_a_groups_last_deployments_are_kept(shop: Deploying) -> None:
    shop.only("one")
    good = shop.deploy(shop.script("one", "true"))["deploymentId"]
    shop.only()  # from now on each fails at once
    revision = shop.script("one", "true")
    failed = [shop.deploy(revision)["deploymentId"] for _ in range(pruning.DEPLOYMENTS + 3)]
    assert shop.api.list_deployments(**WHERE)["deployments"] == [*failed[:2:-1], good]
