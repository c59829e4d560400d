"""`awspipe leftovers`: what past pipelines still hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import expiring
from awspipe.cli.console import Console
from awspipe.cli.options import Yes, given

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.cost.leftovers import Leftovers


def leftovers(
    context: typer.Context,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove what awspipe made, and nothing else.")
    ] = False,
    yes: Yes = False,
) -> None:
    """List what past pipelines still hold, with its price.

    --region all looks in every region.

    Of awspipe's own pipelines everything; of others the console's usual remains: artifact buckets that no
    pipeline uses, log groups of builds without a project, roles of pipelines that are gone. --delete removes
    only what awspipe made, as `down` does: what holds data stays.
    """
    from awspipe.cli.regions import begin
    from awspipe.cli.views import leftovers as view
    from awspipe.cli.views.prices import stale
    from awspipe.cost.leftovers import everywhere
    from awspipe.cost.prices import shipped

    options = given(context)
    console = Console(json=options.json)
    target, regions = begin(options, console)
    expiring.warn_everywhere(context, console, target, regions)
    found = everywhere(target.aws, regions, shipped())
    console.document({"regions": [view.document(one) for one in found]})
    for one in found:
        console.answer(view.lines(one, shipped(), target.command, alone=len(found) == 1))
    console.answer(view.nowhere(found))
    console.say(stale(shipped(), datetime.now(UTC).date()))
    if delete:
        for one in found:
            _remove(console, target, one, yes=yes)


def _remove(console: Console, target: Target, found: Leftovers, *, yes: bool) -> None:
    """`down` for every past pipeline of ours that holds something which may go."""
    from awspipe.cli.removing import removed

    names = [one.scope.pipeline for one in found.ours if set(one.keys) - set(one.kept)]
    if names:
        options = replace(target.options, region=found.region)
        console.say(f"removing what is left of {', '.join(names)}")
        removed(options, console, names, yes=yes)
