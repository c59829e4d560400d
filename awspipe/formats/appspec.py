"""An appspec for servers, Lambda or ECS: what it may say, and reading one as CodeDeploy does.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure.html
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal, overload

from awspipe.formats import appspec_functions, appspec_server
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
from awspipe.formats.document import parsed
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
    "parse",
]

_FILE = "appspec.yml"
_ON_SECRET = "let a script fetch it from Secrets Manager; if it was ever pushed, replace it"  # noqa: S105


@overload
def parse(
    data: bytes | str,
    file: str = _FILE,
    platform: Literal["server"] = "server",
    *,
    folder: Path | None = None,
) -> Parsed[ServerAppspec]: ...


@overload
def parse(data: bytes | str, file: str, platform: Literal["lambda"]) -> Parsed[LambdaAppspec]: ...


@overload
def parse(data: bytes | str, file: str, platform: Literal["ecs"]) -> Parsed[EcsAppspec]: ...


@overload
def parse(
    data: bytes | str, file: str, platform: Platform, *, folder: Path | None = None
) -> Parsed[Appspec]: ...


def parse(
    data: bytes | str, file: str = _FILE, platform: Platform = "server", *, folder: Path | None = None
) -> Parsed[Appspec]:
    """Read an appspec, YAML or JSON. `file` is what messages call it. No text makes this raise.

    `folder` is the root of the revision, where it is at hand: then what the scripts lack is a warning.
    """
    match platform:
        case "lambda":
            return parsed(data, file, appspec_functions.lambda_, what="an appspec", on_secret=_ON_SECRET)
        case "ecs":
            return parsed(data, file, appspec_functions.ecs, what="an appspec", on_secret=_ON_SECRET)
    make = partial(appspec_server.server, folder=folder)
    return parsed(data, file, make, what="an appspec", on_secret=_ON_SECRET)
