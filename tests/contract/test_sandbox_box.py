"""Boxes: what runs in them changes nothing of this machine, and nothing is left of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.sandbox import box, process
from awspipe.sandbox.boxes import files, leftovers
from tests.support.boxes import SHARE, eventually, run, running

ROOT = Path(__file__).parents[2]
BACKGROUND = "({} >/dev/null 2>&1 & echo $!)"


@pytest.fixture(params=["namespace", "process"])
def made(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[box.Box]:
    if request.param == "process":
        monkeypatch.setenv(box.ISOLATION, "process")
    found = box.level(tmp_path)
    if found.kind != request.param:
        pytest.skip(found.reason)
    one = box.create(tmp_path / "b", "b")
    yield one
    one.destroy()


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[box.Box]:
    found = box.level(tmp_path)
    if found.kind != "namespace":
        pytest.skip(found.reason)
    one = box.create(tmp_path / "b", "b")
    yield one
    one.destroy()


def mounts(directory: Path) -> list[str]:
    """The mounts below a directory that any process of ours sees."""
    found = set()
    for one in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            lines = one.read_text().splitlines()
        except OSError:
            continue
        found |= {line for line in lines if str(directory) in line}
    return sorted(found)


def test_a_shared_directory_is_seen_from_both_sides(made: box.Box) -> None:
    here = made.share(SHARE)
    (here / "in").write_text("to the box")
    assert run(made, "pwd; cat in; echo back >out") == (0, f"{made.path(SHARE)}\nto the box")
    assert (here / "out").read_text() == "back\n"
    assert made.share(SHARE) == here


def test_the_environment_is_what_is_given(made: box.Box) -> None:
    said = run(made, "env")[1].splitlines()
    names = {one.partition("=")[0] for one in said} - {"PWD", "OLDPWD", "SHLVL", "_"}
    more = {box.MARK, "AWSPIPE_ROOT"} if made.root_prefix else set()
    assert names == {"PATH"} | more


def test_a_process_has_a_session_of_its_own(made: box.Box) -> None:
    started = made.popen(["sleep", "60"], env=dict(os.environ), cwd="/", stdout=None, stderr=None)
    assert os.getsid(started.pid) == started.pid


def test_killing_ends_daemons_too_and_nothing_starts_afterwards(made: box.Box) -> None:
    mark = f"86{os.getpid()}{time.monotonic_ns() % 10**6}"
    script = f"setsid sleep {mark} >/dev/null 2>&1 & (nohup sh -c 'sleep {mark}; :' >/dev/null 2>&1 &)"
    assert run(made, script)[0] == 0
    assert eventually(lambda: len(running(mark)) >= 2)
    made.kill()
    assert running(mark) == []
    with pytest.raises(box.EndedError):
        run(made, "true")


def test_destroying_leaves_no_file_and_no_mount(made: box.Box) -> None:
    run(made, "mkdir -p locked/in && touch locked/in/f && chmod 000 locked")
    made.destroy()
    assert not made.directory.exists()
    assert mounts(made.directory) == []
    made.destroy()


def test_a_box_that_is_opened_again_has_its_files(made: box.Box) -> None:
    run(made, "echo kept >file; echo kept >${AWSPIPE_ROOT:-/opt}/kept")
    made.kill()
    again = box.reopen(made.directory, "b")
    try:
        assert run(again, "cat file ${AWSPIPE_ROOT:-/opt}/kept") == (0, "kept\nkept\n")
    finally:
        again.destroy()


def test_a_new_box_has_nothing_of_the_last_one(made: box.Box) -> None:
    run(made, "echo old >file")
    made.kill()
    again = box.create(made.directory, "b")
    try:
        assert run(again, "ls") == (0, "")
    finally:
        again.destroy()


def test_what_a_killed_server_left_running_ends_when_its_box_is_discarded(made: box.Box) -> None:
    mark = f"87{os.getpid()}{time.monotonic_ns() % 10**6}"
    run(made, f"setsid sleep {mark} >/dev/null 2>&1 &")
    box.discard(made.directory)
    assert running(mark) == []
    assert not made.directory.exists()


def test_a_process_of_another_start_is_not_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        leftovers.end_process(other.pid, "another start")
        assert process.started(other.pid)
        other.kill()


def test_a_box_changes_nothing_of_this_machine(namespace: box.Box) -> None:
    name = f"awspipe-{os.getpid()}-{time.monotonic_ns()}"
    places = [f"{one}/{name}" for one in ("/usr/local", "/etc", "/var", "/opt", "/tmp", "/run", "")]
    code, said = run(namespace, f"for one in {' '.join(places)}; do echo x >$one || exit 3; done")
    assert (code, said) == (0, "")
    assert [one for one in places if Path(one).exists()] == []


def test_a_box_sees_its_own_processes_and_no_disk(namespace: box.Box) -> None:
    said = run(namespace, "ls /proc | grep -c '^[0-9]'; ls /dev | grep -c -e '^vd' -e '^sd' -e '^nvme'")[1]
    processes, disks = said.split()
    assert int(processes) < 8
    assert disks == "0"


def test_a_box_cannot_mount_and_cannot_change_the_kernel(namespace: box.Box) -> None:
    script = (
        "mount -t tmpfs none /mnt 2>/dev/null && echo mounted; echo 1 2>/dev/null >/proc/sys/vm/swappiness"
    )
    code, said = run(namespace, f"{script} && echo written")
    assert (code != 0, said) == (True, "")


def test_a_box_starts_empty_in_tmp_but_has_its_python(namespace: box.Box) -> None:
    code, said = run(namespace, f"{sys.executable} -c 'import awspipe.sandbox.box, moto; print(1)'")
    assert (code, said) == (0, "1\n")
    assert str(ROOT) in run(namespace, f"ls -d {ROOT}")[1]


def test_a_box_ends_with_the_process_that_made_it(tmp_path: Path) -> None:
    """A server that is killed takes its boxes with it."""
    if box.level(tmp_path).kind != "namespace":
        pytest.skip(box.level(tmp_path).reason)
    mark = f"88{os.getpid()}{time.monotonic_ns() % 10**6}"
    code = f"""
import os, sys
from pathlib import Path
from awspipe.sandbox import box
from tests.support.boxes import run
made = box.create(Path({str(tmp_path / "b")!r}), "b")
run(made, "setsid sleep {mark} >/dev/null 2>&1 &")
print("ready", flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.stdout == b"ready\n", done.stderr.decode()
    assert eventually(lambda: running(mark) == [])
    box.discard(tmp_path / "b")


def test_an_ordinary_user_has_namespaces_too(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    python = _readable_python()
    where = Path("/tmp") / f"awspipe-user-{os.getpid()}"
    where.mkdir(mode=0o777)
    try:
        os.chown(where, 65534, 65534)
        done = subprocess.run(
            [*_AS_NOBODY, python, str(ROOT / "tests/support/boxes.py"), str(where)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr.decode()
        facts = json.loads(done.stdout)
        if facts["kind"] != "namespace":
            pytest.skip(facts["reason"])
        assert (facts["code"], facts["said"], facts["left"]) == ("0", "x\n" * 6, "")
        assert list(where.iterdir()) == []
    finally:
        files.delete(where)


_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def _readable_python() -> str:
    """A Python that everybody may start, and from which the package can be read."""
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv to become another user with")
    for python in ("/usr/bin/python3", sys.executable):
        code = "import sys; import awspipe.sandbox.box; sys.exit(sys.version_info < (3, 11))"
        tried = [*_AS_NOBODY, python, "-c", code]
        environ = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        if subprocess.run(tried, env=environ, capture_output=True, check=False, cwd="/").returncode == 0:
            return python
    pytest.skip("another user can start no Python that reads this package")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({box.ISOLATION: "process"}, "AWSPIPE_SANDBOX_ISOLATION=process asks for it"),
        ({"PATH": "/nonexistent"}, "unshare and nsenter and setpriv (util-linux) cannot be found"),
    ],
)
def test_the_level_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], says: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = box.level(tmp_path)
    assert found.kind == "process"
    assert found.reason == f"builds and hosts are plain processes of yours, not kept apart: {says}"
