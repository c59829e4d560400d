"""`phases` of a buildspec: what CodeBuild runs, in order."""

from __future__ import annotations

import re

from awspipe.formats.buildspec_model import PHASES, OnFailure, Phase
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping, did_you_mean
from awspipe.formats.nodes import Plain

_KEYS = ("run-as", "on-failure", "runtime-versions", "commands", "finally")
_COMMANDS_HINT = "write `commands:` and a list below it"
_RETRY = re.compile(r"RETRY(?:-(?P<attempts>[0-9]+))?(?:-(?P<pattern>.+))?", re.DOTALL)
_KINDS_HINT = "ABORT, CONTINUE, RETRY, RETRY-3, RETRY-<pattern> or RETRY-3-<pattern>"
RETRIES = 100


def phases(root: Mapping, *, needed: bool) -> dict[str, Phase]:
    """Every phase that is there, in the order in which they run. Only a batch can do without."""
    found = root.mapping("phases", hint="write `build:` and `commands:` below it")
    if found is None:
        if needed and root.entry("phases") is None:
            what = '"phases" is empty' if "phases" in root else 'the key "phases" is missing'
            root.notes.refuse(root.key("phases"), what, "nothing would be built")
        return {}
    _check_names(found, needed=needed)
    return {name: _phase(found, name) for name in PHASES if name in found}


def _check_names(found: Mapping, *, needed: bool) -> None:
    for name, entry in found.node.entries.items():
        if name in PHASES:
            continue
        hint = "indent it below a phase" if name in _KEYS else did_you_mean(name, PHASES)
        says = f"CodeBuild knows no phase {quoted(name)}, and does not run it"
        found.notes.warn(entry.key, says, hint or f"its phases are {', '.join(PHASES)}")
    if needed and not any(name in found for name in PHASES):
        found.notes.refuse(found.node.head, '"phases" holds no phase', f"phases are {', '.join(PHASES)}")


def _phase(found: Mapping, name: str) -> Phase:
    phase = found.mapping(name, hint=_COMMANDS_HINT)
    if phase is None:
        if found.entry(name) is None and name != "install":
            found.notes.warn(found.key(name), f"the phase {quoted(name)} is empty", _COMMANDS_HINT)
        return Phase()
    phase.warn_unknown(_KEYS, "CodeBuild")
    made = Phase(
        commands=phase.texts("commands", "command"),
        finally_=phase.texts("finally", "command"),
        on_failure=_on_failure(phase),
        run_as=phase.text("run-as"),
        runtime_versions=_runtime_versions(phase, name),
    )
    if name != "install" and not (phase.entry("commands") or phase.entry("finally")):
        found.notes.warn(found.key(name), f"the phase {quoted(name)} has no commands", _COMMANDS_HINT)
    return made


def _on_failure(phase: Mapping) -> OnFailure | None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (phases/*/on-failure)."""
    written = phase.text("on-failure")
    if written is None:
        return None
    if written in ("ABORT", "CONTINUE"):
        return OnFailure("ABORT" if written == "ABORT" else "CONTINUE")
    retry = _RETRY.fullmatch(written)
    if retry is None:
        known = ("ABORT", "CONTINUE", "RETRY")
        hint = did_you_mean(written, known) or _KINDS_HINT
        phase.notes.refuse(phase.place("on-failure"), f'"on-failure" cannot be {quoted(written)}', hint)
        return None
    return _retry(phase, retry["attempts"], retry["pattern"])


def _retry(phase: Mapping, attempts: str | None, pattern: str | None) -> OnFailure | None:
    count = 3 if attempts is None else int(attempts[:4])
    if count > RETRIES:
        phase.notes.refuse(phase.place("on-failure"), f"a phase can be retried {RETRIES} times at most")
        return None
    return OnFailure("RETRY", count, pattern or ".*")


def _runtime_versions(phase: Mapping, name: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/runtime-versions.html."""
    entry = phase.entry("runtime-versions")
    if entry is None:
        return {}
    if name != "install":
        phase.notes.warn(entry.key, '"runtime-versions" counts only in the phase "install"')
    versions = phase.table("runtime-versions")
    for runtime, version in versions.items():
        node = entry.node.entries[runtime].node
        if isinstance(node.value, Plain) and re.fullmatch(r"[0-9]+\.[0-9]*0", version):
            says = f"YAML reads {version} as the number {_number(version)}"
            phase.notes.warn(node.span, says, f'write {runtime}: "{version}", in quotes')
    return versions


def _number(version: str) -> str:
    return version.rstrip("0").rstrip(".")
