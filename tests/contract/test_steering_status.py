"""status against the sandbox's engine: the board, and where a commit is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli.views import status as status_view
from awspipe.cli.views import whereabouts as view
from awspipe.status import RECENT, PipelineStatus, status
from awspipe.whereabouts import Place, Whereabouts, whereabouts
from tests.support import engine, sandbox
from tests.support.engine import Stage, build_action
from tests.support.steering import Commands, connection, reader, refuse, sourced
from tests.unit.views import target

A, B, C = "a" * 40, "b" * 40, "d" * 40


def deploy() -> dict[str, Any]:
    where = {"BucketName": "site", "Extract": "true"}
    source = sandbox.artifacts("Src")
    action = sandbox.action("Deploy", "Deploy/S3", configuration=where, inputArtifacts=source)
    return {"name": "Deploy", "actions": [action]}


def made(stage: Stage, *more: dict[str, Any], **members: Any) -> None:
    """A pipeline that has brought A to its end; a minute has gone by."""
    stage.create(engine.source(), engine.build(), deploy(), *more, **members)
    sourced(stage, A)
    stage.end("Build")
    stage.end("Deploy")
    stage.clock.advance(60)


def board() -> PipelineStatus:
    found = status(reader(), "shop")
    assert found
    return found


def where(commit: str) -> Whereabouts:
    found = whereabouts(reader(), "shop", commit[:7])
    assert found
    return found


def said(found: Whereabouts, stage: Stage) -> list[str]:
    now = datetime.fromtimestamp(stage.clock.time(), UTC)
    lines = list(view.lines(target(), found, now))
    for number, id_ in enumerate(stage.ids(), 1):
        lines = [line.replace(id_[:8], f"#{number}") for line in lines]
    return lines


def code(commit: str) -> int:
    return view.exit_code([where(commit)])


def test_stages_that_run_tell_since_when_their_actions_do(stage: Stage) -> None:
    stage.create(engine.source(), engine.build("Test", build_action("One"), build_action("Two")))
    sourced(stage, A)
    stage.clock.advance(20)
    stage.end("One")
    stage.clock.advance(20)
    test = board().stages[1]
    one, two = test.actions
    assert test.state == "InProgress"
    assert one.started and one.ended and two.started and not two.ended
    assert (one.ended - one.started).seconds == 20
    assert board().stages[0].actions[0].started is None


def test_a_stage_that_failed_tells_why(stage: Stage, commands: Commands) -> None:
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.clock.advance(30)
    stage.end("Build", error="2 tests failed")
    assert [one.line for one in board().stages[1].causes] == ["2 tests failed (JobFailed)"]
    out = commands("status", "shop").out
    assert "  × Build   Failed after 30 s, " in out
    assert "\n      2 tests failed (JobFailed)\n" in out


def test_where_the_cause_cannot_be_read_the_rest_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.end("Build", error="2 tests failed")
    for _ in range(RECENT):  # so many newer ones that it is asked for by itself
        stage.start()
    aws = connection()
    refuse(aws, "GetPipelineExecution", "ThrottlingException")
    found = status(aws, "shop")
    assert found
    lines = list(status_view.lines(target(), found, datetime.fromtimestamp(stage.clock.time(), UTC)))
    at = next(at for at, line in enumerate(lines) if line.startswith("  × Build   Failed after 0 s, 0 s ago"))
    assert lines[at + 1].startswith("      why could not be read: look at execution ")
    assert lines[at + 1].endswith(": no (ThrottlingException)")
    assert lines[at + 2] == "      2 tests failed"
    place = whereabouts(aws, "shop", B)
    assert place and place.place is Place.FAILED


def test_what_waits_to_enter_is_on_the_board_and_why(stage: Stage) -> None:
    made(stage)
    stage.hold("Deploy")
    stage.start()
    sourced(stage, B)
    stage.end("Build")
    found = board().stages[2]
    assert (found.inbound, found.closed) == ((stage.id(2),), "wait")
    assert (found.execution, found.state, found.deploys) == (stage.id(1), "Succeeded", True)


def test_a_parallel_pipeline_has_the_board_of_its_newest_execution(stage: Stage) -> None:
    stage.create(engine.source(), engine.approval(), engine.build(), executionMode="PARALLEL")
    sourced(stage, A)
    stage.start()
    sourced(stage, B)
    stage.approve("Approve", token=_token(stage, 2))
    found = board()
    assert [one.state for one in found.stages] == ["Succeeded", "Succeeded", "InProgress"]
    assert {one.execution for one in found.stages} == {stage.id(2)}
    (other,) = found.beside
    assert (other.execution.id, [run.name for run in other.runs]) == (stage.id(1), ["Approve"])


def _token(stage: Stage, number: int) -> str:
    found = stage.aws.list_action_executions(
        pipelineName="shop", filter={"pipelineExecutionId": stage.id(number)}
    )
    (asked,) = [one for one in found["actionExecutionDetails"] if one["actionName"] == "Approve"]
    return str(asked["output"]["executionResult"]["externalExecutionId"])


def test_a_pipeline_that_was_never_run_through_says_so(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build())
    answer = commands("status", "shop")
    assert answer.code == 0
    assert "▶ Source  InProgress, for " in answer.out
    assert "  ○ Build   not run yet\n" in answer.out
    assert answer.out.endswith("next: awspipe watch shop --region ap-northeast-2   follows it\n")
    (document,) = commands("status", "shop", "--json").document["pipelines"]
    assert [one["status"] for one in document["stages"]] == ["InProgress", None]


def test_several_pipelines_are_shown_in_the_order_of_their_names(stage: Stage, commands: Commands) -> None:
    for name in ("shop", "blog"):
        stage.aws.create_pipeline(pipeline=stage.declaration(engine.source(), engine.build(), name=name))
    shown = commands("status", "shop", "blog", "--json").document["pipelines"]
    assert [one["pipeline"] for one in shown] == ["shop", "blog"]
    said = commands("status", "shop", "nowhere", "blog")
    assert said.code == 1
    assert said.out.startswith("shop (V2, version 1)")
    assert "there is no pipeline nowhere in" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("status", "shpo"),
        ("watch", "shpo"),
        ("logs", "shpo"),
        ("run", "shpo"),
        ("history", "shpo"),
        ("open", "shpo"),
        ("approve", "shpo"),
        ("retry", "-n", "shpo"),
    ],
)
def test_a_misspelt_name_is_guessed(stage: Stage, commands: Commands, words: tuple[str, ...]) -> None:
    stage.create(engine.source(), engine.build())
    said = commands(*words)
    assert said.code == 1
    assert "there is no pipeline shpo in " in said.err
    assert "  try: did you mean shop? `awspipe ls " in said.err


def test_down_guesses_a_misspelt_name(stage: Stage, commands: Commands) -> None:
    stage.create(engine.source(), engine.build())
    said = commands("down", "shpo")
    assert said.code == 0
    assert f"  did you mean `awspipe down shop --region {sandbox.REGION}`?" in said.out.splitlines()


def test_what_a_named_spec_has_and_nobody_made_is_made_with_it(
    stage: Stage, commands: Commands, tmp_path: Path
) -> None:
    spec = tmp_path / "other.yml"
    source = "{name: Source, provider: codecommit, repository: blog}"
    spec.write_text(f"name: blog\nstages: [{source}, {{name: Build, provider: codebuild}}]\n")
    said = commands("status", "blog", "-f", str(spec))
    assert f"`awspipe up -f {spec} --region {sandbox.REGION}` makes it; " in said.err


def test_a_commit_is_live_until_another_one_is_deployed(stage: Stage) -> None:
    made(stage)
    assert said(where(A), stage) == [
        "aaaaaaa Commit a",
        "  ● live: execution #1 of shop, ended 1 min ago",
        "next: awspipe status shop --sandbox   where the pipeline stands",
    ]
    stage.start()
    sourced(stage, B)
    stage.end("Build")
    assert where(A).place is Place.LIVE
    assert (
        said(where(A), stage)[2] == "    after it came execution #2 (bbbbbbb Commit b): InProgress in Deploy"
    )
    stage.end("Deploy")
    assert said(where(A), stage)[1:3] == [
        "  ● was live: execution #1 of shop, ended 1 min ago",
        "    by execution #2 (bbbbbbb Commit b)",
    ]
    assert (code(A), code(B)) == (0, 0)


def test_a_failure_elsewhere_leaves_a_commit_live(stage: Stage) -> None:
    made(stage, engine.build("Smoke"))
    stage.end("Smoke")
    stage.start()
    sourced(stage, B)
    stage.end("Build", error="2 tests failed")
    assert where(A).place is Place.LIVE
    assert where(A).by is None
    assert said(where(B), stage) == [
        "bbbbbbb Commit b",
        "  × failed in Build: execution #2 of shop, ended 0 s ago",
        "    × Build: 2 tests failed (JobFailed)",
        "next: awspipe logs shop --sandbox   what the failed action said",
    ]
    assert code(B) == 5


def test_a_commit_that_was_deployed_anew_is_live_by_its_newest_execution(stage: Stage) -> None:
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.end("Build")
    stage.end("Deploy")
    stage.aws.rollback_stage(pipelineName="shop", stageName="Deploy", targetPipelineExecutionId=stage.id(1))
    stage.runtime.drain()
    stage.end("Deploy")
    assert (where(A).place, where(B).place) == (Place.LIVE, Place.REPLACED)
    assert where(A).execution and where(A).execution.id == stage.id(3)


def test_a_commit_under_way_is_running_or_waiting(stage: Stage) -> None:
    stage.create(engine.source(), engine.approval(), engine.build())
    sourced(stage, A)
    assert said(where(A), stage) == [
        "aaaaaaa Commit a",
        "  ▶ under way in Approve: execution #1 of shop, started 0 s ago",
        "    waits for approval",
        "next: awspipe approve shop --sandbox   lets it pass",
    ]
    stage.start()
    sourced(stage, B)
    assert said(where(B), stage) == [
        "bbbbbbb Commit b",
        "  ○ waits before Approve: execution #2 of shop, started 0 s ago",
        "    which execution #1 (aaaaaaa Commit a) holds",
        "next: awspipe watch shop --sandbox   follows it",
    ]
    assert (code(A), code(B)) == (8, 8)


def test_a_commit_behind_a_closed_transition_says_why(stage: Stage) -> None:
    made(stage)
    stage.hold("Deploy")
    stage.start()
    sourced(stage, B)
    stage.end("Build")
    assert said(where(B), stage)[1:] == [
        "  ○ waits before Deploy: execution #2 of shop, started 0 s ago",
        "    entry disabled: wait",
        "next: awspipe enable Deploy -n shop --sandbox   lets what waits enter",
    ]


def test_a_superseded_commit_is_where_the_one_is_that_took_its_place(stage: Stage) -> None:
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.hold("Deploy")
    stage.end("Build")
    stage.start()
    sourced(stage, C)
    stage.end("Build")
    assert said(where(B), stage) == [
        "bbbbbbb Commit b",
        "  ■ superseded: execution #2 of shop, ended 0 s ago",
        "    by execution #3 (ddddddd Commit d)",
        "  ○ waits before Deploy: execution #3 of shop, started 0 s ago",
        "    entry disabled: wait",
        "next: awspipe enable Deploy -n shop --sandbox   lets what waits enter",
    ]
    assert code(B) == 8
    stage.let("Deploy")
    stage.end("Deploy")
    assert code(B) == 0


def test_a_commit_without_an_execution_is_where_one_is_that_carries_it(stage: Stage) -> None:
    """As all but the last commit of a push: git knows that B and D carry it."""
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.end("Build")
    stage.end("Deploy")
    stage.start()
    sourced(stage, C)
    stage.end("Build", error="no")
    between = "1" * 40
    found = whereabouts(reader(), "shop", between, frozenset({B, C}))
    assert found
    assert said(found, stage)[:2] == [
        "1111111, carried by bbbbbbb Commit b",
        "  ● live: execution #2 of shop, ended 0 s ago",
    ]
    document = view.document(found)
    assert (document["commit"], document["carried_by"]) == (between, B)
    found = whereabouts(reader(), "shop", between, frozenset({C}))
    assert found
    assert (found.place, view.exit_code([found])) == (Place.FAILED, 5)
    assert whereabouts(reader(), "shop", A, frozenset({B, C})) == where(A)


def test_a_commit_that_was_stopped_says_why(stage: Stage) -> None:
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.stop(2, abandon=True)
    assert said(where(B), stage)[1:3] == [
        "  ■ stopped in Build: execution #2 of shop, ended 0 s ago",
        "    enough",
    ]
    assert code(B) == 5


def test_a_parallel_commit_is_found_beside_the_newest(stage: Stage) -> None:
    made(stage, executionMode="PARALLEL")
    stage.start()
    sourced(stage, B)
    stage.start()
    sourced(stage, C)
    assert said(where(B), stage)[1] == "  ▶ under way in Build: execution #2 of shop, started 0 s ago"
    assert where(A).place is Place.LIVE


def test_a_commit_beside_the_newest_waits_for_its_own_approval(stage: Stage) -> None:
    stage.create(engine.source(), engine.approval(), engine.build(), executionMode="PARALLEL")
    sourced(stage, A)
    stage.start()
    assert said(where(A), stage)[1:] == [
        "  ▶ under way in Approve: execution #1 of shop, started 0 s ago",
        "    waits for approval",
        "next: awspipe approve shop --execution #1 --sandbox   lets it pass",
    ]


def test_a_commit_is_found_among_hundreds_of_executions_and_no_further(stage: Stage) -> None:
    stage.create(engine.source(), engine.build())
    sourced(stage, A)
    stage.end("Build", error="no")
    (pipeline,) = [one for one in _pipelines(stage) if one.name == "shop"]
    first = pipeline.executions[0]
    pipeline.executions += [_copy(first, number) for number in range(250)]
    asked = connection()
    names: list[str] = []
    asked.client("codepipeline").meta.events.register(
        "before-call.codepipeline.*", lambda model, **_: names.append(model.name)
    )
    found = whereabouts(asked, "shop", A)
    assert found and found.execution and found.execution.id == first.id
    assert names.count("ListPipelineExecutions") == 4
    pipeline.executions += [_copy(first, number) for number in range(250, 1001)]
    found = whereabouts(reader(), "shop", A)
    assert found
    assert said(found, stage)[1] == ("  ? no execution of shop carries it (the newest 1000 looked through)")
    assert view.exit_code([found]) == 1


def _pipelines(stage: Stage) -> list[Any]:
    from awspipe.sandbox.codepipeline import codepipeline_backends

    return list(codepipeline_backends[sandbox.ACCOUNT][sandbox.REGION].pipelines.values())


def _copy(first: Any, number: int) -> Any:
    from dataclasses import replace

    return replace(first, id=f"{number:08x}-0000-0000-0000-000000000000", artifacts={}, actions=[])


def test_a_word_is_a_commit_where_it_looks_like_one_and_no_pipeline_is_called_so(
    stage: Stage, commands: Commands, tmp_path: Path
) -> None:
    made(stage)
    assert commands("status", "shop", A).out.startswith("aaaaaaa Commit a\n  ● live: ")
    assert commands("status", "shop", "bbbbbbb").code == 1
    missing = commands("status", "bbbbbbb")
    assert missing.code == 1
    assert "there is no pipeline bbbbbbb in ap-northeast-2\n" in missing.err
    assert "for a commit: `awspipe status NAME bbbbbbb --region ap-northeast-2`; " in missing.err

    spec = tmp_path / "awspipe.yml"
    stages = "[{name: Source, provider: codecommit, repository: r}, {name: Approve, provider: approval}]"
    spec.write_text(f"name: shop\nstages: {stages}\n", encoding="utf-8")
    assert commands("status", "AAAAAAA", "-f", str(spec)).out.startswith("aaaaaaa Commit a\n")
    assert "has no commit HEAD" in commands("status", "HEAD", "-f", str(spec)).err
    two = commands("status", "aaaaaaa", "bbbbbbb", "-f", str(spec))
    assert (two.code, two.out) == (2, "")
    spec.write_text(f"name: bbbbbbb\nstages: {stages}\n", encoding="utf-8")
    assert "no pipeline bbbbbbb" in commands("status", "bbbbbbb", "-f", str(spec)).err


def test_where_a_commit_is_as_json(stage: Stage, commands: Commands) -> None:
    made(stage)
    stage.start()
    sourced(stage, B)
    stage.end("Build", error="no")
    answer = commands("status", "shop", "bbbbbbb", "--json")
    assert answer.code == 5
    (one,) = answer.document["commits"]
    assert answer.document["exit_code"] == 5
    assert {key: one[key] for key in one if key != "execution"} == {
        "pipeline": "shop",
        "account": sandbox.ACCOUNT,
        "region": sandbox.REGION,
        "commit": B,
        "carried_by": None,
        "where": "failed",
        "stage": "Build",
        "by": None,
        "causes": [
            {
                "stage": "Build",
                "action": "Build",
                "known": None,
                "line": "no (JobFailed)",
                "fix": None,
                "detail": [],
            }
        ],
        "then": None,
    }
    assert one["execution"]["execution_id"] == stage.id(2)
