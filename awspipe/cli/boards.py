"""What the commands that steer a pipeline begin with: which one, where, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from awspipe.cli import asking, choosing, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import given
from awspipe.errors import AwspipeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from awspipe.cli.target import Target
    from awspipe.executions import Execution
    from awspipe.status import PipelineStatus, StageStatus

Named = Annotated[
    str | None, typer.Option("-n", "--name", metavar="NAME", help="The pipeline; by default the spec's.")
]


@dataclass(frozen=True, slots=True)
class Board:
    """A pipeline that a command steers."""

    console: Console
    target: Target
    name: str
    found: PipelineStatus

    def stage(self, name: str) -> StageStatus:
        """The stage of this name. Raises UsageError, with the one that may be meant."""
        stages = {one.name: one for one in self.found.stages}
        if name not in stages:
            raise choosing.no_stage(self.name, name, list(stages))
        return stages[name]

    def beginning(self, id_: str) -> Execution:
        """The execution whose id begins so. Raises AwspipeError where there is none, or more than one."""
        found = [one for one in self.found.executions if one.id.startswith(id_.lower())]
        if not found:
            hint = f"`{self.target.command_anywhere('history', self.name)}` lists them"
            raise AwspipeError(f"{self.name} has no recent execution {id_}", hint=hint)
        if len(found) > 1:
            raise choosing.begin_alike(id_, [one.id for one in found])
        return found[0]

    def command(self, *words: str) -> str:
        """A command about this pipeline, to be typed in any directory."""
        return self.target.command_anywhere(*words, "-n", self.name)

    def follow(self, id_: str) -> str:
        """The command that follows an execution, also when it has ended and another one goes on."""
        return self.target.command_anywhere("watch", self.name, "--execution", id_[:8])

    def execution(self, id_: str) -> str:
        """An execution in words: the beginning of its id, and its commit where that is known."""
        from awspipe.cli.views.steering import named

        known = self.found.execution(id_)
        return named(known) if known else f"execution {id_[:8]}"

    def agree(self, *, yes: bool, command: str) -> None:
        """Ask before something is lost; the sandbox, where nothing is, goes on where nobody can answer."""
        nothing = "nothing was changed"
        if yes:
            return
        if self.console.interactive:
            asking.go_on(self.console, "Go on? [y/N] ", asking.is_yes, otherwise=nothing)
        elif not self.target.sandbox:
            raise asking.nobody(nothing, command)

    def done(self, lines: Iterable[str], **facts: Any) -> None:
        """Answer, as lines and as JSON."""
        self.console.answer(lines)
        scope = self.found.scope
        head = {"pipeline": self.name, "account": scope.account, "region": scope.region}
        self.console.document({**head, **facts})


def look(context: typer.Context, name: str | None, file: str, *, recent: int = 100) -> Board:
    """The board of the pipeline that is meant. Raises AwspipeError where there is none."""
    from awspipe.cli.target import connect
    from awspipe.status import board

    options = given(context)
    console = Console(json=options.json)
    chosen = choosing.pipeline(name, file, "--name")
    pipeline, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, pipeline)
    console.say(target.first_line())
    chosen.hold(target)
    found = board(target.aws, pipeline, recent)
    if found is None:
        raise choosing.missing(target, pipeline, file)
    return Board(console, target, pipeline, found)


def one_of(console: Console, what: str, choices: list[tuple[str, str]]) -> int:
    """Which of several is meant: asked for on a terminal. A choice is the lines about it and its command.

    Raises UsageError with the commands where nobody can be asked.
    """
    from awspipe.errors import UsageError

    if not console.interactive:
        raise UsageError(f"{what}: say which one", hint=commands(command for _, command in choices))
    numbered = (f"  {number} {lines}" for number, (lines, _) in enumerate(choices, 1))
    console.say([f"{what}:", *numbered])
    return asking.number(console, f"Which one? [1-{len(choices)}] ", len(choices)) - 1


def commands(several: Iterable[str]) -> str:
    """A hint that names the commands of which one is meant."""
    return "\n    ".join(["one of", *several])


def short(one: Execution) -> str:
    """As much of an execution's id as commands take."""
    return one.id[:8]
