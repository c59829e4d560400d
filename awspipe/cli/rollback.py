"""`awspipe rollback`: a stage runs as it did before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Board, Named
from awspipe.cli.options import SPEC, SpecFile, Yes
from awspipe.errors import AwspipeError

if TYPE_CHECKING:
    from awspipe.executions import Execution
    from awspipe.status import StageStatus


def rollback(
    context: typer.Context,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="The stage to run as it ran before.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="EXECUTION",
            help="An execution, or its commit: how the id begins; by default the last other revision.",
        ),
    ] = "",
    name: Named = None,
    yes: Yes = False,
    file: SpecFile = SPEC,
) -> None:
    """Run a stage again with what an earlier execution ran it with.

    For V2 pipelines. It goes back to an execution that succeeded in the stage and was of the pipeline's
    present version: a change of the spec ends the way back.
    """
    from awspipe.cli.views import steering as view
    from awspipe.steering import coming
    from awspipe.steering import rollback as call

    board = boards.look(context, name, file)
    one = board.stage(stage)
    target, same = _target(board, one, to)
    now = board.execution(one.execution) if one.execution else ""
    board.console.say(view.rolling_back(one.name, view.named(target), now, same=same))
    for other in coming(board.found, one.name):
        stop = board.command("stop", boards.short(other))
        board.console.say(view.comes_after(one.name, other, stop))
    board.agree(yes=yes, command=board.command("rollback", one.name, "--to", boards.short(target), "--yes"))
    made = call(board.target.aws, board.name, one.name, target.id)
    follow = board.follow(made)
    board.done(
        view.rolled_back(board.name, one.name, view.named(target), made, follow),
        stage=one.name,
        target_execution_id=target.id,
        execution_id=made,
    )


def _target(board: Board, stage: StageStatus, to: str) -> tuple[Execution, bool]:
    """What a stage goes back to, and whether its revisions are those that are there already.

    Raises AwspipeError where AWS would refuse it, or where there is nothing to go back to.
    """
    from awspipe.steering import before, is_current, targets, there

    by_run = (
        f"`{board.target.command_anywhere('run', board.name, '--commit', 'COMMIT')}` brings a commit back"
    )
    _check(board, stage, by_run)
    older = list(targets(board.target.aws, board.name, stage.name))
    now = there(board.found, stage, older)
    meant = next((one for one in older if _is(one, to)), None)
    found = meant if to else before(board.found, stage, older)
    if found is None:
        others = [] if to else [one for one in older if one != now]
        raise _nowhere(board, stage.name, to, _other(board, stage.name, others[0]) if others else by_run)
    if not is_current(board.target.aws, board.found, found):
        text = f"{board.name} was changed after execution {found.id[:8]}: AWS goes back only to executions of"
        raise AwspipeError(f"{text} its present version, {board.found.version}", hint=by_run)
    return found, now is not None and bool(now.revisions) and now.revisions == found.revisions


def _check(board: Board, stage: StageStatus, by_run: str) -> None:
    """Refuse what cannot roll back now, or never."""
    from awspipe.steering import why_no_rollback

    impossible = why_no_rollback(board.found, stage.name)
    if impossible:
        raise AwspipeError(f"{stage.name} of {board.name} cannot roll back: {impossible}", hint=by_run)
    if stage.state in ("InProgress", "Stopping"):
        stop = board.command("stop")
        raise AwspipeError(f"{stage.name} of {board.name} is running", hint=f"`{stop}` ends that first")


def _nowhere(board: Board, stage: str, to: str, hint: str) -> AwspipeError:
    which = f" {to}" if to else " with another revision, before the one that is there,"
    return AwspipeError(f"no execution{which} succeeded in {stage} of {board.name}", hint=hint)


def _other(board: Board, stage: str, one: Execution) -> str:
    """What leads to one that came later: after a rollback, the one that it went back from."""
    from awspipe.cli.views.steering import named

    return f"`{board.command('rollback', stage, '--to', boards.short(one))}` goes to {named(one)}"


def _is(one: Execution, to: str) -> bool:
    return one.id.startswith(to.lower()) or any(revision.startswith(to.lower()) for revision in one.revisions)
