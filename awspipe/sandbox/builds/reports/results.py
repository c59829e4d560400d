"""What a report says, whatever format it came in.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_TestCase.html
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CodeCoverage.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SUCCEEDED, FAILED, ERROR, SKIPPED, UNKNOWN = "SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN"
STATUSES = (SUCCEEDED, FAILED, ERROR, SKIPPED, UNKNOWN)

TEST, COVERAGE = "TEST", "CODE_COVERAGE"


class ReportError(Exception):
    """A file that is no report of the format that it is said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test. `prefix` is what the tests of one class have in common, `path` the file that tells of it."""

    name: str
    status: str
    suite: str = ""
    prefix: str = ""
    nanoseconds: int = 0
    message: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How much of one file was run."""

    file: str
    lines: int = 0
    missed_lines: int = 0
    branches: int = 0
    missed_branches: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """The tests of a report."""

    cases: tuple[Case, ...]

    def counts(self) -> dict[str, int]:
        """How many ended how; every status is there."""
        found = Counter(one.status for one in self.cases)
        return {status: found[status] for status in STATUSES}

    @property
    def nanoseconds(self) -> int:
        """How long all of them took together."""
        return sum(one.nanoseconds for one in self.cases)

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        counts = self.counts()
        return not (counts[FAILED] or counts[ERROR])

    def document(self) -> dict[str, object]:
        """As JSON: how many, and those that did not pass."""
        failed = [one for one in self.cases if one.status in (FAILED, ERROR)]
        return {
            "type": TEST,
            "tests": len(self.cases),
            "counts": self.counts(),
            "seconds": self.nanoseconds / 1e9,
            "failed": [{"name": one.name, "class": one.prefix, "message": one.message} for one in failed],
        }

    def line(self) -> str:
        """One line for the log."""
        counts = self.counts()
        words = {SUCCEEDED: "passed", FAILED: "failed", ERROR: "with errors", SKIPPED: "skipped"}
        words[UNKNOWN] = "of unknown end"
        parts = [f"{counts[status]} {word}" for status, word in words.items() if counts[status]]
        return f"{_count(len(self.cases), 'test')}: {', '.join(parts) or 'none'}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The code coverage of a report: each file once."""

    files: tuple[Covered, ...]

    @property
    def total(self) -> Covered:
        """All files together."""
        return _sum("", self.files)

    def document(self) -> dict[str, object]:
        """As JSON: the totals."""
        total = self.total
        return {
            "type": COVERAGE,
            "files": len(self.files),
            "lines": total.lines,
            "missed": total.missed_lines,
        }

    def line(self) -> str:
        """One line for the log."""
        total = self.total
        lines = percent(total.lines, total.missed_lines)
        return f"{_count(len(self.files), 'file')}: {lines:.1f}% of {total.lines + total.missed_lines} lines"


def merged(files: Iterable[Covered]) -> Coverage:
    """What several reports say of the same file, put together."""
    by_name: dict[str, list[Covered]] = {}
    for one in files:
        by_name.setdefault(one.file, []).append(one)
    return Coverage(tuple(_sum(name, them) for name, them in sorted(by_name.items())))


def percent(covered: int, missed: int) -> float:
    """0 to 100; of nothing, 0."""
    return 100.0 * covered / (covered + missed) if covered + missed else 0.0


def seconds(text: str | None) -> int:
    """A number of seconds as nanoseconds; 0 where it is none. `1,234.5` is a number too."""
    try:
        found = float((text or "0").replace(",", ""))
    except ValueError:
        return 0
    return int(found * 1e9) if 0 <= found < 1e9 else 0


def _sum(name: str, files: Iterable[Covered]) -> Covered:
    lines, missed, branches, missed_branches = 0, 0, 0, 0
    for one in files:
        lines, missed = lines + one.lines, missed + one.missed_lines
        branches, missed_branches = branches + one.branches, missed_branches + one.missed_branches
    return Covered(
        file=name, lines=lines, missed_lines=missed, branches=branches, missed_branches=missed_branches
    )


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
