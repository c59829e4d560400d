"""`awspipe down`: remove pipelines and everything that was made for them, and prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, Only, Options, SpecFiles, Yes, file_words, given
from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from awspipe.aws import Aws
    from awspipe.cli.removing import Named
    from awspipe.spec.models import Pipeline as Spec


def down(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Pipelines; by default the spec's.")
    ] = None,
    file: SpecFiles = [SPEC],  # noqa: B006 - Typer's way to say a default
    only: Only = None,
    yes: Yes = False,
    delete_data: Annotated[
        bool,
        typer.Option(
            "--delete-data", help="Also remove a repository that holds commits; a bundle is saved first."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and stop.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every pipeline that awspipe made; --region all: everywhere.")
    ] = False,
    expired: Annotated[
        bool, typer.Option("--expired", help="Every pipeline whose time (`up --ttl`) has passed.")
    ] = False,
) -> None:
    """Remove a pipeline and everything made for it.

    Needs no spec and not the machine that made it: everything is found in AWS by name and tag. What goes and
    what stays is shown first, and the pipeline's name must be typed. Afterwards AWS is searched again.
    """
    from awspipe.cli.outcome import halted
    from awspipe.cli.removing import Removals, looked

    options = given(context)
    console = Console(json=options.json)
    words = tuple(names or file_words(*file, only=only or ()))
    if every or expired:
        if names or (every and expired):
            raise UsageError("--all, --expired and a NAME exclude each other", hint="use one of them")
        words, options, some = _found(options, console, expired=expired)
        named: Named = dict.fromkeys(some)
    else:
        named = _named(names or (), file, only or ())
    data = ("--delete-data",) if delete_data else ()
    again = options.command("down", *words, *data)
    with halted(console, "nothing was removed", f"`{again}` begins again"):
        found = looked(options, console, named, delete_data)
    removals = Removals(console, options, words, delete_data, found)
    console.document({"pipelines": removals.show() if dry_run else removals.carry_out(yes=yes)})


def _found(
    options: Options, console: Console, *, expired: bool
) -> tuple[tuple[str, ...], Options, list[tuple[str, str | None]]]:
    """The pipelines that no NAME names: all of ours, or those whose time has passed; where they are."""
    from awspipe.aws import threads
    from awspipe.cli.regions import EVERYWHERE, connect_told

    target, regions = connect_told(options, console)
    connections = [target.aws.at(region) for region in regions]
    with threads(8, "regions") as pool:
        look = _expired if expired else partial(_all, console=console)
        answers = list(pool.map(look, connections))
    found = [(name, region) for region, names in zip(regions, answers, strict=True) for name in names]
    if not found:
        console.answer(f"no pipeline {'whose time has passed' if expired else 'of awspipe'} was found")
    everywhere = options.region == EVERYWHERE
    words = ("--expired" if expired else "--all", *(("--region", EVERYWHERE) if everywhere else ()))
    return words, replace(options, region=None) if everywhere else options, [*found]


def _all(aws: Aws, console: Console) -> list[str]:
    """Every pipeline of ours that is there, or that has left something."""
    from awspipe.cost.leftovers import owners
    from awspipe.listing import pipelines

    named, unread = owners(aws)
    console.say(f"  ! not looked at in {aws.region}: {why}" for why in unread)
    return sorted({one.name for one in pipelines(aws, datetime.now(UTC))} | named)


def _expired(aws: Aws) -> list[str]:
    from awspipe.cost.unknown import Unknown
    from awspipe.expiry import expired

    found = expired(aws, datetime.now(UTC))
    if isinstance(found, Unknown):
        raise found.error("whose time has passed cannot be read")
    return list(found)


def _named(names: Sequence[str], files: Sequence[str], only: Sequence[str]) -> Named:
    """Those on the command line, or every pipeline of the specs.

    A spec that is at hand still says in which region a pipeline of that name is, and what may be there of it.
    """
    from awspipe.spec.load import load_files

    if not names:
        return {(spec.name, spec.region): spec for _, specs in load_files(files, only) for spec in specs}
    known: dict[str, Spec] = {}
    if all(Path(file).exists() for file in files):
        try:
            known = {spec.name: spec for _, specs in load_files(files) for spec in specs}
        except AwspipeError:  # the spec is not needed: one that is broken must not keep anything alive
            known = {}
    return {(name, known[name].region if name in known else None): known.get(name) for name in names}
