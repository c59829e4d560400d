"""Builds that fail, each for a cause that is known: really run, and explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import failing
from tests.support.failing import Shop, build, buildspec, source


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with failing.world(tmp_path) as shop:
        yield shop


def told(shop: Shop, files: dict[str, str | bytes]) -> tuple[str, str, str, tuple[str, ...]]:
    """Build these files: the cause's name, line, fix and detail."""
    shop.push(files)
    shop.project()
    cause = shop.cause(source(), build())
    assert (cause.stage, cause.action) == ("Build", "Build")
    return cause.known, cause.line, cause.fix, cause.detail


def test_a_command_that_fails_is_named_with_its_last_lines(shop: Shop) -> None:
    text = buildspec("echo first", "echo one; echo two >&2; exit 3")
    assert told(shop, {"buildspec.yml": text}) == (
        "command-failed",
        "exit code 3 of the command: echo one; echo two >&2; exit 3",
        "",
        ("one", "two"),
    )


def test_a_buildspec_that_has_another_name_is_pointed_at(shop: Shop) -> None:
    assert told(shop, {"buildspec.yaml": buildspec("true"), "src/a.txt": "1"}) == (
        "buildspec-missing",
        "the source has no buildspec.yml; it has buildspec.yaml",
        "rename it to buildspec.yml, or write `buildspec: buildspec.yaml` at the Build stage",
        (),
    )


def test_a_buildspec_that_is_nowhere(shop: Shop) -> None:
    assert told(shop, {"index.html": "1"})[1:3] == (
        "the source has no buildspec.yml",
        "add buildspec.yml to the source, or name the file that is meant with `buildspec:`",
    )


def test_a_program_that_is_not_there(shop: Shop) -> None:
    known, line, fix, detail = told(shop, {"buildspec.yml": buildspec("nmp ci --silent")})
    assert (known, line) == (
        "command-not-found",
        "the build has no program nmp (exit code 127): nmp ci --silent",
    )
    assert fix == "install it under `install:` in the buildspec, or take an `image:` that has it"
    assert detail[-1].endswith("nmp: not found")


def test_an_execution_that_succeeds_has_no_cause(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("true")})
    shop.project()
    shop.create(source(), build())
    shop.calls.clear()
    assert shop.causes() == ()
    assert sorted(shop.calls.names) == [
        "codepipeline:GetPipelineExecution",
        "codepipeline:ListActionExecutions",
    ]
