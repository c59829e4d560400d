"""How a buildspec names secrets."""

from __future__ import annotations

import json

from awspipe.sandbox.builds.world import MissingValueError


def secret_parts(reference: str) -> tuple[str, str, str, str]:
    """The id, the JSON key, the version's stage and its id in `secret-id[:json-key[:stage[:version]]]`."""
    parts = reference.split(":")
    head = 7 if reference.startswith("arn:") else 1
    key, stage, version = (*parts[head:], "", "", "")[:3]
    return ":".join(parts[:head]), key, stage, version


def secret_value(name: str, text: str, key: str) -> str:
    """A secret's text, or one member of it. MissingValueError."""
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        raise MissingValueError(f"the secret {name} has no key {key}") from None
