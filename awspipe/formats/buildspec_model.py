"""What a buildspec says, as values.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PHASES = ("install", "pre_build", "build", "post_build")
"""In the order in which they run."""


@dataclass(frozen=True, slots=True)
class Env:
    """Environment variables, and how commands are run. Values are as written: `3.10` stays `3.10`."""

    shell: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    parameter_store: dict[str, str] = field(default_factory=dict)
    """Variable to the name of a parameter."""
    secrets_manager: dict[str, str] = field(default_factory=dict)
    """Variable to `secret-id[:json-key[:version-stage[:version-id]]]`."""
    exported_variables: tuple[str, ...] = ()
    git_credential_helper: bool = False


@dataclass(frozen=True, slots=True)
class Proxy:
    """What goes through an explicit proxy server."""

    upload_artifacts: bool = False
    logs: bool = False


@dataclass(frozen=True, slots=True)
class OnFailure:
    """What comes after a phase that failed. `attempts` and `pattern` (a regular expression) are for RETRY."""

    kind: Literal["ABORT", "CONTINUE", "RETRY"]
    attempts: int = 3
    pattern: str = ".*"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: its commands in order. `on_failure` is None where the phase does not say."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: OnFailure | None = None
    run_as: str | None = None
    runtime_versions: dict[str, str] = field(default_factory=dict)
    """Only in `install`: runtime to version, as written (`3.12`, `latest`, `20.x`, `$VAR`)."""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The primary output, or one of the secondary ones. `files` may be empty only beside secondary ones."""

    files: tuple[str, ...] = ()
    name: str | None = None
    discard_paths: bool = False
    base_directory: str | None = None
    exclude_paths: tuple[str, ...] = ()
    enable_symlinks: bool = False
    s3_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Test results or code coverage. `file_format` is in capitals."""

    files: tuple[str, ...] = ()
    base_directory: str | None = None
    discard_paths: bool = False
    file_format: str = "JUNITXML"


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept for the next build."""

    paths: tuple[str, ...] = ()
    key: str | None = None
    fallback_keys: tuple[str, ...] = ()
    action: Literal["restore", "save"] | None = None


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec. `phases` holds those that are there, in the order in which they run.

    `batch` says that it is one of a batch build (whose builds may bring their own buildspecs).
    """

    version: Literal["0.1", "0.2"]
    run_as: str | None = None
    env: Env = field(default_factory=Env)
    proxy: Proxy = field(default_factory=Proxy)
    phases: dict[str, Phase] = field(default_factory=dict)
    artifacts: Artifacts | None = None
    secondary_artifacts: dict[str, Artifacts] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    cache: Cache | None = None
    batch: bool = False
