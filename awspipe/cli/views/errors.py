"""Errors in words: what, where, why, what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from awspipe.errors import (
    ApplyError,
    AwsError,
    AwspipeError,
    DeniedError,
    Problem,
    SpecError,
    StoppedError,
)

_SHOWN = 10


def lines(error: AwspipeError) -> Iterator[str]:
    """An error as the terminal shows it: causes first, what to type next last."""
    match error:
        case SpecError():
            yield from _problems(error.problems)
        case ApplyError() | StoppedError():
            for cause in error.causes:
                yield from _one(cause)
            yield from _one(error)
        case _:
            yield from _one(error)


def _one(error: AwspipeError) -> Iterator[str]:
    yield f"awspipe: {error.message}"
    if error.hint:
        yield f"  try: {error.hint}"
    if isinstance(error, DeniedError) and error.statement:
        yield f"  {json.dumps(error.statement)}"


def _problems(problems: tuple[Problem, ...]) -> Iterator[str]:
    for problem in problems[:_SHOWN]:
        yield from problem_lines(problem)
    left = len(problems) - _SHOWN
    more = f", {left} more are not shown" if left > 0 else ""
    yield f"awspipe: {len(problems)} problem{'s' if len(problems) != 1 else ''}{more}"


def problem_lines(problem: Problem) -> Iterator[str]:
    """One mistake in a file, and an empty line after it."""
    yield f"{'warning' if problem.warning else 'error'}: {problem.message}"
    yield f"  --> {problem.where()}"
    if problem.frame:
        yield problem.frame
    if problem.hint:
        yield f"   hint: {problem.hint}"
    yield ""


def document(error: AwspipeError) -> dict[str, Any]:
    """An error as JSON: the same keys for every error, null or empty where they say nothing."""
    code, operation, request_id = _of_aws(error)
    return {
        "message": error.message,
        "hint": error.hint or None,
        "exit_code": error.exit_code,
        "code": code or None,
        "operation": operation or None,
        "request_id": request_id or None,
        "statement": error.statement if isinstance(error, DeniedError) else None,
        "problems": [problem_document(one) for one in error.problems] if isinstance(error, SpecError) else [],
        "causes": [document(one) for one in error.causes]
        if isinstance(error, ApplyError | StoppedError)
        else [],
    }


def _of_aws(error: AwspipeError) -> tuple[str, str, str]:
    match error:
        case AwsError(code=code, operation=operation, request_id=request_id):
            return code, operation, request_id
        case _:
            return "", "", ""


def problem_document(problem: Problem) -> dict[str, Any]:
    """One mistake in a file, as JSON."""
    return {
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint or None,
        "warning": problem.warning,
    }
