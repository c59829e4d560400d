"""The documentation says what the program does: pages are current, examples work, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from awspipe import errors
from awspipe.cli.init import templates
from awspipe.cli.main import application
from awspipe.cli.options import hoisted
from awspipe.graph import wanted
from awspipe.naming import Scope
from awspipe.spec.load import load_text

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *templates().glob("*/README.md")])
WRITTEN = [page for page in PAGES if page.name not in ("commands.md", "spec.md")]
HOW = ROOT / "docs" / "how-it-works.md"


def _names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=_names(PAGES))
def test_links_and_pictures_are_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    here = [target for target in targets if "://" not in target]
    assert [target for target in here if not (page.parent / target.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_names(PAGES))
def test_a_page_points_at_nobodys_private_notes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"shared/|design\.md|aws-facts|ux\.md|sandbox\.md|costs\.md", text)


def _command_lines(text: str) -> Iterator[str]:
    """Every awspipe command line of a page: in code blocks and in running text."""
    fenced = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shell = [block[2] for block in fenced.finditer(text) if block[1] == "sh"]
    prose = fenced.sub("", text)
    shell += re.findall(r"^    (.*)$", prose, re.MULTILINE)
    found = re.findall(r"^(?:\S*/bin/)?(awspipe .*)", "\n".join(shell), re.MULTILINE)
    for line in [*found, *re.findall(r"`(awspipe [^`]*)`", prose)]:
        yield re.split(r" {3}| #| > ", line)[0].rstrip()


def _parsed(line: str) -> None:
    """Read a command line as the program would, without running it."""
    command: Any = typer.main.get_command(application())
    context, rest = None, hoisted(shlex.split(line)[1:])
    while True:
        context = command.make_context(command.name, rest, parent=context)
        if not hasattr(command, "commands"):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        _, command, rest = command.resolve_command(context, rest)


@pytest.mark.parametrize("page", WRITTEN, ids=_names(WRITTEN))
def test_every_command_line_is_one_that_awspipe_takes(page: Path) -> None:
    for line in _command_lines(page.read_text(encoding="utf-8")):
        if re.search(r"[A-Z]{4,}|\.\.\.", line):  # stands for something: `awspipe COMMAND --help`
            continue
        try:
            _parsed(line)
        except Exception as error:  # a command that is only named may lack its arguments
            assert type(error).__name__ == "MissingParameter", f"{page.name}: {line}: {error}"


def test_the_readme_shows_the_three_jobs() -> None:
    lines = set(_command_lines((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"awspipe up", "awspipe status", "awspipe down shop", "awspipe plan", "awspipe ls"} <= lines


@pytest.mark.parametrize("page", PAGES, ids=_names(PAGES))
def test_make_has_every_target_that_is_named(page: Path) -> None:
    named = re.findall(r"(?:`|^)make ([a-z0-9]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [one for one in named if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []


def test_the_readmes_spec_is_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (spec,) = load_text(block, "awspipe.yml")
    assert spec.name == "shop"


def test_the_page_names_what_the_templates_make() -> None:
    page = HOW.read_text(encoding="utf-8")
    scope = Scope("shop", "123456789012", "ap-northeast-2")
    for template in ("static-site", "server"):
        text = (templates() / template / "awspipe.yml").read_text(encoding="utf-8")
        (spec,) = load_text(text.replace("{{name}}", "shop"), "awspipe.yml")
        for key in wanted(spec, scope).by_key:
            name = key.name.rpartition("/")[2] if key.kind == "deployment-group" else key.name
            assert f"| `{name}`" in page, key


def test_the_page_counts_what_the_static_site_makes() -> None:
    table = HOW.read_text(encoding="utf-8").partition("| what |")[2].partition("\n\n")[0]
    text = (templates() / "static-site" / "awspipe.yml").read_text(encoding="utf-8")
    (spec,) = load_text(text.replace("{{name}}", "shop"), "awspipe.yml")
    resources = wanted(spec, Scope("shop", "123456789012", "ap-northeast-2")).resources
    assert len(table.strip().split("\n")) - 2 == len(resources)


def test_the_page_has_every_exit_code() -> None:
    table = HOW.read_text(encoding="utf-8").partition("| code |")[2].partition("\n\n")[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert {one.exit_code for one in _tree(errors.AwspipeError)} <= listed
    help_ = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").replace("\n  ", " ")
    assert [code for code in sorted(listed) if not re.search(rf"(codes:|,) {code} ", help_)] == []


def _tree(error: type[errors.AwspipeError]) -> Iterator[type[errors.AwspipeError]]:
    yield error
    for one in error.__subclasses__():
        yield from _tree(one)
