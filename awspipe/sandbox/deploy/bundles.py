"""What CodePipeline's EC2 action does on an instance, put as a revision that the sandbox's agent can apply.

By scripts: the files go to the target directory, one script runs before that and one after it, in that
directory. By a deploy spec: version 0.0 is an appspec, version 0.1 has `scripts` in place of `hooks`.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-EC2Deploy.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from awspipe.sandbox.actions.artifacts import File, zipped
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, ActionError

BEFORE, AFTER = "awspipe-before", "awspipe-after"
"""What runs the user's scripts where they are to run."""

_FILES = "revision"
_EVENTS = {"BeforeDeploy": "BeforeInstall", "AfterDeploy": "AfterInstall"}


def bundle(files: list[File], configuration: Mapping[str, str]) -> bytes:
    """A zip with an appspec; ActionError where the artifact has not what the configuration names."""
    wanted = configuration.get("DeploySpec")
    made = _by_spec(files, wanted) if wanted else _by_scripts(files, configuration)
    return zipped(iter(made))


def _by_scripts(files: list[File], configuration: Mapping[str, str]) -> list[File]:
    directory, after = configuration["TargetDirectory"], configuration["PostScript"]
    before = configuration.get("PreScript")
    for name in filter(None, (before, after)):
        _named(files, name)
    hooks = {"AfterInstall": [{"location": AFTER, "timeout": 3600}]}
    scripts = [_script(AFTER, f'cd "${{AWSPIPE_ROOT:-}}"{shlex.quote(directory)}', after)]
    if before:
        hooks["BeforeInstall"] = [{"location": BEFORE, "timeout": 3600}]
        scripts.append(_script(BEFORE, f'cd "$(dirname "$0")/{_FILES}"', before))
    spec = {"files": [{"source": _FILES, "destination": directory}], "hooks": hooks}
    moved = [File(f"{_FILES}/{one.path}", one.content, one.mode) for one in files]
    return [*moved, *scripts, _appspec(spec)]


def _script(name: str, to: str, script: str) -> File:
    path = shlex.quote(f"./{script}")
    text = f"#!/bin/sh\n{to} || exit 1\nchmod +x {path} || exit 1\nexec {path}\n"
    return File(name, text.encode(), 0o100755)


def _by_spec(files: list[File], name: str) -> list[File]:
    try:
        spec: Any = yaml.safe_load(_named(files, name).content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ActionError(CONFIGURATION_ERROR, f"The deploy spec {name} is not YAML: {error}") from error
    if not isinstance(spec, dict):
        raise ActionError(CONFIGURATION_ERROR, f"The deploy spec {name} is no mapping.")
    hooks = spec.get("hooks") if str(spec.get("version")) == "0.0" else _hooks(spec.get("scripts"), name)
    given = {"files": spec.get("files"), "permissions": spec.get("permissions"), "hooks": hooks}
    made = _appspec({key: value for key, value in given.items() if value})
    return [*(one for one in files if one.path != made.path), made]


def _hooks(scripts: Any, name: str) -> dict[str, Any]:
    if scripts is None:
        return {}
    if not isinstance(scripts, dict) or not scripts.keys() <= _EVENTS.keys():
        known = " and ".join(_EVENTS)
        raise ActionError(CONFIGURATION_ERROR, f"The deploy spec {name} has scripts for {known} only.")
    return {_EVENTS[event]: listed for event, listed in scripts.items()}


def _appspec(spec: Mapping[str, Any]) -> File:
    whole = {"version": 0.0, "os": "linux", **spec}
    return File("appspec.yml", json.dumps(whole, indent=1).encode())


def _named(files: list[File], name: str) -> File:
    found: Iterator[File] = (one for one in files if one.path == name.removeprefix("./"))
    for one in found:
        return one
    raise ActionError(CONFIGURATION_ERROR, f"No such file: the artifact has no {name}.")
