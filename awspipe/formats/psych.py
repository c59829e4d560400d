"""What Ruby makes of a scalar: the CodeDeploy agent reads its appspec with Psych, which is YAML 1.1.

https://github.com/ruby/psych/blob/master/lib/psych/scalar_scanner.rb
"""

from __future__ import annotations

import re

from awspipe.formats.nodes import Plain

Scalar = bool | int | float | str

_BOOLS = dict.fromkeys(("yes", "true", "on"), True) | dict.fromkeys(("no", "false", "off"), False)
_CASINGS = (str.lower, str.capitalize, str.upper)
_BASES = (
    (re.compile(r"[-+]?0[_,]*[0-7][0-7_,]*"), 8),
    (re.compile(r"[-+]?(0|[1-9][0-9_,]*)"), 10),
    (re.compile(r"[-+]?0b[_,]*[01][01_,]*"), 2),
    (re.compile(r"[-+]?0x[_,]*[0-9a-fA-F][0-9a-fA-F_,]*"), 16),
)
_FLOAT = re.compile(r"[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}")
_DIGITS_LIMIT = 300
_LEADING_INT = re.compile(r"\s*([-+]?[0-9][0-9_]{0,17})")


def scalar(value: str) -> Scalar:
    """A scalar as Ruby has it; what stands in quotes is text. (Dates and symbols are text here.)"""
    if not isinstance(value, Plain) or len(value) > _DIGITS_LIMIT:
        return str(value)
    truth = _bool(value)
    return truth if truth is not None else _number(value)


def _bool(value: str) -> bool | None:
    known = any(value == casing(value) for casing in _CASINGS)
    return _BOOLS.get(value.lower()) if known else None


def _number(value: str) -> int | float | str:
    for pattern, base in _BASES:
        if pattern.fullmatch(value):
            return int(re.sub("[_,]|(?<=0)[bx]", "", value), base)
    if _SEXAGESIMAL.fullmatch(value):
        return _sexagesimal(value.replace("_", ""))
    if _FLOAT.fullmatch(value) and re.search("[0-9]", value):
        return float(re.sub("[_,]", "", value))
    return str(value)


def _sexagesimal(value: str) -> int:
    total = 0
    for part in value.lstrip("+-").split(":"):
        total = total * 60 + int(part)
    return -total if value.startswith("-") else total


def to_i(value: Scalar) -> int:
    """Ruby's `to_i`: the number a text begins with, 0 where it begins with none."""
    if isinstance(value, str):
        found = _LEADING_INT.match(value)
        return int(found[1].replace("_", "")) if found else 0
    return int(value)


def to_s(value: Scalar) -> str:
    """Ruby's `to_s`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
