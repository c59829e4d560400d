"""What is found wrong with a file while it is read, and the way from that to what people are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from awspipe.errors import Problem
from awspipe.formats.frames import Lines
from awspipe.formats.nodes import Entry, Finding, Node, Span
from awspipe.formats.reader import Reading, hide
from awspipe.formats.secrets import KNOWN_SECRET

SHOWN_LIMIT = 200
"""More findings than this in one file are counted, not described."""


@dataclass(slots=True)
class Notes:
    """Errors (AWS would refuse the file) and warnings (AWS takes it; probably it was not meant so)."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    elsewhere: list[Problem] = field(default_factory=list)
    """Warnings about other files that this one names."""

    def refuse(self, span: Span, message: str, hint: str = "") -> None:
        """Note an error."""
        self.errors.append(Finding(span, message, hint))

    def warn(self, span: Span, message: str, hint: str = "") -> None:
        """Note a warning."""
        self.warnings.append(Finding(span, message, hint))


def problems(found: list[Finding], reading: Reading, file: str, *, warning: bool) -> Iterator[Problem]:
    """Findings in the order of the file, each once."""
    ordered = sorted(set(found), key=lambda one: (one.span.line, one.span.column, one.message))
    for one in ordered[:SHOWN_LIMIT]:
        yield reading.problem(one, file, warning=warning)
    left = len(ordered) - SHOWN_LIMIT
    if left > 0:
        yield Problem(f"and {left} more", file, warning=warning)


def place(entry: Entry) -> Span:
    """Where the value of a key stands: a scalar itself, else its key."""
    scalar = not entry.node.entries and not entry.node.items
    there = entry.node.span.end_column > entry.node.span.column
    return entry.node.span if scalar and there else entry.key


def note_secrets(root: Node, lines: Lines, notes: Notes, hint: str) -> None:
    """Warn of every text that is a secret, and let no frame show it."""
    for scalar in root.scalars():
        if isinstance(scalar.value, str) and KNOWN_SECRET.search(scalar.value):
            hide(lines, scalar.span)
            notes.warn(scalar.span, "a secret stands in this file", hint)
