"""The project's own files: what CI runs, what make offers, what the templates hold."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from awspipe.cli.init import from_github, templates
from awspipe.providers.github import GitHub
from awspipe.spec.flow import resolve
from awspipe.spec.load import load_text

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(one.name for one in templates().iterdir() if one.is_dir())
HOOKS = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _tracked(*folders: str) -> list[str]:
    """Files that git knows, with their modes: `100644 name`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--stage", "--", *folders],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    return [f"{entry[:6]} {entry.partition(chr(9))[2]}" for entry in listed.split("\0") if entry]


@pytest.mark.parametrize(
    "target", ["demo", "test", "check", "lint", "unit", "e2e", "fix", "docs", "picture", "bench"]
)
def test_make_knows(target: str) -> None:
    makefile = _text("Makefile")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert re.search(rf"^\.PHONY:.* {target}\b", makefile, re.MULTILINE)


def test_ci_runs_every_test() -> None:
    script = _text(".ci/run")
    assert script.startswith("#!/usr/bin/env bash\n")
    assert script.rstrip().endswith("exec make test")
    assert _tracked(".ci") == ["100755 .ci/run"]
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)
    makefile = _text("Makefile")
    assert re.search(r"^test: lint all\b", makefile, re.MULTILINE)
    assert re.search(r"^check: lint unit\b", makefile, re.MULTILINE)
    (run,) = re.findall(r"^all: .*\n\t\$\(PYTEST\) (.*)$", makefile, re.MULTILINE)
    assert set(run.split()) == {f"tests/{one.parent.name}" for one in (ROOT / "tests").glob("*/test_*.py")}


def test_the_licence_is_apaches() -> None:
    licence = _text("LICENSE")
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert tomllib.loads(_text("pyproject.toml"))["project"]["license"] == "Apache-2.0"


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert "## [Unreleased]" in _text("CHANGELOG.md")


def test_every_dependency_is_pinned_for_ci() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    asked = {_name(one) for one in [*project["dependencies"], *extras["sandbox"], *extras["dev"]]}
    pinned = {_name(line) for line in _text("tests/constraints.txt").splitlines() if not line.startswith("#")}
    assert asked - pinned <= {"awspipe"}


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_no_file_names_a_place_on_somebodys_machine_or_a_registry() -> None:
    own = Path(__file__).relative_to(ROOT).as_posix()
    places = re.compile(r"/work/|/root/|/home/[a-z]|\bpypi\.org|pythonhosted|index-url|registry\.npmjs")
    folders = ("*.md", "*.toml", "*.txt", "Makefile", ".ci", "docs", "templates")
    names = [entry[7:] for entry in _tracked(*folders) if entry[7:] != own]
    assert [name for name in names if places.search(_text(name))] == []


def test_there_are_templates() -> None:
    assert TEMPLATES == ["server", "server-build", "static-site"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_valid_under_any_name(template: str) -> None:
    text = (templates() / template / "awspipe.yml").read_text(encoding="utf-8")
    for name in ("shop", "a" * 100, "123"):
        (spec,) = load_text(text.replace("{{name}}", name), "awspipe.yml")
        assert spec.name == name
        assert resolve(spec)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_s_source_can_be_at_github(template: str) -> None:
    text = from_github((templates() / template / "awspipe.yml").read_text(encoding="utf-8"), "me/my.shop")
    (spec,) = load_text(text.replace("{{name}}", "shop"), "awspipe.yml")
    source = resolve(spec)[0].actions[0].action
    assert isinstance(source, GitHub)
    assert (source.repository, source.branch) == ("me/my.shop", "main")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_says_what_it_is(template: str) -> None:
    readme = (templates() / template / "README.md").read_text(encoding="utf-8")
    for heading in ("## On your machine", "## Online", "## What to change"):
        assert heading in readme
    named = re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE)
    assert [name for name in named if not (templates() / template / name).exists()] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_templates_lines_end_as_linux_wants_them(template: str) -> None:
    for path in (templates() / template).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert b"\r" not in path.read_bytes(), path
    assert "eol=lf" in (templates() / template / ".gitattributes").read_text(encoding="utf-8")


SERVERS = pytest.mark.parametrize("template", ["server", "server-build"])


@SERVERS
def test_the_servers_scripts_are_executable_and_begin_with_a_posix_shell(template: str) -> None:
    scripts = _tracked(f"templates/{template}/scripts")
    assert scripts
    assert {entry[:6] for entry in scripts} == {"100755"}
    for entry in scripts:
        subprocess.run(["sh", "-n", str(ROOT / entry[7:])], check=True)


@SERVERS
def test_the_servers_appspec_names_scripts_that_are_there(template: str) -> None:
    server = templates() / template
    appspec = yaml.safe_load((server / "appspec.yml").read_text(encoding="utf-8"))
    assert (appspec["version"], appspec["os"]) == (0.0, "linux")
    assert tuple(appspec["hooks"]) == HOOKS
    for (script,) in appspec["hooks"].values():
        assert script["timeout"] <= 300
        text = (server / script["location"]).read_text(encoding="utf-8")
        assert text.startswith("#!/bin/sh\n")
    for entry in appspec["files"]:
        assert (server / entry["source"]).exists()


def test_the_sites_buildspec_takes_what_its_build_makes() -> None:
    site = templates() / "static-site"
    buildspec = yaml.safe_load((site / "buildspec.yml").read_text(encoding="utf-8"))
    assert buildspec["version"] == 0.2
    assert buildspec["artifacts"] == {"base-directory": "dist", "files": ["**/*"]}
    commands = [one for phase in buildspec["phases"].values() for one in phase["commands"]]
    assert commands == ["python3 test_build.py", "python3 build.py"]
