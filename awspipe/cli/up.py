"""`awspipe up`: make the pipeline, or bring it to what the spec says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.money import RUNS, MaxCost, Runs
from awspipe.cli.options import SPEC, Adopt, Only, SpecFiles, Yes, file_words, given
from awspipe.cli.ttl import Ttl

if TYPE_CHECKING:
    from decimal import Decimal

    from awspipe.cli.money import Pricing
    from awspipe.cli.planning import Prepared
    from awspipe.cli.pushing import Pushes
    from awspipe.cli.target import Target
    from awspipe.cli.views.up import Ended
    from awspipe.events import Event, Listener


def up(  # noqa: PLR0913, PLR0917 - each option of a command is a parameter
    context: typer.Context,
    file: SpecFiles = [SPEC],  # noqa: B006 - Typer's way to say a default
    only: Only = None,
    yes: Yes = False,
    no_push: Annotated[
        bool, typer.Option("--no-push", help="Do not push the current commit into a new repository.")
    ] = False,
    adopt: Adopt = False,
    max_cost: MaxCost = None,
    runs: Runs = RUNS,
    ttl: Ttl = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then follow the execution that this starts to its end.")
    ] = False,
) -> None:
    """Make the pipeline, or bring it to what the spec says now.

    The plan is shown first with its cost, and asked about on a terminal: once more where a usual month costs
    something, or where it is a further pipeline of the account. A new CodeCommit repository gets the current
    commit by `git push`. Run again, it changes only what differs; after any interruption it goes on.
    """
    from awspipe.cli import money
    from awspipe.cli.outcome import halted
    from awspipe.cli.planning import prepare
    from awspipe.cli.ttl import end_before, ending, length, passed, prolong
    from awspipe.cli.views.expiry import wanted_until

    options = given(context)
    console = Console(json=options.json)
    most = money.limit(max_cost)
    end = None if ttl is None else datetime.now(UTC) + length(ttl)
    words = ("up", *file_words(*file, only=only or ()), *(("--adopt",) if adopt else ()))
    again = options.command(*words)
    with halted(console, "nothing was changed", f"`{again}` begins again"):
        prepared = prepare(options, console, file, push=not no_push, only=only or (), adopt=adopt)
        if end is None:
            console.warn(passed(prepared, datetime.now(UTC)))
        ends = [end or end_before(one) for one in prepared]
        prepared = ending(prepared, end)
        pricing = money.begin(prepared, runs)
        _show(console, prepared)
        works = any(one.plan.work for one in prepared)
        shown = works and (most is not None or (console.interactive and not yes))
        if shown:
            _show_cost(console, pricing, most)
        if works:
            _agree(console, pricing, yes=yes, command=f"{again} --yes")
    ended = _run(console, prepared, again)
    with halted(console, "every step is done", f"`{again}` shows the same again"):
        prolong(prepared, end)
        if end is not None:
            console.say(wanted_until(end, options.command("down", "--expired")))
        ended = [replace(one, until=until) for one, until in zip(ended, ends, strict=True)]
        _end(console, ended, pricing, shown=shown, one_line=watch)
    if watch:
        _watch(console, ended)


def _show_cost(console: Console, pricing: list[Pricing], most: Decimal | None) -> None:
    """Before anything is made: where somebody is asked, or has set a limit. Else it is shown at the end."""
    from awspipe.cli import money
    from awspipe.cli.views import money as view
    from awspipe.cli.views import money_together

    priced = [one.answer() for one in pricing]
    working = money.working(priced)
    console.say(view.lines(working[0]) if len(working) == 1 else money_together.box(working))
    if most is not None:
        money.refuse_above(priced, most)


def _end(
    console: Console, ended: list[Ended], pricing: list[Pricing], *, shown: bool, one_line: bool
) -> None:
    from awspipe.cli import money
    from awspipe.cli.views import money as money_view
    from awspipe.cli.views import money_together
    from awspipe.cli.views import up as view

    priced = [one.answer() for one in pricing]
    working = money.working(priced)
    for one, cost in zip(ended, priced, strict=True):
        said = [money_view.at_end(cost)] if shown else money_view.lines(cost)
        console.answer(view.lines(one, said if [cost] == working else ()))
    console.answer(money_together.together(working) if shown else money_together.box(working))
    documents = zip(map(view.document, ended), map(money_view.document, priced), strict=True)
    document = {"pipelines": [{**one, "cost": cost} for one, cost in documents]}
    if one_line:
        console.record({"event": "up", **document})
    else:
        console.document(document)


def _watch(console: Console, ended: list[Ended]) -> None:
    """Follow what each pipeline's creation or push has started. Raises ToldError where one fails."""
    from awspipe.cli.console import ToldError
    from awspipe.cli.following import Following
    from awspipe.errors import StoppedError

    worst = 0
    for one in ended:
        plan = one.one.plan
        following = Following(console, one.one.target, plan.scope.pipeline, commit=_awaited(one))
        try:
            with following.reporting():
                following.begun(expected=one.created or one.pushed)
        except ToldError as told:
            worst = max(worst, told.exit_code)
            if worst == StoppedError.exit_code:
                break
    if worst:
        raise ToldError(worst)


def _awaited(one: Ended) -> str:
    """The commit whose execution is waited for; a creation starts one whatever it carries."""
    from awspipe.git import Commit

    commit = one.one.commit
    return commit.id if one.pushed and not one.created and isinstance(commit, Commit) else ""


def _show(console: Console, prepared: list[Prepared]) -> None:
    from awspipe.cli.views.plan import lines

    for one in prepared:
        if one.plan.work or one.plan.kept:
            console.say(lines(one.plan, one.commit_id))
        console.say(_warnings(one))


def _agree(console: Console, pricing: list[Pricing], *, yes: bool, command: str) -> None:
    """Ask; the sandbox, where nothing costs, goes on where nobody can answer."""
    from awspipe.cli import asking, money

    nothing = "nothing was changed"
    if yes:
        return
    if console.interactive:
        asking.go_on(console, "Go on? [y/N] ", asking.is_yes, otherwise=nothing)
        money.agree_once_more(console, [one.answer() for one in pricing])
        for one in pricing:  # the questions may have stood there for long
            one.one.target.aws.forget()
    elif not all(one.one.target.sandbox for one in pricing):
        raise asking.nobody(nothing, command)


def _warnings(one: Prepared) -> Iterator[str]:
    from awspipe.git import Commit
    from awspipe.plan import Verb
    from awspipe.resources.pipeline import Pipeline

    if one.plan.count(Verb.PUSH) and isinstance(one.commit, Commit) and one.commit.dirty:
        yield f"  ! there are changes that are not committed: only commit {one.commit_id} is pushed"
    updates = {step.key.kind for step in one.plan.work if step.verb in (Verb.UPDATE, Verb.ADOPT)}
    if Pipeline.kind in updates and Pipeline.running(one.target.aws, one.plan.scope.pipeline):
        yield "  ! an execution is running: AWS cancels it when the pipeline is updated"


def _run(console: Console, prepared: list[Prepared], command: str) -> list[Ended]:
    """Carry the plans out, all of them at once. What it gives back is all that there is to say of them."""
    from awspipe.apply import Job, apply_all
    from awspipe.cli.handshakes import corrected
    from awspipe.cli.outcome import check_all
    from awspipe.cli.progress import Progress
    from awspipe.cli.pushing import Pushes

    with Progress(console, sum(len(one.plan.work) for one in prepared)) as progress:
        pushes = [Pushes(one, progress) for one in prepared]
        for one in prepared:
            one.target.aws.listener = _Telling(one.target, prepared, progress)
            one.target.aws.attended = console.interactive
        outcomes = apply_all([Job(it.one.target.aws, it.one.plan, it.push, it.hear) for it in pushes])
    for one, outcome in zip(prepared, outcomes, strict=True):
        for _, error in outcome.failed:
            corrected(one.target, [one.spec], error)
    undo = [one.target.command_anywhere("down", one.plan.scope.pipeline) for one in prepared]
    check_all(outcomes, command, *undo)
    return [_ended(it) for it in pushes]


def _ended(pushes: Pushes) -> Ended:
    from awspipe.cli.notices import notes
    from awspipe.cli.views.up import Ended

    theirs = pushes.lead()
    told = notes(pushes.one.target, pushes.one.plan)
    return Ended(pushes.one, bool(pushes.pushed), pushes.later, (*pushes.notes(theirs), *told))


@dataclass(frozen=True, slots=True)
class _Telling:
    """Says what is waited for in a region, a handshake in the words of where it happens."""

    target: Target
    prepared: list[Prepared]
    listener: Listener

    def __call__(self, event: Event) -> None:
        from awspipe.cli.handshakes import told

        specs = [one.spec for one in self.prepared if one.target is self.target]
        self.listener(told(self.target, specs, event))
