"""A mapping of a buildspec or appspec, read key by key; a wrong value is noted with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from types import MappingProxyType

from awspipe.formats.frames import quoted
from awspipe.formats.nodes import Entry, Node, Span
from awspipe.formats.notes import Notes, place
from awspipe.formats.words import nearest

_FLAGS = dict.fromkeys(("yes", "true", "on", "y"), True) | dict.fromkeys(("no", "false", "off", "n"), False)
"""YAML 1.1's words, in capitals or not, in quotes or not: AWS's own pages write yes and no.
https://yaml.org/type/bool.html"""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping and the notes about it. A key without a value is as good as a key that is not there."""

    node: Node
    notes: Notes

    def __contains__(self, key: str) -> bool:
        """Whether the key is there, even without a value."""
        return key in self.node.entries

    def entry(self, key: str) -> Entry | None:
        """A key that has a value."""
        found = self.node.entries.get(key)
        return None if found is None or found.node.value is None else found

    def place(self, key: str) -> Span:
        """Where the value of a key stands, or where the mapping begins."""
        found = self.node.entries.get(key)
        return place(found) if found else self.node.head

    def key(self, key: str) -> Span:
        """Where a key stands, or where the mapping begins."""
        found = self.node.entries.get(key)
        return found.key if found else self.node.head

    def text(self, key: str) -> str | None:
        """A text, as written."""
        found = self.entry(key)
        return self._text(found, key) if found else None

    def _text(self, entry: Entry, key: str) -> str | None:
        value = entry.node.value
        if isinstance(value, str):
            return str(value)
        self.notes.refuse(place(entry), f"{quoted(key)} must be a text, not {shape(entry.node)}")
        return None

    def flag(self, key: str) -> bool:
        """yes or no; no where it is not said."""
        found = self.entry(key)
        if found is None:
            return False
        value = found.node.value
        if isinstance(value, str) and value.casefold() in _FLAGS:
            return _FLAGS[value.casefold()]
        self.notes.refuse(place(found), f"{quoted(key)} must be yes or no")
        return False

    def word(self, key: str, known: Sequence[str]) -> str | None:
        """One of some words; an unknown one is a warning and as if it was not there."""
        value = self.text(key)
        if value is None or value in known:
            return value
        says = f"{quoted(key)} is {' or '.join(known)}, not {quoted(value)}"
        self.notes.warn(self.place(key), says, did_you_mean(value, known))
        return None

    def texts(self, key: str, what: str = "entry") -> tuple[str, ...]:
        """A list of texts. One text alone is a list of one."""
        found = self.entry(key)
        if found is None:
            return ()
        value = found.node.value
        if isinstance(value, str):
            return (str(value),)
        if isinstance(value, dict):
            self.notes.refuse(found.key, f"{quoted(key)} must be a list", 'begin each entry with "- "')
            return ()
        return tuple(self._items(found.node, what))

    def _items(self, node: Node, what: str) -> Iterator[str]:
        for item in node.items:
            if isinstance(item.value, str):
                yield str(item.value)
            elif item.value is None:
                self.notes.warn(item.span, f"an empty {what}")
            else:
                span = item.head if isinstance(item.value, dict) else item.span
                self.notes.refuse(span, *_no_text(item, what))

    def item_place(self, key: str, text: str) -> Span:
        """Where a text stands in the list at a key."""
        items = self.node.entries[key].node.items
        return next((item.span for item in items if item.value == text), self.place(key))

    def table(self, key: str) -> dict[str, str]:
        """A mapping of words to texts. A word without a value has the empty text."""
        found = self.mapping(key)
        if found is None:
            return {}
        texts = {name: found.text(name) if found.entry(name) else "" for name in found.node.entries}
        return {name: text for name, text in texts.items() if text is not None}

    def mapping(self, key: str, hint: str = "write lines of `name: value` below it") -> Mapping | None:
        """The mapping at a key."""
        found = self.entry(key)
        if found is None:
            return None
        if isinstance(found.node.value, dict):
            return Mapping(found.node, self.notes)
        self.notes.refuse(place(found), f"{quoted(key)} must be a mapping, not {shape(found.node)}", hint)
        return None

    def mappings(self, key: str, *, entry_hint: str) -> Iterator[Mapping]:
        """The mappings of the list at a key."""
        found = self.entry(key)
        if found is None:
            return
        if not isinstance(found.node.value, list):
            says = f"{quoted(key)} must be a list, not {shape(found.node)}"
            self.notes.refuse(place(found), says, 'begin each entry with "- "')
            return
        for item in found.node.items:
            if isinstance(item.value, dict):
                yield Mapping(item, self.notes)
            else:
                says = f"an entry of {quoted(key)} must be a mapping, not {shape(item)}"
                self.notes.refuse(item.head, says, entry_hint)

    def warn_unknown(
        self, known: Sequence[str], reader: str, hints: AbstractMapping[str, str] = MappingProxyType({})
    ) -> None:
        """Warn of keys that `reader` does not know: it leaves them out without a word."""
        free = [one for one in known if one not in self]
        for key, entry in self.node.entries.items():
            if key not in known and not entry.merged:
                hint = hints.get(key) or did_you_mean(key, free) or f"known here: {', '.join(known)}"
                self.notes.warn(entry.key, f"{reader} does not know the key {quoted(key)}", hint)


def shape(node: Node) -> str:
    """What a value is, in words."""
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
    return "a text"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint; "" where no known word is near."""
    meant = nearest(word, known)
    return f'did you mean "{meant}"?' if meant else ""


def _no_text(item: Node, what: str) -> tuple[str, str]:
    """CodeBuild says: Expected Commands[0] to be of string type: found subkeys instead."""
    hint = f"put the whole {what} in quotes, or write it below a line of `- |`"
    if isinstance(item.value, dict):
        return f"this {what} is a mapping to YAML, because of the colon and space in it", hint
    return f"this {what} is a list to YAML", hint
