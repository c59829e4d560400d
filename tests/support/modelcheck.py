"""Holds requests and answers against AWS's own service models, which botocore does not do.

check = modelcheck.attach(session)      # before the session makes its clients
...                                     # a request that AWS would refuse raises ModelViolation
assert not check.violations             # also those that the code under test swallowed
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import botocore.session
from botocore.hooks import BaseEventHooks
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from tests.support import javare

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET_AFFIXES = (
    ("xn--", "sthree-", "amzn-s3-demo-"),
    ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"),
)

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float, Decimal),
    "double": (int, float, Decimal),
    "boolean": (bool,),
    "timestamp": (datetime, str, int, float),
    "list": (list, tuple),
    "map": (Mapping,),
    "structure": (Mapping,),
}


class ModelViolation(AssertionError):  # noqa: N818 - an assertion, not an error of the program
    """A request that AWS would refuse, or an answer that AWS would never give."""

    def __init__(self, service: str, operation: str, problem: Problem) -> None:
        self.service = service
        self.operation = operation
        self.path = problem.path
        self.rule = problem.rule
        self.value = problem.value
        super().__init__(
            f"{service} {operation}: {self.path or 'the whole'}: {self.rule}, got {self.value!r}"
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that breaks one rule of its shape."""

    path: str
    rule: str
    value: Any


@dataclass
class ModelCheck:
    """What an attached check has seen."""

    violations: list[ModelViolation] = field(default_factory=list)
    checked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, params: dict[str, Any], model: OperationModel, **_: Any) -> None:
        found = list(_violations(model, request_problems(model, params)))
        with self._lock:
            self.checked += 1
            self.violations += found
        if found:
            raise found[0]


def attach(session_or_client_or_events: Any) -> ModelCheck:
    """Check every request of a session (boto3's or botocore's), a client or an event emitter.

    A client copies its session's hooks when it is made, so attach before making clients.
    """
    check = ModelCheck()
    # The handlers of the least specific event run last: this one sees the parameters as they are sent.
    emitter(session_or_client_or_events).register_last("before-parameter-build", check)
    return check


def emitter(target: Any) -> BaseEventHooks:
    if isinstance(target, botocore.session.Session):
        events: BaseEventHooks = target.get_component("event_emitter")
    else:
        events = getattr(getattr(target, "meta", None), "events", None) or getattr(target, "events", target)
    if not hasattr(events, "register_last"):
        raise TypeError(f"no event emitter in {target!r}")
    return events


def check_request(service: str, operation: str, params: dict[str, Any]) -> None:
    """Raise for the first thing that AWS would refuse in these parameters."""
    model = service_operation(service, operation)
    for violation in _violations(model, request_problems(model, params)):
        raise violation


def check_output(service: str, operation: str, data: dict[str, Any]) -> None:
    """Raise for the first thing that the model forbids in this answer, parsed or not yet serialised."""
    model = service_operation(service, operation)
    answer = {name: value for name, value in data.items() if name != "ResponseMetadata"}
    found = [] if model.output_shape is None else _problems(model.output_shape, answer, "", _OUTPUT)
    if model.output_shape is None and answer:
        found = [Problem("", "has no members", answer)]
    for violation in _violations(model, iter(found)):
        raise violation


def service_operation(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(service)


def request_problems(model: OperationModel, params: dict[str, Any]) -> Iterator[Problem]:
    if model.service_model.service_name == "s3" and isinstance(params.get("Bucket"), str):
        yield from _bucket_problems(params["Bucket"])
    if model.input_shape is not None:
        yield from _problems(model.input_shape, params, "", _INPUT)
    elif params:
        yield Problem("", "has no members", params)


def _violations(model: OperationModel, found: Iterator[Problem]) -> Iterator[ModelViolation]:
    for problem in found:
        yield ModelViolation(model.service_model.service_name, model.name, problem)


def _bucket_problems(name: str) -> Iterator[Problem]:
    """The naming rules for general purpose buckets, which S3's model does not hold."""
    if name.startswith("arn:"):
        return
    if not _BUCKET.fullmatch(name):
        yield Problem("Bucket", "3-63 of a-z 0-9 . -, first and last a letter or digit", name)
    if ".." in name:
        yield Problem("Bucket", "no two dots together", name)
    if _IP.fullmatch(name):
        yield Problem("Bucket", "not an IP address", name)
    prefixes, suffixes = _BUCKET_AFFIXES
    if name.startswith(prefixes) or name.endswith(suffixes):
        yield Problem("Bucket", "a prefix or suffix that S3 keeps for itself", name)


@dataclass(frozen=True, slots=True)
class _Direction:
    null_is_absent: bool


_INPUT = _Direction(null_is_absent=False)
_OUTPUT = _Direction(null_is_absent=True)


def _problems(shape: Shape, value: Any, path: str, direction: _Direction) -> Iterator[Problem]:
    if getattr(shape, "is_document_type", False) or _is_event_stream(shape):
        return
    if not _has_type(shape, value):
        yield Problem(path, f"a {shape.type_name}", value)
        return
    yield from _scalar_problems(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path, direction)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}[{index}]", direction)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.keys()", direction)
            yield from _problems(shape.value, item, f"{path}[{key!r}]", direction)


def _structure_problems(
    shape: StructureShape, value: Mapping[str, Any], path: str, direction: _Direction
) -> Iterator[Problem]:
    present = {k: v for k, v in value.items() if v is not None} if direction.null_is_absent else dict(value)
    for name in shape.required_members:
        if name not in present:
            yield Problem(_join(path, name), "required", None)
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        yield Problem(path, f"exactly one of {', '.join(shape.members)}", value)
    for name, item in present.items():
        if name in shape.members:
            yield from _problems(shape.members[name], item, _join(path, name), direction)
        else:
            yield Problem(_join(path, name), f"not a member of {shape.name}", item)


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[Problem]:
    rules = shape.metadata
    size = _size(shape, value)
    if size is not None and "min" in rules and size < rules["min"]:
        yield Problem(path, f"at least {rules['min']} ({shape.type_name})", value)
    if size is not None and "max" in rules and size > rules["max"]:
        yield Problem(path, f"at most {rules['max']} ({shape.type_name})", value)
    if not isinstance(value, str) or shape.type_name != "string":
        return
    if "enum" in rules and value not in rules["enum"]:
        yield Problem(path, f"one of {', '.join(rules['enum'])}", value)
    pattern = rules.get("pattern")
    if pattern and pattern not in javare.UNTRANSLATABLE and not javare.compiled(pattern).fullmatch(value):
        yield Problem(path, f"pattern {pattern}", value)


def _size(shape: Shape, value: Any) -> Any:
    """What `min` and `max` count: the number itself, else characters, bytes or entries."""
    if shape.type_name in ("integer", "long", "float", "double"):
        return value
    return len(value) if shape.type_name != "timestamp" and hasattr(value, "__len__") else None


def _has_type(shape: Shape, value: Any) -> bool:
    if shape.type_name == "blob":
        return isinstance(value, str | bytes | bytearray) or hasattr(value, "read")
    if isinstance(value, bool) and shape.type_name != "boolean":
        return False
    return isinstance(value, _TYPES[shape.type_name])


def _is_event_stream(shape: Shape) -> bool:
    return bool(shape.serialization.get("eventstream"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
