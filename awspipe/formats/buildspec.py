"""A buildspec (version 0.1 or 0.2): what it may say, and reading one as CodeBuild does.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
CodeBuild leaves out keys that it does not know without a word: here they are warnings.
"""

from __future__ import annotations

import re
from typing import Literal

from awspipe.formats import buildspec_env, buildspec_outputs, buildspec_phases
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
from awspipe.formats.document import parsed
from awspipe.formats.mapping import Mapping
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
    "parse",
]

_KEYS = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache")
_BATCH = ("fast-fail", "build-list", "build-matrix", "build-graph", "build-fanout")
_OF_ARTIFACTS = ("files", "base-directory", "discard-paths", "secondary-artifacts")
_STRAY_HINTS = {
    **dict.fromkeys((*PHASES, "commands"), "it belongs below `phases:`: indent it"),
    **dict.fromkeys(_OF_ARTIFACTS, "it belongs below `artifacts:`: indent it"),
    buildspec_env.OLD_ENV: "version 0.2 says `env:` and below it `variables:`",
}
_OWN_USE = re.compile(r"[._]|x-")
"""Top-level keys that begin so are there for YAML anchors: nobody expects CodeBuild to know them."""

_ON_SECRET = "let env.secrets-manager or parameter-store fetch it; if it was ever pushed, replace it"  # noqa: S105


def parse(data: bytes | str, file: str = "buildspec.yml") -> Parsed[Buildspec]:
    """Read a buildspec, YAML or JSON. `file` is what messages call it. No text makes this raise."""
    return parsed(data, file, _buildspec, what="a buildspec", on_secret=_ON_SECRET)


def _buildspec(root: Mapping) -> Buildspec:
    version = _version(root)
    _warn_of_stray_keys(root, version)
    batch = _batch(root)
    primary, secondary = buildspec_outputs.artifacts(root, version)
    return Buildspec(
        version=version,
        run_as=root.text("run-as"),
        env=buildspec_env.env(root, version),
        proxy=buildspec_env.proxy(root),
        phases=buildspec_phases.phases(root, needed=not batch),
        artifacts=primary,
        secondary_artifacts=secondary,
        reports=buildspec_outputs.reports(root),
        cache=buildspec_outputs.cache(root),
        batch=batch,
    )


def _version(root: Mapping) -> Literal["0.1", "0.2"]:
    """In quotes or not; `0.20` is the same number."""
    entry = root.entry("version")
    found = re.fullmatch(r"0*\.([12])0*", str(entry.node.value).strip()) if entry else None
    if found:
        return "0.1" if found[1] == "1" else "0.2"
    if entry:
        root.notes.refuse(root.place("version"), '"version" must be 0.2 or 0.1', "write `version: 0.2`")
    else:
        root.notes.refuse(root.key("version"), 'the key "version" is missing', "write `version: 0.2`")
    return "0.2"


def _warn_of_stray_keys(root: Mapping, version: str) -> None:
    old = (buildspec_env.OLD_ENV,) if version == "0.1" else ()
    own = [key for key in root.node.entries if _OWN_USE.match(key)]
    root.warn_unknown((*_KEYS, *old, *own), "CodeBuild", _STRAY_HINTS)


def _batch(root: Mapping) -> bool:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/batch-build-buildspec.html."""
    batch = root.mapping("batch", hint="build-list, build-matrix, build-graph or build-fanout below it")
    if batch:
        batch.warn_unknown(_BATCH, "CodeBuild")
    return batch is not None
