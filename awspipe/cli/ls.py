"""`awspipe ls`: our pipelines in the region."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import given


def ls(context: typer.Context) -> None:
    """List the pipelines that awspipe made in a region.

    Each with its latest execution: one call a pipeline, so an account with hundreds takes a while.
    """
    from awspipe.cli.target import connect
    from awspipe.cli.views import ls as view
    from awspipe.listing import pipelines, with_latest

    options = given(context)
    console = Console(json=options.json)
    target = connect(options, console)
    console.say(target.first_line())
    now = datetime.now(UTC)
    found = with_latest(target.aws, pipelines(target.aws, now))
    console.document(view.document(target.aws.account, target.aws.region, found))
    console.answer(view.lines(found, now))
    console.say(view.notes(found))
