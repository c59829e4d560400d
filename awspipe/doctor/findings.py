"""What a check found, as values, and how checks are made side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from awspipe.aws import Aws, threads
from awspipe.errors import AwspipeError, CredentialsError, DeniedError
from awspipe.graph import Graph
from awspipe.resources.base import Body


class State(StrEnum):
    """How a check ended. UNKNOWN: it could not be made."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and with a problem what to do; `exit_code` is 4 where credentials are at fault."""

    name: str
    state: State
    says: str
    fix: str = ""
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked at: an account and region, and what the spec at hand wants there."""

    aws: Aws
    graphs: tuple[Graph, ...] = ()
    sandbox: bool = False
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def actions(graph: Graph) -> Iterator[Body]:
    """The actions of a wanted pipeline, as CodePipeline has them."""
    stages = next(one.body()["stages"] for one in graph.resources if one.kind == "pipeline")
    return (action for stage in stages for action in stage["actions"])


def ok(name: str, says: str) -> Finding:
    """All is well."""
    return Finding(name, State.OK, says)


def problem(name: str, error: AwspipeError) -> Finding:
    """An error as a check's end: what was not allowed to be asked is not known."""
    if isinstance(error, DeniedError):
        return Finding(name, State.UNKNOWN, f"cannot be asked: {error.message}")
    code = 4 if isinstance(error, CredentialsError) else 1
    return Finding(name, State.PROBLEM, error.message, error.hint, code)


def run(checks: Mapping[str, Callable[[], Iterable[Finding]]], *, limit: float) -> Iterator[Finding]:
    """All checks side by side, in their order; one that takes longer than `limit` seconds is given up."""
    with threads(8, "doctor") as pool:
        answers = {name: pool.submit(_made, name, check) for name, check in checks.items()}
        wait(answers.values(), limit)
        for name, answer in answers.items():
            yield from _in_time(name, answer, limit)


def _in_time(name: str, answer: Future[tuple[Finding, ...]], limit: float) -> tuple[Finding, ...]:
    if answer.done():
        return answer.result()
    answer.cancel()
    return (Finding(name, State.UNKNOWN, f"no answer within {limit:.0f} s"),)


def _made(name: str, check: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    try:
        return tuple(check())
    except AwspipeError as error:
        return (problem(name, error),)
