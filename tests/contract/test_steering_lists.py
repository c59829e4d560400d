"""history, ls and open against the sandbox's engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from awspipe.cli.boards import Board
from awspipe.cli.open import _address, _stage_address, can_show
from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.cli.views import history as view
from awspipe.errors import AwspipeError
from awspipe.history import history
from awspipe.listing import pipelines, with_latest
from awspipe.status import board
from tests.support import engine, sandbox
from tests.support.engine import Stage
from tests.support.steering import Asked, Commands, connection, reader, refuse, sourced

A, B = "a" * 40, "b" * 40
OURS = [{"key": "awspipe:pipeline", "value": "shop"}]


def played(stage: Stage) -> None:
    """One execution that succeeded, one that failed, one that was stopped, one under way."""
    stage.create(engine.source(), engine.build())
    sourced(stage, A)
    stage.clock.advance(30)
    stage.end("Build")
    stage.start()
    sourced(stage, B)
    stage.end("Build", error="2 tests failed")
    stage.clock.advance(3600)
    stage.start()
    sourced(stage, A)
    stage.stop(3, abandon=True)
    stage.start()


def test_the_history_says_how_each_execution_went_and_why(stage: Stage) -> None:
    played(stage)
    found = history(reader(), "shop", 10)
    assert found
    lines = list(view.lines(found, datetime.fromtimestamp(stage.clock.time(), UTC)))
    for number, id_ in enumerate(stage.ids(), 1):
        lines = [line.replace(id_[:8], f"#{number}") for line in lines]
    assert lines == [
        "  ▶ #4  InProgress  0 s ago  by root",
        "  ■ #3  Stopped     0 s ago, took 0 s  by root",
        "      aaaaaaa Commit a",
        "      stopped: enough",
        "  × #2  Failed      1 h ago, took 0 s  by root",
        "      bbbbbbb Commit b",
        "      Build: 2 tests failed (JobFailed)",
        "  ● #1  Succeeded   1 h ago, took 30 s  by its creation",
        "      aaaaaaa Commit a",
    ]


def test_the_history_as_json(stage: Stage, commands: Commands) -> None:
    played(stage)
    document = commands("history", "shop", "--limit", "3", "--json").document
    assert {key: document[key] for key in ("pipeline", "account", "region")} == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
    }
    assert [one["execution_id"] for one in document["executions"]] == stage.ids()[:0:-1]
    assert [one["causes"] and one["causes"][0]["line"] for one in document["executions"]] == [
        None,
        None,
        "2 tests failed (JobFailed)",
    ]
    assert set(document["executions"][0]) == {
        *("execution_id", "status", "started", "updated", "revision", "message", "trigger", "trigger_detail"),
        *("target_execution_id", "stop_reason", "summary", "causes"),
    }


def test_a_history_has_a_pipeline_and_a_number(stage: Stage, commands: Commands) -> None:
    assert commands("history", "nowhere").code == 1
    assert commands("history", "shop", "--limit", "0").code == 2
    stage.create(engine.source(), engine.build())
    assert commands("history", "shop").out.startswith("  ▶ ")


def owned(stage: Stage, *names: str) -> None:
    """Pipelines of ours, each with an execution under way."""
    for name in names:
        stage.aws.create_pipeline(
            pipeline=stage.declaration(engine.source(), engine.build(), name=name),
            tags=[{"key": "awspipe:pipeline", "value": name}],
        )
    stage.runtime.drain()


def later(stage: Stage) -> datetime:
    """When AWS's index knows of every pipeline."""
    return datetime.fromtimestamp(stage.clock.time(), UTC) + timedelta(hours=1)


def test_pipelines_are_listed_with_their_latest_executions(stage: Stage) -> None:
    owned(stage, "shop", "blog")
    stage.aws.create_pipeline(
        pipeline=stage.declaration(engine.source(), engine.build(), name="foreign"),
        tags=[{"key": "awspipe:pipeline", "value": "shop"}],
    )
    stage.end("Source", error="no")
    found = with_latest(reader(), pipelines(reader(), later(stage)))
    assert [one.name for one in found] == ["blog", "shop"]
    assert sorted(one.latest.state for one in found if one.latest) == ["Failed", "InProgress"]


def test_the_list_as_json(stage: Stage, commands: Commands) -> None:
    owned(stage, "shop")
    said = commands("ls", "--json")
    (one,) = said.document["pipelines"]
    assert set(one) == {"pipeline", "type", "version", "created", "updated", "latest", "unread"}
    assert (one["pipeline"], one["latest"]["status"], one["unread"]) == ("shop", "InProgress", None)


@pytest.mark.parametrize(
    ("code", "others", "calls"),
    [("ThrottlingException", "ThrottlingException", 12), ("AccessDeniedException", "not asked", 4)],
)
def test_what_cannot_be_read_is_said_and_the_rest_is_listed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, code: str, others: str, calls: int
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    owned(stage, *(f"p{number:02}" for number in range(12)))
    aws = connection()
    entries = pipelines(aws, later(stage))
    asked = refuse(aws, "ListPipelineExecutions", code)
    found = with_latest(aws, entries)
    assert [one.name for one in found] == [f"p{number:02}" for number in range(12)]
    assert all(one.latest is None and one.unread.startswith((code, others)) for one in found)
    assert found[-1].unread.startswith(others)
    assert len(asked) <= calls


def opened(stage: Stage, *, in_sandbox: bool) -> Board:
    found = board(reader(), "shop")
    assert found
    target = Target(reader(), sandbox=in_sandbox, profile=None, options=Options(sandbox=in_sandbox))
    return Board(Asked(), target, "shop", found)


def test_the_console_is_opened_on_aws(stage: Stage, commands: Commands) -> None:
    review = {"ExternalEntityLink": "https://staging.example.com"}
    stage.create(engine.source(), engine.build(), engine.approval(configuration=review))
    sourced(stage, A)
    stage.end("Build", external_url="https://console.example.com/build/1")
    console = (
        f"https://{sandbox.REGION}.console.aws.amazon.com/codesuite/codepipeline/pipelines/shop/view"
        f"?region={sandbox.REGION}"
    )
    assert commands("open", "shop").out == f"{console}\n"
    assert commands("open", "shop", "Build").out == "https://console.example.com/build/1\n"
    assert commands("open", "shop", "Approve", "--print").out == "https://staging.example.com\n"
    assert commands("open", "shop", "Build", "--json").document == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "label": "Build",
        "url": "https://console.example.com/build/1",
    }
    said = commands("open", "shop", "Source")
    assert said.code == 1
    assert "there is nothing to open of Source of shop: AWS gives no address for it\n" in said.err
    assert "shop deploys no site\n" in commands("open", "shop", "--site").err
    assert commands("open", "shop", "Bild").code == 2
    assert commands("open", "a", "b", "c").code == 2


def test_a_word_is_a_stage_where_the_spec_has_one_of_that_name(
    stage: Stage, commands: Commands, tmp_path: Path
) -> None:
    stage.create(engine.source(), engine.approval(configuration={"ExternalEntityLink": "https://e.com"}))
    sourced(stage, A)
    spec = tmp_path / "awspipe.yml"
    stages = "[{name: Source, provider: codecommit, repository: r}, {name: Approve, provider: approval}]"
    spec.write_text(f"name: shop\nstages: {stages}\n", encoding="utf-8")
    assert commands("open", "Approve", "-f", str(spec)).out == "https://e.com\n"
    assert commands("open", "-f", str(spec)).out.startswith("https://ap-northeast-2.console.")
    assert "there is no pipeline Deploy " in commands("open", "Deploy", "-f", str(spec)).err


def test_the_sandbox_has_no_console(stage: Stage) -> None:
    stage.create(engine.source(), engine.build())
    sourced(stage, A)
    stage.end("Build", external_url="https://ap-northeast-2.console.aws.amazon.com/codesuite/1")
    here = opened(stage, in_sandbox=True)
    with pytest.raises(AwspipeError, match="shop deploys no site, and the sandbox has no console"):
        _address(here, site=False)
    with pytest.raises(AwspipeError, match="nothing to open of Build of shop: the sandbox has no console"):
        _stage_address(here, here.stage("Build"))
    host = {"url": "http://127.0.0.1:8", "name": "one", "region": sandbox.REGION, "made_for": "shop/Deploy"}
    served = replace(here, target=replace(here.target, hosts=lambda: [{**host, "deployed": []}]))
    assert _address(served, site=False) == ("Server", "http://127.0.0.1:8")
    with pytest.raises(AwspipeError, match="shop deploys no site"):
        _address(served, site=True)


@pytest.mark.parametrize(
    ("environ", "platform", "terminal", "shown"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True, True),
        ({"BROWSER": "b"}, "linux", True, True),
        ({}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", True, False),
        ({}, "darwin", True, True),
        ({"CI": "1"}, "win32", True, False),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    environ: dict[str, str], platform: str, terminal: bool, shown: bool
) -> None:
    assert can_show(environ, platform, terminal=terminal) is shown
