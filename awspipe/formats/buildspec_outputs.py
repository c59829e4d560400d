"""`artifacts`, `reports` and `cache` of a buildspec: what is kept of a build."""

from __future__ import annotations

from typing import Literal

from awspipe.formats.buildspec_model import Artifacts, Cache, Report
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping, did_you_mean

_ARTIFACT_KEYS = (
    "files",
    "name",
    "discard-paths",
    "base-directory",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
)
_REPORT_KEYS = ("files", "base-directory", "discard-paths", "file-format")
_CACHE_KEYS = ("paths", "key", "fallback-keys", "action")
_FORMATS = (
    "CUCUMBERJSON",
    "JUNITXML",
    "NUNITXML",
    "NUNIT3XML",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
    "CLOVERXML",
    "COBERTURAXML",
    "JACOCOXML",
    "SIMPLECOV",
)
FALLBACK_KEYS = 5
_FILES_HINT = '`- "**/*"` below `files:` is everything'


def artifacts(root: Mapping, version: str) -> tuple[Artifacts | None, dict[str, Artifacts]]:
    """The primary output and the secondary ones. `type` was a key of version 0.1."""
    found = root.mapping("artifacts", hint="write `files:` below it")
    if found is None:
        return None, {}
    old = ("type",) if version == "0.1" else ()
    found.warn_unknown((*_ARTIFACT_KEYS, *old, "secondary-artifacts"), "CodeBuild")
    below = found.mapping("secondary-artifacts", hint="write `name:` and below it `files:`")
    secondary = dict(filter(None, (_secondary(below, name) for name in below.node.entries))) if below else {}
    _check_files(root, "artifacts", found, needed=below is None)
    return _artifacts(found), secondary


def _secondary(below: Mapping, name: str) -> tuple[str, Artifacts] | None:
    one = below.mapping(name, hint="write `files:` below it")
    if one is None:
        if below.entry(name) is None:
            below.notes.refuse(below.key(name), f"{quoted(name)} says no files", _FILES_HINT)
        return None
    one.warn_unknown(_ARTIFACT_KEYS, "CodeBuild")
    _check_files(below, name, one, needed=True)
    return name, _artifacts(one)


def _check_files(around: Mapping, name: str, found: Mapping, *, needed: bool) -> None:
    """`files` is required, says the page; whether CodeBuild minds that it is empty, nobody does."""
    if not needed or found.entry("files"):
        return
    if "files" in found:
        around.notes.warn(found.key("files"), f'the "files" of {quoted(name)} are empty', _FILES_HINT)
    else:
        around.notes.refuse(around.key(name), f'{quoted(name)} says no "files"', _FILES_HINT)


def _artifacts(found: Mapping) -> Artifacts:
    return Artifacts(
        files=found.texts("files", "path"),
        name=found.text("name"),
        discard_paths=found.flag("discard-paths"),
        base_directory=found.text("base-directory"),
        exclude_paths=found.texts("exclude-paths", "path"),
        enable_symlinks=found.flag("enable-symlinks"),
        s3_prefix=found.text("s3-prefix"),
    )


def reports(root: Mapping) -> dict[str, Report]:
    """Report groups by name or ARN."""
    found = root.mapping("reports", hint="write the name of a report group and below it `files:`")
    if found is None:
        return {}
    made = {name: _report(found, name) for name in found.node.entries}
    return {name: report for name, report in made.items() if report}


def _report(found: Mapping, name: str) -> Report | None:
    one = found.mapping(name, hint="write `files:` below it")
    if one is None:
        if found.entry(name) is None:
            found.notes.refuse(found.key(name), f"{quoted(name)} says no files", "write `files:` below it")
        return None
    one.warn_unknown(_REPORT_KEYS, "CodeBuild")
    _check_files(found, name, one, needed=True)
    return Report(
        files=one.texts("files", "path"),
        base_directory=one.text("base-directory"),
        discard_paths=one.flag("discard-paths"),
        file_format=_format(one),
    )


def _format(one: Mapping) -> str:
    """In capitals or not; AWS may know more formats than its page does: a warning."""
    written = one.text("file-format")
    if written is None:
        return "JUNITXML"
    if written.upper() not in _FORMATS:
        hint = did_you_mean(written, _FORMATS) or f"formats: {', '.join(_FORMATS)}"
        one.notes.warn(one.place("file-format"), f"unknown report format {quoted(written)}", hint)
    return written.upper()


def cache(root: Mapping) -> Cache | None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/caching-s3.html."""
    found = root.mapping("cache", hint="write `paths:` below it")
    if found is None:
        return None
    found.warn_unknown(_CACHE_KEYS, "CodeBuild")
    keys = found.texts("fallback-keys", "key")
    if len(keys) > FALLBACK_KEYS:
        found.notes.refuse(found.key("fallback-keys"), f"there can be {FALLBACK_KEYS} fallback keys at most")
    if found.entry("paths") is None:
        found.notes.warn(root.key("cache"), '"cache" says no "paths": nothing is kept')
    return Cache(
        paths=found.texts("paths", "path"), key=found.text("key"), fallback_keys=keys, action=_action(found)
    )


def _action(found: Mapping) -> Literal["restore", "save"] | None:
    match found.word("action", ("restore", "save")):
        case "restore":
            return "restore"
        case "save":
            return "save"
    return None
