"""`status --html`, as a user types it: what is read for it, and what is written where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.cli.options import Options
from awspipe.cli.status import check_page
from awspipe.errors import UsageError
from awspipe.status import status, timed
from tests.support import core, engine, modelcheck, recorder
from tests.support.engine import Stage, approval, build


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        yield stage


def test_the_times_of_every_action_take_one_call_more(stage: Stage) -> None:
    stage.create(engine.source(), build(), approval())
    for name in ("Source", "Build"):
        stage.clock.advance(5)
        stage.end(name)
    stage.approve("Approve")
    on = core.session()
    checked, calls = modelcheck.attach(on), recorder.record(on)
    aws = core.connect(on)
    found = status(aws, "shop")
    assert found is not None
    before = len(calls.names)
    actions = [action for one in timed(aws, found).stages for action in one.actions]
    assert calls.names[before:] == ["codepipeline:ListActionExecutions"]
    took = [(one.ended - one.started).seconds for one in actions if one.started and one.ended]
    assert took == [5, 5, 0]
    aws.close()
    assert not checked.violations


@pytest.mark.parametrize(
    ("html", "commit", "json", "said"),
    [
        ("page.html", "abc1234", False, "--html shows pipelines, not commits"),
        ("-", "", True, "--json and --html - would both be the output"),
        ("", "", False, "--html needs the name of a file"),
    ],
)
def test_what_does_not_go_together_is_refused(html: str, commit: str, json: bool, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_page(html, commit, Options(json=json))
