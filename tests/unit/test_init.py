"""`awspipe init` on a machine where nothing is set up, in directories of any name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from awspipe.cli import main


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git knows nobody here."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main.run(["init", "static-site", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_who_is_not_known_to_git_is_told_how_to_say_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "site") == [
        "made site from the template static-site: the pipeline is called site",
        "  ! git does not know who you are, and refuses your own commits until you say it:",
        '    git config --global user.name "Your Name"',
        "    git config --global user.email you@example.com",
        "next: cd site",
        "      awspipe up --sandbox   (on this machine: no account, no charge)",
    ]
    for setting in (("user.name", "Ann"), ("user.email", "ann@example.com")):
        subprocess.run(["git", "config", "--global", *setting], check=True)
    assert "  ! git does not know" not in "\n".join(said(capsys, "other"))
    assert json.loads("\n".join(said(capsys, "third", "--json")))["author_known"] is True


def test_a_directory_without_a_letter_for_a_pipeline_says_how_to_name_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = said(capsys, "내 사이트")
    assert lines[0] == "made 내 사이트 from the template static-site: the pipeline is called my-pipeline"
    assert lines[1:3] == [
        "  ! a pipeline's name is of English letters, digits and -, and 내 사이트 has none",
        "    before `awspipe up`, write another than my-pipeline in awspipe.yml, or begin with --name NAME",
    ]
    assert "name: my-pipeline\n" in Path("내 사이트", "awspipe.yml").read_text(encoding="utf-8")
    assert "called shop" in said(capsys, "다른", "--name", "shop")[0]
    assert "a pipeline's name is" not in "\n".join(said(capsys, "내-site"))
