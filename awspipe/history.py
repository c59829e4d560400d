"""The latest executions of a pipeline, and why those that failed did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from awspipe.aws import Aws, maybe
from awspipe.executions import Execution, executions_of
from awspipe.explain import explained
from awspipe.failures import Cause
from awspipe.status import why_failed

MOST = 1000
"""As many executions can be asked for."""

EXPLAINED = 5
"""As many failures are explained: each takes calls of its own."""


@dataclass(frozen=True, slots=True)
class History:
    """Executions, newest first; `causes` by the execution's id, of the newest that failed."""

    executions: tuple[Execution, ...]
    causes: Mapping[str, tuple[Cause, ...]] = field(default_factory=dict)


def history(aws: Aws, name: str, limit: int) -> History | None:
    """The newest executions, at most `limit`; None where there is no such pipeline.

    A call for each hundred, and those that the causes of the newest failures take.
    """
    with explained(f"list the executions of {name}"):
        listed = maybe(lambda: tuple(executions_of(aws, name, limit)), "PipelineNotFoundException")
    if listed is None:
        return None
    failed = [one.id for one in listed if one.state == "Failed"][:EXPLAINED]
    why = [aws.submit(partial(why_failed, aws, name, id_)) for id_ in failed]
    return History(listed, {id_: one.result() for id_, one in zip(failed, why, strict=True)})
