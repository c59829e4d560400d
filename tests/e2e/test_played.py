"""From a push to the page and to the servers: the templates as the sandbox plays them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.machine import Machine

_SECONDS = 60.0
_ME = ("-c", "user.name=me", "-c", "user.email=me@localhost")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    one = Machine(tmp_path_factory.mktemp("played"))
    yield one
    one.close()


def status(machine: Machine, project: Path) -> dict[str, Any]:
    shown = json.loads(machine.awspipe("status", "--sandbox", "--json", cwd=project).stdout)
    return dict(shown["pipelines"][0])


def ended(machine: Machine, project: Path, commit: str) -> dict[str, Any]:
    """The pipeline once the execution of a commit has ended."""

    def look() -> dict[str, Any] | None:
        found = status(machine, project)
        latest = found["executions"][0]
        return found if latest["revision"] == commit and latest["status"] != "InProgress" else None

    return dict(until(look))


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def head(machine: Machine, project: Path) -> str:
    return machine.run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()


def committed(machine: Machine, project: Path, file: str, old: str, new: str) -> str:
    """A change of one file, committed and pushed."""
    path = project / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    machine.run("git", *_ME, "commit", "-qam", f"Say {new}", cwd=project)
    machine.run("git", "push", "-q", "awspipe", cwd=project)
    return head(machine, project)


def page(url: str) -> str:
    """A site's page, as any program reads it."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def answer(url: str) -> int | None:
    """A server's status; None while it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return int(response.status)
    except OSError:
        return None


def failing(machine: Machine, project: Path) -> dict[str, Any]:
    """The last stage's action."""
    return dict(status(machine, project)["stages"][1]["actions"][0])


def states(found: dict[str, Any]) -> list[str]:
    return [stage["status"] for stage in found["stages"]]


def test_a_push_reaches_the_page(machine: Machine) -> None:
    machine.awspipe("init", "static-site", "site")
    project = machine.work / "site"
    machine.awspipe("up", "--sandbox", cwd=project)
    found = ended(machine, project, head(machine, project))
    assert states(found) == ["Succeeded"] * 3
    (url,) = [one["url"] for one in found["addresses"] if one["label"] == "Site"]
    assert "<title>It is up</title>" in page(url)

    pushed = committed(machine, project, "src/index.html", "<title>It is up", "<title>It is new")
    assert states(ended(machine, project, pushed)) == ["Succeeded"] * 3
    assert "<title>It is new</title>" in page(url)

    broken = committed(machine, project, "src/index.html", 'href="style.css"', 'href="nowhere.css"')
    failed = ended(machine, project, broken)
    assert failed["executions"][0]["status"] == "Failed"
    (action,) = failed["stages"][1]["actions"]
    assert "Code: COMMAND_EXECUTION_ERROR" in action["summary"]
    assert "<title>It is new</title>" in page(url)


def test_a_push_reaches_the_servers_and_a_bad_one_is_rolled_back(machine: Machine) -> None:
    machine.awspipe("init", "server", "app")
    project = machine.work / "app"
    machine.awspipe("up", "--sandbox", cwd=project)
    assert states(ended(machine, project, head(machine, project))) == ["Succeeded"] * 2
    hosts = json.loads(machine.awspipe("sandbox", "hosts", "--json").stdout)["hosts"]
    assert len(hosts) == 2

    assert [answer(host["url"]) for host in hosts] == [200, 200]

    script = "scripts/validate.sh"
    first = (project / script).read_text(encoding="utf-8").splitlines()[0]
    broken = committed(machine, project, script, first + "\n", f"{first}\necho no good; exit 1\n")
    failed = ended(machine, project, broken)
    assert failed["executions"][0]["status"] == "Failed"
    # The stages are another call's answer than the executions: they may be a moment behind.
    until(lambda: "ValidateService" in (failing(machine, project)["summary"] or ""))

    until(lambda: all(answer(host["url"]) == 200 for host in hosts))

    machine.awspipe("down", "app", "--sandbox", "--delete-data")
    assert json.loads(machine.awspipe("sandbox", "hosts", "--json").stdout)["hosts"] == []
