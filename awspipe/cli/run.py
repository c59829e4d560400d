"""`awspipe run`: an execution started by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import choosing, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.starting import Start


def run(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")
    ] = None,
    commit: Annotated[
        list[str] | None,
        typer.Option(
            "--commit",
            metavar="COMMIT",
            help="Take this one: an id, or HEAD; ACTION=COMMIT of several sources.",
        ),
    ] = None,
    var: Annotated[
        list[str] | None, typer.Option("--var", metavar="K=V", help="A variable's value; more than once.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    file: SpecFile = SPEC,
) -> None:
    """Start an execution.

    It takes the newest revision of each source, or the commit you name: a V2 pipeline can. What git knows of
    the directory of the spec resolves HEAD, branches, tags and short ids.
    """
    from awspipe import starting
    from awspipe.cli.target import connect

    options = given(context)
    console = Console(json=options.json)
    variables = dict(_pair("--var", one, "K=V") for one in var or ())
    commits = [_commit(one, Path(file).resolve().parent) for one in commit or ()]
    chosen = choosing.pipeline(name, file)
    pipeline, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, pipeline)
    console.say(target.first_line())
    chosen.hold(target)
    declared = starting.declaration(target.aws, pipeline)
    if declared is None:
        raise choosing.missing(target, pipeline, file)
    wanted = starting.plan(declared, commits, variables)
    starting.check_commits(target.aws, declared, wanted)
    _started(console, target, wanted, starting.start(target.aws, wanted), watch=watch)


def _started(console: Console, target: Target, wanted: Start, execution: str, *, watch: bool) -> None:
    from awspipe.addresses import execution_url
    from awspipe.cli.following import Following
    from awspipe.cli.views import run as view

    url = "" if target.sandbox else execution_url(target.scope(wanted.pipeline), execution)
    if not watch:
        console.answer(view.lines(target, wanted, execution, url))
        console.document(view.document(target, wanted, execution, url))
        return
    following = Following(console, target, wanted.pipeline)
    console.answer(list(view.lines(target, wanted, execution, url))[:-1])
    console.record({"event": "started", **view.document(target, wanted, execution, url)})
    with following.reporting():
        following.id(execution, fresh=True)


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals or not value:
        raise UsageError(f"{option}: {text!r} is not of the form {form}")
    return key, value


def _commit(text: str, directory: Path) -> tuple[str, str]:
    """The source action that is named, or "", and the commit's 40 digits."""
    from awspipe import git
    from awspipe.starting import COMMIT

    action, equals, named = text.rpartition("=")
    if not named or (equals and not action):
        raise UsageError(f"--commit: {text!r} is not of the form COMMIT or ACTION=COMMIT")
    if COMMIT.fullmatch(named.lower()):
        return action, named.lower()
    found = "" if named.startswith("-") else git.commit_id(directory, named)
    if not found:
        raise UsageError(
            f"--commit: git knows no commit {named} in {directory}",
            hint="run it in the repository, or give all 40 digits of the commit's id",
        )
    return action, found
