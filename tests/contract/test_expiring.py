"""That a pipeline's time has passed is said by every command about it; none fails or waits for it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from awspipe.cli import expiring
from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.cost.unknown import Unknown
from awspipe.naming import EXPIRES_TAG, OWNER_TAG
from tests.support import core, engine, sandbox
from tests.support.denying import deny
from tests.support.engine import Stage
from tests.support.steering import Commands

WARNING = (
    "  ! the time of shop ended 2026-01-02 03:04 UTC: "
    f"`awspipe down shop --region {sandbox.REGION}` removes it"
)
PASSED = "2026-01-02T03:04:00Z"


def made(stage: Stage, end: str = PASSED, name: str = "shop") -> None:
    """A pipeline of ours with an end; it waits for approval, and a build of it failed."""
    stages = (engine.source(), engine.build("Test"), engine.approval())
    tags = [{"key": OWNER_TAG, "value": name}, {"key": EXPIRES_TAG, "value": end}]
    stage.aws.create_pipeline(pipeline={**stage.declaration(*stages), "name": name}, tags=tags)
    stage.runtime.drain()
    stage.end("Source")
    stage.end("Test", error="no")


COMMANDS = [
    ("status", "shop"),
    ("status", "shop", "c" * 40),
    ("history", "shop"),
    ("logs", "shop", "--stage", "Test"),
    ("watch", "shop", "--execution", "latest"),
    ("run", "shop"),
    ("retry", "-n", "shop"),
    ("rollback", "Test", "-n", "shop"),
    ("stop", "-n", "shop"),
    ("disable", "Test", "-n", "shop", "--reason", "night"),
    ("enable", "Test", "-n", "shop"),
    ("approve", "shop"),
    ("reject", "shop"),
    ("open", "shop", "--print"),
    ("ls",),
    ("ls", "--cost"),
    ("cost",),
    ("cost", "shop"),
    ("free-tier",),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_about_a_pipeline_warns_when_its_time_has_passed(
    stage: Stage, commands: Commands, words: tuple[str, ...]
) -> None:
    made(stage)
    assert commands(*words).err.splitlines().count(WARNING) == 1


@pytest.mark.parametrize("words", [("status", "shop"), ("stop", "-n", "shop"), ("ls",), ("cost",)])
def test_where_the_answer_is_json_the_warning_is_beside_it(
    stage: Stage, commands: Commands, words: tuple[str, ...]
) -> None:
    made(stage)
    said = commands(*words, "--json")
    assert said.document
    assert said.err == f"{WARNING}\n"


def test_down_says_when_the_time_ended_before_it_asks(stage: Stage, commands: Commands) -> None:
    made(stage)
    for words in (("shop",), ("--expired",)):
        said = commands("down", *words, "--dry-run").err
        assert "  ! the time of shop ended 2026-01-02 03:04 UTC\n" in said


def test_nothing_is_said_of_others_or_before_the_time_has_come(stage: Stage, commands: Commands) -> None:
    made(stage, end="2999-01-01T00:00:00Z")
    made(stage, name="blog")
    assert "the time of" not in commands("status", "shop").err
    assert commands("status", "shop", "blog").err.count("the time of blog ended") == 1
    assert "the time of" in commands("ls").err


def test_credentials_that_may_not_read_the_tag_index_get_their_answer(tmp_path: Path) -> None:
    with core.world(tmp_path) as world:
        deny(world.aws.session, {"resourcegroupstaggingapi:GetResources"})
        target = Target(world.aws, sandbox=False, profile=None, options=Options())
        assert list(expiring.asked(target, ["shop"]).warnings()) == []


def test_a_pipeline_that_could_not_be_asked_about_fails_nothing() -> None:
    failed: Future[Any] = Future()
    failed.set_exception(KeyError("ResourceTagMappingList"))
    unknown: Future[dict[str, datetime] | Unknown] = Future()
    unknown.set_result(Unknown("no network"))
    for asked in (failed, unknown):
        assert list(expiring.Ends(cast(Any, None), asked).warnings()) == []


@dataclass
class _Silent:
    """A connection whose tag index never answers."""

    region: str
    asked: threading.Event

    def client(self, service: str) -> Any:
        """Hang."""
        self.asked.set()
        threading.Event().wait()


def test_an_index_that_never_answers_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits is none that the end of the program waits for."""
    monkeypatch.setattr(expiring, "PATIENCE", 0.01)
    aws = _Silent(sandbox.REGION, threading.Event())
    target = Target(cast(Any, aws), sandbox=False, profile=None, options=Options())
    ends = expiring.asked(target, ["shop"])
    assert aws.asked.wait(10)
    assert list(ends.warnings()) == []
    waiting = [one for one in threading.enumerate() if one.name == "awspipe-aside" and one.is_alive()]
    assert waiting
    assert all(one.daemon for one in waiting)
