"""`awspipe cost`: what pipelines cost, and the prices that this is computed from."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import given

app = typer.Typer(
    name="cost",
    no_args_is_help=True,
    short_help="What pipelines cost, from calls that are free.",
    help="What pipelines cost, computed from calls that are free themselves.",
)


@app.command()
def prices(context: typer.Context) -> None:
    """List the prices and free allowances that awspipe computes with; no call is made.

    Each row has its source and the day it was read; --region says whose prices are shown.
    """
    from awspipe.cli.views import prices as view
    from awspipe.cost.prices import shipped

    options = given(context)
    console = Console(json=options.json)
    listed, region = shipped(), options.region or ""
    today = datetime.now(UTC).date()
    console.document(view.document(listed, region, today))
    console.answer(view.lines(listed, region, today))
