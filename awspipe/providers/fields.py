"""Field types of the spec: scalars are read as they were written, never guessed.

The loader hands over a plain (unquoted) YAML scalar as `Plain` and a quoted one as `str`. So `3.10` stays
`3.10` where text is wanted, `no` stays a word, and a number is a number only where one is wanted.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


class Plain(str):
    """A scalar written without quotes."""

    __slots__ = ()


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Plain) and re.fullmatch(r"[-+]?[0-9]+", value) else value


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, Plain) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Plain) else value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
"""Text, as written: `3.10`, `no` and `012` are words here."""

Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""

Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false; nothing else is taken for either."""

AnyText = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text that may be empty: the value of an environment variable."""


class Strict(BaseModel):
    """A mapping of the spec: unknown keys are errors, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)
