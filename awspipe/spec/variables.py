"""References to variables, `#{namespace.VARIABLE}`, in the texts of an action.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from awspipe.formats.nodes import Path
from awspipe.formats.words import nearest
from awspipe.providers.base import Action
from awspipe.providers.gates import Condition
from awspipe.spec.flow import Broken, ResolvedAction

PIPELINE = "codepipeline"
PIPELINE_VARIABLES = "variables"
RESERVED = frozenset({PIPELINE, PIPELINE_VARIABLES})
EXECUTION_ID = "PipelineExecutionId"

_REFERENCE = re.compile(r"#\{([^{}]*)\}")
_PARTS = re.compile(r"([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)")

Givers = Mapping[str, ResolvedAction]
"""The action behind each namespace."""


@dataclass(frozen=True, slots=True)
class Known:
    """What can be read in a pipeline: the variables of the pipeline itself, and those of its actions."""

    declared: frozenset[str]
    givers: Givers
    actions: tuple[ResolvedAction, ...]


def broken(one: ResolvedAction, configuration: Mapping[str, str], known: Known) -> Iterator[Broken]:
    """The references of an action that CodePipeline could not fill in."""
    filled_in = "\0".join((*configuration.values(), *one.action.filled_in()))
    for path, text in _texts(one.action, one.path):
        there = text in filled_in or json.dumps(text, ensure_ascii=False)[1:-1] in filled_in
        for reference in _REFERENCE.finditer(text):
            parts = _PARTS.fullmatch(reference[1])
            found = _wrong(one, parts, known) if there else _elsewhere(parts, known.givers)
            if found:
                yield Broken(path, f"{reference[0][:100]} {found[0]}", found[1])


Said = tuple[str, str]
"""The rest of a message, and a hint."""


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text that a user wrote in an action, with its path."""
    match value:
        case Condition():
            return  # those of a stage are judged with the stage
        case str():
            yield path, value
        case BaseModel():
            fields = type(value).model_fields.items()
            for name, field in fields:
                yield from _texts(getattr(value, name), (*path, field.alias or name))
        case dict():
            for key, inner in value.items():
                yield from _texts(inner, (*path, key))
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _texts(inner, (*path, index))


def _elsewhere(parts: re.Match[str] | None, givers: Givers) -> Said | None:
    """A text outside of the configuration may hold `#{...}` of another language: only ours is meant."""
    if parts is None or parts[1] not in {*givers, *RESERVED}:
        return None
    return "is not filled in here", "CodePipeline fills in variables only in the configuration of an action"


def _wrong(one: ResolvedAction, parts: re.Match[str] | None, known: Known) -> Said | None:
    if parts is None:
        return "is no reference to a variable", "write #{namespace.VARIABLE}"
    namespace, variable = parts.groups()
    if namespace == PIPELINE:
        return (
            None
            if variable == EXECUTION_ID
            else ("does not exist", f"there is only #{{{PIPELINE}.{EXECUTION_ID}}}")
        )
    if namespace == PIPELINE_VARIABLES:
        return None if variable in known.declared else _undeclared(variable, known.declared)
    giver = known.givers.get(namespace)
    if giver is None:
        return f'reads the namespace "{namespace}", and no action has it', _namespace_hint(
            namespace, variable, known
        )
    if giver.moment >= one.moment:
        return f"is given by {_late(one, giver)}", "a variable can be read only afterwards"
    return _unknown_variable(giver.action, namespace, variable)


def _late(one: ResolvedAction, giver: ResolvedAction) -> str:
    if giver.path == one.path:
        return "this very action"
    when = "at the same time" if giver.moment == one.moment else "later"
    return f'"{giver.action.name}", which runs {when}'


def _undeclared(variable: str, declared: frozenset[str]) -> Said:
    meant = nearest(variable, sorted(declared))
    hint = (
        f'did you mean "{meant}"?' if meant else f"the pipeline gets it with `variables: {{{variable}: ...}}`"
    )
    return "reads a variable that the pipeline does not have", hint


def _namespace_hint(namespace: str, variable: str, known: Known) -> str:
    givers, actions = known.givers, known.actions
    named = next((one for one in actions if namespace in (one.action.name, one.stage)), None)
    if named and named.action.namespace is None and named.action.variables() != frozenset():
        free = f"{namespace}Variables" if any(namespace in one.outputs for one in actions) else namespace
        read = "" if free == namespace else f", and read #{{{free}.{variable}}}"
        return f'give the action "{named.action.name}" a namespace: `namespace: {free}`{read}'
    if named and named.action.namespace:
        return f'the namespace of "{named.action.name}" is "{named.action.namespace}"'
    meant = nearest(namespace, list(givers))
    if meant:
        return f'did you mean "{meant}"?'
    return f"namespaces: {', '.join(givers)}" if givers else "an action gets one with `namespace:`"


def _unknown_variable(giver: Action, namespace: str, variable: str) -> Said | None:
    known = giver.variables()
    if known is None or variable in known:
        return None
    if not known:
        return f'does not exist: "{giver.name}" gives no variables', ""
    meant = nearest(variable, sorted(known))
    hint = f"did you mean #{{{namespace}.{meant}}}?" if meant else f"there are: {', '.join(sorted(known))}"
    return f'does not exist: "{giver.name}" gives no such variable', hint
