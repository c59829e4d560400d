"""`awspipe plan`: what `up` would do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from awspipe.cli import exits
from awspipe.cli.console import Console
from awspipe.cli.money import RUNS, Runs
from awspipe.cli.options import SPEC, Adopt, Only, SpecFiles, given


def plan(
    context: typer.Context,
    file: SpecFiles = [SPEC],  # noqa: B006 - Typer's way to say a default
    only: Only = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 10 when something would change.")
    ] = False,
    adopt: Adopt = False,
    runs: Runs = RUNS,
) -> int:
    """Show what `up` would do and cost; change nothing.

    Signs: + is made, ~ is changed (each field before -> after), @ is taken over, - is removed, = stays as it
    is.
    """
    from awspipe.cli import money, ttl
    from awspipe.cli.planning import prepare
    from awspipe.cli.views import money as money_view
    from awspipe.cli.views import money_together
    from awspipe.cli.views import plan as view

    options = given(context)
    console = Console(json=options.json)
    prepared = prepare(options, console, file, push=True, only=only or (), adopt=adopt)
    console.warn(ttl.passed(prepared, datetime.now(UTC)))
    priced = [one.answer() for one in money.begin(prepared, runs)]
    documents = [{**view.document(one.one.plan), "cost": money_view.document(one)} for one in priced]
    console.document({"plans": documents})
    working = money.working(priced)
    for one in priced:
        console.answer(view.lines(one.one.plan, one.one.commit_id))
        console.answer(money_view.lines(one) if [one] == working else ())
    console.answer(money_together.box(working))
    changes = any(one.plan.work for one in prepared)
    return exits.CHANGES if exit_code and changes else exits.DONE
