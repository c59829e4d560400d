"""Pipelines on their way out: looked at, shown, agreed on, removed side by side, proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awspipe.cli import choosing, expiring, stacks
from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.errors import ApplyError, AwspipeError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.cost.stops import Stop
    from awspipe.live import Inventory
    from awspipe.plan import Plan
    from awspipe.spec.models import Pipeline as Spec

    Named = dict[tuple[str, str | None], Spec | None]
    """Pipelines by name and region; with the spec where there is one at hand."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One pipeline's way out, looked at: what there is of it, and the steps that remove it."""

    target: Target
    inventory: Inventory
    plan: Plan
    stops: tuple[Stop, ...]
    """What stops costing with it."""
    theirs: stacks.Stacks
    """The stacks that it deployed, which stay."""

    @property
    def name(self) -> str:
        """The pipeline's."""
        return self.plan.scope.pipeline


def looked(options: Options, console: Console, named: Named, delete_data: bool) -> tuple[Removal, ...]:
    """Every pipeline's removal, in the order of their names; those of a region are looked at side by side."""
    from awspipe.cli.regions import connect_each

    targets = connect_each(options, console, [region for _, region in named])
    found = {
        (name, region): one
        for region, target in targets.items()
        for name, one in _looked_at(
            target, console, {name: spec for (name, at), spec in named.items() if at == region}, delete_data
        )
    }
    return tuple(found[pair] for pair in named)


def _looked_at(
    target: Target, console: Console, specs: Mapping[str, Spec | None], delete_data: bool
) -> Iterator[tuple[str, Removal]]:
    from awspipe.cost.prices import shipped
    from awspipe.cost.stops import facts, stops
    from awspipe.graph import wanted
    from awspipe.live import draft, prefetch, scan_all
    from awspipe.plan import removal
    from awspipe.resources.base import kinds

    prefetch(target.aws, *specs, listings=kinds())
    drafts = [draft(target.aws, name) for name in specs]
    asked = target.aws.submit(lambda: facts(target.aws, drafts))
    ending = expiring.asked(target, [*specs])
    declared = [target.aws.submit(partial(stacks.asked, target, one)) for one in drafts]
    scopes = [target.scope(name) for name in specs]
    wants = {one.pipeline: wanted(spec, one) for one in scopes if (spec := specs[one.pipeline])}
    expected = {name: frozenset(graph.by_key) for name, graph in wants.items()}
    console.say(target.first_line())
    for name, spec in specs.items():
        target.hold_to(name, spec.account if spec else None)
    now = datetime.now(UTC)
    found = scan_all(target.aws, scopes, expected)
    for scope, inventory, theirs in zip(scopes, found, declared, strict=True):
        gone = removal(scope, inventory.keys, {} if delete_data else inventory.kept)
        keys = [step.key for step in gone.work]
        stopping = stops(keys, asked.result(), shipped(), scope, now)
        yield scope.pipeline, Removal(target, inventory, gone, stopping, theirs.result())
    console.warn(ending.plainly())


@dataclass(frozen=True, slots=True)
class Removals:
    """Pipelines on their way out: shown, agreed on, removed side by side, proved. `words` name them."""

    console: Console
    options: Options
    words: tuple[str, ...]
    delete_data: bool
    found: tuple[Removal, ...]

    def show(self) -> list[dict[str, Any]]:
        """Show what would go; the answers as JSON."""
        self._preview(self.console.answer)
        return self._documents((), {})

    def carry_out(self, *, yes: bool) -> list[dict[str, Any]]:
        """Remove them; the answers as JSON."""
        from awspipe.cli.outcome import halted

        going = [one for one in self.found if one.plan.work]
        self._preview(self.console.say)
        if going and not yes:
            self._agree(going)
        bundles = {one.name: self._save(one) if self.delete_data else () for one in going}
        self._apply(going)
        with halted(self.console, "every step is done", f"`{self._command}` searches AWS again"):
            self._prove(going)
        return self._documents(going, bundles)

    def _documents(
        self, going: Sequence[Removal], bundles: Mapping[str, tuple[Path, ...]]
    ) -> list[dict[str, Any]]:
        """The answers as JSON; `going` are those that were removed."""
        from awspipe.cli.views import down as view

        return [
            view.document(
                one.plan,
                removed=one in going,
                bundles=bundles.get(one.name, ()),
                found=one.stops,
                stacks=one.theirs.names,
                unowned=one.inventory.unowned,
            )
            for one in self.found
        ]

    def _preview(self, show: Callable[[Iterable[str]], None]) -> None:
        """Show what goes; where there is nothing of a pipeline, that is the answer."""
        from awspipe.cli.views import down as view
        from awspipe.cli.views.prices import stale
        from awspipe.cost.prices import shipped

        for one in self.found:
            if one.plan.work:
                show(view.lines(one.plan, one.inventory, one.stops))
                show(f"  ! {line}" for line in one.theirs.lines())
            else:
                self.console.answer(view.nothing(one.inventory, self._guess(one)))
        self.console.say(stale(shipped(), datetime.now(UTC).date()))

    def _guess(self, one: Removal) -> str:
        """The command that may have been meant, where a name was typed of which nothing is there."""
        if one.name not in self.words or one.inventory.kept:
            return ""
        near = choosing.nearest(one.target, one.name)
        return one.target.command_anywhere("down", near) if near else ""

    @property
    def _command(self) -> str:
        data = ("--delete-data",) if self.delete_data else ()
        if len(self.found) == 1:
            return self.found[0].target.command_anywhere("down", self.found[0].name, *data)
        return self.options.command("down", *self.words, *data)

    def _agree(self, going: Sequence[Removal]) -> None:
        """The pipeline's name, typed; the sandbox, shared with nobody, goes on where nobody answers."""
        from awspipe.cli import asking

        nothing = "nothing was removed"
        if self.console.interactive:
            right = going[0].name if len(going) == 1 else str(len(going))
            question = (
                f"Type the pipeline's name to remove it ({right}): "
                if len(going) == 1
                else f"Type {right} to remove these {right} pipelines: "
            )
            asking.go_on(self.console, question, lambda answer: answer == right, otherwise=nothing)
            for one in going:  # the question may have stood there for long
                one.target.aws.forget()
        elif not all(one.target.sandbox for one in going):
            raise asking.nobody(nothing, f"{self._command} --yes")

    def _save(self, one: Removal) -> tuple[Path, ...]:
        """A bundle of each repository that holds commits, before it goes."""
        from awspipe.resources.repository import Repository

        held = [key.name for key in one.inventory.kept if key.kind == Repository.kind]
        return tuple(self._save_one(one.target, one.name, repository) for repository in held)

    def _save_one(self, target: Target, name: str, repository: str) -> Path:
        import tempfile

        from awspipe import git
        from awspipe.resources.repository import Repository

        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{repository}-{stamp}.bundle").resolve()
        url = Repository.clone_url(target.aws, repository)
        if not target.serves(url):
            raise AwspipeError(
                f"repository {repository} cannot be saved: {url} is AWS's address, "
                f"and the calls go to {target.aws.endpoint}; nothing was removed",
                hint=f"`{target.command_anywhere('down', name)}` leaves the repository standing",
            )
        with tempfile.TemporaryDirectory(prefix="awspipe-") as scratch:
            git.bundle(git.Helper(url, target.helper_command()), path, Path(scratch))
        self.console.say(f"  . repository {repository} is saved: `git clone {path.name}` brings it back")
        target.aws.forget()  # that may have taken minutes
        return path

    def _apply(self, going: Sequence[Removal]) -> None:
        from awspipe.apply import Job, apply_all
        from awspipe.cli.outcome import check_all
        from awspipe.cli.progress import Progress

        with Progress(self.console, sum(len(one.plan.work) for one in going)) as progress:
            for one in going:
                one.target.aws.listener = progress
            outcomes = apply_all([Job(one.target.aws, one.plan) for one in going])
        check_all(outcomes, self._command)

    def _prove(self, going: Sequence[Removal]) -> None:
        """Search AWS again. Raises ApplyError when something of ours is left that was to go."""
        from awspipe.cli.views import down as view
        from awspipe.cost.prices import shipped
        from awspipe.cost.stops import Facts, stops
        from awspipe.cost.unknown import Unknown
        from awspipe.live import scan_again

        unread, now = Facts(Unknown("it was to go"), {}), datetime.now(UTC)
        left: list[str] = []
        for target in {id(one.target): one.target for one in going}.values():
            here = [one for one in going if one.target is target]
            for one, again in zip(here, scan_again(target.aws, *(one.plan for one in here)), strict=True):
                left += view.left(again, stops(again.keys, unread, shipped(), one.plan.scope, now))
                if not again.keys:
                    self.console.answer(view.proof(one.plan, again, one.inventory.unowned))
                    self.console.answer(f"  ! {line}" for line in one.theirs.lines())
        if left:
            raise ApplyError("still there: " + ", ".join(left), hint=f"`{self._command}` again")


def removed(options: Options, console: Console, names: Sequence[str], *, yes: bool) -> None:
    """Remove pipelines of one region by name, as the command does; what holds data stays."""
    named: Named = dict.fromkeys((name, None) for name in names)
    found = looked(options, console, named, delete_data=False)
    Removals(console, options, tuple(names), False, found).carry_out(yes=yes)
