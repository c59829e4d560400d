"""`awspipe status`: where a pipeline stands, or where a commit is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from awspipe.cli import choosing, expiring, pages
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, Options, SpecFile, given
from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from awspipe.aws import Aws
    from awspipe.cli.choosing import Chosen
    from awspipe.cli.target import Target

_HEAD = re.compile(r"(HEAD|@)([~^][0-9]*)*")
_AT_ONCE = 8
"""Pipelines that are looked at side by side."""

_HEX = re.compile(r"[0-9a-fA-F]{7,40}")


def status(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|COMMIT", help="Pipelines, by default the spec's; or a commit: HEAD, 7 to 40 digits."
        ),
    ] = None,
    file: SpecFile = SPEC,
    html: Annotated[
        str | None,
        typer.Option(
            "--html", metavar="FILE", help="Write it as a page with a picture too; - is the output."
        ),
    ] = None,
) -> None:
    """Show where a pipeline stands, or where a commit is.

    The latest execution with its commit; the stages, those that run, wait or have failed with their actions;
    the addresses; what to type next. With a commit: whether it is live, under way, waiting, failed or
    superseded. A commit ends with 0 where it is or was live, 5 where it failed, 8 where it is under way, and
    1 where no execution carries it.
    """
    options = given(context)
    console = Console(json=options.json)
    commit, pipelines = _told_apart(names or [], file)
    if html is not None:
        check_page(html, commit, options)
    if commit:
        raise typer.Exit(_find(context, console, commit, choosing.pipelines(pipelines, file), file))
    _show(context, console, choosing.pipelines(pipelines, file), file, html)


def _told_apart(words: list[str], file: str) -> tuple[str, list[str]]:
    """A commit among names of pipelines: what looks like one and is no pipeline of the spec.

    Where neither a spec nor another name says which pipeline is meant, it can only be a pipeline's name.
    """
    known = choosing.names_in(file)
    heads = [word for word in words if _HEAD.fullmatch(word)]
    digits = [word for word in words if _HEX.fullmatch(word) and word not in known]
    digits = digits if known or len(words) > 1 else []
    commits = [*heads, *digits]
    if len(commits) > 1:
        raise UsageError(f"{' and '.join(commits)} are two commits", hint="ask for one at a time")
    return _resolved(commits, file), [word for word in words if word not in commits]


def _resolved(commits: list[str], file: str) -> str:
    from awspipe import git

    if not commits or not _HEAD.fullmatch(commits[0]):
        return commits[0].lower() if commits else ""
    directory = Path(file).resolve().parent
    done = git.run(directory, "rev-parse", "--verify", "--quiet", f"{commits[0]}^{{commit}}", check=False)
    if done.returncode:
        raise UsageError(f"{directory} has no commit {commits[0]}", hint="git log lists those there are")
    return done.stdout.strip()


def _read(
    context: typer.Context, console: Console, pipelines: list[Chosen], file: str, read: Callable[..., Any]
) -> Iterator[tuple[Target, Any]]:
    """Where each pipeline is looked for, and what `read` finds of it: asked side by side, given in order."""
    from awspipe.aws import threads
    from awspipe.cli.regions import connect_each

    regions = connect_each(given(context), console, [one.region for one in pipelines])
    for region, target in regions.items():
        target.aws.brief = True
        here = [one for one in pipelines if one.region == region]
        expiring.warn(context, console, target, *(one.name for one in here))
        if any(one.account for one in here) and not target.sandbox:
            target.aws.ask_who()
    with threads(min(len(pipelines), _AT_ONCE), "status") as pool:
        places = [(one, regions[one.region]) for one in pipelines]
        asked = [(one, target, pool.submit(read, target.aws, one.name)) for one, target in places]
        for one, target, answer in asked:
            one.hold(target)
            found = target.aws.awaited(answer, f"where {one.name} stands")
            if found is None:
                raise _missing(target, one.name, file)
            yield target, found


def _missing(target: Target, name: str, file: str) -> AwspipeError:
    meant = f"for a commit: `{target.command('status', 'NAME', name)}`; " if _HEX.fullmatch(name) else ""
    return choosing.missing(target, name, file, meant)


def _show(
    context: typer.Context, console: Console, pipelines: list[Chosen], file: str, html: str | None
) -> None:
    from awspipe.cli.views import status as view
    from awspipe.status import status as read
    from awspipe.status import timed

    shown = []
    for target, found in _read(context, console, pipelines, file, read):
        shown.append((target, found if html is None else timed(target.aws, found)))
        if html != "-":
            console.answer(view.lines(target, found, datetime.now(UTC)))
    console.document({"pipelines": [view.document(*one) for one in shown]})
    if html is not None:
        from awspipe.cli.views import page

        pages.write(console, html, page.page(shown, datetime.now(UTC)))


def check_page(html: str, commit: str, options: Options) -> None:
    """Refuse a page that cannot be. Raises UsageError."""
    if not html:
        raise UsageError("--html needs the name of a file", hint="--html page.html, or - for the output")
    if commit:
        raise UsageError("--html shows pipelines, not commits", hint="leave out the commit")
    if html == "-" and options.json:
        raise UsageError("--json and --html - would both be the output", hint="--html FILE goes with --json")


def _find(context: typer.Context, console: Console, commit: str, pipelines: list[Chosen], file: str) -> int:
    """Say where a commit is in each pipeline; the exit code."""
    from awspipe import git
    from awspipe.cli.views import whereabouts as view
    from awspipe.whereabouts import Whereabouts, whereabouts

    later = git.descendants(Path(file).resolve().parent, commit)
    everywhere: list[Whereabouts] = []

    def read(aws: Aws, name: str) -> Whereabouts | None:
        return whereabouts(aws, name, commit, later)

    for target, found in _read(context, console, pipelines, file, read):
        everywhere.append(found)
        console.answer(view.lines(target, found, datetime.now(UTC)))
    code = view.exit_code(everywhere)
    console.document({"exit_code": code, "commits": [view.document(one) for one in everywhere]})
    return code
