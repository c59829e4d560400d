"""`awspipe retry` and `awspipe rollback`: a stage runs again, or as it did before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Board, Named
from awspipe.cli.options import SPEC, SpecFile, Yes
from awspipe.errors import AwspipeError

if TYPE_CHECKING:
    from awspipe.executions import Execution
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
    from awspipe.steering import before, is_current, targets, there, why_no_rollback

    impossible = why_no_rollback(board.found, stage.name)
    hint = f"`{board.target.command_anywhere('run', board.name, '--commit', 'COMMIT')}` brings a commit back"
    if impossible:
        raise AwspipeError(f"{stage.name} of {board.name} cannot roll back: {impossible}", hint=hint)
    if stage.state in ("InProgress", "Stopping"):
        stop = board.command("stop")
        raise AwspipeError(f"{stage.name} of {board.name} is running", hint=f"`{stop}` ends that first")
    older = list(targets(board.target.aws, board.name, stage.name))
    wanted = [one for one in older if _is(one, to)] if to else older
    found = before(board.found, stage, older) if not to else next(iter(wanted), None)
    if found is None:
        which = f" {to}" if to else " of another revision than the one that is there"
        raise AwspipeError(f"no execution{which} succeeded in {stage.name} of {board.name}", hint=hint)
    if not is_current(board.target.aws, board.found, found):
        text = f"{board.name} was changed after execution {found.id[:8]}: AWS goes back only to executions of"
        raise AwspipeError(f"{text} its present version, {board.found.version}", hint=hint)
    now = there(board.found, stage, older)
    return found, now is not None and bool(now.revisions) and now.revisions == found.revisions


def _is(one: Execution, to: str) -> bool:
    return one.id.startswith(to.lower()) or any(revision.startswith(to.lower()) for revision in one.revisions)
