"""`runtime-versions`: what a buildspec asks for and what this machine has, found by asking its tools.

AWS's images switch to the version that is asked for; here there is the one that is installed.
https://docs.aws.amazon.com/codebuild/latest/userguide/runtime-versions.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from awspipe.formats.buildspec_model import Buildspec
from awspipe.sandbox.builds.shell import Shell
from awspipe.sandbox.builds.world import PhaseError

_TOOLS = {
    "android": ("sdkmanager", "--version"),
    "docker": ("docker", "--version"),
    "dotnet": ("dotnet", "--version"),
    "golang": ("go", "version"),
    "java": ("java", "-version"),
    "nodejs": ("node", "--version"),
    "php": ("php", "--version"),
    "python": ("python3", "--version"),
    "ruby": ("ruby", "--version"),
    "rust": ("rustc", "--version"),
}
"""The runtimes that CodeBuild knows; an asked tool answers with its version."""

_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def lines(spec: Buildspec, shell: Shell, variables: Mapping[str, str]) -> Iterator[str]:
    """What there is to say of each runtime. PhaseError for one that CodeBuild does not know."""
    install = spec.phases.get("install")
    asked = install.runtime_versions if install is not None else {}
    for runtime in asked:
        if runtime not in _TOOLS:
            known = ", ".join(_TOOLS)
            says = f"Unknown runtime named '{runtime}'. CodeBuild has the following runtimes: {known}"
            raise PhaseError("YAML_FILE_ERROR", says)
    found = _found(shell, tuple(asked))
    for runtime, wanted in asked.items():
        yield told(runtime, _resolved(wanted, variables), found.get(runtime, ""))


def told(runtime: str, wanted: str, version: str) -> str:
    """One line: what is asked for, and what this machine has ("" for nothing)."""
    asked = f"runtime-versions: {runtime} {wanted} is asked for"
    if not version:
        tool = _TOOLS[runtime][0]
        return f"Warning: {asked}, and this machine has no {tool}: commands that need it will fail"
    if fits(wanted, version):
        return f"{asked}; this machine has {version}"
    return f"Warning: {asked}; this machine has {version}, which is used"


def fits(wanted: str, version: str) -> bool:
    """Whether a version is one that is asked for: `3.12`, `20.x`, `corretto17`, `latest`."""
    number = _NUMBER.search(wanted)
    parts = number[0].split(".") if number else []
    return version.split(".")[: len(parts)] == parts


def version_in(said: str) -> str:
    """The version in what a tool says of itself. Java 8 calls itself 1.8."""
    found = _NUMBER.search(said)
    return re.sub(r"^1\.8\b", "8", found[0]) if found else ""


def _found(shell: Shell, runtimes: tuple[str, ...]) -> dict[str, str]:
    asked = {runtime: _TOOLS[runtime] for runtime in runtimes}
    texts = [
        f"command -v {tool} >/dev/null && {tool} {shlex.quote(option)} 2>&1 || :"
        for tool, option in asked.values()
    ]
    said = [shell.ask(text) for text in texts]
    return {runtime: version_in(one) for runtime, one in zip(asked, said, strict=True)}


def _resolved(wanted: str, variables: Mapping[str, str]) -> str:
    """`$VAR` and `${VAR}` are the build's variables."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(found[1], found[0]), wanted)
