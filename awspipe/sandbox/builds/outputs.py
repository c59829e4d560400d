"""UPLOAD_ARTIFACTS: the reports and the artifacts that a build leaves.

Reports come first, and are kept where there is no artifact: of a build whose tests failed they tell the most.
https://docs.aws.amazon.com/codebuild/latest/userguide/report-create.html
"""

from __future__ import annotations

from pathlib import Path

from awspipe.formats.buildspec_model import Report
from awspipe.sandbox.builds import artifacts
from awspipe.sandbox.builds.journal import Journal
from awspipe.sandbox.builds.prepare import Ready
from awspipe.sandbox.builds.reports import read
from awspipe.sandbox.builds.rooms import Spot
from awspipe.sandbox.builds.world import PhaseError, World

_CLIENT_ERROR = "CLIENT_ERROR"
_REPORTS = 5
"""Report groups that one build may have: "one to five"."""


def leave(ready: Ready, journal: Journal, world: World) -> None:
    """Keep what is to be kept. PhaseError where something of it is not there or may not be kept."""
    wrong = _reports(ready, journal, world)
    _artifacts(ready, journal, world)
    if wrong:
        raise PhaseError(_CLIENT_ERROR, f"Error in UPLOAD_ARTIFACTS phase: {', '.join(wrong)}")


def _artifacts(ready: Ready, journal: Journal, world: World) -> None:
    for place, wanted in world.outputs(ready.spec):
        try:
            files = artifacts.selected(ready.source, wanted, journal.log.say)
        except artifacts.ArtifactError as error:
            raise PhaseError(_CLIENT_ERROR, str(error)) from error
        world.upload(place, files)


def _reports(ready: Ready, journal: Journal, world: World) -> list[str]:
    """Keep every report; what went wrong with those that could not be."""
    wrong = []
    for index, (name, report) in enumerate(ready.spec.reports.items()):
        if index >= _REPORTS:
            wrong.append(f"[{name}: [a build has {_REPORTS} report groups at most]]")
            continue
        try:
            _report(ready, journal, world, name, report)
        except PhaseError as error:
            wrong.append(f"[{name}: [{error.message}]]")
    return wrong


def _report(ready: Ready, journal: Journal, world: World, name: str, report: Report) -> None:
    if report.file_format not in read.FORMATS:
        journal.log.say(f"reports: {name}: files of the format {report.file_format} are not read")
        return
    files = _files(ready.source, report)
    if not files:
        raise PhaseError(_CLIENT_ERROR, "report files not found in build")
    found = read.read(
        report.file_format, files, lambda said: journal.log.say(f"Warning: reports: {name}: {said}")
    )
    arn = world.report(name, found)
    if arn:
        journal.build.report_arns.append(arn)
    journal.log.say(f"Report {name}: {found.line()}")


def _files(source: Spot, report: Report) -> dict[str, Path]:
    """The files of a report by their paths in the source; links that lead out of it are left out."""
    return {
        path.relative_to(source.here).as_posix(): path
        for base in artifacts.bases(source, report.base_directory)
        for _, path in artifacts.matching(Spot(base, source.inside), report.files)
        if artifacts.is_within(path, source)
    }
