"""`awspipe validate`: the spec, the files that it names, and files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli.main import run

BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands: [make]\n"
APPSPEC = "version: 0.0\nos: linux\n"
SPEC = """\
name: shop
stages:
  - name: Source
    provider: codecommit
    repository: shop
  - name: Build
    provider: codebuild
    buildspec: ci/build.yml
  - name: Deploy
    provider: codedeploy
    on_premises_tags: {role: web}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "awspipe.yml").write_text(SPEC)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "build.yml").write_text(BUILDSPEC)
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["validate", *words])
    return code, *capsys.readouterr()


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    run(["validate", "--json", *words])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_files_that_the_spec_names_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == (
        0,
        "awspipe.yml: shop is valid: Source -> Build -> Deploy\nci/build.yml: valid\nappspec.yml: valid\n",
        "",
    )


def test_a_bad_buildspec_is_an_invalid_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ci" / "build.yml").write_text(BUILDSPEC.replace("[make]", "\n      - echo a: b"))
    assert said(capsys) == (
        2,
        "",
        "error: this command is a mapping to YAML, because of the colon and space in it\n"
        "  --> ci/build.yml:5:9\n"
        "    5 |       - echo a: b\n"
        "      |         ^^^^^^\n"
        "   hint: put the whole command in quotes, or write it below a line of `- |`\n"
        "\n"
        "awspipe: 1 problem\n",
    )


def test_a_buildspec_that_is_not_there_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ci" / "build.yml").rename(folder / "ci" / "build.yaml")
    assert said(capsys) == (
        0,
        "awspipe.yml: shop is valid: Source -> Build -> Deploy\nappspec.yml: valid\n",
        "warning: there is no ci/build.yml beside this spec: the build would fail\n"
        "  --> awspipe.yml:8:16\n"
        "    8 |     buildspec: ci/build.yml\n"
        "      |                ^^^^^^^^^^^^\n"
        "   hint: there is ci/build.yaml: rename it, or write `buildspec: ci/build.yaml`\n"
        "\n",
    )


def test_a_default_buildspec_that_is_not_there_is_told_at_its_stage(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "awspipe.yml").write_text(SPEC.replace("    buildspec: ci/build.yml\n", ""))
    (warning,) = document(capsys)["warnings"]
    assert (warning["line"], warning["column"]) == (6, 5)
    assert warning["message"] == "there is no buildspec.yml beside this spec: the build would fail"


def test_an_inline_buildspec_is_checked_and_one_of_s3_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inline = "|\n      version: 0.3\n      phases: {build: {commands: [make]}}"
    (folder / "awspipe.yml").write_text(SPEC.replace("ci/build.yml", inline))
    code, _, talk = said(capsys)
    assert code == 2
    assert "--> awspipe.yml: stages.1.buildspec:1:10" in talk
    (folder / "awspipe.yml").write_text(SPEC.replace("ci/build.yml", "arn:aws:s3:::shop/buildspec.yml"))
    assert said(capsys)[0] == 0


def test_scripts_that_lack_are_warnings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "appspec.yml").write_text(APPSPEC + "hooks: {AfterInstall: [{location: a.sh}]}\n")
    code, answer, talk = said(capsys)
    assert (code, answer.splitlines()[-1]) == (0, "appspec.yml: valid")
    assert talk.startswith('warning: there is no script "a.sh"\n  --> appspec.yml:3:35\n')


def test_json_names_files_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys) == {
        "schema_version": 1,
        "valid": True,
        "pipelines": ["shop"],
        "files": ["ci/build.yml", "appspec.yml"],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("words", "text", "code"),
    [
        (("--buildspec", "x.yml"), BUILDSPEC, 0),
        (("--buildspec", "x.yml"), APPSPEC, 2),
        (("--appspec", "x.yml"), APPSPEC, 0),
        (("--appspec", "x.yml", "--platform", "server"), APPSPEC, 0),
        (("--appspec", "x.yml", "--platform", "ecs"), APPSPEC, 2),
        (("--appspec", "x.yml", "--platform", "lambda"), APPSPEC, 2),
        (("--appspec", "x.yml", "--platform", "moon"), APPSPEC, 2),
        (("--appspec", "y.yml"), APPSPEC, 2),
        (("--appspec", "ci"), APPSPEC, 2),
    ],
)
def test_a_file_alone_needs_no_spec(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str, code: int
) -> None:
    (folder / "awspipe.yml").unlink()
    (folder / "x.yml").write_text(text)
    ended, answer, _ = said(capsys, *words)
    assert ended == code
    assert answer == ("" if code else "x.yml: valid\n")


def test_with_no_file_the_spec_is_needed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "awspipe.yml").unlink()
    assert said(capsys)[0] == 2


def test_a_named_buildspec_is_checked_and_not_those_of_the_spec(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "ci" / "build.yml").write_text("")
    (folder / "other.yml").write_text(BUILDSPEC)
    code, answer, _ = said(capsys, "--buildspec", "other.yml")
    assert (code, answer.splitlines()[1:]) == (0, ["other.yml: valid"])


def test_two_pipelines_name_one_file_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "awspipe.yml").write_text(SPEC + "---\n" + SPEC.replace("shop", "cart"))
    assert document(capsys)["files"] == ["ci/build.yml", "appspec.yml"]


def test_a_directory_of_specs_is_checked_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    specs = folder / "specs"
    specs.mkdir()
    for name in ("one", "two"):
        (specs / f"{name}.yml").write_text(SPEC.replace("name: shop", f"name: {name}", 1))
    (specs / "ci").mkdir()
    (specs / "ci" / "build.yml").write_text("version: 0.2\nphases: {build: {commands: [make]}}\n")
    code, answer, _ = said(capsys, "-f", str(specs))
    assert (code, [line.partition(" is valid")[0] for line in answer.splitlines()[:2]]) == (
        0,
        [f"{specs / 'one.yml'}: one", f"{specs / 'two.yml'}: two"],
    )
    assert answer.count("build.yml: valid") == 1
    twice = ("-f", str(specs), "-f", str(specs / "ci" / ".." / "one.yml"))
    assert said(capsys, *twice)[1].count("one is valid") == 1
    for name in ("one", "two"):
        (specs / f"{name}.yml").write_text("name: x\nstage: []\n")
    code, _, talk = said(capsys, "-f", str(specs))
    assert code == 2
    assert all(f"--> {specs / name}.yml:2:1" in talk for name in ("one", "two"))


@pytest.mark.parametrize("template", ["static-site", "server", "server-build"])
def test_the_templates_are_without_warning(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(__file__).parents[2] / "templates" / template
    spec = Path(template) / "awspipe.yml"
    Path(template).mkdir()
    for file in source.rglob("*"):
        if file.is_file():
            target = Path(template) / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes().replace(b"{{name}}", b"shop"))
    code, _, talk = said(capsys, "-f", str(spec))
    assert (code, talk) == (0, "")
