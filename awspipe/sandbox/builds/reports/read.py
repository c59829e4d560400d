"""Reading the files of a report by their format.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.reports.file-format
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from awspipe.sandbox.builds.reports import covered, cucumber, dotnet, junit, testng
from awspipe.sandbox.builds.reports.results import Case, Coverage, Covered, ReportError, Results, merged

Item = TypeVar("Item")

_SIZE_LIMIT = 50 * 1024 * 1024

_TESTS: dict[str, Callable[[bytes], Iterator[Case]]] = {
    "CUCUMBERJSON": cucumber.read,
    "JUNITXML": junit.read,
    "NUNITXML": dotnet.nunit,
    "NUNIT3XML": dotnet.nunit3,
    "TESTNGXML": testng.read,
    "VISUALSTUDIOTRX": dotnet.trx,
}
_COVERAGE: dict[str, Callable[[bytes], Iterator[Covered]]] = {
    "CLOVERXML": covered.clover,
    "COBERTURAXML": covered.cobertura,
    "JACOCOXML": covered.jacoco,
    "SIMPLECOV": covered.simplecov,
}

FORMATS = frozenset((*_TESTS, *_COVERAGE))


def read(format_: str, files: Mapping[str, Path], wrong: Callable[[str], None]) -> Results | Coverage:
    """What files of a format say together, each by its name; `wrong` is told of one that cannot be read."""
    if format_ in _COVERAGE:
        return merged(one for _, one in _all(_COVERAGE[format_], files, wrong))
    cases = [replace(case, path=name) for name, case in _all(_TESTS[format_], files, wrong)]
    return Results(tuple(cases))


def _all(
    reader: Callable[[bytes], Iterator[Item]], files: Mapping[str, Path], wrong: Callable[[str], None]
) -> Iterator[tuple[str, Item]]:
    for name, path in files.items():
        try:
            if path.stat().st_size > _SIZE_LIMIT:
                raise ReportError("it is too large to be a report")
            found = list(reader(path.read_bytes()))
        except (ReportError, OSError) as error:
            wrong(f"{name} is not read: {error}")
            continue
        yield from ((name, one) for one in found)
