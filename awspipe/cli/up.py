"""`awspipe up`: make the pipeline, or bring it to what the spec says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, Yes, given
from awspipe.errors import StoppedError, UsageError

if TYPE_CHECKING:
    from awspipe.cli.planning import Prepared
    from awspipe.graph import Source


def up(
    context: typer.Context,
    file: SpecFile = SPEC,
    yes: Yes = False,
    no_push: Annotated[
        bool, typer.Option("--no-push", help="Do not push the current commit into a new repository.")
    ] = False,
) -> None:
    """Make the pipeline that the spec describes, or bring it to what the spec says now.

    The plan is shown first, and asked about on a terminal. A new CodeCommit repository gets the current
    commit by `git push`. Run again, it changes only what differs; after any interruption it goes on.
    """
    from awspipe.cli.planning import prepare
    from awspipe.cli.views import up as view

    options = given(context)
    console = Console(json=options.json)
    prepared = prepare(options, console, file, push=not no_push)
    _agree(console, prepared, yes=yes)
    for one in prepared:
        _run(console, one)
    if options.json:
        console.document({"pipelines": [view.document(one) for one in prepared]})
    else:
        for one in prepared:
            console.answer(view.lines(one))


def _agree(console: Console, prepared: list[Prepared], *, yes: bool) -> None:
    """Show what would happen and ask; the sandbox, where nothing costs, goes on where nobody can answer."""
    from awspipe.cli.views.plan import lines

    if not console.json:
        for one in prepared:
            console.say(lines(one.plan, one.commit.id[:7] if one.commit else ""))
            console.say(_warnings(one))
    if yes or not any(one.plan.work for one in prepared):
        return
    if console.interactive and not console.json:
        if console.ask("Go on? [y/N] ").lower() not in ("y", "yes"):
            raise StoppedError("nothing was changed")
    elif not all(one.target.sandbox for one in prepared):
        raise UsageError("nobody is there to be asked: nothing was changed", hint="awspipe up --yes")


def _warnings(one: Prepared) -> Iterator[str]:
    from awspipe.plan import Verb
    from awspipe.resources.pipeline import Pipeline

    pushes = one.plan.count(Verb.PUSH)
    if pushes and one.commit and one.commit.dirty:
        yield f"  ! uncommitted changes stay here: commit {one.commit.id[:7]} is what gets pushed"
    updates = {step.key.kind for step in one.plan.work if step.verb is Verb.UPDATE}
    if Pipeline.kind in updates and Pipeline.running(one.target.aws, one.plan.scope.pipeline):
        yield "  ! an execution is running: AWS cancels it when the pipeline is updated"


def _run(console: Console, one: Prepared) -> None:
    from awspipe.apply import apply
    from awspipe.cli.outcome import check
    from awspipe.cli.progress import Progress

    if not one.plan.work:
        return
    with Progress(console, len(one.plan.work)) as progress:
        one.target.aws.listener = progress
        outcome = apply(one.target.aws, one.plan, push=lambda source: _push(one, source))
    check(outcome, "awspipe up")


def _push(one: Prepared, source: Source) -> None:
    """Push the commit, and set the remote for later pushes."""
    from awspipe import git
    from awspipe.resources.repository import Repository

    url = Repository.clone_url(one.target.aws, source.repository)
    helper = git.Helper(url, one.target.helper_command())
    git.push(one.directory, helper, source.branch)
    git.remember(one.directory, helper)
