"""The real command against a sandbox that is as AWS can be: roles too new, calls throttled, lists behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.machine import Machine

SECONDS = 12


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("strict"))
    made.environ |= {
        "AWSPIPE_SANDBOX_ROLE_DELAY": "2",
        "AWSPIPE_SANDBOX_THROTTLE": "15",
        "AWSPIPE_SANDBOX_SLOW_LISTS": str(SECONDS),
    }
    yield made
    made.close()


def answer(machine: Machine, *words: str, cwd: Path | None = None) -> Any:
    return json.loads(machine.awspipe(*words, "--sandbox", "--json", cwd=cwd).stdout)


@pytest.mark.parametrize("kind", ["static-site", "server"])
def test_a_pipeline_lives_and_dies(machine: Machine, kind: str) -> None:
    machine.awspipe("init", kind, kind)
    project = machine.work / kind
    (made,) = answer(machine, "up", cwd=project)["pipelines"]
    assert made["pushed"]
    (found,) = answer(machine, "status", cwd=project)["pipelines"]
    assert found["executions"]
    (removed,) = answer(machine, "down", kind, "--yes", "--delete-data")["pipelines"]
    assert removed["removed"]
    gone, there = ({(one["kind"], one["name"]) for one in it["steps"]} for it in (removed, made))
    assert ("pipeline", kind) in gone
    assert gone == {one for one in there if one[0] != "commit"}
