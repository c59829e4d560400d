"""A buildspec (version 0.1 or 0.2): what it may say."""

from __future__ import annotations

from awspipe.formats.buildspec_model import (
    PHASES,
    Artifacts,
    Buildspec,
    Cache,
    Env,
    OnFailure,
    Phase,
    Proxy,
    Report,
)
from awspipe.formats.parsed import Parsed

__all__ = [
    "PHASES",
    "Artifacts",
    "Buildspec",
    "Cache",
    "Env",
    "OnFailure",
    "Parsed",
    "Phase",
    "Proxy",
    "Report",
]
