"""Pushes through a connection: which start a pipeline, and with which commit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import git, handshakes
from awspipe.sandbox.globs import matches
from awspipe.sandbox.watching import Watch
from tests.support.sandbox import (
    REGION,
    action,
    artifacts,
    client,
    in_process,
    pipeline,
    plain,
    refusal,
    role,
)

WHO = ("-c", "user.name=me", "-c", "user.email=me@example.org")


@pytest.mark.parametrize(
    ("pattern", "text", "right"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("feature*", "feature-1", True),
        ("feature*", "feature/1", False),
        ("feature/**", "feature/1/a", True),
        ("**", "a/b", True),
        ("src/*", "src/a.py", True),
        ("src/*", "src/a/b.py", False),
        ("src/**", "src/a/b.py", True),
        ("common/**/*.js", "common/app.js", True),
        ("common/**/*.js", "common/a/b/app.js", True),
        ("**/README.md", "README.md", True),
        ("**/README.md", "docs/README.md", True),
        ("**/README.md", "docs/XREADME.md", False),
        ("foo.?", "foo.x", True),
        ("foo.?", "foo./", False),
        ("*.{java,class}", "A.class", True),
        ("*.{java,class}", "A.js", False),
        ("v[0-9].*", "v1.2", True),
        ("v[!0-9]", "v1", False),
        ("v[!0-9]", "vx", True),
        ("a[*?]b", "a*b", True),
        ("a[*?]b", "axb", False),
        ("a[-x]b", "a-b", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        ("*.*", "no-dot", False),
        ("a+(b)", "a+(b)", True),
    ],
)
def test_globs_are_read_as_aws_documents_them(pattern: str, text: str, right: bool) -> None:
    assert matches(pattern, text) is right


class Theirs:
    """Somebody's repository at GitHub, and its clone."""

    def __init__(self, place: Path) -> None:
        self.bare, self._clone = place / "theirs.git", place / "clone"
        self._run("init", "-q", "--bare", "-b", "main", str(self.bare), cwd=place)
        self._run("init", "-q", "-b", "main", str(self._clone), cwd=place)
        self.push("README.md")

    def push(self, *files: str, to: str = "refs/heads/main") -> str:
        """Commit changes of files and push them; the commit's id."""
        for name in files:
            path = self._clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.read_text() + "." if path.exists() else "new")
        self._run("add", "--all")
        self._run(*WHO, "commit", "-q", "--allow-empty", "-m", f"Change {files}")
        self._run("push", "-q", str(self.bare), f"HEAD:{to}")
        return self._run("rev-parse", "HEAD").strip()

    @contextmanager
    def without(self, what: str) -> Iterator[None]:
        """A commit or a tree is not there for a while."""
        id_ = self._run("rev-parse", what, cwd=self.bare).strip()
        place = self.bare / "objects" / id_[:2] / id_[2:]
        place.rename(self.bare / id_)
        yield
        (self.bare / id_).rename(place)

    def delete(self, ref: str) -> None:
        self._run("push", "-q", str(self.bare), f":{ref}")

    def _run(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words], check=True, capture_output=True, text=True, cwd=cwd or self._clone, env=ENV
        )
        return done.stdout


ENV = git.environment()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path / "sandbox") as played:
        yield played


@pytest.fixture
def theirs(tmp_path: Path) -> Theirs:
    return Theirs(tmp_path)


@pytest.fixture
def connection(sandbox: Any, theirs: Theirs) -> str:
    made = client("codeconnections").create_connection(ProviderType="GitHub", ConnectionName="mine")
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", theirs.bare)
    s3: Any = plain("s3")
    for bucket in ("artifacts", "site"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return str(made["ConnectionArn"])


def declared(arn: str, triggers: dict[str, Any] | None, **configuration: str) -> dict[str, Any]:
    given = {"ConnectionArn": arn, "FullRepositoryId": "me/shop", "BranchName": "main", **configuration}
    source = action(
        "Source", "Source/CodeStarSourceConnection", configuration=given, outputArtifacts=artifacts("Src")
    )
    use = [(f"{name}:UseConnection", "*") for name in ("codeconnections", "codestar-connections")]
    made = pipeline(
        role("pipeline", "codepipeline", allow=[("s3:*", "*"), *use]),
        stages=[{"name": "Source", "actions": [source]}, pipeline("")["stages"][1]],
    )
    if triggers is not None:
        git_part = {"sourceActionName": "Source", **triggers}
        made["triggers"] = [{"providerType": "CodeStarSourceConnection", "gitConfiguration": git_part}]
    return made


@pytest.fixture
def watch(connection: str) -> Watch:
    made = Watch()
    made.look()
    return made


def create(connection: str, triggers: dict[str, Any] | None = None, **configuration: str) -> None:
    client("codepipeline").create_pipeline(pipeline=declared(connection, triggers, **configuration))


def started(sandbox: Any, watch: Watch) -> list[tuple[str, str]]:
    """The executions that pushes have started: their type and the commit."""
    watch.look()
    sandbox.drain()
    found = client("codepipeline").list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    by_push = [one for one in found if one["trigger"]["triggerType"] != "CreatePipeline"]
    assert all(one["status"] == "Succeeded" for one in by_push)
    return [(one["trigger"]["triggerType"], one["sourceRevisions"][0]["revisionId"]) for one in by_push]


def test_a_push_to_the_branch_starts_the_pipeline_with_its_commit(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    create(connection)
    assert started(sandbox, watch) == []
    commit = theirs.push("index.html")
    assert started(sandbox, watch) == [("Webhook", commit)]
    assert started(sandbox, watch) == [("Webhook", commit)]


def test_a_broken_repository_hides_no_other_and_is_told_of_once(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch, tmp_path: Path, caplog: Any
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "HEAD").touch()
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", tmp_path / "broken")
    handshakes.connect(sandbox.state_dir, "mine", "me/later", theirs.bare)
    create(connection, FullRepositoryId="me/later")
    watch.look()
    commit = theirs.push("index.html")
    assert ("Webhook", commit) in started(sandbox, watch)
    assert [one.message for one in caplog.records if "looking at" in one.message] == [
        f"looking at the connected repository {tmp_path / 'broken'} failed"
    ]


def test_a_push_that_could_not_be_read_is_tried_again_and_holds_no_other_up(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    sources = {"branches": {"includes": ["main", "z"]}, "filePaths": {"includes": ["src/**"]}}
    theirs.push("src/a", to="refs/heads/z")
    watch.look()
    create(connection, {"push": [sources]})
    with theirs.without("main^{tree}"):
        commit = theirs.push("src/a")
        other = theirs.push("src/b", to="refs/heads/z")
        assert started(sandbox, watch) == [("WebhookV2", other)]
        assert started(sandbox, watch) == [("WebhookV2", other)]
    assert started(sandbox, watch) == [("WebhookV2", commit), ("WebhookV2", other)]
    assert started(sandbox, watch) == [("WebhookV2", commit), ("WebhookV2", other)]


def test_a_commit_that_a_forced_push_left_behind_may_be_gone(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch, caplog: Any
) -> None:
    create(connection, {"push": [SOURCES]})
    theirs.push("src/a")
    with theirs.without("main^"):
        assert started(sandbox, watch) == []
    assert caplog.records == []


def test_another_branch_a_tag_and_a_deletion_start_nothing(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    create(connection)
    theirs.push("a", to="refs/heads/other")
    theirs.push("a", to="refs/tags/v1")
    watch.look()
    theirs.delete("refs/heads/other")
    assert started(sandbox, watch) == []


@pytest.mark.parametrize("configuration", [{"DetectChanges": "false"}, {"FullRepositoryId": "me/Shop"}])
def test_where_nothing_is_to_be_detected_nothing_starts(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch, configuration: dict[str, str]
) -> None:
    create(connection, **configuration)
    theirs.push("a")
    watch.look()
    found = client("codepipeline").list_pipeline_executions(pipelineName="shop")
    assert len(found["pipelineExecutionSummaries"]) == 1


MAIN = {"branches": {"includes": ["main"]}}
RELEASES = {"branches": {"includes": ["release/**"], "excludes": ["release/old/*"]}}
SOURCES = {**MAIN, "filePaths": {"includes": ["src/**"], "excludes": ["**/*.md"]}}
TAGS = {"tags": {"includes": ["v*"], "excludes": ["v0*"]}}


@pytest.mark.parametrize(
    ("filters", "to", "files", "starts"),
    [
        ([MAIN], "heads/main", ["a"], True),
        ([MAIN], "heads/release/1", ["a"], False),
        ([RELEASES], "heads/release/1/2", ["a"], True),
        ([RELEASES], "heads/release/old/2", ["a"], False),
        ([RELEASES], "heads/main", ["a"], False),
        ([MAIN], "tags/main", ["a"], False),
        ([TAGS], "tags/v1", ["a"], True),
        ([TAGS], "tags/v0.1", ["a"], False),
        ([TAGS], "heads/v1", ["a"], False),
        ([MAIN, TAGS], "tags/v1", ["a"], True),
        ([{"branches": {"excludes": ["main"]}}], "heads/any", ["a"], True),
        ([SOURCES], "heads/main", ["src/a.py"], True),
        ([SOURCES], "heads/main", ["docs/a.py"], False),
        ([SOURCES], "heads/main", ["src/a.md"], False),
        ([SOURCES], "heads/main", ["src/a.md", "src/b.py"], True),
        ([SOURCES, TAGS], "heads/main", ["docs/a"], False),
    ],
)
def test_filters_say_which_pushes_start_the_pipeline(
    sandbox: Any,
    theirs: Theirs,
    connection: str,
    watch: Watch,
    filters: list[dict[str, Any]],
    to: str,
    files: list[str],
    starts: bool,
) -> None:
    create(connection, {"push": filters}, DetectChanges="false")
    commit = theirs.push(*files, to=f"refs/{to}")
    assert started(sandbox, watch) == ([("WebhookV2", commit)] if starts else [])


def test_the_push_that_makes_a_branch_has_no_files(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    every = {"branches": {"includes": ["**"]}, "filePaths": {"includes": ["**"]}}
    create(connection, {"push": [every]})
    theirs.push("a", to="refs/heads/new")
    assert started(sandbox, watch) == []
    commit = theirs.push("a", to="refs/heads/new")
    assert started(sandbox, watch) == [("WebhookV2", commit)]


def test_the_branch_that_was_pushed_is_the_variable(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    create(connection, {"push": [{"branches": {"includes": ["release/*"]}}]})
    commit = theirs.push("a", to="refs/heads/release/1")
    assert started(sandbox, watch) == [("WebhookV2", commit)]
    found = client("codepipeline").list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    newest = next(one for one in found if one["actionName"] == "Source")
    assert newest["output"]["outputVariables"]["BranchName"] == "release/1"
    assert newest["output"]["outputVariables"]["CommitId"] == commit


def test_pull_requests_are_not_played_and_switch_detection_off(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    create(connection, {"pullRequest": [MAIN]})
    theirs.push("a")
    assert started(sandbox, watch) == []


def test_what_was_pushed_while_nobody_looked_is_seen_later(
    sandbox: Any, theirs: Theirs, connection: str, watch: Watch
) -> None:
    create(connection)
    theirs.push("a")
    commit = theirs.push("a")
    assert started(sandbox, Watch()) == [("Webhook", commit)]  # as after a restart


def test_a_commit_in_a_working_tree_counts_as_a_push(sandbox: Any, theirs: Theirs, connection: str) -> None:
    handshakes.connect(sandbox.state_dir, "mine", "me/shop", theirs.bare.parent / "clone")
    watch = Watch()
    watch.look()
    create(connection)
    commit = theirs.push("a")
    assert started(sandbox, watch) == [("Webhook", commit)]


INVALID = "The trigger configuration for the source action is not valid. Make sure to choose valid filter"


@pytest.mark.parametrize(
    "triggers",
    [
        {"push": [{**MAIN, **TAGS}]},
        {"push": [{"filePaths": {"includes": ["a"]}}]},
        {"push": [MAIN, {}]},
        {"pullRequest": [{"events": ["OPEN"]}]},
    ],
)
def test_combinations_that_aws_refuses(connection: str, triggers: dict[str, Any]) -> None:
    made = declared(connection, None)
    made["triggers"] = [
        {
            "providerType": "CodeStarSourceConnection",
            "gitConfiguration": {"sourceActionName": "Source", **triggers},
        }
    ]
    code, text = refusal(client("codepipeline").create_pipeline, pipeline=made)
    assert (code, text.partition(" combinations")[0]) == ("InvalidStructureException", INVALID)
