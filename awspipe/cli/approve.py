"""`awspipe approve` and `awspipe reject`: the answer to an approval that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import boards, choosing, expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given
from awspipe.errors import AwspipeError, PendingError, UsageError

if TYPE_CHECKING:
    from awspipe.approvals import Approval, Waiting
    from awspipe.cli.target import Target

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The pipeline; by default the spec's.")]
Stage = Annotated[str | None, typer.Option("--stage", metavar="S", help="The stage that waits.")]
Action = Annotated[str | None, typer.Option("--action", metavar="A", help="The action that waits.")]
Execution = Annotated[
    str | None,
    typer.Option("--execution", metavar="ID", help="The execution that waits, or how its id begins."),
]
Comment = Annotated[
    str, typer.Option("--comment", metavar="TEXT", help="What the history is to say, up to 512 characters.")
]


def approve(
    context: typer.Context,
    name: Name = None,
    stage: Stage = None,
    action: Action = None,
    execution: Execution = None,
    comment: Comment = "",
    file: SpecFile = SPEC,
) -> None:
    """Let an execution pass that waits for approval.

    Where one waits it is that one; of several you are asked for one, and without a terminal the command for
    each is shown. Exits with 8 where nothing waits yet.
    """
    _answer(context, Wanted(name, stage, action, execution), "Approved", comment, file)


def reject(
    context: typer.Context,
    name: Name = None,
    stage: Stage = None,
    action: Action = None,
    execution: Execution = None,
    comment: Comment = "",
    file: SpecFile = SPEC,
) -> None:
    """Refuse an execution that waits for approval: it fails.

    Where one waits it is that one; of several you are asked for one, and without a terminal the command for
    each is shown. Exits with 8 where nothing waits yet.
    """
    _answer(context, Wanted(name, stage, action, execution), "Rejected", comment, file)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which approval the command line means. None: any."""

    name: str | None
    stage: str | None = None
    action: str | None = None
    execution: str | None = None

    def means(self, one: Approval) -> bool:
        """Whether it may be this one."""
        return (
            self.stage in (None, one.stage)
            and self.action in (None, one.action)
            and one.execution.startswith((self.execution or "").lower())
        )


def _answer(context: typer.Context, wanted: Wanted, status: str, comment: str, file: str) -> None:
    from awspipe.approvals import LONGEST_COMMENT, answer, waiting
    from awspipe.cli.target import connect
    from awspipe.cli.views import approvals as view

    if len(comment) > LONGEST_COMMENT:
        raise UsageError(f"--comment has {len(comment)} characters: AWS takes {LONGEST_COMMENT}")
    options = given(context)
    console = Console(json=options.json)
    chosen = choosing.pipeline(wanted.name, file)
    name, target = chosen.name, connect(options, console, chosen.region)
    expiring.warn(context, console, target, name)
    console.say(target.first_line())
    chosen.hold(target)
    found = waiting(target.aws, name)
    if found is None:
        raise choosing.missing(target, name, file)
    now = datetime.now(UTC)
    one = Choice(console, target, name, status, now).pick(found, wanted)
    console.say(view.lines(one, now))
    answer(target.aws, name, found, one, status=status, comment=comment)
    watch = ("watch", name, "--execution", one.execution[:8])
    words = watch if status == "Approved" else ("status", name)
    follow = target.command_anywhere(*words)
    console.answer(view.answered(name, one, status, follow))
    console.document(
        {
            "pipeline": name,
            "account": target.aws.account,
            "region": target.aws.region,
            "answer": status,
            "comment": comment or None,
            "approval": view.document(one),
        }
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Finds the approval that is meant, and asks where it may be one of several."""

    console: Console
    target: Target
    name: str
    status: str
    now: datetime

    def pick(self, found: Waiting, wanted: Wanted) -> Approval:
        """The one approval that is meant.

        Raises PendingError where none waits yet, AwspipeError where none can come, UsageError where there are
        several and nobody can be asked.
        """
        if wanted.stage and wanted.stage not in found.stages:
            raise choosing.no_stage(self.name, wanted.stage, found.stages)
        fitting = [one for one in found.approvals if wanted.means(one)]
        if not fitting:
            raise self._none(found, wanted)
        return fitting[0] if len(fitting) == 1 else self._ask(fitting)

    def _ask(self, fitting: list[Approval]) -> Approval:
        from awspipe.cli.views import approvals as view

        choices = [(view.choice(one, self.now), self._command(one, fitting)) for one in fitting]
        what = f"{len(fitting)} approvals wait in {self.name}"
        return fitting[boards.one_of(self.console, what, choices)]

    def _command(self, one: Approval, fitting: list[Approval]) -> str:
        """The one-line form for one of several: only what tells it from the others."""
        verb = {"Approved": "approve", "Rejected": "reject"}[self.status]
        words = [verb, self.name, "--stage", one.stage]
        if any((other.stage, other.action) == (one.stage, one.action) for other in fitting if other != one):
            words += ["--execution", one.execution[:8]]
        if any(other.stage == one.stage and other.action != one.action for other in fitting):
            words += ["--action", one.action]
        return self.target.command_anywhere(*words)

    def _none(self, found: Waiting, wanted: Wanted) -> AwspipeError:
        where = f"stage {wanted.stage} of {self.name}" if wanted.stage else self.name
        if not found.asking or (wanted.stage and wanted.stage not in found.asking):
            there = f"approvals are in: {', '.join(found.asking)}"
            hint = there if found.asking else "in a spec, a stage with `provider: approval` asks for one"
            return AwspipeError(f"{where} has no approval", hint=hint)
        if found.approvals:
            return AwspipeError(
                f"no approval of {self.name} is the one that is meant",
                hint=boards.commands(self._command(one, [*found.approvals]) for one in found.approvals),
            )
        if not found.under_way:
            status = self.target.command_anywhere("status", self.name)
            return AwspipeError(
                f"nothing waits for approval in {where}, and no execution is under way",
                hint=f"`{status}` shows where it stands",
            )
        ids = ", ".join(one[:8] for one in found.under_way[:5])
        return PendingError(
            f"nothing waits for approval in {where} yet: under way is {ids}",
            hint=f"`{self.target.command_anywhere('watch', self.name)}` follows it",
        )
