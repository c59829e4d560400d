"""`awspipe stop`: an execution goes no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Board, Named
from awspipe.cli.options import SPEC, SpecFile, Yes
from awspipe.errors import AwspipeError

if TYPE_CHECKING:
    from awspipe.executions import Execution


def stop(
    context: typer.Context,
    execution: Annotated[
        str, typer.Argument(metavar="EXECUTION", help="How its id begins; by default the one under way.")
    ] = "",
    name: Named = None,
    abandon: Annotated[bool, typer.Option("--abandon", help="Do not wait for the actions that run.")] = False,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="What the history is to say, up to 200 characters."),
    ] = "",
    yes: Yes = False,
    file: SpecFile = SPEC,
) -> None:
    """Stop an execution once the actions that run have ended.

    With --abandon at once: what an action has started, e.g. a deployment, may go on by itself.
    """
    from awspipe.cli.views import steering as view
    from awspipe.steering import check_stop_reason
    from awspipe.steering import stop as call

    check_stop_reason(reason)
    board = boards.look(context, name, file)
    one = _under_way(board, execution, abandon=abandon)
    running, asking = _actions(board, one)
    board.console.say(view.stopping(view.named(one), running, asking, abandon=abandon))
    if abandon and running:
        board.agree(yes=yes, command=board.command("stop", boards.short(one), "--abandon", "--yes"))
    call(board.target.aws, board.name, one.id, abandon=abandon, reason=reason)
    follow = board.follow(one.id)
    board.done(
        view.stopped(board.name, view.named(one), abandon=abandon, follow=follow),
        execution_id=one.id,
        abandon=abandon,
        reason=reason or None,
    )


def _under_way(board: Board, wanted: str, *, abandon: bool) -> Execution:
    """The execution that is meant.

    Raises AwspipeError where none goes on, UsageError where it may be several.
    """
    from awspipe.steering import under_way

    going_on = under_way(board.target.aws, board.found)
    fitting = [one for one in going_on if one.id.startswith(wanted.lower())]
    if not fitting:
        raise _none(board, wanted)
    one = fitting[0] if len(fitting) == 1 else _asked(board, fitting, abandon=abandon)
    if one.state == "Stopping" and not abandon:
        harder = board.command("stop", boards.short(one), "--abandon")
        text = f"execution {one.id[:8]} of {board.name} is being stopped: it waits for actions that run"
        raise AwspipeError(text, hint=f"`{harder}` does not wait")
    return one


def _asked(board: Board, fitting: list[Execution], *, abandon: bool) -> Execution:
    from awspipe.cli.views.steering import named

    harder = ["--abandon"] if abandon else []
    choices = [
        (f"{named(one)}: {one.state}", board.command("stop", boards.short(one), *harder)) for one in fitting
    ]
    what = f"{len(fitting)} executions of {board.name} are under way"
    return fitting[boards.one_of(board.console, what, choices)]


def _none(board: Board, wanted: str) -> AwspipeError:
    ended = next(
        (one for one in board.found.executions if wanted and one.id.startswith(wanted.lower())), None
    )
    hint = f"`{board.target.command_anywhere('history', board.name)}` lists them"
    if ended:
        return AwspipeError(f"execution {ended.id[:8]} of {board.name} is {ended.state} already", hint=hint)
    which = f" {wanted}" if wanted else ""
    return AwspipeError(f"no execution{which} of {board.name} is under way", hint=hint)


def _actions(board: Board, one: Execution) -> tuple[list[str], list[str]]:
    """The actions that go on in an execution, and those of them that wait for approval."""
    own = [action for stage in board.found.stages if stage.execution == one.id for action in stage.actions]
    beside = [run for other in board.found.beside if other.execution.id == one.id for run in other.runs]
    running = [action.name for action in own if action.state == "InProgress" and not action.asks]
    running += [run.name for run in beside if not run.is_approval]
    asking = [action.name for action in own if action.asks]
    return running, asking + [run.name for run in beside if run.is_approval]
