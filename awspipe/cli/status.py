"""`awspipe status`: where a pipeline stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from awspipe.cli import choosing
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given


def status(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Pipelines; by default the spec's.")
    ] = None,
    file: SpecFile = SPEC,
) -> None:
    """Show where a pipeline stands.

    Its stages and actions, its latest execution with the commit it carries, its addresses.
    """
    from awspipe.aws import threads
    from awspipe.cli.target import connect
    from awspipe.cli.views import status as view
    from awspipe.executions import status as read

    options = given(context)
    console = Console(json=options.json)
    documents = []
    for name, region in choosing.pipelines(names or [], file):
        target = connect(options, console, region)
        target.aws.brief = True
        with threads(1, "status") as pool:
            answer = pool.submit(read, target.aws, name)
            found = target.aws.awaited(answer, f"where {name} stands")
        if found is None:
            raise choosing.missing(target, name)
        documents.append(view.document(target, found))
        console.answer(view.lines(target, found, datetime.now(UTC)))
    console.document({"pipelines": documents})
