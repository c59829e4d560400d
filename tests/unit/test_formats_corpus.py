"""Files as they are found: what AWS takes is taken, what it refuses is refused; what is said, to the letter.

Each file ends with what is said of it: `# error line:column message [hint]`, and `# warning ...`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.errors import Problem
from awspipe.formats import appspec, buildspec
from awspipe.formats.appspec import Platform
from awspipe.formats.parsed import Parsed

CORPUS = Path(__file__).parent / "formats_corpus"
PLATFORMS: dict[str, Platform] = {"server": "server", "lambda": "lambda", "ecs": "ecs"}


def parse(file: Path) -> Parsed[object]:
    kind, data = file.parent.parent.name, file.read_bytes()
    return appspec.parse(data, "x", PLATFORMS[kind]) if kind in PLATFORMS else buildspec.parse(data, "x")


def said(parsed: Parsed[object]) -> Iterator[str]:
    for problem in (*parsed.problems, *parsed.warnings):
        yield line(problem)


def line(problem: Problem) -> str:
    hint = f" [{problem.hint}]" if problem.hint else ""
    word = "warning" if problem.warning else "error"
    return f"# {word} {problem.line}:{problem.column} {problem.message}{hint}"


def expected(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [one for one in lines if re.match(r"# (error|warning) \d+:\d+ ", one)]


def files(word: str) -> list[Path]:
    return sorted(CORPUS.glob(f"*/{word}/*.yml"))


def name(file: Path) -> str:
    return f"{file.parent.parent.name}-{file.stem}"


@pytest.mark.parametrize("file", files("good"), ids=name)
def test_what_aws_takes_is_taken(file: Path) -> None:
    parsed = parse(file)
    assert list(said(parsed)) == expected(file)
    assert not parsed.problems
    assert parsed.value is not None


@pytest.mark.parametrize("file", files("bad"), ids=name)
def test_what_aws_refuses_is_refused(file: Path) -> None:
    parsed = parse(file)
    assert list(said(parsed)) == expected(file)
    assert parsed.problems
    assert parsed.value is None


def test_every_problem_of_the_corpus_has_its_line_as_a_frame() -> None:
    for file in (*files("good"), *files("bad")):
        parsed = parse(file)
        for problem in (*parsed.problems, *parsed.warnings):
            assert problem.frame.startswith(f"{problem.line:>5} |"), problem
