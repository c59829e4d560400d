"""`awspipe policy`: the least IAM policy that a person needs for a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, Options, SpecFile, file_words, given
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.naming import Scope
    from awspipe.spec.models import Pipeline as Spec


def policy(
    context: typer.Context,
    file: SpecFile = SPEC,
    purpose: Annotated[
        Literal["up", "status", "steer", "down", "cost", "all"],
        typer.Option(
            "--for",
            help="For which command; steer: approve, retry, stop and the like; cost: what the commands about "
            "money read, which is not in `all`.",
        ),
    ] = "all",
    account: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The account, where no credentials are to be asked for it."),
    ] = None,
) -> None:
    """Print the least IAM policy that a person needs for a spec.

    Each action stands on the ARNs it is needed for, and roles may be handed to their own service only.
    `awspipe policy > policy.json` makes the file that `aws iam create-policy` takes.
    """
    from awspipe.cli.views import policy as view
    from awspipe.graph import wanted
    from awspipe.rights import Job, document, grants, money_grants
    from awspipe.spec.load import load_file

    options = given(context)
    console = Console(json=options.json)
    specs = load_file(Path(file))
    scopes = [_scope(options, console, spec, account) for spec in specs]
    if purpose == "cost":
        made = document(money_grants(scopes[0]))
    else:
        jobs = frozenset(Job) if purpose == "all" else frozenset({Job(purpose)})
        made = document(grants([wanted(*pair) for pair in zip(specs, scopes, strict=True)], jobs))
    console.document({"policy": made, "characters": view.size(made)})
    console.answer(view.text(made))
    command = options.command("policy", *file_words(file), *_words(purpose, account))
    console.say(view.notes(made, command, specs[0].name))


def _words(purpose: str, account: str | None) -> Iterator[str]:
    """The options of this run, for the command to type next."""
    if purpose != "all":
        yield from ("--for", purpose)
    if account:
        yield from ("--account", account)


def _scope(options: Options, console: Console, spec: Spec, account: str | None) -> Scope:
    if account is None:
        from awspipe.cli.target import connect

        target = connect(options, console, spec.region)
        console.say(target.first_line())
        return target.scope(spec.name)
    return _offline(options, spec, account)


def _offline(options: Options, spec: Spec, account: str) -> Scope:
    """No call, no credentials: an administrator writes a policy for somebody else."""
    from awspipe.cli.target import place
    from awspipe.naming import Scope

    if not re.fullmatch(r"[0-9]{12}", account):
        raise UsageError(f"--account: {account!r} is no account id", hint="12 digits, e.g. 123456789012")
    session, region, _ = place(options, spec.region)
    return Scope(spec.name, account, region, session.get_partition_for_region(region))
