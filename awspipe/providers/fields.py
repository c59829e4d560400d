"""Field types of the spec: scalars are read as they were written, never guessed.

The loader hands over a plain (unquoted) YAML scalar as `Plain` and a quoted one as `str`. So `3.10` stays
`3.10` where text is wanted, `no` stays a word, and a number is a number only where one is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from awspipe.formats.nodes import Plain

Json = dict[str, Any]


_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
"""YAML 1.2's words; `yes`, `no`, `on` and `off` are text."""


def _whole(value: Any) -> Any:
    # 18 digits are more than any limit of AWS, and fewer than Python refuses to read.
    return int(value) if isinstance(value, Plain) and re.fullmatch(r"[-+]?[0-9]{1,18}", value) else value


def _flag(value: Any) -> Any:
    return _FLAGS.get(value, value) if isinstance(value, Plain) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Plain) else value


@dataclass(frozen=True, slots=True)
class _AnyScalar:
    """In the JSON Schema, text may look like a number: an editor reads `3.10` as one, the loader as text."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return {**handler(schema), "type": ["string", "number", "boolean"]}


@dataclass(frozen=True, slots=True)
class Spelled:
    """Text that a regular expression matches from end to end, and the same rule in words."""

    pattern: str
    says: str

    def _check(self, text: str) -> str:
        if re.fullmatch(self.pattern, text):
            return text
        raise PydanticCustomError("spelled", "{says}", {"says": self.says, "pattern": self.pattern})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$", "patternErrorMessage": self.says}


@dataclass(frozen=True, slots=True)
class _WordOrList:
    """In the JSON Schema, one word may stand for a list of one."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _several(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1), _AnyScalar()]
"""Text, as written: `3.10`, `no` and `012` are words here."""

Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""

Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false; nothing else is taken for either."""

AnyText = Annotated[str, BeforeValidator(_text), _AnyScalar()]
"""Text that may be empty: the value of an environment variable."""

_Item = TypeVar("_Item")
Several = Annotated[tuple[_Item, ...], BeforeValidator(_several), _WordOrList()]
"""A word, or a list of words."""

NAME = r"[A-Za-z0-9.@_-]+"
Name = Annotated[Text, Field(max_length=100), Spelled(NAME, "use only letters, digits and . @ _ -")]
"""What CodePipeline takes as the name of a stage or an action."""


class Strict(BaseModel):
    """A mapping of the spec: unknown keys are errors, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


RoleName = Annotated[
    Text,
    Field(max_length=576),
    Spelled(
        r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}", "write a role's name, with its path if it has one"
    ),
]
"""A role of the user's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
