"""`awspipe ls`: our pipelines in the region."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from awspipe.cli import expiring
from awspipe.cli.console import Console
from awspipe.cli.options import given


def ls(
    context: typer.Context,
    cost: Annotated[
        bool, typer.Option("--cost", help="With what they used this month; also those of others.")
    ] = False,
) -> None:
    """List the pipelines that awspipe made in a region.

    Each with its latest execution: one call a pipeline, so an account with hundreds takes a while. --cost
    lists all pipelines, whoever made them, with their minutes this month; with --region all in every region.
    """
    if cost:
        return _with_cost(context)
    return _plainly(context)


def _plainly(context: typer.Context) -> None:
    from awspipe.cli.target import connect
    from awspipe.cli.views import ls as view
    from awspipe.listing import pipelines, with_latest

    options = given(context)
    console = Console(json=options.json)
    target = connect(options, console)
    console.say(target.first_line())
    expiring.warn(context, console, target)
    now = datetime.now(UTC)
    found = with_latest(target.aws, pipelines(target.aws, now))
    console.document(view.document(target.aws.account, target.aws.region, found))
    console.answer(view.lines(found, now))
    console.say(view.notes(found))


def _with_cost(context: typer.Context) -> None:
    from awspipe.cli.regions import begin
    from awspipe.cli.views import costs as view
    from awspipe.cost.meters import Month
    from awspipe.cost.prices import shipped
    from awspipe.cost.report import Report
    from awspipe.cost.usage import everywhere
    from awspipe.listing import pipelines

    console = Console(json=given(context).json)
    target, regions = begin(given(context), console)
    expiring.warn_everywhere(context, console, target, regions)
    now = datetime.now(UTC)
    reading = everywhere(target.aws, regions, Month.of(now))
    used = sorted({one.region for one in reading.uses})
    ours = frozenset((one.name, at) for at in used for one in pipelines(target.aws.at(at), now))
    report = Report(Month.of(now), reading.uses, shipped(), target.aws.region)
    console.document(view.document(report, reading, ours))
    console.answer(view.lines(report, reading, ours))
