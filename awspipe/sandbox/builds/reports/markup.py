"""XML of unknown origin, read within bounds: no entities, no other files, not too deep and not too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from awspipe.sandbox.builds.reports.results import ReportError

_DEPTH = 100
_ELEMENTS = 500_000
_TEXT = 10_000


@dataclass(slots=True)
class Element:
    """An element; namespaces are left out of its name. Of long texts the beginning is kept."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, otherwise: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, otherwise)

    def all(self, *names: str) -> Iterator[Element]:
        """The children of these names."""
        return (one for one in self.children if one.name in names)

    def first(self, *names: str) -> Element | None:
        """The first child of these names."""
        return next(self.all(*names), None)

    def below(self, *names: str) -> Iterator[Element]:
        """Everything of these names at any depth, in order."""
        stack = self.children[::-1]
        while stack:
            one = stack.pop()
            if one.name in names:
                yield one
            stack += one.children[::-1]

    def text_at(self, *path: str) -> str:
        """The text of what is found by going from child to child; "" where there is none."""
        here: Element | None = self
        for name in path:
            here = here.first(name) if here else None
        return here.text.strip() if here else ""


def rooted(data: bytes, *names: str) -> Element:
    """The root of a document that has one of these names; ReportError where it has not."""
    root = parsed(data)
    if root.name not in names:
        raise ReportError(f"its first element is {root.name}, not {' or '.join(names)}")
    return root


def parsed(data: bytes) -> Element:
    """The root of a document. ReportError where it is none, or none that is safe to read."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ReportError(f"it is no XML: {error}") from error
    assert builder.root is not None
    return builder.root


def _refuse(*_: Any) -> None:
    raise ReportError("it declares entities, which are not read")


class _Builder:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        made = Element(name.rpartition(":")[2], attributes)
        self._count += 1
        if self._count > _ELEMENTS or len(self._open) >= _DEPTH:
            raise ReportError("it has too many elements to be a report")
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made
        self._open.append(made)

    def end(self, _: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        here = self._open[-1]
        if len(here.text) < _TEXT:
            here.text += text[: _TEXT - len(here.text)]
