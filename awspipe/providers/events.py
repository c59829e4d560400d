"""What sources share of whose changes EventBridge tells: a rule that starts the pipeline, and its role."""

from __future__ import annotations

from collections.abc import Iterator

from awspipe.providers.base import Place
from awspipe.resources.base import Resource
from awspipe.resources.role import Role
from awspipe.resources.rule import Rule


def starting(place: Place, pattern: dict[str, object]) -> Iterator[Resource]:
    """The role and the rule that start the pipeline on events like `pattern`."""
    role = Role.for_rule(place.scope, place.part)
    yield role
    yield Rule.starting(place.scope, place.part, pattern=pattern, role_arn=role.arn)
