"""A report as CodeBuild keeps and shows it. Plain data: it is pickled with its backend.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Report.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from awspipe.sandbox.builds.reports.results import (
    COVERAGE,
    TEST,
    Case,
    Coverage,
    Covered,
    Results,
    percent,
)

_CASES = 500
"""Test cases of one report that CodeBuild keeps."""
_MESSAGE = 5000
_DAYS = 30
NO_EXPORT = {"exportConfigType": "NO_EXPORT"}


@dataclass(frozen=True, slots=True)
class Report:
    """One report: what one build said of one group."""

    arn: str
    group: str
    build: str
    created: float
    kind: str
    status: str
    """Tests that failed are a report that failed."""
    summary: dict[str, Any]
    """Of everything, as the API shows it."""
    cases: tuple[Case, ...] = ()
    """Of many the first ones."""
    files: tuple[Covered, ...] = ()
    truncated: bool = False

    @property
    def expired(self) -> float:
        """When AWS would forget it."""
        return self.created + _DAYS * 86400

    def api(self) -> dict[str, Any]:
        """As the API shows it."""
        shown = {
            "arn": self.arn,
            "type": self.kind,
            "name": self.arn.rpartition(":")[2],
            "reportGroupArn": self.group,
            "executionId": self.build,
            "status": self.status,
            "created": self.created,
            "expired": self.expired,
            "exportConfig": NO_EXPORT,
            "truncated": self.truncated,
        }
        return {**shown, **copy.deepcopy(self.summary)}


def said(found: Results | Coverage) -> dict[str, Any]:
    """The members of a report that tell what it says."""
    if isinstance(found, Coverage):
        summary = {"codeCoverageSummary": _covered(found.total)}
        return {"kind": COVERAGE, "status": "SUCCEEDED", "summary": summary, "files": found.files}
    tests = {
        "total": len(found.cases),
        "statusCounts": found.counts(),
        "durationInNanoSeconds": found.nanoseconds,
    }
    return {
        "kind": TEST,
        "status": "SUCCEEDED" if found.passed else "FAILED",
        "summary": {"testSummary": tests},
        "cases": tuple(replace(one, message=one.message[:_MESSAGE]) for one in found.cases[:_CASES]),
        "truncated": len(found.cases) > _CASES,
    }


def _covered(one: Covered) -> dict[str, Any]:
    return {
        "lineCoveragePercentage": percent(one.lines, one.missed_lines),
        "linesCovered": one.lines,
        "linesMissed": one.missed_lines,
        "branchCoveragePercentage": percent(one.branches, one.missed_branches),
        "branchesCovered": one.branches,
        "branchesMissed": one.missed_branches,
    }


def cases(report: Report, wanted: Mapping[str, str]) -> Iterator[Case]:
    """The test cases that a filter lets through."""
    status, keyword = wanted.get("status"), wanted.get("keyword") or ""
    for one in report.cases:
        if status in (None, one.status) and (keyword in one.name or keyword in one.prefix):
            yield one


def case(report: Report, one: Case) -> dict[str, Any]:
    """A test case as the API shows it."""
    return {
        "reportArn": report.arn,
        "testRawDataPath": one.path,
        "prefix": one.prefix,
        "name": one.name,
        "status": one.status,
        "durationInNanoSeconds": one.nanoseconds,
        "message": one.message,
        "expired": report.expired,
        "testSuiteName": one.suite,
    }


def coverage(report: Report, one: Covered) -> dict[str, Any]:
    """A file of a coverage report as the API shows it."""
    return {
        "id": f"{report.arn}/{one.file}",
        "reportARN": report.arn,
        "filePath": one.file or "unknown",
        "expired": report.expired,
        **_covered(one),
    }
