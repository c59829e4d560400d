"""What a YAML document holds, with the place of every key and value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


class Plain(str):
    """A scalar written without quotes."""

    __slots__ = ()


Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys and list positions."""

Value = str | None | list["Value"] | dict[str, "Value"]
"""A value as written: scalars are text (`Plain` without quotes) or None."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text; line and column count from 1, the end is the column after the last."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def between(cls, event: Any) -> Span:
        """The span of a YAML event; its marks count from 0."""
        start, end = event.start_mark, event.end_mark
        return cls(start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    @property
    def length(self) -> int:
        """How much of the first line it takes; what goes on in the next line is not known here: 1."""
        return max(self.end_column - self.column, 1) if self.line == self.end_line else 1

    @classmethod
    def point(cls, line: int, column: int) -> Span:
        """One character."""
        return cls(line, column, line, column + 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake and its place. It gets its frame last, when all that must not be shown is known."""

    span: Span
    message: str
    hint: str = ""


@dataclass(slots=True)
class Entry:
    """One key of a mapping and its value."""

    key: Span
    node: Node
    merged: bool = False


@dataclass(slots=True)
class Node:
    """A value and where it stands. `size` counts it and all it holds, aliases followed."""

    span: Span
    value: Value
    entries: dict[str, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1
    open: bool = False

    def add_item(self, node: Node) -> None:
        """Append to a list."""
        assert isinstance(self.value, list)
        self.value.append(node.value)
        self.items.append(node)
        self._grow(node)

    def add_entry(self, key: str, entry: Entry) -> None:
        """Set a key of a mapping."""
        assert isinstance(self.value, dict)
        self.value[key] = entry.node.value
        self.entries[key] = entry
        self._grow(entry.node)

    def _grow(self, node: Node) -> None:
        self.size += node.size
        self.height = max(self.height, 1 + node.height)

    def child(self, step: str | int) -> Node | None:
        """The value at a key or a list position."""
        if isinstance(step, int):
            return self.items[step] if 0 <= step < len(self.items) else None
        entry = self.entries.get(step)
        return entry.node if entry else None

    def at(self, path: Path) -> Node:
        """The value at `path`, or the nearest one around it."""
        node = self
        for step in path:
            child = node.child(step)
            if child is None:
                break
            node = child
        return node

    def key_at(self, path: Path) -> Span:
        """The key that `path` ends with, or the nearest place around it."""
        parent = self.at(path[:-1])
        entry = parent.entries.get(path[-1]) if path and isinstance(path[-1], str) else None
        return entry.key if entry else parent.head

    @property
    def head(self) -> Span:
        """Where a value begins: a mapping's first key, a list's first entry."""
        if self.entries:
            first = min(
                (entry.key for entry in self.entries.values()), key=lambda one: (one.line, one.column)
            )
            return first if first.line >= self.span.line else self.span
        return self.items[0].head if self.items else self.span

    def scalars(self) -> Iterator[Node]:
        """Every scalar in it. (An alias is followed; the reader has limited how much that can be.)"""
        stack = [self]
        while stack:
            node = stack.pop()
            inner = [*node.items, *(entry.node for entry in node.entries.values())]
            stack += inner
            if not inner:
                yield node
