"""A pipeline's variables: `#{namespace.NAME}` in an action's configuration, resolved when the action starts.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from awspipe.sandbox.pipelines import Execution

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_.-]+)\}")

K = TypeVar("K")


class UnresolvedError(Exception):
    """A variable that nothing has given a value."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def resolved(configuration: Mapping[K, str], execution: Execution) -> dict[K, str]:
    """A configuration with its variables replaced; UnresolvedError for the first that has no value."""
    known = {
        **execution.namespaces,
        "codepipeline": {"PipelineExecutionId": execution.id},
        "variables": execution.variables,
    }

    def value(match: re.Match[str]) -> str:
        found = known.get(match[1], {}).get(match[2])
        if found is None:
            raise UnresolvedError(match[0])
        return found

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}


def filled(declaration: Mapping[str, Any], execution: Execution) -> dict[str, Any]:
    """An action's declaration with the variables replaced that stand beside the configuration.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
    """
    made = dict(declaration)
    if commands := declaration.get("commands"):
        made["commands"] = list(resolved(dict(enumerate(commands)), execution).values())
    if variables := declaration.get("environmentVariables"):
        made["environmentVariables"] = [
            {**one, **resolved({"value": one["value"]}, execution)} for one in variables
        ]
    return made
