"""An IAM policy as text, and what is worth knowing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from awspipe.resources.policy import Document
from awspipe.rights import MANAGED_POLICY_LIMIT


def text(policy: Document) -> str:
    """The policy as IAM takes it."""
    return json.dumps(policy, indent=2)


def size(policy: Document) -> int:
    """Its length as IAM counts it: without white space."""
    return len("".join(json.dumps(policy, separators=(",", ":")).split()))


def notes(policy: Document, command: str, name: str) -> Iterator[str]:
    """How long it is, and what to do with it. `command` prints it, `name` is what it can be called."""
    length, named = size(policy), f"awspipe-{name}"
    yield f"  . {length} characters; a managed policy takes {MANAGED_POLICY_LIMIT}"
    if length > MANAGED_POLICY_LIMIT:
        yield "  ! it is too long for one: make one for each of --for up, --for status and --for down,"
        yield "    and for each pipeline of the file"
    else:
        yield f"next: {command} > policy.json"
        yield f"      aws iam create-policy --policy-name {named} --policy-document file://policy.json"
