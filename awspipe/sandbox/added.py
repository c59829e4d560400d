"""Services that moto does not know: it is told of modules that do not exist as files."""

from __future__ import annotations

import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict

from awspipe.sandbox.service import SandboxResponse


def routes(host: str, response: type[SandboxResponse]) -> SimpleNamespace:
    """A service's `urls` module: JSON over one path. `host` is a pattern of its host before the region."""
    return SimpleNamespace(url_bases=[_base(host)], url_paths={"{0}/$": response.dispatch})


def install(name: str, backends: BackendDict[Any], host: str) -> None:
    """Tell moto of a service; again is harmless."""
    module = name.replace("-", "")
    if f"moto.{module}" in sys.modules:
        return
    made = ModuleType(f"moto.{module}")
    setattr(made, f"{module}_backends", backends)
    sys.modules[made.__name__] = made
    backend_index.backend_url_patterns.append((name, re.compile(_base(host))))


def _base(host: str) -> str:
    return rf"https?://{host}\.(.+)\.(?:amazonaws\.com|api\.aws)"
