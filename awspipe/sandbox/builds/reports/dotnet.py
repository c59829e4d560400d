"""What .NET's tools write: NUnit 2 and 3, and Visual Studio's TRX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from awspipe.sandbox.builds.reports import markup
from awspipe.sandbox.builds.reports.results import (
    ERROR,
    FAILED,
    SKIPPED,
    SUCCEEDED,
    UNKNOWN,
    Case,
    seconds,
)

_NUNIT = {
    "Success": SUCCEEDED,
    "Passed": SUCCEEDED,
    "Warning": SUCCEEDED,
    "Failure": FAILED,
    "Failed": FAILED,
    "Error": ERROR,
    "Ignored": SKIPPED,
    "Skipped": SKIPPED,
    "NotRunnable": ERROR,
    "Inconclusive": UNKNOWN,
}
_TRX = {
    "Passed": SUCCEEDED,
    "PassedButRunAborted": SUCCEEDED,
    "Failed": FAILED,
    "Error": ERROR,
    "Timeout": ERROR,
    "Aborted": ERROR,
    "NotExecuted": SKIPPED,
    "NotRunnable": SKIPPED,
}


def nunit(data: bytes) -> Iterator[Case]:
    """NUnit 2: `test-results`. Before version 2.5 a test case says `success` and `executed` alone."""
    for case in markup.rooted(data, "test-results").below("test-case"):
        usual = "Success" if case.get("success", "True") == "True" else "Failure"
        result = case.get("result") or ("Ignored" if case.get("executed") == "False" else usual)
        yield Case(
            name=case.get("name"),
            status=_NUNIT.get(result, UNKNOWN),
            nanoseconds=seconds(case.get("time")),
            message=case.text_at("failure", "message") or case.text_at("reason", "message"),
        )


def nunit3(data: bytes) -> Iterator[Case]:
    """NUnit 3: `test-run`. A failed test that is labelled so is an error."""
    for case in markup.rooted(data, "test-run").below("test-case"):
        label = case.get("label")
        yield Case(
            name=case.get("name"),
            prefix=case.get("classname"),
            status=ERROR if label == "Error" else _NUNIT.get(case.get("result"), UNKNOWN),
            nanoseconds=seconds(case.get("duration")),
            message=case.text_at("failure", "message") or case.text_at("reason", "message"),
        )


def trx(data: bytes) -> Iterator[Case]:
    """Visual Studio's `TestRun`: results, and beside them the classes that the tests are in."""
    root = markup.rooted(data, "TestRun")
    classes = {
        test.get("id"): method.get("className")
        for test in root.below("UnitTest")
        for method in test.all("TestMethod")
    }
    for one in root.below("UnitTestResult"):
        yield Case(
            name=one.get("testName"),
            prefix=classes.get(one.get("testId"), ""),
            status=_TRX.get(one.get("outcome"), UNKNOWN),
            nanoseconds=_span(one.get("duration")),
            message=one.text_at("Output", "ErrorInfo", "Message"),
        )


def _span(text: str) -> int:
    """`00:01:02.5000000` as nanoseconds."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return 0 if found is None else (int(found[1]) * 3600 + int(found[2]) * 60) * 10**9 + seconds(found[3])
