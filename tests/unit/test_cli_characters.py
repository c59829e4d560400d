"""What a cp949 console cannot print is in no text of ours."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

import awspipe

PACKAGE = Path(awspipe.__file__).parent
FILES = sorted(itertools.chain(PACKAGE.glob("*.py"), (PACKAGE / "cli").rglob("*.py")))
SYSTEMS_OWN = {"pty", "fcntl", "termios", "tty", "pwd", "grp", "resource", "msvcrt", "winreg", "curses"}


def _texts(tree: ast.Module) -> list[str]:
    """Every text that is not a docstring of a module or class; a command's docstring is its help."""
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_text_can_be_printed_on_a_korean_console(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [text for text in _texts(tree) if _unprintable(text)]


def _unprintable(text: str) -> str:
    return "".join(mark for mark in text if not mark.encode("cp949", errors="ignore"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_needs_one_system_to_be_imported(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.name.partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
    }
    assert not imported & SYSTEMS_OWN


def test_the_check_finds_what_it_is_for() -> None:
    assert [_unprintable(text) for text in ("a — b", "○ ● × ▶ ■ →", "✓", "한글")] == ["—", "", "✓", ""]
