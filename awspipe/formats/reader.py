"""YAML to values with their places, guarded: what could exhaust or mislead the rest is refused here.

The events of libyaml (it takes what AWS takes; PyYAML's own parser refuses some of it) are built into nodes
without recursion, so that depth, aliases and size are limited before anything walks them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from awspipe.errors import Problem
from awspipe.formats import syntax
from awspipe.formats.decode import decode
from awspipe.formats.frames import Lines, quoted
from awspipe.formats.nodes import Entry, Finding, Node, Plain, Span

DEPTH_LIMIT = 40
NODES_LIMIT = 20_000
ALIASES_LIMIT = 200
FINDINGS_LIMIT = 200

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SECRET_KEY = re.compile(r"(?i)^(env|evn|nev)|token|passw|secret|credential")
"""Keys whose values a frame does not show, also where they are misspelt."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where those who read YAML differ. Anchors, aliases and `<<` all of them take."""

    tags: bool
    """`!!str` and the like are taken: the value is text."""
    last_key_wins: bool
    """A key that occurs twice is a warning, and its last value counts; else it is a mistake."""
    first_document_only: bool
    """What follows a line of --- is not read at all; a warning says so."""
    comment_in_text: bool
    """`text #{word}` is a text and its comment; else a mistake, because a variable was meant."""


STRICT = Rules(tags=False, last_key_wins=False, first_document_only=False, comment_in_text=False)
"""For what only awspipe reads: nothing is guessed."""

AWS = Rules(tags=True, last_key_wins=True, first_document_only=True, comment_in_text=True)
"""For what AWS reads: the CodeDeploy agent with Ruby's Psych, CodeBuild with a port of libyaml to Go.

Psych's and go-yaml's `load` read the first document, and the last of two equal keys wins.
https://github.com/aws/aws-codedeploy-agent (application_specification.rb: YAML.load),
https://pkg.go.dev/gopkg.in/yaml.v2#Unmarshal
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: its documents, its lines for the frames, and what was wrong already."""

    lines: Lines
    documents: tuple[Node, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()

    def problem(self, finding: Finding, file: str, *, warning: bool = False) -> Problem:
        """A finding with its frame, for people."""
        span = finding.span
        frame = self.lines.frame(span.line, span.column, span.length)
        place = file, span.line, span.column, span.length
        return Problem(finding.message, *place, finding.hint, frame, warning)


def hide(lines: Lines, span: Span) -> None:
    """Never show this stretch in a frame."""
    for line in range(span.line, span.end_line + 1):
        start = span.column if line == span.line else 1
        end = span.end_column if line == span.end_line else len(lines.line(line)) + 1
        lines.hide(line, start, end)


def read(data: bytes | str, file: str, rules: Rules = STRICT) -> Reading:
    """Every document of a file; SpecError only where it is no text at all."""
    text = decode(data, file)
    builder = _Builder(Lines(text), rules)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _StopReadingError:
        builder.hide_secrets_of_unfinished()
    except yaml.MarkedYAMLError as error:
        builder.hide_secrets_of_unfinished()
        builder.findings.append(syntax.explained(error, builder.lines))
    found = tuple(builder.findings), tuple(builder.warnings)
    return Reading(builder.lines, tuple(builder.documents), *found)


class _StopReadingError(Exception):
    """A limit is passed: nothing more is read."""


@dataclass(slots=True)
class _Builder:
    lines: Lines
    rules: Rules
    documents: list[Node] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    second: Span | None = None
    stack: list[Node] = field(default_factory=list)
    keys: list[tuple[str, Span] | None] = field(default_factory=list)
    secret: list[bool] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    count: int = 0
    aliases: int = 0

    def refuse(self, message: str, span: Span, hint: str = "") -> None:
        self.findings.append(Finding(span, message, hint))
        if len(self.findings) >= FINDINGS_LIMIT:
            raise _StopReadingError

    def stop(self, message: str, span: Span, hint: str = "") -> None:
        self.findings.append(Finding(span, message, hint))
        raise _StopReadingError

    def take(self, event: yaml.Event) -> None:
        span = Span.between(event)
        if self.second:
            self.leave_out(event, self.second)
        match event:
            case yaml.DocumentStartEvent():
                self.anchors.clear()
                self.second = span if self.documents and self.rules.first_document_only else None
            case yaml.ScalarEvent():
                self.tagged(event, span)
                self.check_comment(event, span)
                self.place(self.anchored(event, Node(span, _scalar(event))))
            case yaml.AliasEvent():
                self.alias(event, span)
            case yaml.CollectionStartEvent():
                self.tagged(event, span)
                value: list[Any] | dict[str, Any] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                self.begin(self.anchored(event, Node(span, value, open=True)))
            case yaml.CollectionEndEvent():
                self.end()

    def leave_out(self, event: yaml.Event, second: Span) -> None:
        """A further document is not read; an empty one is nothing to talk about."""
        if not isinstance(event, yaml.ScalarEvent) or event.value:
            self.warnings.append(Finding(second, "only what stands above this line is read"))
        raise _StopReadingError

    def counted(self, span: Span) -> None:
        self.count += 1
        if self.count > NODES_LIMIT:
            self.stop(f"more than {NODES_LIMIT} values in one file", span)

    def tagged(self, event: Any, span: Span) -> None:
        self.counted(span)
        if event.tag is not None and not self.rules.tags:
            hint = "leave it out; CloudFormation's !Ref and !Sub do not work here"
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.refuse(f"a YAML tag is not allowed: {quoted(tag)}", span, hint)

    def check_comment(self, event: yaml.ScalarEvent, span: Span) -> None:
        if not self.rules.comment_in_text and event.implicit[0] and syntax.comment_in_text(self.lines, span):
            hint = "put the whole text in quotes"
            self.refuse("everything from the # on is a comment, and not part of the text", span, hint)

    def anchored(self, event: Any, node: Node) -> Node:
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: yaml.AliasEvent, span: Span) -> None:
        self.counted(span)
        self.aliases += 1
        if self.aliases > ALIASES_LIMIT:
            self.stop(f"more than {ALIASES_LIMIT} aliases in one file", span)
        name = event.anchor or ""
        target = self.anchors.get(name)
        if target is None:
            known = ", ".join(sorted(self.anchors)) or "none"
            self.stop(f"unknown alias {quoted('*' + name)}", span, f"anchors before it: {known}")
        elif target.open:
            self.stop(f"the alias {quoted('*' + name)} stands inside what it names", span)
        else:
            self.place(target, span)

    def begin(self, node: Node) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            self.stop(f"nested deeper than {DEPTH_LIMIT} levels", node.span)
        self.secret.append(self.in_secret())
        self.stack.append(node)
        self.keys.append(None)

    def end(self) -> None:
        node = self.stack.pop()
        self.keys.pop()
        self.secret.pop()
        node.open = False
        self.place(node)

    def place(self, node: Node, alias: Span | None = None) -> None:
        """Put a finished value where it belongs: the document, a list, a key or a key's value."""
        if not self.stack:
            self.documents.append(node)
            return
        parent = self.stack[-1]
        if isinstance(parent.value, list) or self.keys[-1]:
            self.hide_secrets(node, alias)
        if isinstance(parent.value, list):
            parent.add_item(node)
        elif self.keys[-1] is None:
            self.keys[-1] = self.key(node, alias or node.span)
        else:
            (key, span), self.keys[-1] = self.keys[-1], None
            self.entry(parent, key, Entry(span, node))
        self.check_growth(parent, alias or node.span)

    def check_growth(self, parent: Node, span: Span) -> None:
        if parent.size > NODES_LIMIT:
            self.stop(f"aliases make more than {NODES_LIMIT} values of this file", span)
        if len(self.stack) + parent.height - 1 > DEPTH_LIMIT + 1:
            self.stop(f"nested deeper than {DEPTH_LIMIT} levels, aliases followed", span)

    def key(self, node: Node, span: Span) -> tuple[str, Span]:
        """The word of a key; "" for what is none, so that its value is read and left out."""
        if isinstance(node.value, list | dict):
            self.refuse("a key must be a word", span, "a text that begins with { or [ needs quotes")
            return "", span
        written = self.lines.line(span.line)[span.column - 1 :][: span.length]
        word = written if node.value is None else node.value
        if not word.strip(" :"):
            self.refuse("a key is missing before the colon", span)
            return "", span
        return word, span

    def entry(self, parent: Node, key: str, entry: Entry) -> None:
        if key == "<<" and entry.key.length == len(key):
            self.merge(parent, entry)
        elif key in parent.entries and not parent.entries[key].merged:
            self.twice(parent, key, entry)
        elif key:
            parent.add_entry(key, entry)

    def twice(self, parent: Node, key: str, entry: Entry) -> None:
        first = f"first on line {parent.entries[key].key.line}"
        if not self.rules.last_key_wins:
            self.refuse(f"key {quoted(key)} occurs twice", entry.key, first)
            return
        if len(self.warnings) < FINDINGS_LIMIT:
            self.warnings.append(
                Finding(entry.key, f"key {quoted(key)} occurs twice: only this one counts", first)
            )
        parent.add_entry(key, entry)

    def merge(self, parent: Node, entry: Entry) -> None:
        """`<<: *base`: the keys of another mapping, where this one does not give them itself."""
        sources = entry.node.items if isinstance(entry.node.value, list) else [entry.node]
        for source in sources:
            if not isinstance(source.value, dict):
                self.refuse("`<<` takes in a mapping, or a list of mappings", entry.key)
                continue
            for key, inner in source.entries.items():
                if key not in parent.entries:
                    parent.add_entry(key, Entry(inner.key, inner.node, merged=True))

    def in_secret(self) -> bool:
        """Whether the value that comes now stands below a key whose values are not shown."""
        key = self.keys[-1] if self.keys else None
        return bool(self.secret and self.secret[-1]) or bool(key and _SECRET_KEY.search(key[0]))

    def hide_secrets(self, node: Node, alias: Span | None) -> None:
        """Hide a scalar; also all that an alias brings in, which stands elsewhere."""
        if self.in_secret() and (alias or not isinstance(node.value, dict | list)):
            for scalar in node.scalars():
                hide(self.lines, scalar.span)

    def hide_secrets_of_unfinished(self) -> None:
        """After a syntax error: what an `env` that was never finished holds, and the rest of its text."""
        waiting = next((key for key in self.keys if key and _SECRET_KEY.search(key[0])), None)
        if waiting is None:
            return
        key = waiting[1]
        self.lines.hide(key.line, key.end_column + 2, len(self.lines.line(key.line)) + 1)
        for number in range(key.line + 1, self.lines.count + 1):
            text = self.lines.line(number)
            self.lines.hide(number, text.find(":") + 2, len(text) + 1)


def _scalar(event: yaml.ScalarEvent) -> str | None:
    if not event.implicit[0]:
        return str(event.value)
    return None if event.value in _NULLS else Plain(event.value)
