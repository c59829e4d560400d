"""An appspec for servers, read as the agent on the server does.

https://github.com/aws/aws-codedeploy-agent: lib/instance_agent/plugins/codedeploy/application_specification/
(application_specification.rb, file_info.rb, script_info.rb). The agent leaves out keys that it does not know
without a word: here they are warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from awspipe.formats import appspec_permissions, psych, scripts
from awspipe.formats.appspec_model import SCRIPT_TIMEOUT, SERVER_HOOKS, FileMapping, Script, ServerAppspec
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping, did_you_mean
from awspipe.formats.nodes import Entry

_KEYS = ("version", "os", "files", "file_exists_behavior", "permissions", "hooks")
_BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
_RESERVED = ("DownloadBundle", "Install", "BlockTraffic", "AllowTraffic", "Start", "End")
"""Lifecycle events that CodeDeploy keeps for itself.
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html"""

_FILES_HINT = "write `- source: ...` and below it `destination: ...`"
_FILE_HINTS = {"overwrite": "write `file_exists_behavior: OVERWRITE` beside `files:`"}
_SCRIPT_HINT = "write `- location: ...`"
_ABSOLUTE = re.compile(r"/|[A-Za-z]:|\\\\")
Os = Literal["linux", "windows"]


def server(root: Mapping, folder: Path | None) -> ServerAppspec:
    """The appspec of a revision; `folder` is the revision, where it is at hand."""
    if not _is_for_functions(root):
        root.warn_unknown(_KEYS, "the CodeDeploy agent")
    _check_version(root)
    os = _os(root)
    hooks = _hooks(root)
    if folder is not None:
        scripts.check(root, folder, os)
    return ServerAppspec(
        os=os,
        files=tuple(_files(root)),
        file_exists_behavior=_behavior(root),
        permissions=tuple(appspec_permissions.permissions(root, os)),
        hooks={event: hooks[event] for event in SERVER_HOOKS if event in hooks},
    )


def _is_for_functions(root: Mapping) -> bool:
    return "os" not in root and ("Resources" in root or "resources" in root)


def _check_version(root: Mapping) -> None:
    """Ruby's `[0.0].include?(version)`: any zero is one, but a text in quotes is none."""
    entry = root.entry("version")
    if entry is None:
        root.notes.refuse(root.key("version"), 'the key "version" is missing', "write `version: 0.0`")
        return
    value = psych.scalar(entry.node.value) if isinstance(entry.node.value, str) else ""
    if isinstance(value, bool | str) or value != 0:
        bare = "write `version: 0.0`" + (", without quotes" if value == "0.0" else "")
        root.notes.refuse(root.place("version"), '"version" must be the number 0.0', bare)


def _os(root: Mapping) -> Os:
    written = root.text("os")
    match written:
        case "linux" | "windows":
            return written
    if root.entry("os") is None:
        other = "for Lambda or ECS say --platform lambda or --platform ecs"
        hint = other if _is_for_functions(root) else "write `os: linux`"
        root.notes.refuse(root.key("os"), 'the key "os" is missing', hint)
    elif written is not None:
        hint = did_you_mean(written, ("linux", "windows"))
        root.notes.refuse(root.place("os"), f'"os" must be linux or windows, not {quoted(written)}', hint)
    return "linux"


def _behavior(root: Mapping) -> Literal["DISALLOW", "OVERWRITE", "RETAIN"] | None:
    written = root.text("file_exists_behavior")
    match written:
        case "DISALLOW" | "OVERWRITE" | "RETAIN" | None:
            return written
    says = f'"file_exists_behavior" must be {", ".join(_BEHAVIORS[:-1])} or {_BEHAVIORS[-1]}'
    root.notes.refuse(root.place("file_exists_behavior"), says, did_you_mean(written, _BEHAVIORS))
    return None


def _files(root: Mapping) -> Iterator[FileMapping]:
    for one in root.mappings("files", entry_hint=_FILES_HINT):
        one.warn_unknown(("source", "destination"), "the CodeDeploy agent", _FILE_HINTS)
        source, destination = _path(one, "source"), _path(one, "destination")
        if source is not None and destination is not None:
            _check_destination(one, source, destination)
            yield FileMapping(source, destination)


def _path(one: Mapping, key: str) -> str | None:
    """Ruby joins paths of texts only: a number, a date or a truth value is a TypeError."""
    if one.entry(key) is None:
        one.notes.refuse(one.key(key), f'an entry of "files" says no {key}', _FILES_HINT)
        return None
    written = one.text(key)
    if isinstance(written, str) and not isinstance(psych.scalar(_as_read(one, key)), str):
        one.notes.refuse(one.place(key), f"{quoted(written)} is no text to YAML", "put it in quotes")
    return written


def _as_read(one: Mapping, key: str) -> str:
    value = one.node.entries[key].node.value
    return value if isinstance(value, str) else ""


def _check_destination(one: Mapping, source: str, destination: str) -> None:
    """https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-files.html."""
    if not _ABSOLUTE.match(destination):
        hint = "~ and variables are not replaced here" if destination[:1] in ("~", "$") else ""
        says = f"{quoted(destination)} is no absolute path: where that is depends on the agent"
        one.notes.warn(one.place("destination"), says, hint)
    name = PurePosixPath(source).name
    if PurePosixPath(source).suffix and PurePosixPath(destination).name == name:
        says = f"a destination is a directory: a file {name} becomes {destination}/{name}"
        one.notes.warn(one.place("destination"), says, f"write {PurePosixPath(destination).parent}")


def _hooks(root: Mapping) -> dict[str, tuple[Script, ...]]:
    found = root.mapping("hooks", hint="write an event, `AfterInstall:`, and a list of scripts below it")
    if found is None:
        return {}
    return {
        event: tuple(_scripts(found, event))
        for event, entry in found.node.entries.items()
        if _is_ours(found, event, entry)
    }


def _is_ours(found: Mapping, event: str, entry: Entry) -> bool:
    """The agent refuses an appspec with events that the service does not know (command_executor.rb)."""
    if event in SERVER_HOOKS:
        return True
    if event in _RESERVED:
        found.notes.warn(entry.key, f"{quoted(event)} is CodeDeploy's own: it runs no scripts")
        return False
    hint = did_you_mean(event, SERVER_HOOKS) or f"events: {', '.join(SERVER_HOOKS)}"
    found.notes.refuse(entry.key, f"unknown lifecycle event {quoted(event)}", hint)
    return False


def _scripts(found: Mapping, event: str) -> Iterator[Script]:
    if found.entry(event) is None:
        # "undefined method `each' for nil": https://github.com/aws/aws-codedeploy-agent/issues/125
        found.notes.refuse(found.key(event), f"{quoted(event)} is empty: the agent fails", "leave it out")
    known = 0
    for one in found.mappings(event, entry_hint=_SCRIPT_HINT):
        script = _script(one)
        if script is not None:
            known += script.timeout if one.entry("timeout") else 0
            yield script
    if known > SCRIPT_TIMEOUT:
        # https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
        says = f"CodeDeploy ends {event} after {SCRIPT_TIMEOUT} seconds; its time-outs together are {known}"
        found.notes.warn(found.key(event), says)


def _script(one: Mapping) -> Script | None:
    one.warn_unknown(("location", "timeout", "runas", "sudo"), "the CodeDeploy agent")
    location = (one.text("location") or "").strip()
    timeout = _timeout(one)
    if not location:
        if one.entry("location") is None or one.text("location") is not None:
            one.notes.refuse(one.key("location"), "a script says no location", _SCRIPT_HINT)
        return None
    runas = one.text("runas")
    return Script(location, timeout, runas.strip() if runas else None, _is_true(one, "sudo"))


def _is_true(one: Mapping, key: str) -> bool:
    """To Ruby, everything but nothing and false is true."""
    return one.entry(key) is not None and psych.scalar(_as_read(one, key)) is not False


def _timeout(one: Mapping) -> int:
    """Ruby's `to_i` of what is there, which must be more than 0."""
    written = one.text("timeout")
    if written is None:
        return SCRIPT_TIMEOUT
    read = psych.scalar(_as_read(one, "timeout"))
    seconds = 0 if isinstance(read, bool) else psych.to_i(read)
    place = one.place("timeout")
    if seconds <= 0:
        says = f'"timeout" must be a number of seconds above 0, not {quoted(written)}'
        one.notes.refuse(place, says)
    elif str(seconds) != written.strip():
        one.notes.warn(place, f"the agent reads {quoted(written)} as {seconds} seconds", f"write {seconds}")
    return max(seconds, 1)
