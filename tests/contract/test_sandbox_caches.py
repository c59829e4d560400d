"""What a build finds again of the last one: caches of projects, local ones and in S3."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import box
from tests.support.builds import ALL, REGION, World
from tests.support.sandbox import in_process

LOCAL = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
S3 = {"type": "S3", "location": "store/caches"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(box.ISOLATION, "process")
    with in_process(tmp_path):
        yield World()


def said(world: World, cache: str, build: str, **files: str) -> list[str]:
    """What the commands and the cache said in a build with this `cache:`."""
    text = f"version: 0.2\nphases:\n  install:\n    commands: ['{build}']\ncache: {cache}\n"
    ended = world.build({"buildspec.yml": text, **files}, outputs=())
    assert ended["buildStatus"] == "SUCCEEDED"
    lines = world.lines(ended["logs"]["streamName"]).splitlines()
    own = re.compile(r"\[Container\] \S+ \S+ ")
    starts = ("Cache", "Unable", "LOCAL", "cache:", "<")
    return [line for one in lines if (line := own.sub("", one)).startswith(starts)]


PATHS = "paths: [deps/**/*, /root/.cache/tool, ~/single]"
FILL = (
    'echo "<$( (cd deps && ls; cd ~/.cache/tool && ls; cd ~ && ls single) 2>/dev/null | xargs)>"; '
    "mkdir -p deps ~/.cache/tool; date > deps/a; ln -sf a deps/l; echo 1 > ~/.cache/tool/b; echo 2 > ~/single"
)
NONE = "Unable to download cache: there is none yet"


@pytest.mark.parametrize("cache", [LOCAL, S3])
def test_what_one_build_leaves_the_next_one_finds(world: World, cache: dict[str, Any]) -> None:
    world.project(cache=cache)
    first = said(world, f"{{{PATHS}}}", FILL)
    assert first == [NONE, "<>", "Cache saved: 4 file(s)"]
    second = said(world, f"{{{PATHS}}}", FILL)
    assert second == ["Cache restored: 4 file(s)", "<a l b single>", "Cache saved: 4 file(s)"]


def test_keys_and_fallback_keys(world: World) -> None:
    world.project(cache=S3)
    key = "key: 'npm-$(codebuild-hash-files lock.json)', fallback-keys: [npm-]"
    build = 'cat deps/lock 2>/dev/null | sed "s/.*/<&>/"; mkdir -p deps; cp lock.json deps/lock'
    cache = f"{{{key}, paths: [deps]}}"
    assert said(world, cache, build, **{"lock.json": "one"})[0] == NONE
    assert said(world, cache, build, **{"lock.json": "two"})[:2] == ["Cache restored: 1 file(s)", "<one>"]
    assert said(world, cache, build, **{"lock.json": "one"})[:2] == ["Cache restored: 1 file(s)", "<one>"]
    objects = world.s3.list_objects_v2(Bucket="store", Prefix="caches/project/npm-")["Contents"]
    assert len(objects) == 2
    only = said(world, cache.replace("fallback-keys: [npm-]", "action: save"), build, **{"lock.json": "two"})
    assert only == ["Cache saved: 1 file(s)"]
    cache = cache.replace("fallback-keys: [npm-]", "action: restore")
    only = said(world, cache, build, **{"lock.json": "two"})
    assert only == ["Cache restored: 1 file(s)", "<two>"]


@pytest.mark.parametrize(
    ("modes", "says"),
    [
        ("LOCAL_SOURCE_CACHE", "LOCAL_SOURCE_CACHE has nothing to do in the sandbox: sources come whole"),
        (
            "LOCAL_DOCKER_LAYER_CACHE",
            "LOCAL_DOCKER_LAYER_CACHE has nothing to do in the sandbox: no docker runs",
        ),
    ],
)
def test_a_mode_that_has_nothing_to_do_says_so(world: World, modes: str, says: str) -> None:
    world.project(cache={"type": "LOCAL", "modes": [modes]})
    for _ in range(2):
        assert said(world, "{paths: [a]}", "ls | xargs | sed s/^/\\</; echo 1 > a") == [
            says,
            "<buildspec.yml",
        ]


def test_nothing_is_cached_where_there_is_no_cache_or_a_build_failed(world: World) -> None:
    world.project()
    assert said(world, "{paths: [deps]}", "mkdir deps; echo 1 > deps/a") == []
    world.codebuild.update_project(name="project", cache=LOCAL)
    text = "version: 0.2\nphases: {build: {commands: ['echo 1 > a', 'false']}}\ncache: {paths: [a]}\n"
    world.build({"buildspec.yml": text}, outputs=())
    assert said(world, "{paths: [a]}", "ls | xargs")[0] == NONE


def test_what_lies_elsewhere_is_not_kept_and_told_of(world: World) -> None:
    world.project(cache=LOCAL)
    lines = said(world, "{paths: [/opt/x, ../up, none]}", "true")
    assert "cache: /opt/x lies outside the source and the home: it is not kept" in lines
    assert "cache: ../up lies outside the source and the home: it is not kept" in lines
    assert lines[-1] == "Unable to upload cache: none of its paths is there"


def test_a_cache_is_forgotten_when_it_is_invalidated_and_with_its_project(
    world: World, tmp_path: Path
) -> None:
    for cache in (LOCAL, S3):
        world.project(cache=cache)
        said(world, "{paths: [a]}", "echo 1 > a")
        world.codebuild.invalidate_project_cache(projectName="project")
        assert said(world, "{paths: [a]}", "echo 1 > a")[0] == NONE
        world.codebuild.delete_project(name="project")
        assert list((tmp_path / "caches").glob("*")) == []


def test_a_role_that_may_not_reach_the_bucket_has_no_cache(world: World) -> None:
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    policy = {**ALL, "Statement": [*ALL["Statement"], deny]}
    world.iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=json.dumps(policy))
    world.project(cache=S3)
    last = said(world, "{paths: [a]}", "echo 1 > a")[-1]
    assert last.startswith("Unable to upload cache: AccessDenied: User: ")
    assert "s3:PutObject on resource: arn:aws:s3:::store/caches/project/cache" in last


def test_an_archive_that_means_harm_changes_nothing_elsewhere(world: World, tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("source/../../../../out", "/etc/awspipe-out", "other/x", "source/good"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
        link = tarfile.TarInfo("source/link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../.."
        archive.addfile(link)
    world.s3.put_object(Bucket="store", Key="caches/project/cache", Body=made.getvalue())
    world.project(cache=S3)
    assert said(world, "{paths: [a]}", 'echo "<$(ls | xargs)>"; touch a')[1] == "<buildspec.yml good>"
    assert not list(tmp_path.rglob("out")) and not Path("/etc/awspipe-out").exists()


def test_no_more_than_the_newest_keys_are_kept(world: World, tmp_path: Path) -> None:
    world.project(cache=LOCAL)
    for index in range(7):
        said(world, f"{{key: k{index}, paths: [a]}}", "echo 1 > a")
    assert len(list((tmp_path / "caches" / f"{REGION}-project").iterdir())) == 5
