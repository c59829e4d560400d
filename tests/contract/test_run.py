"""`awspipe run` against the sandbox's engine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe import starting
from awspipe.starting import Start
from tests.support import engine, sandbox
from tests.support.engine import Stage, build, source
from tests.support.steering import Commands, connection


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with engine.playing(tmp_path) as stage:
        yield stage


@pytest.fixture
def commands(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def commit(stage: Stage) -> str:
    """A commit in the pipeline's repository."""
    codecommit = sandbox.client("codecommit")
    codecommit.create_repository(repositoryName="shop")
    made = codecommit.create_commit(
        repositoryName="shop",
        branchName="other",
        putFiles=[{"filePath": "a", "fileContent": b"a"}],
    )
    return str(made["commitId"])


def test_an_execution_starts_and_its_page_and_the_next_command_are_shown(
    stage: Stage, commands: Commands
) -> None:
    stage.create(source(), build())
    said = commands("run", "shop")
    assert said.code == 0
    one = stage.id(2)
    page = f"codesuite/codepipeline/pipelines/shop/executions/{one}/timeline?region={sandbox.REGION}"
    assert said.out == (
        f"execution {one} of shop has started\n"
        f"  Console     https://{sandbox.REGION}.console.aws.amazon.com/{page}\n"
        f"next: awspipe watch shop --execution {one[:8]} --region {sandbox.REGION}   follows it to its end\n"
    )
    shown = stage.aws.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=one)[
        "pipelineExecution"
    ]
    assert shown["trigger"]["triggerType"] == "StartPipelineExecution"


def test_it_takes_the_commit_and_the_values_that_are_named(stage: Stage, commands: Commands) -> None:
    stage.create(source(), build(), variables=[{"name": "ENV", "defaultValue": "prod"}])
    wanted = commit(stage)
    stage.end("Source")
    said = commands("run", "shop", "--commit", wanted.upper(), "--var", "ENV=a=b", "--json")
    assert said.code == 0
    document = said.document
    keys = ["pipeline", "account", "region", "execution_id", "url", "commits", "variables"]
    assert list(document) == keys
    assert (document["commits"], document["variables"]) == ({"Source": wanted}, {"ENV": "a=b"})
    shown = stage.aws.get_pipeline_execution(
        pipelineName="shop", pipelineExecutionId=document["execution_id"]
    )["pipelineExecution"]
    assert shown["variables"] == [{"name": "ENV", "resolvedValue": "a=b"}]
    (run,) = [one for one in stage.puppet.runs if one.execution_id == document["execution_id"]]
    assert run.overrides == {"COMMIT_ID": wanted}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--commit", "f" * 40), 1, "repository shop has no commit fffffff; nothing was started"),
        (("--commit", "nope"), 2, "git knows no commit nope in "),
        (("--commit", "--all"), 2, "git knows no commit --all in "),
        (("--commit", "=x"), 2, "'=x' is not of the form COMMIT or ACTION=COMMIT"),
        (("--var", "ENV"), 2, "'ENV' is not of the form K=V"),
        (("--var", "ENV="), 2, "'ENV=' is not of the form K=V"),
        (("--var", "ENV=x"), 2, "shop has no variable ENV"),
    ],
)
def test_what_cannot_be_starts_nothing(
    stage: Stage, commands: Commands, words: tuple[str, ...], code: int, message: str
) -> None:
    stage.create(source(), build())
    commit(stage)
    said = commands("run", "shop", *words)
    assert said.code == code, said.err
    assert message in said.err
    assert len(stage.ids()) == 1


def test_a_v1_pipeline_takes_neither(stage: Stage, commands: Commands) -> None:
    stage.create(source(), build(), pipelineType="V1")
    said = commands("run", "shop", "--commit", "f" * 40)
    assert said.code == 2
    assert "shop is a V1 pipeline" in said.err
    assert commands("run", "shop").code == 0


def test_there_is_no_such_pipeline(stage: Stage, commands: Commands) -> None:
    said = commands("run", "nope")
    assert said.code == 1
    assert "there is no pipeline nope" in said.err


def test_names_that_git_has_for_a_commit_are_resolved_where_the_spec_is(
    stage: Stage, commands: Commands, tmp_path: Path
) -> None:
    stage.create(source(), build())
    commit(stage)
    project = tmp_path / "project"
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    git = ("git", "-C", str(project), "-c", "user.name=me", "-c", "user.email=me@localhost")
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    for name in ("HEAD", head[:7], f"Source={head[:9]}"):
        said = commands("run", "shop", "--commit", name, "-f", str(project / "awspipe.yml"))
        assert f"repository shop has no commit {head[:7]}; nothing was started" in said.err, said.err


def test_a_request_that_is_sent_again_starts_nothing_twice(stage: Stage) -> None:
    stage.create(source(), build())
    aws = connection()
    sent: list[dict[str, object]] = []
    aws.client("codepipeline").meta.events.register(
        "before-parameter-build.codepipeline.StartPipelineExecution",
        lambda params, **_: sent.append(dict(params)),
    )
    first = starting.start(aws, Start("shop"))
    (request,) = sent
    again = aws.client("codepipeline").start_pipeline_execution(**request)["pipelineExecutionId"]
    assert again == first
    assert starting.start(aws, Start("shop")) != first
