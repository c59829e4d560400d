"""`awspipe plan`: what `up` would do."""

from __future__ import annotations

from typing import Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given


def plan(
    context: typer.Context,
    file: SpecFile = SPEC,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 10 when something would change.")
    ] = False,
) -> int:
    """Show what `up` would do; change nothing.

    Signs: + is made, ~ is changed (each field before -> after), - is removed, = stays as it is.
    """
    from awspipe.cli.planning import prepare
    from awspipe.cli.views import plan as view

    options = given(context)
    console = Console(json=options.json)
    prepared = prepare(options, console, file, push=True)
    console.document({"plans": [view.document(one.plan) for one in prepared]})
    for one in prepared:
        console.answer(view.lines(one.plan, one.commit_id))
    changes = any(one.plan.work for one in prepared)
    return 10 if exit_code and changes else 0
