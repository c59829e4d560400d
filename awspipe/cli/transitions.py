"""`awspipe disable` and `awspipe enable`: whether executions may enter a stage."""

from __future__ import annotations

from typing import Annotated

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Named
from awspipe.cli.options import SPEC, SpecFile
from awspipe.errors import UsageError

Stage = Annotated[str, typer.Argument(metavar="STAGE", help="The stage to hold executions before.")]


def disable(
    context: typer.Context,
    stage: Stage,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why: English letters, digits, ! @ ( ) . * ? -")
    ],
    name: Named = None,
    file: SpecFile = SPEC,
) -> None:
    """Let no execution enter a stage until `enable`.

    The stages before it still run for each execution; what is in it already goes on.
    """
    from awspipe.cli.views import steering as view
    from awspipe.steering import check_reason
    from awspipe.steering import disable as call

    check_reason(reason)
    board = boards.look(context, name, file, recent=10)
    one = board.stage(stage)
    names = [other.name for other in board.found.stages]
    if one.name == names[0]:
        raise UsageError(
            f"{one.name} is the first stage of {board.name}: nothing leads into it",
            hint=f"`{board.command('disable', names[1], '--reason', reason)}` holds executions after it",
        )
    call(board.target.aws, board.name, one.name, reason)
    earlier = names[: names.index(one.name)]
    again = board.command("enable", one.name)
    board.done(view.disabled(board.name, one, earlier, again), stage=one.name, enabled=False, reason=reason)


def enable(context: typer.Context, stage: Stage, name: Named = None, file: SpecFile = SPEC) -> None:
    """Let executions enter a stage again. One that waits does at once."""
    from awspipe.cli.views import steering as view
    from awspipe.steering import enable as call

    board = boards.look(context, name, file, recent=10)
    one = board.stage(stage)
    if one.closed is not None:
        call(board.target.aws, board.name, one.name)
    free = one.closed is not None and one.state not in ("InProgress", "Stopping")
    waits = one.inbound[0] if one.inbound and free else ""
    enters, follow = (board.execution(waits), board.follow(waits)) if waits else ("", "")
    board.done(view.enabled(board.name, one, enters, follow), stage=one.name, enabled=True, reason=None)
