"""A build changes nothing of this machine and leaves nothing, in a namespace and as plain processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from awspipe.sandbox import box, control, record, runtime, seam
from tests.support.boxes import eventually, running
from tests.support.builds import World, spec, statuses
from tests.support.sandbox import in_process


@pytest.fixture(params=["namespace", "process"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "process":
        monkeypatch.setenv(box.ISOLATION, "process")
    found = box.level(tmp_path / "builds")
    if found.kind != request.param:
        pytest.skip(found.reason)
    with in_process(tmp_path):
        made = World()
        made.project()
        yield made


def mark() -> str:
    return f"85{os.getpid()}{time.monotonic_ns() % 10**7}"


def test_the_log_says_how_far_a_build_is_from_this_machine(
    world: World, request: pytest.FixtureRequest
) -> None:
    assert world.build({"buildspec.yml": spec(files="buildspec.yml")})["buildStatus"] == "SUCCEEDED"
    level = "process" if "process" in request.node.name else "namespace"
    says = f"with its own tools, not in aws/codebuild/standard:7.0 ({level} isolation)"
    assert world.lines().count(says) == 1


def test_what_a_build_writes_outside_its_source_stays_away(world: World) -> None:
    name = f"awspipe-{mark()}"
    if os.environ.get(box.ISOLATION) == "process":
        places = ["$HOME", "$TMPDIR", "$HOME/.local/bin"]
    else:
        places = ["/usr/local", "/etc", "/var", "/opt", "/tmp", "$HOME", str(Path.home())]
    script = f"for one in {' '.join(places)}; do mkdir -p $one && echo x >$one/{name} || exit 3; done"
    assert world.build({"buildspec.yml": spec(build=script)})["buildStatus"] == "SUCCEEDED"
    kept = [Path(one) for one in (*places, str(Path.home()), "/tmp") if "$" not in one]
    assert [one for one in kept if (one / name).exists()] == []


def test_a_build_sees_nothing_of_the_users_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CI", "GITHUB_ACTIONS", "PYTHONPATH", "NPM_TOKEN"):
        monkeypatch.setenv(variable, "mine")
    script = "env | sort; echo home=$HOME; ls -A $HOME; ls -A ~/.aws 2>&1 | head -3"
    world.build({"buildspec.yml": spec(build=script)})
    assert "=mine" not in world.lines()
    assert f"home={Path.home()}\n" not in world.lines() or Path.home() == Path("/root")


def test_a_build_that_is_stopped_leaves_no_process(world: World, tmp_path: Path) -> None:
    one = mark()
    script = f"(setsid sleep {one} >/dev/null 2>&1 &); sleep {one} & sleep {one}"
    made = world.begin({"buildspec.yml": spec(build=script, rest="  post_build: {commands: [echo never]}\n")})
    assert eventually(lambda: len(running(one)) >= 3)
    world.codebuild.stop_build(id=made.id)
    runtime.current().drain()
    (ended,) = world.codebuild.batch_get_builds(ids=[made.id])["builds"]
    assert (ended["buildStatus"], statuses(ended)["BUILD"]) == ("STOPPED", "STOPPED")
    assert running(one) == []
    assert list((tmp_path / "builds").iterdir()) == []
    assert "POST_BUILD" not in statuses(ended)


def test_what_a_build_leaves_in_the_background_holds_nobody_up_and_ends_with_it(world: World) -> None:
    one = mark()
    look = f"cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o '[s]leep {one}' | sort | uniq -c | xargs"
    text = spec(build=f"sleep {one} &", rest=f"  post_build:\n    commands:\n      - {look}\n")
    ended = world.build({"buildspec.yml": text})
    assert ended["buildStatus"] == "SUCCEEDED"
    assert f"sleep {one}\n" in world.lines()
    assert running(one) == []


def test_a_time_out_ends_the_whole_tree(world: World) -> None:
    one = mark()
    made = world.begin({"buildspec.yml": spec(build=f"sleep {one} & sleep {one}")})
    assert eventually(lambda: len(running(one)) >= 2)
    world.time_out(made)
    runtime.current().drain()
    (ended,) = world.codebuild.batch_get_builds(ids=[made.id])["builds"]
    assert ended["buildStatus"] == "TIMED_OUT"
    (build,) = [phase for phase in ended["phases"] if phase["phaseType"] == "BUILD"]
    assert build["contexts"] == [{"statusCode": "BUILD_TIMED_OUT", "message": "Build has timed out. "}]
    assert running(one) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_commands_run_as_the_user_that_the_buildspec_names(world: World) -> None:
    text = "version: 0.2\nrun-as: nobody\nphases:\n  build:\n    commands: ['id -un; A=1', 'echo a=$A']\n"
    text += "  post_build:\n    run-as: root\n    commands: ['id -un']\n"
    ended = world.build({"buildspec.yml": text}, outputs=())
    if os.environ.get(box.ISOLATION) == "process" and ended["buildStatus"] == "FAILED":
        pytest.skip("the directories of this machine above the build are not open to others")
    assert "\nnobody\n" in world.lines()
    assert "\na=1\n" in world.lines()
    assert "\nroot\n" in world.lines()


@contextmanager
def left_behind(folder: Path) -> Iterator[str]:
    """A box whose server is gone with a daemon in it: the daemon's mark.

    Its output ends when the daemon has let go of it, in a session of its own: nothing of it is yet to come.
    """
    one = mark()
    made = box.create(folder, "b")
    script = f"setsid sh -c 'echo detached; exec sleep {one} >/dev/null 2>&1' &"
    try:
        begun = made.popen(
            ["sh", "-c", script],
            env=dict(os.environ),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = begun.communicate(timeout=60)
        assert (begun.returncode, said) == (0, b"detached\n")
        assert eventually(lambda: running(one) == [f"sleep\0{one}\0"])
        yield one
    finally:
        made.kill()


def test_what_a_killed_sandbox_left_of_a_build_ends_at_the_next_start(world: World, tmp_path: Path) -> None:
    with left_behind(tmp_path / "builds" / "old") as one:
        seam.resume()
        assert running(one) == []
        assert list((tmp_path / "builds").iterdir()) == []


def test_a_reset_ends_what_a_killed_sandbox_left(world: World, tmp_path: Path) -> None:
    directory = tmp_path / "sandbox"
    record.prepare(directory)
    builds, hosts = (left_behind(directory / kind / "old") for kind in ("builds", "hosts"))
    with builds as of_build, hosts as of_host:
        assert control.reset(directory)
        assert [running(of_build), running(of_host)] == [[], []]
        assert not directory.exists()
