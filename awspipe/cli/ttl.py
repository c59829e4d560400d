"""`up --ttl`: until when a pipeline is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import durations
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.cli.planning import Prepared
    from awspipe.plan import Plan, Step

Ttl = Annotated[
    str | None,
    typer.Option(
        "--ttl",
        metavar="3h",
        help="Until when it is wanted (90m, 3h, 2d): later commands warn, `down --expired` removes it.",
    ),
]


def length(text: str) -> timedelta:
    """`90m`, `3h`, `2d`. Raises UsageError for anything else, and for less than a minute."""
    found = timedelta(seconds=durations.seconds("--ttl", text))
    if found < timedelta(minutes=1):
        raise UsageError(f"--ttl: {text!r} is less than a minute", hint="--ttl 90m, 3h, 2d")
    return found


def ending(prepared: Sequence[Prepared], end: datetime | None) -> list[Prepared]:
    """The plans, with the end in the call that makes the pipeline."""
    from awspipe.expiry import written

    if end is None:
        return list(prepared)
    return [replace(one, plan=_plan_ending(one.plan, written(end))) for one in prepared]


def _plan_ending(plan: Plan, end: str) -> Plan:
    return replace(plan, steps=tuple(_ending(step, end) for step in plan.steps))


def _ending(step: Step, end: str) -> Step:
    from awspipe.plan import Verb
    from awspipe.resources.pipeline import Pipeline

    if step.verb is Verb.CREATE and isinstance(step.resource, Pipeline):
        return replace(step, resource=replace(step.resource, expires=end))
    return step


def prolong(prepared: Sequence[Prepared], end: datetime | None) -> None:
    """Tag the pipelines that were there already."""
    from awspipe.expiry import written
    from awspipe.explain import explained
    from awspipe.resources.pipeline import Pipeline

    for one in prepared if end else ():
        if end and _was_there(one.plan):
            with explained(f"tag pipeline {one.plan.scope.pipeline}"):
                Pipeline.tag_end(one.target.aws, one.plan.scope, written(end))


def passed(prepared: Sequence[Prepared], now: datetime) -> Iterator[str]:
    """A warning for each pipeline whose end has passed, from the tags that the plan has read."""
    from awspipe.cli.views.expiry import warning

    for one in prepared:
        name, end = one.plan.scope.pipeline, end_before(one)
        if end is not None and end <= now:
            yield warning(name, end, one.target.command_anywhere("down", name))


def end_before(one: Prepared) -> datetime | None:
    """Until when a pipeline was wanted that was there already, from the tags that the plan has read."""
    from awspipe.expiry import end_of
    from awspipe.resources.pipeline import Pipeline

    scope = one.plan.scope
    return end_of(Pipeline.tags(one.target.aws, scope, scope.pipeline)) if _was_there(one.plan) else None


def _was_there(plan: Plan) -> bool:
    """Whether the plan finds its pipeline in AWS."""
    from awspipe.plan import Verb
    from awspipe.resources.pipeline import Pipeline

    return any(step.key.kind == Pipeline.kind and step.verb is not Verb.CREATE for step in plan.steps)
