"""TestNG's `testng-results`."""

from __future__ import annotations

from collections.abc import Iterator

from awspipe.sandbox.builds.reports import markup
from awspipe.sandbox.builds.reports.results import (
    FAILED,
    SKIPPED,
    SUCCEEDED,
    UNKNOWN,
    Case,
    seconds,
)

_ENDS = {"PASS": SUCCEEDED, "FAIL": FAILED, "SKIP": SKIPPED}


def read(data: bytes) -> Iterator[Case]:
    """The test methods; those that only set up or tear down are none."""
    for suite in markup.rooted(data, "testng-results").below("suite"):
        for klass in suite.below("class"):
            for method in klass.all("test-method"):
                if method.get("is-config") != "true":
                    yield Case(
                        name=method.get("name"),
                        prefix=klass.get("name"),
                        suite=suite.get("name"),
                        status=_ENDS.get(method.get("status"), UNKNOWN),
                        nanoseconds=seconds(method.get("duration-ms")) // 1000,
                        message=method.text_at("exception", "message"),
                    )
