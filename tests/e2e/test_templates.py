"""The starter projects: each runs on this machine as it is, goes up and comes down."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.machine import ROOT, Machine

TEMPLATES = ("server", "server-build", "static-site")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    one = Machine(tmp_path_factory.mktemp("내 컴퓨터 (1)"))
    yield one
    one.close()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_goes_up_and_comes_down(machine: Machine, template: str) -> None:
    project = machine.work / f"my-{template}"
    machine.awspipe("init", template, project.name)
    machine.awspipe("validate", cwd=project)

    up = machine.awspipe("up", "--sandbox", "--json", cwd=project)
    (made,) = json.loads(up.stdout)["pipelines"]
    assert {step["verb"] for step in made["steps"]} == {"create", "push"}
    unchanged = machine.awspipe("plan", "--sandbox", "--exit-code", cwd=project).stdout.splitlines()
    assert unchanged[0] == f"{project.name}: no changes"

    machine.run("git", "push", "awspipe", "HEAD:refs/heads/other", cwd=project)
    status = json.loads(machine.awspipe("status", "--sandbox", "--json", cwd=project).stdout)
    assert status["pipelines"][0]["stages"][0]["name"] == "Source"

    count = len([step for step in made["steps"] if step["verb"] == "create"])
    down = machine.awspipe("down", project.name, "--sandbox", "--delete-data").stdout
    assert down.startswith(f"{project.name} is gone: {count} deleted")
    assert "\n0 resources left that awspipe made; nothing of it can charge\n" in down


@pytest.mark.parametrize("template", TEMPLATES)
def test_init_makes_a_repository_with_one_commit_of_everything(machine: Machine, template: str) -> None:
    project = machine.work / f"commit-{template}"
    machine.awspipe("init", template, project.name)

    assert machine.run("git", "status", "--porcelain", cwd=project).stdout == ""
    listed = machine.run("git", "ls-files", "--stage", cwd=project).stdout.splitlines()
    modes = {line.split("\t")[1]: line[:6] for line in listed}
    assert {"README.md", "awspipe.yml", "awspipe.schema.json", ".gitattributes"} <= modes.keys()
    assert {mode for name, mode in modes.items() if name.endswith(".sh")} <= {"100755"}
    spec = (project / "awspipe.yml").read_text(encoding="utf-8")
    assert spec.startswith("# yaml-language-server: $schema=./awspipe.schema.json\n")
    assert "{{" not in spec


def test_init_takes_a_directory_of_any_name(machine: Machine) -> None:
    machine.awspipe("init", "static-site", "내 프로젝트 (1)")
    machine.awspipe("validate", cwd=machine.work / "내 프로젝트 (1)")


def test_init_never_writes_over_what_is_there(machine: Machine) -> None:
    (machine.work / "mine").mkdir()
    (machine.work / "mine" / "file").write_text("mine", encoding="utf-8")

    said = machine.awspipe("init", "server", "mine", code=2).stderr

    assert "is there already and not empty" in said
    assert [one.name for one in (machine.work / "mine").iterdir()] == ["file"]


def test_the_static_site_builds_as_its_buildspec_says(machine: Machine, tmp_path: Path) -> None:
    site = tmp_path / "a site"
    shutil.copytree(ROOT / "templates" / "static-site", site)
    spec = yaml.safe_load((site / "buildspec.yml").read_text(encoding="utf-8"))
    for phase in spec["phases"].values():
        for command in phase["commands"]:
            machine.run(
                "sh", "-c", command, cwd=site, CODEBUILD_RESOLVED_SOURCE_VERSION="0123456789abcdef0123"
            )
    built = site / spec["artifacts"]["base-directory"]
    assert sorted(one.relative_to(built).as_posix() for one in built.rglob("*") if one.is_file()) == [
        "404.html",
        "favicon.svg",
        "index.html",
        "ko/index.html",
        "style.css",
    ]
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "0123456" in text
        assert "{{" not in text


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Instance:
    """An instance below a directory: does what the CodeDeploy agent does with the server's appspec."""

    def __init__(self, machine: Machine, root: Path) -> None:
        self._machine = machine
        self._root = root
        self.port = _free_port()

    def deploy(self, bundle: Path, deployment: str) -> None:
        """One deployment: all hooks but ApplicationStop, which the bundle before this one brings."""
        self.hook(bundle, "BeforeInstall", deployment)
        for entry in self._appspec(bundle)["files"]:
            target = self._root / entry["destination"].lstrip("/")
            shutil.copytree(bundle / entry["source"], target, dirs_exist_ok=True)
        for event in ("AfterInstall", "ApplicationStart", "ValidateService"):
            self.hook(bundle, event, deployment)

    def hook(self, bundle: Path, event: str, deployment: str, code: int = 0) -> str:
        """Run one lifecycle event; what its scripts said."""
        said = ""
        for script in self._appspec(bundle)["hooks"][event]:
            done = self._machine.run(
                str(bundle / script["location"]),
                cwd=Path("/"),
                code=code,
                AWSPIPE_ROOT=str(self._root),
                DEPLOYMENT_ID=deployment,
                LIFECYCLE_EVENT=event,
                PORT=str(self.port),
            )
            said += done.stdout + done.stderr
        return said

    def release(self) -> str:
        """Which deployment answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=10) as answer:
            return str(json.load(answer)["release"])

    @staticmethod
    def _appspec(bundle: Path) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((bundle / "appspec.yml").read_text(encoding="utf-8"))
        return found


@pytest.mark.skipif(sys.platform == "win32", reason="hook scripts run on Linux instances")
def test_the_server_is_deployed_replaced_and_stopped_by_its_hooks(machine: Machine, tmp_path: Path) -> None:
    bundle = ROOT / "templates" / "server"
    instance = Instance(machine, tmp_path / "instance")
    try:
        instance.deploy(bundle, "d-FIRST")
        assert instance.release() == "d-FIRST"

        assert "stopped process" in instance.hook(bundle, "ApplicationStop", "d-SECOND")
        instance.deploy(bundle, "d-SECOND")
        assert instance.release() == "d-SECOND"

        instance.deploy(bundle, "d-THIRD")  # as after a stop script that was never run
        assert instance.release() == "d-THIRD"
    finally:
        instance.hook(bundle, "ApplicationStop", "d-THIRD")
    assert "no server runs" in instance.hook(bundle, "ApplicationStop", "d-THIRD")
    with pytest.raises(OSError, match="refused"):
        instance.release()
