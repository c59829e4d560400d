"""Starting, finding and stopping the sandbox's server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from awspipe.errors import AwspipeError, RefusedError
from awspipe.sandbox import control, process, record
from tests.support.server import ROOT, Server


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A state directory whose server does not outlive the test."""
    made = tmp_path / "my sandbox 내"
    yield made
    control.stop(made)


def test_it_starts_once_and_stops_once(directory: Path) -> None:
    assert (control.running(directory), control.stop(directory)) == (None, False)
    endpoint, new = control.start(directory)
    assert new
    assert control.start(directory) == (endpoint, False)
    assert control.running(directory) == endpoint
    assert endpoint.account == "123456789012"
    assert control.stop(directory)
    assert control.running(directory) is None
    assert not control.stop(directory)


def test_port_and_keys_stay_and_only_the_user_can_read_them(directory: Path) -> None:
    before, _ = control.start(directory)
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir() if path.is_file()}
    assert set(modes.values()) == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700
    control.stop(directory)
    after, _ = control.start(directory)
    assert replace(after, pid=0) == replace(before, pid=0)
    assert before.secret_key not in repr(before)


def test_a_taken_port_is_told_and_taken_back_later(directory: Path) -> None:
    first, _ = control.start(directory)
    port = int(first.url.rpartition(":")[2])
    control.stop(directory)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        second, _ = control.start(directory)
        assert second.url != first.url
        assert control.status(directory).notes[0].startswith(f"port {port} is taken")
        assert control.notes(second) == control.status(directory).notes
        assert f"port {port} is taken" in control.log_path(directory).read_text()
        control.stop(directory)
    third, _ = control.start(directory)
    assert third.url == first.url
    assert control.status(directory).notes == ()


def test_a_place_that_cannot_hold_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "sandbox"
    with pytest.raises(AwspipeError, match=f"the sandbox cannot keep its state in {place}: Not a directory"):
        control.start(place)


def test_the_status_of_one_that_runs_and_one_that_does_not(directory: Path) -> None:
    assert control.status(directory) == control.Status(running=False)
    endpoint, _ = control.start(directory)
    status = control.status(directory)
    assert (status.running, status.url, status.pid) == (True, endpoint.url, endpoint.pid)
    assert 0 < status.uptime_seconds < 60
    assert status.state_bytes > 0
    assert (status.not_kept, status.notes, status.account) == ((), (), "123456789012")
    control.stop(directory)
    assert not control.status(directory).running


def test_two_commands_at_once_start_one_server(directory: Path) -> None:
    found: list[tuple[control.Endpoint, bool]] = []
    threads = [threading.Thread(target=lambda: found.append(control.start(directory))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({endpoint for endpoint, _ in found}) == 1
    assert sorted(new for _, new in found) == [False, False, True]


def test_a_killed_server_is_seen_and_started_again(directory: Path) -> None:
    before, _ = control.start(directory)
    os.kill(before.pid, signal.SIGKILL)
    wait_until_gone(before.pid)
    assert control.running(directory) is None
    assert not control.status(directory).running
    after, new = control.start(directory)
    assert (after.url, new) == (before.url, True)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while process.started(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_another_process_with_its_id_is_left_alone(directory: Path) -> None:
    control.start(directory)
    found = record.read(directory)
    assert found is not None
    control.stop(directory)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        record.write(directory, replace(found, pid=other.pid))
        assert control.running(directory) is None
        assert not control.stop(directory)
        assert other.poll() is None
        other.communicate(b"\n")


def test_another_server_at_its_address_is_not_it(directory: Path, tmp_path: Path) -> None:
    with Server(tmp_path / "other") as other:
        control.start(directory)
        found = record.read(directory)
        assert found is not None
        record.write(directory, replace(found, url=other.endpoint.url))
        assert control.running(directory) is None
        record.write(directory, found)


def test_a_second_server_on_one_directory_is_refused(directory: Path) -> None:
    control.start(directory)
    command = [sys.executable, "-m", "awspipe.sandbox", "--state-dir", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert "another server is running" in done.stderr
    assert control.running(directory)


def test_reset_stops_it_and_deletes_everything(directory: Path) -> None:
    before, _ = control.start(directory)
    assert control.reset(directory)
    assert not directory.exists()
    assert not process.started(before.pid)
    assert not control.reset(directory)
    after, _ = control.start(directory)
    assert after.access_key != before.access_key


def test_reset_deletes_folders_that_nobody_may_enter(directory: Path) -> None:
    record.prepare(directory)
    work = directory / "work"
    (work / "inner").mkdir(parents=True)
    (work / "inner" / "file").touch()
    (work / "link").symlink_to("nowhere")
    work.chmod(0)
    assert control.reset(directory)
    assert not directory.exists()


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("text")
    for refused in (control.start, control.reset):
        with pytest.raises(RefusedError, match="not a sandbox's directory"):
            refused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path.parent / f"{tmp_path.name}.lock").unlink()


def test_a_server_that_dies_at_start_shows_its_last_words(directory: Path) -> None:
    control.start(directory)
    control.stop(directory)
    manifest = directory / "state" / "manifest.json"
    manifest.write_text("{}")
    with pytest.raises(AwspipeError) as caught:
        control.start(directory)
    assert "it ended with exit code 1" in str(caught.value)
    assert "run `awspipe sandbox reset`" in str(caught.value)
    assert "serves at" not in str(caught.value), "the words of the start before are not its own"
    assert str(control.log_path(directory)) in caught.value.hint


def test_without_moto_it_says_what_to_install(directory: Path) -> None:
    code = (
        "import sys; sys.modules['moto'] = None\n"
        "from pathlib import Path\n"
        "from awspipe.errors import UsageError\n"
        "from awspipe.sandbox import control\n"
        "try: control.start(Path(sys.argv[1]))\n"
        "except UsageError as error: print(error.message, error.hint, sep='|')\n"
    )
    command = [sys.executable, "-c", code, str(directory)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert out.strip() == "the sandbox is not installed|pip install 'awspipe[sandbox]'"
    assert not directory.exists()


def test_looking_for_it_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from awspipe.sandbox import control\n"
        "control.running(Path(sys.argv[1])), control.status(Path(sys.argv[1]))\n"
        "heavy = {'moto', 'boto3', 'botocore', 'flask', 'werkzeug', 'pydantic', 'typer', 'ssl', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert out.strip() == "[]"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWSPIPE_SANDBOX_DIR": "/x/y", "XDG_STATE_HOME": "/s", "HOME": "/h"}, "/x/y"),
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/awspipe/sandbox"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/awspipe/sandbox"),
        ({"HOME": "/h"}, "/h/.local/state/awspipe/sandbox"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")
def test_where_it_lies(environ: dict[str, str], expected: str) -> None:
    assert control.state_dir(environ) == Path(expected)


def test_what_other_tools_need_to_see_it() -> None:
    endpoint = control.Endpoint("http://127.0.0.1:4711", "KEY", "SECRET", 1)
    variables = control.environment(endpoint)
    assert variables == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4711",
        "AWS_ACCESS_KEY_ID": "KEY",
        "AWS_SECRET_ACCESS_KEY": "SECRET",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_REGION": "ap-northeast-2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert not set(control.UNSET) & set(variables)


def test_boto3_needs_no_more_than_that(directory: Path) -> None:
    endpoint, _ = control.start(directory)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    code = "import boto3, json; print(json.dumps(boto3.client('sts').get_caller_identity()['Account']))"
    out = subprocess.run(
        [sys.executable, "-c", code],
        env=environ | control.environment(endpoint),
        capture_output=True,
        check=True,
    ).stdout
    assert json.loads(out) == "123456789012"


def test_the_server_does_not_see_the_users_own_aws(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {
        "AWS_PROFILE": "gone",
        "AWS_DEFAULT_REGION": "nowhere-1",
        "MOTO_ACCOUNT_ID": "9" * 12,
    }
    with Server(tmp_path / "sandbox", environ=wrong) as server:
        assert server.client("sts").get_caller_identity()["Account"] == "123456789012"
        environ = Path(f"/proc/{server.endpoint.pid}/environ")
        assert environ.exists() or sys.platform != "linux"
        assert server.stop() == 0
