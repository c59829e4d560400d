"""The checks that AWS's front door makes on every request, read from botocore's own service model.

botocore refuses a missing member or a wrong type before sending, and says nothing about patterns, enums,
maximum lengths and ranges: AWS does, with texts that look the same in every service.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "blob": (bytes, bytearray, str),
    "timestamp": (int, float, datetime.datetime),
}


class Violation(NamedTuple):
    """One broken rule. `member` is the model's name of the value, `missing` that it was not sent."""

    member: str
    missing: bool
    text: str


def violations(shape: Any, params: dict[str, Any]) -> list[Violation]:
    """Every rule of the model that a request breaks."""
    return list(_structure(shape, params, "")) if shape is not None else []


def sentence(found: list[Violation]) -> str:
    """The text of AWS's ValidationException for these."""
    errors = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {errors} detected: " + "; ".join(one.text for one in found)


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _broken(name, None, f"{path}{name}", "Member must not be null", missing=True)
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _value(member, value[name], f"{path}{name}", name)


def _value(shape: Any, value: Any, path: str, name: str) -> Iterator[Violation]:
    kind = shape.type_name
    allowed = _TYPES.get(kind)
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and kind != "boolean")):
        yield _broken(name, value, path, f"Member must be of type {kind}")
        return
    yield from _own(shape, value, path, name)
    if kind == "structure":
        yield from _structure(shape, value, f"{path}.")
    elif kind == "list":
        for index, item in enumerate(value, start=1):
            yield from _value(shape.member, item, f"{path}.{index}.member", name)
    elif kind == "map":
        for key, item in value.items():
            yield from _value(shape.key, key, f"{path}.key", name)
            yield from _value(shape.value, item, f"{path}.{key}.member", name)


def _own(shape: Any, value: Any, path: str, name: str) -> Iterator[Violation]:
    rules = shape.metadata
    what, size = ("length", len(value)) if hasattr(value, "__len__") else ("value", value)
    if "min" in rules and size < rules["min"]:
        text = f"Member must have {what} greater than or equal to {rules['min']}"
        yield _broken(name, value, path, text)
    if "max" in rules and size > rules["max"]:
        yield _broken(name, value, path, f"Member must have {what} less than or equal to {rules['max']}")
    if "enum" in rules and isinstance(value, str) and value not in rules["enum"]:
        text = f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"
        yield _broken(name, value, path, text)
    if "pattern" in rules and isinstance(value, str) and not _pattern(rules["pattern"]).fullmatch(value):
        text = f"Member must satisfy regular expression pattern: {rules['pattern']}"
        yield _broken(name, value, path, text)


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of the model as Java reads it: `\\w` and `\\d` are ASCII, `\\p{L}` is any letter."""
    if "\\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    for posix, ours in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(posix, ours)
    return re.compile(pattern)


def _broken(name: str, value: Any, path: str, rule: str, *, missing: bool = False) -> Violation:
    shown = "Value null" if missing else f"Value '{_shown(value)}'"
    return Violation(name, missing, f"{shown} at '{path}' failed to satisfy constraint: {rule}")


def _shown(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return "java.nio.HeapByteBuffer"
    return str(value)
