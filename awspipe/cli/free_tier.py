"""`awspipe free-tier`: what is free of each developer tool, and how much of it is used."""

from __future__ import annotations

import typer

from awspipe.cli import expiring
from awspipe.cli.console import Console
from awspipe.cli.options import given


def free_tier(context: typer.Context) -> None:
    """Show what is free of each developer tool, and what is used.

    When a charge begins, and what of the allowance is used this month.

    The allowances are the account's, in all regions together. What is used is AWS's own count, some hours
    late; `awspipe cost` counts executions itself.
    """
    from awspipe.cli.target import connect
    from awspipe.cli.views import free_tier as view
    from awspipe.cost.account import account_plan, allowances
    from awspipe.cost.freetier import services

    options = given(context)
    console = Console(json=options.json)
    target = connect(options, console)
    console.say(target.first_line())
    expiring.warn(context, console, target)
    asked = target.aws.submit(lambda: account_plan(target.aws))
    used = allowances(target.aws)
    console.document(view.document(services(), used, asked.result()))
    console.answer(view.lines(services(), used, asked.result()))
