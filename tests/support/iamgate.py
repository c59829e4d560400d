"""Would IAM allow these calls? A small judge of identity policies.

It knows explicit deny, wildcards, NotAction, NotResource, policy variables and the condition operators for
strings, ARNs, booleans and absence. What it does not know it refuses to judge (ValueError), so a test never
passes because a condition was skipped. No boundaries, no resource policies, no session policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Policy = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SET_PREFIXES: dict[str, Callable[[Iterable[object]], bool]] = {"ForAllValues": all, "ForAnyValue": any}
_KNOWN = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a caller wants to do, with the condition keys that go with it."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denied:
    """A request that IAM refuses; `by` is the statement that denies, None when no statement allows."""

    request: Request
    by: Policy | None = None

    def __str__(self) -> str:
        why = f"denied by {self.by.get('Sid', self.by)}" if self.by else "not allowed by any statement"
        return f"{self.request.action} on {self.request.resource}: {why}"


def denied(
    policies: Policy | Iterable[Policy], requests: Iterable[Request | tuple[str, str]]
) -> list[Denied]:
    """The requests that these policies together do not allow, in the order given."""
    documents = [policies] if isinstance(policies, Mapping) else list(policies)
    statements = [_known(statement) for document in documents for statement in _many(document["Statement"])]
    judged = [_judge(statements, one if isinstance(one, Request) else Request(*one)) for one in requests]
    return [verdict for verdict in judged if verdict]


def _known(statement: Policy) -> Policy:
    if unknown := statement.keys() - _KNOWN:
        raise ValueError(f"not known in an identity policy's statement: {', '.join(sorted(unknown))}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"Effect {statement['Effect']!r}")
    if ("Action" in statement) == ("NotAction" in statement):
        raise ValueError("a statement has either Action or NotAction")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise ValueError("a statement has either Resource or NotResource")
    return statement


def _judge(statements: list[Policy], request: Request) -> Denied | None:
    speaking = [statement for statement in statements if _speaks_of(statement, request)]
    for statement in speaking:
        if statement["Effect"] == "Deny":
            return Denied(request, statement)
    return None if speaking else Denied(request)


def _speaks_of(statement: Policy, request: Request) -> bool:
    # All conditions are read, also of statements that do not match, so an unknown one is never skipped.
    met = [
        _met(operator, key, _many(values), request.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return all(met) and _names_action(statement, request) and _names_resource(statement, request)


def _names_action(statement: Policy, request: Request) -> bool:
    named = _many(statement.get("Action", statement.get("NotAction")))
    hit = any(_glob(pattern.lower()).fullmatch(request.action.lower()) for pattern in named)
    return hit is ("Action" in statement)


def _names_resource(statement: Policy, request: Request) -> bool:
    named = _many(statement.get("Resource", statement.get("NotResource")))
    hit = any(_resource_matches(pattern, request.resource, request.context) for pattern in named)
    return hit is ("Resource" in statement)


def _resource_matches(pattern: str, arn: str, context: Context) -> bool:
    """In Resource a `*` stays in its segment of the ARN, but at a segment's end it runs on over colons."""
    filled = _filled(pattern, context)
    return filled is not None and _resource_glob(filled).fullmatch(arn) is not None


def _arn_matches(pattern: str, arn: str, context: Context) -> bool:
    """In conditions each of an ARN's six segments is compared on its own."""
    parts, wanted = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) == 6 and all(map(lambda p, v: _like(p, v, context), wanted, parts))


def _like(pattern: str, value: str, context: Context) -> bool:
    filled = _filled(pattern, context)
    return filled is not None and _glob(filled).fullmatch(value) is not None


def _filled(pattern: str, context: Context) -> str | None:
    """The pattern with its variables put in, their own wildcards made literal; None when one is absent."""
    missing = []

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in ("*", "?", "$"):
            return _quoted(name)
        value = _lookup(context, name)
        if not isinstance(value, str):
            missing.append(name)
            return ""
        return _quoted(value)

    text = _VARIABLE.sub(fill, pattern)
    return None if missing else text


_QUOTED = {"*": "\ue000", "?": "\ue001"}  # private characters stand for literal wildcards


def _quoted(text: str) -> str:
    return "".join(_QUOTED.get(char, char) for char in text)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    pieces = {"*": ".*", "?": "."} | {private: re.escape(char) for char, private in _QUOTED.items()}
    return re.compile("".join(pieces.get(char, re.escape(char)) for char in pattern), re.DOTALL)


@cache
def _resource_glob(pattern: str) -> re.Pattern[str]:
    *segments, last = pattern.split(":", 5)
    bounded = [_segment(segment) + ":" for segment in segments]
    return re.compile("".join(bounded) + _glob(last).pattern, re.DOTALL)


def _segment(pattern: str) -> str:
    runs_on = pattern.endswith("*")
    pieces = {"*": "[^:]*", "?": "[^:]"} | {private: re.escape(char) for char, private in _QUOTED.items()}
    text = "".join(pieces.get(char, re.escape(char)) for char in pattern.rstrip("*"))
    return text + (".*" if runs_on else "")


_Test = Callable[[str, str, Context], bool]


def _equal(pattern: str, value: str, context: Context) -> bool:
    filled = _filled(pattern, context)
    return filled is not None and filled.replace("\ue000", "*").replace("\ue001", "?") == value


def _equal_in_any_case(pattern: str, value: str, context: Context) -> bool:
    return _equal(pattern.lower(), value.lower(), context)


def _arn_like(pattern: str, value: str, context: Context) -> bool:
    return _arn_matches(pattern, value, context)


_OPERATORS: dict[str, tuple[_Test, bool]] = {  # the test, and whether it must hold or must not
    "StringEquals": (_equal, True),
    "StringNotEquals": (_equal, False),
    "StringEqualsIgnoreCase": (_equal_in_any_case, True),
    "StringNotEqualsIgnoreCase": (_equal_in_any_case, False),
    "StringLike": (_like, True),
    "StringNotLike": (_like, False),
    "ArnLike": (_arn_like, True),
    "ArnEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, False),
    "Bool": (_equal_in_any_case, True),
}


def _met(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    value = _lookup(context, key)
    wanted = [_text(one) for one in wanted]
    if name == "Null":
        return (value is None) is (wanted == ["true"])
    if name not in _OPERATORS or (quantifier and quantifier not in _SET_PREFIXES):
        raise ValueError(f"condition operator {operator}")
    test, positive = _OPERATORS[name]
    if value is None:
        # A key that is absent fails what must hold and passes what must not; ForAllValues passes.
        return optional or quantifier == "ForAllValues" or (not positive and not quantifier)
    values = [_text(one) for one in _many(value)]
    if not quantifier and len(values) != 1:
        raise ValueError(f"{operator} on {key}, which has several values, needs ForAllValues or ForAnyValue")
    hits = [any(test(pattern, one, context) for pattern in wanted) is positive for one in values]
    return _SET_PREFIXES.get(quantifier, all)(hits)


def _lookup(context: Context, key: str) -> str | Sequence[str] | None:
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
