"""How IAM judges a request by policies: what is denied, what is allowed, and what nobody says a word about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from operator import eq
from typing import Any

Context = Mapping[str, str]
"""The keys that a request brings, in small letters: `aws:resourcetag/name`."""


class Verdict(Enum):
    """What policies say of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNSAID = "unsaid"


def verdict(documents: Iterable[str], action: str, resource: str, context: Context) -> Verdict:
    """A denial counts more than whatever allows."""
    effects = {
        str(one["Effect"])
        for document in documents
        for one in statements(document)
        if _is_about(one, action, resource) and applies(one, context)
    }
    if "Deny" in effects:
        return Verdict.DENIED
    return Verdict.ALLOWED if "Allow" in effects else Verdict.UNSAID


def statements(document: str) -> Iterator[dict[str, Any]]:
    """The statements of a policy, of which there may be one or a list."""
    yield from listed(json.loads(document).get("Statement"))


def listed(value: Any) -> list[Any]:
    """What IAM takes alone or in a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_about(statement: dict[str, Any], action: str, resource: str) -> bool:
    """Actions are told apart without regard to case, resources with it."""
    lowered = [one.lower() for one in listed(statement.get("Action", statement.get("NotAction")))]
    named = any(matches(action.lower(), one) for one in lowered)
    within = any(
        matches(resource, one) for one in listed(statement.get("Resource", statement.get("NotResource")))
    )
    return named is ("NotAction" not in statement) and within is ("NotResource" not in statement)


def applies(statement: dict[str, Any], context: Context) -> bool:
    """Whether the conditions of a statement are met; what is not known here never lets anything pass."""
    denies = statement.get("Effect") == "Deny"
    conditions = statement.get("Condition", {}).items()
    return all(_holds(name.lower(), keys, context, unknown=denies) for name, keys in conditions)


def _holds(operator: str, wanted: dict[str, Any], context: Context, *, unknown: bool) -> bool:
    """One operator of a condition; a negated one holds also where the request brings no such key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if operator == "null":
        return all((key.lower() not in context) is _is_true(value) for key, value in wanted.items())
    plain = operator.removesuffix("ifexists")
    compare = _OPERATORS.get(plain.replace("not", "", 1))
    if compare is None:
        return unknown
    negated = "not" in plain
    for key, patterns in wanted.items():
        value = context.get(key.lower())
        if value is None:
            met = negated or plain != operator
        else:
            met = any(compare(value, str(one)) for one in listed(patterns)) is not negated
        if not met:
            return False
    return True


def _is_true(value: Any) -> bool:
    return _equal_in_any_case(str(listed(value)[0]), "true")


def matches(value: str, pattern: str) -> bool:
    """An IAM pattern knows `*` and `?` only: a bracket stands for itself."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _equal_in_any_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS = {
    "stringequals": eq,
    "stringequalsignorecase": _equal_in_any_case,
    "stringlike": matches,
    "arnequals": matches,
    "arnlike": matches,
    "bool": _equal_in_any_case,
}
