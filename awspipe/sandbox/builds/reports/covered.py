"""Code coverage: Clover, Cobertura, JaCoCo and SimpleCov."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from awspipe.sandbox.builds.reports import markup
from awspipe.sandbox.builds.reports.markup import Element
from awspipe.sandbox.builds.reports.results import Covered, ReportError


def clover(data: bytes) -> Iterator[Covered]:
    """`coverage` with a `metrics` in each `file`."""
    for file in markup.rooted(data, "coverage").below("file"):
        found = file.first("metrics")
        if found is None:
            continue
        lines, branches = _number(found, "coveredstatements"), _number(found, "coveredconditionals")
        yield Covered(
            file=file.get("path") or file.get("name"),
            lines=lines,
            missed_lines=_number(found, "statements") - lines,
            branches=branches,
            missed_branches=_number(found, "conditionals") - branches,
        )


def cobertura(data: bytes) -> Iterator[Covered]:
    """`coverage` with the `lines` of each `class`; a file may hold several classes."""
    for klass in markup.rooted(data, "coverage").below("class"):
        of_class = klass.first("lines")
        lines = list(of_class.all("line")) if of_class else []
        hit = sum(_number(one, "hits") > 0 for one in lines)
        covered, all_ = _conditions(lines)
        yield Covered(
            file=klass.get("filename"),
            lines=hit,
            missed_lines=len(lines) - hit,
            branches=covered,
            missed_branches=all_ - covered,
        )


def jacoco(data: bytes) -> Iterator[Covered]:
    """`report` with counters in each `sourcefile` of a `package`."""
    for package in markup.rooted(data, "report").below("package"):
        for file in package.all("sourcefile"):
            counters = {one.get("type"): one for one in file.all("counter")}
            lines = counters.get("LINE", Element("counter", {}))
            branches = counters.get("BRANCH", Element("counter", {}))
            yield Covered(
                file=f"{package.get('name')}/{file.get('name')}".lstrip("/"),
                lines=_number(lines, "covered"),
                missed_lines=_number(lines, "missed"),
                branches=_number(branches, "covered"),
                missed_branches=_number(branches, "missed"),
            )


def simplecov(data: bytes) -> Iterator[Covered]:
    """`.resultset.json`: how often each line was run, null for those that cannot be."""
    try:
        for run in json.loads(data).values():
            for file, found in run["coverage"].items():
                hits = [one for one in _lines_of(found) if isinstance(one, int)]
                hit = sum(one > 0 for one in hits)
                ways = [
                    hits
                    for them in (found.get("branches") or {} if isinstance(found, dict) else {}).values()
                    for hits in them.values()
                ]
                taken = sum(one > 0 for one in ways)
                yield Covered(
                    file=file,
                    lines=hit,
                    missed_lines=len(hits) - hit,
                    branches=taken,
                    missed_branches=len(ways) - taken,
                )
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ReportError(f"it is no result set of SimpleCov's: {error}") from error


def _lines_of(found: object) -> list[object]:
    lines = found.get("lines") if isinstance(found, dict) else found
    return lines if isinstance(lines, list) else []


def _conditions(lines: list[Element]) -> tuple[int, int]:
    """Branches that were taken, and all: `condition-coverage="50% (1/2)"`."""
    found = [re.search(r"\((\d+)/(\d+)\)", one.get("condition-coverage")) for one in lines]
    return sum(int(one[1]) for one in found if one), sum(int(one[2]) for one in found if one)


def _number(element: Element, name: str) -> int:
    text = element.get(name, "0")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0
