"""From bytes to the one document that AWS reads of a file, and from what was found in it to an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from awspipe.errors import Problem, SpecError
from awspipe.formats.mapping import Mapping, shape
from awspipe.formats.nodes import Node
from awspipe.formats.notes import Notes, note_secrets, problems
from awspipe.formats.parsed import Parsed
from awspipe.formats.reader import AWS, Reading, read

Value = TypeVar("Value")


def parsed(
    data: bytes | str, file: str, make: Callable[[Mapping], Value], *, what: str, on_secret: str
) -> Parsed[Value]:
    """Read a file as AWS does, make a value of its document, and say all that is wrong with it."""
    try:
        reading = read(data, file, AWS)
    except SpecError as error:
        return Parsed(None, error.problems)
    root = next(iter(reading.documents), None)
    if root is None or not isinstance(root.value, dict):
        return Parsed(None, _no_mapping(root, reading, file, what))
    notes = Notes([*reading.findings], [*reading.warnings])
    note_secrets(root, reading.lines, notes, on_secret)
    value = make(Mapping(root, notes))
    return Parsed(
        None if notes.errors else value,
        tuple(problems(notes.errors, reading, file, warning=False)),
        (*problems(notes.warnings, reading, file, warning=True), *notes.elsewhere),
    )


def _no_mapping(root: Node | None, reading: Reading, file: str, what: str) -> tuple[Problem, ...]:
    if reading.findings:
        return tuple(problems([*reading.findings], reading, file, warning=False))
    if root is None or root.value is None:
        return (Problem("the file is empty", file),)
    notes = Notes()
    notes.refuse(root.head, f"{what} is a mapping, not {shape(root)}", "begin with `version:`")
    return tuple(problems(notes.errors, reading, file, warning=False))
