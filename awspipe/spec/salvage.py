"""What can still be judged of a spec in which some keys or values are wrong: its structure.

A key that nobody knows, or a wrong value of a field that shapes nothing, is left out, and the structure of
the rest is judged: so that one reading tells of both. Where something is wrong that shapes the structure,
nothing is concluded, for consequences would be told.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from awspipe.formats.nodes import Node, Path
from awspipe.providers.base import providers
from awspipe.spec.messages import meant_key
from awspipe.spec.models import Pipeline, meant_provider

_SHAPING = frozenset(
    {"actions", "category", "input", "name", "namespace", "output", "provider", "run_order", "stages", "type"}
)
"""The fields on which the rules of a structure depend."""


def beside_providers(errors: list[ErrorDetails], root: Node) -> list[ErrorDetails]:
    """The errors with those that stand beside a misspelt provider: judged as if it were what was meant."""
    rest, misspelt = copy.deepcopy(root.value), []
    for error in errors:
        if error["type"] == "unknown_provider" and (meant := _surely(str(error["ctx"]["says"]))):
            _put(rest, error["loc"], meant)
            misspelt.append(error)
    try:
        Pipeline.model_validate(rest)
    except ValidationError as found:
        return [*misspelt, *found.errors(include_url=False)]
    return misspelt or errors


def salvaged(errors: Iterable[ErrorDetails], root: Node) -> Pipeline | None:
    """The pipeline without the fields that are wrong; None where one of them shapes the structure."""
    rest = copy.deepcopy(root.value)
    for error in errors:
        field = _field(error["loc"])
        if not field or _shapes(error, field, root):
            return None
        _leave_out(rest, field)
    try:
        return Pipeline.model_validate(rest)
    except ValidationError:  # what is left out is required
        return None


def _field(loc: Path) -> Path:
    """The field of the pipeline, a stage or an action in which an error is; () where it is none's."""
    depth = 0
    while loc[depth : depth + 1] in (("stages",), ("actions",)) and len(loc) > depth + 1:
        depth += 2
    return loc[: depth + 1] if len(loc) > depth else ()


def _shapes(error: ErrorDetails, field: Path, root: Node) -> bool:
    if field[-1] in _SHAPING | _telling() or error["type"] == "missing":
        return True
    return error["type"] == "extra_forbidden" and meant_key(error, root) in _SHAPING


def _telling() -> frozenset[str]:
    """The keys by which actions of one word are told apart: without one, an action would be another."""
    return frozenset(model.told_by for model in providers().values())


def _surely(word: str) -> str:
    """The provider that a word is a slip of; "" where that is only a guess: what follows would be too."""
    meant = meant_provider(word)
    slip = len(meant) == len(word) <= 3 or difflib.SequenceMatcher(None, word, meant).ratio() >= 0.8
    return meant if slip else ""


def _put(value: Any, path: Path, word: str) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = word


def _leave_out(value: Any, path: Path) -> None:
    for step in path[:-1]:
        value = value[step]
    value.pop(path[-1], None)  # two errors may be in one field
