"""What `validate` says of a spec, and of the buildspecs and appspecs that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from awspipe.cli.source_files import Checked
from awspipe.cli.views.errors import problem_document, problem_lines
from awspipe.spec.flow import resolve
from awspipe.spec.load import Loaded


def lines(loaded: Sequence[Loaded], checked: Sequence[Checked]) -> Iterator[str]:
    """One line for each pipeline and for each file."""
    for file, specs in loaded:
        for spec in specs:
            stages = " -> ".join(stage.name for stage in resolve(spec))
            yield f"{file}: {spec.name} is valid: {stages}"
    for one in checked:
        if one.found:
            yield f"{one.file}: valid"


def warnings(checked: Sequence[Checked]) -> Iterator[str]:
    """What AWS takes and nobody may have meant."""
    for one in checked:
        for warning in one.warnings:
            yield from problem_lines(warning)


def document(loaded: Sequence[Loaded], checked: Sequence[Checked]) -> dict[str, Any]:
    """The same as JSON; the last two keys are there where files beside the spec were looked at."""
    answer: dict[str, Any] = {
        "valid": True,
        "pipelines": [spec.name for _, specs in loaded for spec in specs],
    }
    if checked:
        answer["files"] = [one.file for one in checked if one.found]
        answer["warnings"] = [problem_document(warning) for one in checked for warning in one.warnings]
    return answer
