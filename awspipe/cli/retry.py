"""`awspipe retry`: what failed in a stage runs again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Board, Named
from awspipe.cli.options import SPEC, SpecFile
from awspipe.errors import AwspipeError

if TYPE_CHECKING:
    from awspipe.status import StageStatus


def retry(
    context: typer.Context,
    stage: Annotated[
        str | None, typer.Argument(metavar="STAGE", help="By default the one that failed.")
    ] = None,
    name: Named = None,
    execution: Annotated[
        str,
        typer.Option(
            "--execution", metavar="ID", help="The execution, or how its id begins: for PARALLEL pipelines."
        ),
    ] = "",
    all_actions: Annotated[
        bool, typer.Option("--all-actions", help="Run all actions of the stage, not only what failed.")
    ] = False,
    file: SpecFile = SPEC,
) -> None:
    """Run again what failed in a stage, in the same execution.

    AWS retries only the latest execution that was in the stage, and only while the pipeline is as it was
    then; after a change of the spec, start a new execution.
    """
    from awspipe.cli.views import steering as view
    from awspipe.steering import retry as call

    board = boards.look(context, name, file)
    one = _failed_in(board, execution, stage) if execution else _failed(board, stage)
    what, latest = board.execution(one.execution), board.found.latest
    newer = view.named(latest) if latest and latest.id != one.execution else ""
    board.console.say(view.retrying(one.name, what, newer, everything=all_actions))
    call(board.target.aws, board.name, one, everything=all_actions)
    follow = board.follow(one.execution)
    mode = "ALL_ACTIONS" if all_actions else "FAILED_ACTIONS"
    board.done(
        view.retried(board.name, one.name, what, follow),
        stage=one.name,
        execution_id=one.execution,
        retry_mode=mode,
    )


def _failed(board: Board, name: str | None) -> StageStatus:
    """The stage that is to run again: the named one, the one of the latest execution, or one asked for."""
    from awspipe.steering import retryable

    failed = retryable(board.found)
    latest = board.found.latest.id if board.found.latest else ""
    if name:
        one = board.stage(name)
        if one not in failed:
            raise _nothing(board, one.name, one.state)
        return one
    if not failed:
        raise _nothing(board, "", "")
    newest = [one for one in failed if one.execution == latest]
    fitting = newest if len(newest) == 1 else list(failed)
    if len(fitting) == 1:
        return fitting[0]
    choices = [
        (f"{one.name}: {one.state}, {board.execution(one.execution)}", board.command("retry", one.name))
        for one in fitting
    ]
    return fitting[boards.one_of(board.console, f"{len(fitting)} stages of {board.name} failed", choices)]


def _failed_in(board: Board, execution: str, name: str | None) -> StageStatus:
    """The stage in which one execution failed. Raises AwspipeError where AWS would not retry it."""
    from awspipe.executions import actions_of
    from awspipe.explain import explained

    one = board.beginning(execution)
    with explained(f"look at execution {one.id}"):
        runs = actions_of(board.target.aws, board.name, one.id)
    failed = [run.stage for run in runs if run.state in ("Failed", "Abandoned")]
    stage = board.stage(name or (failed[0] if failed else board.found.stages[0].name))
    if stage.name not in failed:
        raise _nothing(board, "", "")
    if board.found.mode != "PARALLEL" and stage.execution != one.id:
        there = board.execution(stage.execution)
        text = f"only the latest execution in {stage.name} of {board.name} can be retried: that is {there}"
        commit = one.revision or "COMMIT"
        hint = (
            f"`{board.target.command_anywhere('run', board.name, '--commit', commit)}` brings a commit back"
        )
        raise AwspipeError(text, hint=hint)
    return replace(stage, state="Failed", execution=one.id)


def _nothing(board: Board, stage: str, state: str) -> AwspipeError:
    where = f"{stage} of {board.name}" if stage else f"no stage of {board.name}"
    what = (
        f"did not fail: it is {state or 'not run yet'}" if stage else "has failed: there is nothing to retry"
    )
    hint = f"`{board.target.command_anywhere('run', board.name)}` starts a new execution"
    return AwspipeError(f"{where} {what}", hint=hint)
