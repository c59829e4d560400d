"""An appspec for servers, Lambda or ECS: what it may say."""

from __future__ import annotations

from awspipe.formats.appspec_model import (
    ECS_HOOKS,
    LAMBDA_HOOKS,
    SCRIPT_TIMEOUT,
    SERVER_HOOKS,
    Appspec,
    Context,
    EcsAppspec,
    FileMapping,
    LambdaAppspec,
    Permission,
    Platform,
    Script,
    ServerAppspec,
)
from awspipe.formats.parsed import Parsed

__all__ = [
    "ECS_HOOKS",
    "LAMBDA_HOOKS",
    "SCRIPT_TIMEOUT",
    "SERVER_HOOKS",
    "Appspec",
    "Context",
    "EcsAppspec",
    "FileMapping",
    "LambdaAppspec",
    "Parsed",
    "Permission",
    "Platform",
    "Script",
    "ServerAppspec",
]
