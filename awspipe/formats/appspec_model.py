"""What an appspec says, as values, for each of CodeDeploy's three platforms.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCRIPT_TIMEOUT = 3600
"""Seconds: of a script that says none, and of all scripts of one lifecycle event together."""

SERVER_HOOKS = (
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "ApplicationStop",
    "BeforeInstall",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
LAMBDA_HOOKS = ("BeforeAllowTraffic", "AfterAllowTraffic")
ECS_HOOKS = (
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
"""The lifecycle events that may have scripts (servers) or a function (Lambda, ECS), in their order."""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A file or a directory of the revision, and the directory on the host it goes into."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Context:
    """SELinux labels."""

    user: str | None = None
    type: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """Owner, mode and the like of what was deployed below `object`."""

    object: str
    pattern: str = "**"
    except_: tuple[str, ...] = ()
    owner: str | None = None
    group: str | None = None
    mode: int | None = None
    """The number itself: 0o755 for `mode: 755`."""
    types: tuple[str, ...] = ("file", "directory")
    acls: tuple[str, ...] = ()
    context: Context | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A script of a lifecycle event. `location` is relative to the root of the revision."""

    location: str
    timeout: int = SCRIPT_TIMEOUT
    runas: str | None = None
    sudo: bool = False


@dataclass(frozen=True, slots=True)
class ServerAppspec:
    """An appspec for EC2 and on-premises hosts. `hooks` holds the events that are there, in their order."""

    os: Literal["linux", "windows"]
    files: tuple[FileMapping, ...] = ()
    file_exists_behavior: Literal["DISALLOW", "OVERWRITE", "RETAIN"] | None = None
    permissions: tuple[Permission, ...] = ()
    hooks: dict[str, tuple[Script, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LambdaAppspec:
    """An appspec that moves an alias of a Lambda function from one version to another."""

    resource: str
    name: str
    alias: str
    current_version: str
    target_version: str
    hooks: dict[str, str] = field(default_factory=dict)
    """Lifecycle event to the name or ARN of the function that checks."""


@dataclass(frozen=True, slots=True)
class EcsAppspec:
    """An appspec that gives an ECS service another task definition."""

    resource: str
    task_definition: str
    container_name: str
    container_port: int
    platform_version: str | None = None
    hooks: dict[str, str] = field(default_factory=dict)


Appspec = ServerAppspec | LambdaAppspec | EcsAppspec
Platform = Literal["server", "lambda", "ecs"]
