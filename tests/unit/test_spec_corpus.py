"""The corpus: what the loader says of each spec to the letter, and that the JSON Schema agrees with it.

    good/     both take it
    bad/      both refuse it
    loader/   only the loader can see what is wrong: structure, duplicates, two places at once
    yaml/     no values to judge: YAML itself is wrong, or a guard stops the reading

The first lines of a file that is refused say what is said: `# line:column message [hint]`; `ALL` stands for
the words of all providers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from awspipe.errors import Problem, SpecError
from awspipe.formats.nodes import Plain
from awspipe.formats.reader import read
from awspipe.providers.base import words
from awspipe.spec.flow import resolve
from awspipe.spec.load import load_file, load_text
from awspipe.spec.schema import json_schema

CORPUS = Path(__file__).parent / "spec_corpus"
FILES = {kind: sorted((CORPUS / kind).glob("*.yml")) for kind in ("good", "bad", "loader", "yaml")}
SCHEMA = jsonschema.Draft7Validator(json_schema())


def said(problem: Problem) -> str:
    hint = f" [{problem.hint}]" if problem.hint else ""
    return f"# {problem.line}:{problem.column} {problem.message}{hint}"


def expected(file: Path) -> list[str]:
    every = f"[providers: {', '.join(words())}]"
    lines = file.read_text(encoding="utf-8").replace("[providers: ALL]", every).splitlines()
    return [line for line in lines if re.match(r"# \d+:\d+ ", line)]


def as_an_editor_reads(value: object) -> Any:
    """YAML 1.2's core schema: how an editor reads a plain scalar before it looks into the JSON Schema."""
    match value:
        case dict():
            return {key: as_an_editor_reads(inner) for key, inner in value.items()}
        case list():
            return [as_an_editor_reads(inner) for inner in value]
        case Plain():
            return core_scalar(value)
    return value


def core_scalar(text: str) -> bool | int | float | str:
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    number = re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text)
    return float(text) if number else str(text)


def judged(file: Path) -> Iterator[bool]:
    for root in read(file.read_bytes(), file.name).documents:
        yield SCHEMA.is_valid(as_an_editor_reads(root.value))


def ids(kind: str) -> dict[str, Any]:
    return {"argvalues": FILES[kind], "ids": [file.stem for file in FILES[kind]]}


REFUSED = [file for kind in ("bad", "loader", "yaml") for file in FILES[kind]]


@pytest.mark.parametrize("file", **ids("good"))
def test_a_good_spec_loads_and_resolves(file: Path) -> None:
    for pipeline in load_file(file):
        for stage in resolve(pipeline):
            for one in stage.actions:
                least, most = one.action.input_count
                assert least <= len(one.inputs) <= most


@pytest.mark.parametrize("file", REFUSED, ids=[f"{file.parent.name}-{file.stem}" for file in REFUSED])
def test_every_problem_is_said_at_once(file: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_file(file)
    assert [said(problem) for problem in caught.value.problems] == expected(file)


@pytest.mark.parametrize("file", **ids("good"))
def test_the_schema_takes_what_the_loader_takes(file: Path) -> None:
    assert all(judged(file))


@pytest.mark.parametrize("file", **ids("bad"))
def test_the_schema_refuses_what_the_loader_refuses(file: Path) -> None:
    assert not all(judged(file))


@pytest.mark.parametrize("file", **ids("loader"))
def test_the_schema_cannot_see_what_only_the_loader_refuses(file: Path) -> None:
    """A case that the schema can see after all belongs to `bad`."""
    assert all(judged(file))


def test_the_schema_is_one_of_draft_7() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())


def test_every_message_can_be_printed_by_a_korean_console() -> None:
    for file in REFUSED:
        for line in expected(file):
            line.replace("“", "").replace("”", "").encode("cp949")


def test_an_env_value_is_never_shown() -> None:
    for file in REFUSED:
        text = file.read_text(encoding="utf-8")
        if "hunter" not in text:
            continue
        with pytest.raises(SpecError) as caught:
            load_text(text, file.name)
        shown = "".join(problem.frame + problem.message + problem.hint for problem in caught.value.problems)
        assert "***" in shown
        assert "hunter" not in shown
