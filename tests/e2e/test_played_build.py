"""The template with tests, an approval and two servers, from CodeCommit and from GitHub, as it is played.

One machine and one sandbox for all: what a test breaks it mends, and the next push brings that along.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.machine import Machine
from tests.e2e.shell import Shell, Terminal
from tests.e2e.test_played import committed, head, states, status, until

ME = ("-c", "user.name=me", "-c", "user.email=me@localhost")
REGION = "ap-northeast-2"


class Project:
    """A project of the template on a machine, with what a user does to it."""

    def __init__(self, machine: Machine, name: str, *words: str) -> None:
        self.machine, self.name, self.directory = machine, name, machine.work / name
        self._environment: dict[str, str] = {}
        machine.awspipe("init", "server-build", name, *words)

    def up(self, code: int = 0) -> str:
        done = self.machine.awspipe("up", "--sandbox", cwd=self.directory, code=code)
        return done.stdout + done.stderr

    def newest(self) -> dict[str, Any]:
        """The newest execution; asked of the API, which is quicker than a command."""
        found = self.aws("codepipeline").list_pipeline_executions(pipelineName=self.name, maxResults=1)
        one = found["pipelineExecutionSummaries"][0]
        revisions = one.get("sourceRevisions") or [{}]
        return {
            "id": one["pipelineExecutionId"],
            "status": one["status"],
            "commit": revisions[0].get("revisionId"),
            "trigger": one["trigger"]["triggerType"],
        }

    def waiting(self, commit: str) -> str:
        """The token of the approval that the execution of a commit waits for."""

        def look() -> str | None:
            newest = self.newest()
            assert newest["status"] == "InProgress"
            stages = self.aws("codepipeline").get_pipeline_state(name=self.name)["stageStates"]
            approve = next(one for one in stages if one["stageName"] == "Approve")
            waits = approve.get("latestExecution", {}).get("pipelineExecutionId") == newest["id"]
            token = approve["actionStates"][0].get("latestExecution", {}).get("token")
            return token if waits and newest["commit"] == commit else None

        return str(until(look))

    def let_go(self) -> None:
        """End what waits for an answer: it holds the stage, and tests come in any order."""
        codepipeline = self.aws("codepipeline")
        found = codepipeline.list_pipeline_executions(pipelineName=self.name)
        for one in found["pipelineExecutionSummaries"]:
            if one["status"] == "InProgress":
                codepipeline.stop_pipeline_execution(
                    pipelineName=self.name, pipelineExecutionId=one["pipelineExecutionId"], abandon=True
                )

    def pushed_anew(self) -> str:
        """A commit of its own with nothing in its way, and no change but those taken back; pushed."""
        self.let_go()
        self.machine.run("git", *ME, "commit", "-q", "--allow-empty", "-m", "again", cwd=self.directory)
        self.machine.run("git", "push", "-q", "awspipe", cwd=self.directory)
        return head(self.machine, self.directory)

    def approve(self, token: str) -> None:
        self.aws("codepipeline").put_approval_result(
            pipelineName=self.name,
            stageName="Approve",
            actionName="Approve",
            token=token,
            result={"status": "Approved", "summary": "looks good"},
        )

    def ended(self, commit: str) -> dict[str, Any]:
        """What the status says once the execution of a commit has ended."""

        def look() -> bool:
            newest = self.newest()
            return newest["commit"] == commit and newest["status"] != "InProgress"

        until(look)
        return status(self.machine, self.directory)

    def aws(self, service: str) -> Any:
        """A client of boto3's, with what `awspipe sandbox env` prints."""
        if not self._environment:
            document = json.loads(self.machine.awspipe("sandbox", "env", "--json").stdout)
            self._environment = document["environment"]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self._environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
        )

    def undo(self) -> None:
        """Take the last commit back in one that is not pushed yet."""
        self.machine.run("git", *ME, "revert", "--no-edit", "HEAD", cwd=self.directory)

    def down(self) -> None:
        self.machine.awspipe("down", self.name, "--sandbox", "--delete-data")


def versions(machine: Machine) -> list[str]:
    """Which commit each server answers with."""
    hosts = json.loads(machine.awspipe("sandbox", "hosts", "--json").stdout)["hosts"]
    found = []
    for host in hosts:
        with urllib.request.urlopen(f"{host['url']}/health", timeout=10) as answer:
            found.append(json.load(answer)["commit"])
    return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    one = Machine(tmp_path_factory.mktemp("built"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def units(machine: Machine) -> Iterator[Project]:
    """A pipeline whose first commit waits for approval."""
    made = Project(machine, "units")
    made.up()
    yield made
    made.down()


def message(found: dict[str, Any]) -> str:
    """All that the status says of a failed execution."""
    assert found["executions"][0]["status"] == "Failed"
    return json.dumps(found)


def test_an_approval_waits_across_a_restart_and_then_both_servers_answer(
    machine: Machine, units: Project
) -> None:
    first = units.pushed_anew()
    token = units.waiting(first)
    machine.awspipe("sandbox", "stop")
    machine.awspipe("sandbox", "start")
    assert units.waiting(first) == token
    assert states(status(machine, units.directory))[:2] == ["Succeeded"] * 2
    units.approve(token)
    assert states(units.ended(first)) == ["Succeeded"] * 4
    assert versions(machine) == [first, first]


def test_a_push_to_another_branch_starts_nothing(machine: Machine, units: Project) -> None:
    before = units.newest()
    machine.run("git", "push", "-q", "awspipe", "HEAD:refs/heads/other", cwd=units.directory)
    assert units.newest() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "app/units.py",
            '"km": Fraction(1000)',
            '"km": Fraction(1001)',
            "python3 -m unittest discover -s tests",
        ),
        ("buildspec.yml", "base-directory: dist", "base-directory: nowhere", "nowhere"),
    ],
    ids=["a test fails", "the artifact is missing"],
)
def test_a_build_that_fails_says_why_and_deploys_nothing(
    machine: Machine, units: Project, file: str, old: str, new: str, said: str
) -> None:
    before = len(units.aws("codedeploy").list_deployments()["deployments"])
    found = units.ended(committed(machine, units.directory, file, old, new))
    assert said in message(found)
    assert found["stages"][1]["status"] == "Failed"
    assert len(units.aws("codedeploy").list_deployments()["deployments"]) == before
    units.undo()


def test_an_artifact_without_appspec_is_not_deployed(machine: Machine, units: Project) -> None:
    units.let_go()
    line = '    shutil.copy2(HERE / "appspec.yml", DIST)\n'
    broken = committed(machine, units.directory, "build.py", line, "")
    units.approve(units.waiting(broken))
    assert "appspec" in message(units.ended(broken)).lower()
    units.undo()


def test_a_role_that_lacks_a_permission_is_named_and_up_mends_it(machine: Machine, units: Project) -> None:
    iam, role = units.aws("iam"), f"awspipe-units-{REGION}-Build"
    policy = iam.get_role_policy(RoleName=role, PolicyName="awspipe")["PolicyDocument"]
    fewer = [one for one in policy["Statement"] if "s3:PutObject" not in one["Action"]]
    document = json.dumps({**policy, "Statement": fewer})
    iam.put_role_policy(RoleName=role, PolicyName="awspipe", PolicyDocument=document)
    assert "s3:" in message(units.ended(units.pushed_anew()))
    assert f"  ~ role             {role}\n" in units.up()


@pytest.fixture
def theirs(machine: Machine) -> Iterator[tuple[Project, Path]]:
    """A project whose source is at GitHub, and the repository that stands for that."""
    project = Project(machine, "theirs", "--github", "me/theirs")
    bare = machine.work / "theirs.git"
    machine.run("git", "init", "-q", "--bare", str(bare))
    machine.run("git", "remote", "add", "origin", str(bare), cwd=project.directory)
    machine.run("git", "push", "-q", "-u", "origin", "main", cwd=project.directory)
    yield project, bare
    project.down()


def test_a_push_to_github_starts_the_pipeline(machine: Machine, theirs: tuple[Project, Path]) -> None:
    project, bare = theirs
    said = project.up(code=8)
    assert "awspipe sandbox connect theirs-github me/theirs PATH" in said
    machine.awspipe("sandbox", "connect", "theirs-github", "me/theirs", str(bare))
    project.up()
    assert project.newest()["trigger"] == "CreatePipeline"

    path = project.directory / "app" / "index.html"
    path.write_text(path.read_text(encoding="utf-8").replace("<title>Units", "<title>Their units"))
    machine.run("git", *ME, "commit", "-qam", "Say whose", cwd=project.directory)
    machine.run("git", "push", "-q", "origin", "main", cwd=project.directory)
    pushed = head(machine, project.directory)
    until(lambda: project.newest()["commit"] == pushed)
    assert project.newest()["trigger"] == "Webhook"


def sourced_at_github(machine: Machine, name: str) -> tuple[Path, Path]:
    """A project of a spec alone whose source is at GitHub, and the empty repository that stands for that."""
    project, bare = machine.work / name, machine.work / f"{name}.git"
    project.mkdir()
    (project / "awspipe.yml").write_text(
        f"name: {name}\nstages:\n  - {{name: Source, provider: github, repository: me/theirs}}\n"
        "  - {name: Deploy, provider: s3}\n"
    )
    machine.run("git", "init", "-q", "--bare", str(bare))
    return project, bare


def test_on_a_terminal_up_waits_for_the_connection_and_goes_on(machine: Machine) -> None:
    project, bare = sourced_at_github(machine, "patient")
    with Terminal(Shell(machine), "up", "--sandbox", "--yes", cwd=project) as terminal:
        terminal.wait_for("awspipe sandbox connect patient-github me/theirs PATH")
        machine.awspipe("sandbox", "connect", "patient-github", "me/theirs", str(bare))
        assert terminal.end() == 0
        assert "patient is up: 5 created" in terminal.shown
    assert "nothing is left" in machine.awspipe("down", "patient", "--sandbox", "--yes").stdout


def test_ctrl_c_says_that_the_connection_is_there_and_how_it_is_completed(machine: Machine) -> None:
    project, bare = sourced_at_github(machine, "hasty")
    complete = ("sandbox", "connect", "hasty-github", "me/theirs")
    with Terminal(Shell(machine), "up", "--sandbox", "--yes", cwd=project) as terminal:
        terminal.wait_for(f"awspipe {' '.join(complete)} PATH").interrupt()
        assert terminal.end() == 130
    said = " ".join(terminal.shown.split())
    ended = said.partition("Ctrl-C again leaves at once")[2]
    assert "connection hasty-github: not started" not in said
    assert "awspipe: connection hasty-github is pending: somebody must complete it at its provider" in ended
    assert f"try: awspipe {' '.join(complete)} PATH awspipe: interrupted: " in ended
    assert " not started, 1 connection there and pending try: `awspipe up --sandbox` goes on" in ended

    machine.awspipe(*complete, str(bare))
    machine.awspipe("up", "--sandbox", "--yes", cwd=project)
    assert "nothing is left" in machine.awspipe("down", "hasty", "--sandbox", "--yes").stdout
