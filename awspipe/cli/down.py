"""`awspipe down`: remove a pipeline and everything that was made for it, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, Yes, given
from awspipe.errors import ApplyError, StoppedError, UsageError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.live import Inventory
    from awspipe.plan import Plan


def down(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The pipeline; by default the spec's.")
    ] = None,
    file: SpecFile = SPEC,
    yes: Yes = False,
    delete_data: Annotated[
        bool,
        typer.Option(
            "--delete-data", help="Also remove a repository that holds commits; a bundle is saved first."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and stop.")] = False,
) -> None:
    """Remove a pipeline and everything that was made for it.

    Needs no spec and not the machine that made it: everything is found in AWS by name and tag. What goes and
    what stays is shown first, and the pipeline's name must be typed. Afterwards AWS is searched again.
    """
    options = given(context)
    console = Console(json=options.json)
    documents = []
    for pipeline, region in _named(name, file):
        documents.append(
            _remove(console, _connect(context, console, region), pipeline, yes, delete_data, dry_run)
        )
    if options.json:
        console.document({"pipelines": documents})


def _named(name: str | None, file: str) -> list[tuple[str, str | None]]:
    """Names and regions: the one on the command line, or every pipeline of the spec.

    A spec that is at hand still says in which region a pipeline of that name is.
    """
    from awspipe.spec.load import load_file

    if name is None:
        return [(spec.name, spec.region) for spec in load_file(Path(file))]
    if not Path(file).is_file():
        return [(name, None)]
    try:
        regions = {spec.name: spec.region for spec in load_file(Path(file))}
    except Exception:  # the spec is not needed: one that is broken must not keep anything alive
        return [(name, None)]
    return [(name, regions.get(name))]


def _connect(context: typer.Context, console: Console, region: str | None) -> Target:
    from awspipe.cli.target import connect

    return connect(given(context), console, region)


def _remove(
    console: Console, target: Target, name: str, yes: bool, delete_data: bool, dry_run: bool
) -> dict[str, object]:
    from awspipe.cli.views import down as view
    from awspipe.live import prefetch, scan
    from awspipe.plan import removal
    from awspipe.resources.base import kinds

    prefetch(target.aws, name, listings=kinds())
    scope = target.scope(name)
    if not console.json:
        console.say(target.first_line())
    inventory = scan(target.aws, scope)
    plan = removal(scope, inventory.keys, {} if delete_data else inventory.kept)
    if not plan.work:
        _answer(console, view.nothing(inventory))
        return view.document(plan, removed=False)
    if not console.json:
        console.say(view.lines(plan, inventory))
    if dry_run:
        return view.document(plan, removed=False)
    _agree(console, target, name, yes=yes)
    if delete_data:
        _save(console, target, inventory)
    _apply(console, target, plan)
    _prove(console, target, plan)
    return view.document(plan, removed=True)


def _answer(console: Console, lines: object) -> None:
    if not console.json:
        console.answer(lines)  # type: ignore[arg-type]


def _agree(console: Console, target: Target, name: str, *, yes: bool) -> None:
    """The pipeline's name, typed; the sandbox, where nothing is shared, goes on where nobody can answer."""
    if yes:
        return
    if console.interactive and not console.json:
        if console.ask(f"Type the pipeline's name to remove it ({name}): ") != name:
            raise StoppedError("nothing was removed")
        target.aws.forget()  # the question may have stood there for long
    elif not target.sandbox:
        raise UsageError(
            "nobody is there to be asked: nothing was removed", hint=f"awspipe down {name} --yes"
        )


def _save(console: Console, target: Target, inventory: Inventory) -> None:
    """A bundle of each repository that holds commits, before it goes."""
    import tempfile
    from datetime import UTC, datetime

    from awspipe import git
    from awspipe.resources.repository import Repository

    for key in inventory.kept:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{key.name}-{stamp}.bundle").resolve()
        url = Repository.clone_url(target.aws, key.name)
        with tempfile.TemporaryDirectory(prefix="awspipe-") as scratch:
            git.bundle(git.Helper(url, target.helper_command()), path, Path(scratch))
        console.say(f"  saved {key} as {path} (`git clone {path.name}` brings it back)")


def _apply(console: Console, target: Target, plan: Plan) -> None:
    from awspipe.apply import apply
    from awspipe.cli.outcome import check
    from awspipe.cli.progress import Progress

    with Progress(console, len(plan.work)) as progress:
        target.aws.listener = progress
        outcome = apply(target.aws, plan)
    check(outcome, f"awspipe down {plan.scope.pipeline}")


def _prove(console: Console, target: Target, plan: Plan) -> None:
    """Search AWS again. Raises ApplyError when something of ours is left that was to go."""
    from awspipe.cli.views import down as view
    from awspipe.live import scan_again

    again = scan_again(target.aws, plan)
    if again.keys:
        raise ApplyError(
            "still there: " + ", ".join(str(key) for key in again.keys),
            hint=f"`awspipe down {plan.scope.pipeline}` again",
        )
    _answer(console, view.proof(plan, again))
