"""A pipeline's variables: `#{namespace.NAME}` in an action's configuration, resolved when the action starts.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awspipe.sandbox.pipelines import Execution

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_.-]+)\}")


class UnresolvedError(Exception):
    """A variable that nothing has given a value."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def resolved(configuration: Mapping[str, str], execution: Execution) -> dict[str, str]:
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
