"""What the commands that steer executions say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from awspipe.cli.views import columns
from awspipe.cli.views.moments import commit, first_line
from awspipe.executions import Execution
from awspipe.status import StageStatus


def named(one: Execution) -> str:
    """An execution: the beginning of its id, and its commit."""
    about = f" ({commit(one.revision, one.message)})" if one.revision else ""
    return f"execution {one.id[:8]}{about}"


def retrying(stage: str, execution: str, newer: str, *, everything: bool) -> Iterator[str]:
    """What a retry will do; `newer` is a newer execution of the pipeline, or ""."""
    what = "all its actions run again" if everything else "the actions that failed run again"
    yield f"  {stage} of {execution}: {what}"
    if newer:
        yield f"  ! {newer} is newer: this brings an older revision forward"


def retried(pipeline: str, stage: str, execution: str, follow: str) -> Iterator[str]:
    """The retry has begun."""
    yield f"retrying: {stage} of {pipeline}, {execution}"
    yield from columns.next_commands([(follow, "follows it")])


def rolling_back(stage: str, target: str, there: str, *, same: bool) -> Iterator[str]:
    """What a rollback will do; `same`: it brings what is there already."""
    yield f"  {stage} goes back to {target}"
    if there:
        yield f"  from {there}"
    if same:
        yield "  ! that is the revision that is there already"
    yield "  only this stage runs, as a new execution with that one's revisions and variables"


def comes_after(stage: str, other: Execution, stop: str) -> str:
    """Another execution is under way, and what it brings comes after the rollback; `stop` ends it."""
    if other.target:
        return f"  ! {named(other)} is under way and rolls back too"
    return f"  ! {named(other)} is under way: it comes to {stage} after this; `{stop}` ends it"


def rolled_back(pipeline: str, stage: str, target: str, made: str, follow: str) -> Iterator[str]:
    """The rollback has begun."""
    yield f"rolling back: {stage} of {pipeline} to {target}, as execution {made[:8]}"
    yield from columns.next_commands([(follow, "follows it")])


def stopping(
    execution: str, running: Sequence[str], asking: Sequence[str], *, abandon: bool
) -> Iterator[str]:
    """What a stop will do; `running` are the actions that go on, `asking` the approvals that wait."""
    yield f"  {execution} is stopped"
    if abandon and running:
        yield f"  ! {', '.join(running)}: not waited for, and may go on and cost where it runs"
    elif running:
        yield f"  {', '.join(running)}: runs to its end first; --abandon does not wait"
    if asking and not abandon:
        yield f"  ! {', '.join(asking)} waits until somebody answers: reject it, or --abandon"


def stopped(pipeline: str, execution: str, *, abandon: bool, follow: str) -> Iterator[str]:
    """The stop was asked for."""
    how = "abandoning what runs" if abandon else "when what runs has ended"
    yield f"stopping: {execution} of {pipeline}, {how}"
    yield from columns.next_commands([(follow, "shows how it ends")])


def disabled(pipeline: str, stage: StageStatus, earlier: Sequence[str], again: str) -> Iterator[str]:
    """A stage can no longer be entered."""
    yield f"disabled: nothing enters {stage.name} of {pipeline}"
    if earlier:
        verb = "runs" if len(earlier) == 1 else "run"
        yield f"  ! {', '.join(earlier)} still {verb} for each execution, and may cost"
    yield from columns.next_commands([(again, "lets executions enter again")])


def enabled(pipeline: str, stage: StageStatus, enters: str, follow: str) -> Iterator[str]:
    """A stage can be entered again; `enters` is what does now, or ""."""
    if stage.closed is None:
        yield f"{stage.name} of {pipeline} was enabled already"
    else:
        yield f"enabled: executions enter {stage.name} of {pipeline} (it was: {first_line(stage.closed)})"
    if enters:
        yield f"  {enters} enters now"
        yield from columns.next_commands([(follow, "follows it")])
