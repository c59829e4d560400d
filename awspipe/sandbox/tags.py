"""The rules that all four services share about tags; each says them with its own error codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

LIMIT = 50


class TagProblem(Enum):
    """What can be wrong with a set of tags."""

    SYSTEM = "Tag keys that begin with aws: are reserved for AWS."
    MANY = "A resource can have 50 tags at most."
    KEY = "A tag's key must have 1 to 128 characters."
    VALUE = "A tag's value can have 256 characters at most."


def problem(new: Mapping[str, str], old: Mapping[str, str] | None = None) -> TagProblem | None:
    """The first rule that putting `new` tags on top of `old` ones breaks."""
    if any(key.lower().startswith("aws:") for key in new):
        return TagProblem.SYSTEM
    if any(not 0 < len(key) <= 128 for key in new):
        return TagProblem.KEY
    if any(len(value) > 256 for value in new.values()):
        return TagProblem.VALUE
    return TagProblem.MANY if len({**(old or {}), **new}) > LIMIT else None


def from_list(tags: Iterable[Mapping[str, str]] | None, *, capital: bool = False) -> dict[str, str]:
    """A list of `{key, value}` (with `capital`: `{Key, Value}`) as a mapping."""
    key, value = ("Key", "Value") if capital else ("key", "value")
    return {tag.get(key, ""): tag.get(value, "") for tag in tags or ()}


def to_list(tags: Mapping[str, str], *, capital: bool = False) -> list[dict[str, str]]:
    """The other way round."""
    key, value = ("Key", "Value") if capital else ("key", "value")
    return [{key: name, value: text} for name, text in tags.items()]
