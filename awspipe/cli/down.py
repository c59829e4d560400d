"""`awspipe down`: remove a pipeline and everything that was made for it, and prove it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, Options, SpecFile, Yes, given
from awspipe.errors import ApplyError, AwspipeError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.live import Inventory
    from awspipe.plan import Plan


def down(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")
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
    """Remove a pipeline and everything made for it.

    Needs no spec and not the machine that made it: everything is found in AWS by name and tag. What goes and
    what stays is shown first, and the pipeline's name must be typed. Afterwards AWS is searched again.
    """
    options = given(context)
    console = Console(json=options.json)
    removals = [
        Removal(console, _connect(options, console, region), pipeline, delete_data)
        for pipeline, region in _named(name, file)
    ]
    documents = [one.show() if dry_run else one.carry_out(yes=yes) for one in removals]
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
    except AwspipeError:  # the spec is not needed: one that is broken must not keep anything alive
        return [(name, None)]
    return [(name, regions.get(name))]


def _connect(options: Options, console: Console, region: str | None) -> Target:
    from awspipe.cli.target import connect

    return connect(options, console, region)


@dataclass(frozen=True, slots=True)
class Removal:
    """One pipeline's way out: looked at, agreed on, carried out, proved."""

    console: Console
    target: Target
    name: str
    delete_data: bool

    def show(self) -> dict[str, Any]:
        """Show what would go; the answer as JSON."""
        from awspipe.cli.views import down as view

        inventory, plan = self._look()
        self.console.answer(view.lines(plan, inventory) if plan.work else view.nothing(inventory))
        return view.document(plan, removed=False)

    def carry_out(self, *, yes: bool) -> dict[str, Any]:
        """Remove it; the answer as JSON."""
        from awspipe.cli.views import down as view

        inventory, plan = self._look()
        if not plan.work:
            self.console.answer(view.nothing(inventory))
            return view.document(plan, removed=False)
        self.console.say(view.lines(plan, inventory))
        if not yes:
            self._agree()
        bundles = self._save(inventory) if self.delete_data else ()
        self._apply(plan)
        self._prove(plan)
        return view.document(plan, removed=True, bundles=bundles)

    @property
    def _command(self) -> str:
        data = ("--delete-data",) if self.delete_data else ()
        return self.target.command_anywhere("down", self.name, *data)

    def _look(self) -> tuple[Inventory, Plan]:
        from awspipe.live import prefetch, scan
        from awspipe.plan import removal
        from awspipe.resources.base import kinds

        prefetch(self.target.aws, self.name, listings=kinds())
        scope = self.target.scope(self.name)
        self.console.say(self.target.first_line())
        inventory = scan(self.target.aws, scope)
        return inventory, removal(scope, inventory.keys, {} if self.delete_data else inventory.kept)

    def _agree(self) -> None:
        """The pipeline's name, typed; the sandbox, shared with nobody, goes on where nobody answers."""
        from awspipe.cli import asking

        nothing = "nothing was removed"
        if self.console.interactive:
            question = f"Type the pipeline's name to remove it ({self.name}): "
            asking.go_on(self.console, question, lambda answer: answer == self.name, otherwise=nothing)
            self.target.aws.forget()  # the question may have stood there for long
        elif not self.target.sandbox:
            raise asking.nobody(nothing, f"{self._command} --yes")

    def _save(self, inventory: Inventory) -> tuple[Path, ...]:
        """A bundle of each repository that holds commits, before it goes."""
        from awspipe.resources.repository import Repository

        held = [key.name for key in inventory.kept if key.kind == Repository.kind]
        return tuple(self._save_one(repository) for repository in held)

    def _save_one(self, repository: str) -> Path:
        import tempfile
        from datetime import UTC, datetime

        from awspipe import git
        from awspipe.resources.repository import Repository

        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{repository}-{stamp}.bundle").resolve()
        url = Repository.clone_url(self.target.aws, repository)
        if not self.target.serves(url):
            raise AwspipeError(
                f"repository {repository} cannot be saved: {url} is AWS's address, "
                f"and the calls go to {self.target.aws.endpoint}; nothing was removed",
                hint=f"`{self.target.command_anywhere('down', self.name)}` leaves the repository standing",
            )
        with tempfile.TemporaryDirectory(prefix="awspipe-") as scratch:
            git.bundle(git.Helper(url, self.target.helper_command()), path, Path(scratch))
        self.console.say(f"  . repository {repository} is saved: `git clone {path.name}` brings it back")
        return path

    def _apply(self, plan: Plan) -> None:
        from awspipe.apply import apply
        from awspipe.cli.outcome import check
        from awspipe.cli.progress import Progress

        with Progress(self.console, len(plan.work)) as progress:
            self.target.aws.listener = progress
            outcome = apply(self.target.aws, plan)
        check(outcome, self._command)

    def _prove(self, plan: Plan) -> None:
        """Search AWS again. Raises ApplyError when something of ours is left that was to go."""
        from awspipe.cli.views import down as view
        from awspipe.live import scan_again

        again = scan_again(self.target.aws, plan)
        if again.keys:
            raise ApplyError(
                "still there: " + ", ".join(str(key) for key in again.keys),
                hint=f"`{self._command}` again",
            )
        self.console.answer(view.proof(plan, again))
