"""What moto works out again for each request, worked out once: it comes to the same every time."""

from __future__ import annotations

import functools
from typing import Any

import moto.core.errors
import moto.core.responses

_ERRORS: Any = moto.core.errors
_RESPONSES: Any = moto.core.responses


def install() -> None:
    """Let moto remember these; again is harmless."""
    if not hasattr(_ERRORS.ErrorLookupFactory, "cache_info"):
        # The errors of a service by their codes: what moto keeps them in lives for one refusal.
        _ERRORS.ErrorLookupFactory = functools.cache(_ERRORS.ErrorLookupFactory)
        # The operations of a service, of which moto asks whether one is among them.
        _RESPONSES.method_names_from_class = functools.cache(_RESPONSES.method_names_from_class)
