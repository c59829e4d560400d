"""`awspipe logs`: what the builds and deployments of an execution write."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from awspipe.cli import choosing, durations, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, given
from awspipe.errors import UsageError

_MOST = 10_000


def logs(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")
    ] = None,
    execution: Annotated[
        str, typer.Option("--execution", metavar="ID", help="This one: its id, how that begins, or `latest`.")
    ] = "latest",
    stage: Annotated[str, typer.Option("--stage", metavar="S", help="Only this stage.")] = "",
    action: Annotated[str, typer.Option("--action", metavar="A", help="Only this action.")] = "",
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on until the execution has ended.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="T", help="Only what is newer: 90s, 10m, 2h.")
    ] = None,
    tail: Annotated[
        int, typer.Option("--tail", metavar="N", min=0, max=_MOST, help="At first only the last N lines.")
    ] = 0,
    file: Annotated[str, typer.Option("--file", metavar="FILE", help="The spec.")] = SPEC,
) -> None:
    """Show what the builds and deployments of an execution write.

    All of its actions in the order of time, each line behind its stage and action: the lines of builds, the
    lifecycle events of deployments with the end of what their scripts wrote. Of an action that was retried,
    the newest try. Standard output holds the lines and nothing else; with --json each is a JSON document.
    """
    from awspipe.cli.following import Following
    from awspipe.cli.logreading import LogReading, Which
    from awspipe.cli.target import connect

    options = given(context)
    console = Console(json=options.json)
    if not execution:
        raise UsageError("--execution needs an id", hint="--execution latest")
    newer = 0 if since is None else int((time.time() - durations.seconds("--since", since)) * 1000)
    chosen = choosing.pipeline(name, file)
    pipeline, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, pipeline)
    following = Following(console, target, pipeline, file=file, command="logs")
    with following.reporting():
        console.say(target.first_line())
        chosen.hold(target)
        which = Which(stage, action, max(0, newer), tail)
        LogReading(following, which, following.found(execution)).show(follow=follow)
