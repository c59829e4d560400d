"""`awspipe watch`: an execution followed to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from awspipe.cli import choosing, durations, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given
from awspipe.errors import UsageError


def watch(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")
    ] = None,
    execution: Annotated[
        str | None,
        typer.Option(
            "--execution", metavar="ID", help="This execution: its id, how that begins, or `latest`."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every execution that goes on.")] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="T", help="Give up after this time: 90s, 10m, 2h.")
    ] = None,
    file: SpecFile = SPEC,
) -> None:
    """Follow an execution to its end, and say why it failed.

    It is the newest one that goes on; where none does, the newest if it carries the commit checked out here,
    else the next to start. Exits with 0 when it succeeds,
    with 5 when it does not, with 8 when the time is over. Ctrl-C stops watching: the execution goes on.
    With --json each change is a JSON document on a line of its own.
    """
    from awspipe import git
    from awspipe.cli.following import Following
    from awspipe.cli.target import connect

    options = given(context)
    console = Console(json=options.json)
    limit = None if timeout is None else durations.seconds("--timeout", timeout)
    if every and execution:
        raise UsageError("--all and --execution: one or the other")
    chosen = choosing.pipeline(name, file)
    pipeline, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, pipeline)
    here = git.commit_id(Path(file).resolve().parent)
    following = Following(console, target, pipeline, limit, here, file)
    with following.reporting():
        console.say(target.first_line())
        chosen.hold(target)
        if every:
            following.all()
        else:
            following.one(execution)
