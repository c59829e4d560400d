"""JUnit's XML, as Surefire, pytest, Jest, Mocha and many others write it."""

from __future__ import annotations

from collections.abc import Iterator

from awspipe.sandbox.builds.reports import markup
from awspipe.sandbox.builds.reports.markup import Element
from awspipe.sandbox.builds.reports.results import (
    ERROR,
    FAILED,
    SKIPPED,
    SUCCEEDED,
    Case,
    seconds,
)

_ENDS = {"error": ERROR, "failure": FAILED, "skipped": SKIPPED}


def read(data: bytes) -> Iterator[Case]:
    """The test cases of `testsuites` or of one `testsuite`, suites within suites too."""
    yield from _suite(markup.rooted(data, "testsuites", "testsuite"), "")


def _suite(suite: Element, around: str) -> Iterator[Case]:
    name = suite.get("name") or around
    for case in suite.all("testcase"):
        yield _case(case, name)
    for inner in suite.all("testsuite"):
        yield from _suite(inner, name)


def _case(case: Element, suite: str) -> Case:
    end = next((case.first(name) for name in _ENDS if case.first(name)), None)
    return Case(
        name=case.get("name"),
        prefix=case.get("classname"),
        suite=suite,
        status=_ENDS[end.name] if end else SUCCEEDED,
        nanoseconds=seconds(case.get("time")),
        message=(end.get("message") or end.text.strip()) if end else "",
    )
