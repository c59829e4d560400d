"""What CodeBuild knows of a build that failed: its phases, and the last lines of the command that did.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from awspipe.aws import Aws
from awspipe.failures.cause import Failure, Said, Where
from awspipe.failures.reading import allowed
from awspipe.naming import log_stream_of

_EVENTS = 300
_LAST, _WIDE = 20, 400
"""The lines at the end, and as much of each, in which a cause is looked for."""

_WITH_COMMANDS = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
_LATE = 10_000
"""Milliseconds by which a line may be later than the end of its phase."""

_OWN = re.compile(r"^\[Container\] \S+ \S+ (?P<said>.*)$")
_TOLD = re.compile(r"Phase: (?P<phase>\w+), Code: (?P<code>\w+), Message: (?P<message>.*)", re.DOTALL)


def gather(aws: Aws, failure: Failure) -> None:
    """Add a build's phases and last lines to the evidence."""
    if not failure.external_id:
        return
    answer = allowed(
        failure,
        "codebuild:BatchGetBuilds",
        lambda: aws.client("codebuild").batch_get_builds(ids=[failure.external_id]),
    )
    if answer is None or not answer["builds"]:
        _from_action(failure)
        return
    build = answer["builds"][0]
    failure.facts |= _facts(build)
    phase = _culprit(failure, build["phases"])
    if phase is not None:
        failure.said += _said(phase)
        failure.facts["phase"] = phase["phaseType"]
    _add_lines(aws, failure, build, phase or {})


def gather_managed(aws: Aws, failure: Failure) -> None:
    """The same of commands that CodePipeline runs itself: CodeBuild shows no build, there is only the log."""
    group, stream = log_stream_of(failure.log_stream)
    lines = log_lines(aws, failure, group, stream) if stream else []
    _from_action(failure)
    failure.facts |= _asked(lines)
    if failure.facts.get("phase", "BUILD") in _WITH_COMMANDS:
        failure.detail += command_lines(lines, "BUILD")
        failure.said.append(Said(Where.LOG, "".join(one[:_WIDE] for one in failure.detail[-_LAST:])))


def _culprit(failure: Failure, phases: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The phase that made the build fail: the one that CodePipeline names, else the first that failed.

    A phase with `on-failure: CONTINUE` has failed too, and is not to blame.
    """
    failed = [
        one for one in phases if one.get("phaseStatus", "SUCCEEDED") not in ("SUCCEEDED", "IN_PROGRESS")
    ]
    named = [
        one for one in failed if any(f"Phase: {one['phaseType']}," in said.text for said in failure.said)
    ]
    return next(iter([*named, *failed]), None)


def _from_action(failure: Failure) -> None:
    """What the action says of the phase, where the build itself cannot be asked."""
    for one in list(failure.said):
        found = _TOLD.search(one.text)
        if found:
            failure.facts["phase"] = found["phase"]
            failure.said.insert(0, Said(Where.PHASE, found["message"], found["code"]))


def _facts(build: dict[str, Any]) -> dict[str, str]:
    buildspec = build["source"].get("buildspec") or "buildspec.yml"
    return {
        "project": build["projectName"],
        "buildspec": "" if "\n" in buildspec else buildspec,
        "image": build["environment"]["image"],
        "minutes": str(build.get("timeoutInMinutes", "")),
        "queue": str(build.get("queuedTimeoutInMinutes", "")),
        "role": build.get("serviceRole", ""),
    }


def _said(phase: dict[str, Any]) -> list[Said]:
    """A failed phase's contexts; one that was ended from outside says so by its status."""
    status = f"{phase['phaseType']} {phase['phaseStatus']}"
    contexts = [
        Said(Where.PHASE, one.get("message", ""), one.get("statusCode", ""))
        for one in phase.get("contexts", ())
        if one.get("message") or one.get("statusCode")
    ]
    ended = phase["phaseStatus"] in ("TIMED_OUT", "STOPPED")
    return [Said(Where.PHASE, status, status), *contexts] if ended else contexts


def _add_lines(aws: Aws, failure: Failure, build: dict[str, Any], phase: dict[str, Any]) -> None:
    """The lines of the phase to blame; it has none of a command's where no command ran in it."""
    logs = build.get("logs") or {}
    if "groupName" not in logs or "streamName" not in logs:
        return
    until = phase.get("endTime") or build.get("endTime")
    lines = log_lines(aws, failure, logs["groupName"], logs["streamName"], until=until)
    failure.facts |= _asked(lines)
    if phase.get("phaseType") in _WITH_COMMANDS:
        failure.detail += command_lines(lines, phase["phaseType"])
        failure.said.append(Said(Where.LOG, "".join(one[:_WIDE] for one in failure.detail[-_LAST:])))


def log_lines(
    aws: Aws, failure: Failure, group: str, stream: str, *, until: datetime | None = None
) -> list[str]:
    """The last lines of a log stream, or those before a moment; none where it is not there."""
    request: dict[str, Any] = {
        "logGroupName": group,
        "logStreamName": stream,
        "limit": _EVENTS,
        "startFromHead": False,
    }
    if until is not None:
        request["endTime"] = int(until.timestamp() * 1000) + _LATE
    answer = allowed(
        failure,
        f"logs:GetLogEvents on {group}",
        lambda: aws.client("logs").get_log_events(**request),
        "ResourceNotFoundException",
    )
    return [] if answer is None else [one["message"] for one in answer["events"]]


def _own(line: str) -> str | None:
    """What CodeBuild itself says in a line; None in a line of a command."""
    found = _OWN.match(line.rstrip("\n"))
    return found["said"] if found else None


def command_lines(lines: Sequence[str], phase: str) -> list[str]:
    """What the command said that made a phase fail: the lines before the phase's end, since it began.

    None where all that there is is of later phases.
    """
    later = _WITH_COMMANDS[_WITH_COMMANDS.index(phase) + 1 :]
    marks = (f"Phase complete: {phase} ", *(f"Entering phase {one}" for one in later))
    ends = [n for n, line in enumerate(lines) if (_own(line) or "").startswith(marks)]
    before = lines[: ends[0]] if ends else lines
    begins = [n for n, line in enumerate(before) if (_own(line) or "").startswith("Running command ")]
    return [line for line in before[begins[-1] + 1 if begins else 0 :] if _own(line) is None]


def _asked(lines: Sequence[str]) -> dict[str, str]:
    """The files of the artifact that were looked for in vain: CodeBuild says what it expands."""
    base, files = "", list[str]()
    for said in filter(None, map(_own, lines)):
        what, _, rest = said.partition("base directory path: ")
        if rest and what == "Expanding ":
            base, files = rest.strip(), []
        elif said.startswith("Expanding ") and "base directory" not in said:
            files.append(said.removeprefix("Expanding ").strip())
    wanted = dict.fromkeys(one for one in files if one != base)
    return {"artifacts-base": base, "artifacts-files": ", ".join([*wanted][:5])}
