"""Cucumber's JSON: features with their scenarios."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from awspipe.sandbox.builds.reports.results import (
    FAILED,
    SKIPPED,
    SUCCEEDED,
    UNKNOWN,
    Case,
    ReportError,
)

_ENDS = {"passed": SUCCEEDED, "failed": FAILED, "skipped": SKIPPED, "pending": SKIPPED}
_WORST = (FAILED, UNKNOWN, SKIPPED)


def read(data: bytes) -> Iterator[Case]:
    """Each scenario is a test; it ends as the worst of its steps."""
    try:
        for feature in json.loads(data):
            for scenario in feature.get("elements", ()):
                if scenario.get("type") != "background":
                    yield _case(feature, scenario)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ReportError(f"it is no JSON of Cucumber's: {error}") from error


def _case(feature: dict[str, Any], scenario: dict[str, Any]) -> Case:
    results = [
        one.get("result", {}) for kind in ("before", "steps", "after") for one in scenario.get(kind, ())
    ]
    ends = {_ENDS.get(one.get("status"), UNKNOWN) for one in results}
    return Case(
        name=str(scenario.get("name", "")),
        prefix=str(feature.get("name", "")),
        suite=str(feature.get("name", "")),
        status=next((one for one in _WORST if one in ends), SUCCEEDED),
        nanoseconds=sum(int(one.get("duration", 0)) for one in results),
        message="\n".join(str(one["error_message"]) for one in results if one.get("error_message")),
    )
