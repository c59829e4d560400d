"""How the sandbox plays the actions of a pipeline: one module per provider, found by walking the package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import Job, Key

__all__ = ["Job", "Key", "find"]


def find(key: Key) -> Job | None:
    """What plays the actions of (category, owner, provider), or None."""
    return runtime.current().actions.get(key) or _all().get(key)


@cache
def _all() -> dict[Key, Job]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    kinds = [kind for kind in _below(Job) if kind.__module__.startswith(f"{__name__}.")]
    return {key: kind() for kind in kinds for key in kind.plays}


def _below(root: type[Any]) -> list[type[Any]]:
    return [kind for child in root.__subclasses__() for kind in (child, *_below(child))]
