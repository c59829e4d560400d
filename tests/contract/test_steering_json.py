"""The page of JSON answers shows what the commands answer: the same keys, and values of the same types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import engine, sandbox
from tests.support.engine import Stage
from tests.support.steering import Commands

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def examples() -> dict[str, Any]:
    """The documents of the page by their names."""
    blocks = re.findall(r"^```json (\w+)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return {name: json.loads(text) for name, text in blocks}


def differences(shown: Any, real: Any, path: str = "") -> Iterator[str]:
    """Where a real answer has other keys or types than the page; null may stand for anything."""
    if shown is None or real is None:
        return
    if type(shown) is not type(real):
        yield f"{path}: {type(real).__name__}"
    elif isinstance(shown, dict):
        yield from (f"{path}.{key}" for key in sorted(shown.keys() ^ real.keys()))
        for key in shown.keys() & real.keys():
            yield from differences(shown[key], real[key], f"{path}.{key}")
    elif isinstance(shown, list):
        for one in real if shown else ():
            yield from differences(shown[0], one, f"{path}[]")


def answered(commands: Commands, *words: str) -> Any:
    """What a command answers as JSON."""
    return json.loads(commands(*words, "--json").out)


@pytest.fixture
def answers(stage: Stage, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Each command's answer: a pipeline is approved, fails, is tried again, stopped and rolled back."""
    commands = Commands(capsys)
    stages = (engine.source(), engine.approval(), engine.build())
    owned = [{"key": "awspipe:pipeline", "value": "shop"}]
    stage.aws.create_pipeline(pipeline=stage.declaration(*stages), tags=owned)
    stage.runtime.drain()
    stage.end("Source")
    found = {"approve": answered(commands, "approve", "shop", "--comment", "fine")}
    stage.end("Build")
    stage.start()
    stage.end("Source")
    stage.approve("Approve")
    stage.end("Build", error="no")
    found["status"] = answered(commands, "status", "shop")
    found["whereabouts"] = answered(commands, "status", "shop", "c" * 40)
    found["retry"] = answered(commands, "retry", "-n", "shop")
    found["stop"] = answered(commands, "stop", "-n", "shop", "--abandon", "--yes", "--reason", "lunch")
    found["history"] = answered(commands, "history", "shop")
    found["rollback"] = answered(commands, "rollback", "Build", "-n", "shop", "--yes")
    found["disable"] = answered(commands, "disable", "Build", "-n", "shop", "--reason", "night")
    found["run"] = answered(commands, "run", "shop")
    told = commands("watch", "shop", "--execution", stage.id(1), "--json").out
    found |= {f"watch_{one['event']}": one for one in map(json.loads, told.splitlines())}
    found["ls"] = answered(commands, "ls")
    found["open"] = answered(commands, "open", "shop")
    found["error"] = answered(commands, "open", "nowhere")
    return found


def test_the_page_shows_what_commands_answer(answers: dict[str, Any]) -> None:
    shown = examples()
    assert shown.keys() == answers.keys()
    for name, real in answers.items():
        assert "error" not in real or name == "error", real
        assert list(differences(shown[name], real)) == [], name

    # An execution has the same keys everywhere.
    keys = set(shown["status"]["pipelines"][0]["executions"][0])
    assert set(answers["whereabouts"]["commits"][0]["execution"]) == keys
    assert set(answers["ls"]["pipelines"][0]["latest"]) == keys
    assert {*keys, "causes"} == set(answers["history"]["executions"][0])
    assert answers["status"]["pipelines"][0]["account"] == sandbox.ACCOUNT


def test_the_comparison_finds_what_it_is_for() -> None:
    assert list(differences({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": "x"}], "c": 1})) == [
        ".c",
        ".a[].b: str",
    ]
    assert list(differences({"a": None}, {"a": {"b": 1}})) == []
