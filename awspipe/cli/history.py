"""`awspipe history`: what a pipeline has run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from awspipe.cli import choosing, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given


def history(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many, the newest first.")
    ] = 10,
    file: SpecFile = SPEC,
) -> None:
    """List what a pipeline has run, the newest first.

    When, for how long, started by what, with which commit; why the newest that failed did. AWS keeps
    executions for twelve months.
    """
    from awspipe.cli.target import connect
    from awspipe.cli.views import history as view
    from awspipe.history import history as read

    options = given(context)
    console = Console(json=options.json)
    chosen = choosing.pipeline(name, file)
    pipeline, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, pipeline)
    console.say(target.first_line())
    chosen.hold(target)
    found = read(target.aws, pipeline, limit)
    if found is None:
        raise choosing.missing(target, pipeline, file)
    console.answer(view.lines(found, datetime.now(UTC)))
    console.document(
        {
            "pipeline": pipeline,
            "account": target.aws.account,
            "region": target.aws.region,
            "executions": view.document(found),
        }
    )
