"""`make demo`, as on a fresh clone: two times, with the user's own changes kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import ROOT, Machine

STAMP = ROOT / ".venv" / "installed"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    one = Machine(tmp_path)
    (one.work / "tests").mkdir()
    for name in ("Makefile", "pyproject.toml", "tests/constraints.txt"):
        shutil.copy(ROOT / name, one.work / name)
        os.utime(one.work / name, (0, 0))  # older than the stamp: make must not install from this copy
    (one.work / ".venv").symlink_to(ROOT / ".venv")
    yield one
    one.close()


@pytest.mark.skipif(not STAMP.is_file(), reason="the environment is not the Makefile's")
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_the_demo_goes_up_and_can_be_run_again(machine: Machine) -> None:
    first = machine.run("make", "demo")
    assert "awspipe-demo is up: 10 created" in first.stdout
    assert "  awspipe down --sandbox " in first.stdout
    assert '  git config --global user.name "Your Name"\n' in first.stdout

    page = machine.work / "awspipe-demo" / "src" / "index.html"
    page.write_text("mine", encoding="utf-8")
    second = machine.run("make", "demo")
    assert "awspipe-demo: no changes" in second.stdout
    assert page.read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(not STAMP.is_file(), reason="the environment is not the Makefile's")
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_the_demo_never_writes_over_a_directory_of_its_name(machine: Machine) -> None:
    mine = machine.work / "awspipe-demo" / "file"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")

    said = machine.run("make", "demo", code=2).stderr

    assert "is there already and not empty" in said
    assert mine.read_text(encoding="utf-8") == "mine"
