"""The ARNs that AWS makes up: a text stands for one wherever it belongs, until it is known.

Every other ARN is a function of names (`naming.py`), so a plan is whole before the first write. That of a
connection is not. What refers to it holds `late(key)` instead; reading puts in those that are there already,
and a step puts in the others when what it waits for has been made.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from awspipe.resources.base import Key

T = TypeVar("T")

_LATE = re.compile(r"<ARN of (\S+) (.+)>")


def late(key: Key) -> str:
    """What stands for a resource's ARN."""
    return f"<ARN of {key}>"


def late_keys(value: Any) -> frozenset[Key]:
    """Whose ARNs are still to come in a body, a statement, a resource."""
    found = (_LATE.fullmatch(text) for text in texts(value))
    return frozenset(Key(*one.groups()) for one in found if one)


def filled(value: T, known: Mapping[Key, str]) -> T:
    """The same value with the ARNs that are known."""
    if not known or not late_keys(value) & known.keys():
        return value
    return cast(T, _filled(value, {late(key): arn for key, arn in known.items()}))


def _filled(value: Any, arns: Mapping[str, str]) -> Any:
    match value:
        case str():
            return arns.get(value, value)
        case dict():
            return {key: _filled(inner, arns) for key, inner in value.items()}
        case list():
            return [_filled(inner, arns) for inner in value]
        case tuple():
            return tuple(_filled(inner, arns) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = _parts(value)
        return dataclasses.replace(value, **{name: _filled(part, arns) for name, part in parts.items()})
    return value


def texts(value: Any) -> Iterator[str]:
    """Every text in a body, a statement, a resource."""
    match value:
        case str():
            yield value
        case dict():
            yield from texts(list(value.values()))
        case list() | tuple():
            for inner in value:
                yield from texts(inner)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from texts(list(_parts(value).values()))


def _parts(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
