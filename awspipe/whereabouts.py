"""Where a commit is now: live, under way, waiting, failed, superseded, or not known to the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from awspipe.aws import Aws
from awspipe.executions import UNFINISHED, Execution, actions_of, executions_of, overtaker
from awspipe.explain import explained
from awspipe.failures import Cause
from awspipe.status import Beside, PipelineStatus, StageStatus, made_action, status, why_failed

MOST = 1000
"""As many executions are looked through: ten pages."""


class Place(StrEnum):
    """Where a commit can be."""

    LIVE = "live"
    """Its execution succeeded, and no other has deployed since."""
    REPLACED = "replaced"
    RUNNING = "running"
    WAITING = "waiting"
    """Before a stage that another execution holds, or that nobody may enter."""
    FAILED = "failed"
    STOPPED = "stopped"
    """By somebody, or because the pipeline was updated."""
    SUPERSEDED = "superseded"
    """A newer execution went on in its place."""
    UNKNOWN = "unknown"
    """No execution carries it."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a commit is: in which execution, at which stage.

    `by` is the execution that replaced or superseded it, or that holds the stage it waits for; `then` is
    where the execution that superseded it is; `causes` are why it failed.
    """

    board: PipelineStatus
    place: Place
    commit: str
    execution: Execution | None = None
    stage: StageStatus | None = None
    by: Execution | None = None
    then: Whereabouts | None = None
    within: bool = False
    """Whether its execution is of a later commit, which carries it."""
    causes: tuple[Cause, ...] = ()
    looked: int = 0
    """How many executions were looked through."""

    @property
    def end(self) -> Whereabouts:
        """Where the last execution is that went on in its place."""
        return self.then.end if self.then else self


def whereabouts(aws: Aws, name: str, commit: str, later: frozenset[str] = frozenset()) -> Whereabouts | None:
    """Where the commit is whose id begins so; None where there is no such pipeline.

    The newest execution of it counts. Where there is none, as of all but the last commit of a push, it is
    where a commit of `later` is, those that carry it: the one that is live, else the newest. At most ten
    pages of executions are read.
    """
    board = status(aws, name)
    if board is None:
        return None
    newer: list[Execution] = []
    carrying: list[tuple[Execution, _Search]] = []
    with explained(f"look for {commit[:7]} in {name}"):
        for one in executions_of(aws, name, MOST):
            if _carries(one, commit) and not _of_one_stage(one, board):
                return _Search(aws, board, tuple(newer)).where(one)
            if one.revision in later and not _of_one_stage(one, board):
                carrying.append((one, _Search(aws, board, tuple(newer))))
            newer.append(one)
        if carrying:
            return replace(_best(carrying), within=True, commit=commit)
    return Whereabouts(board, Place.UNKNOWN, commit, looked=len(newer))


def _best(carrying: Sequence[tuple[Execution, _Search]]) -> Whereabouts:
    """Where a commit is that several executions carry: where it is live, else where the newest is."""
    arrived = (search.where(one) for one, search in carrying if one.state == "Succeeded")
    live = next((found for found in arrived if found.place is Place.LIVE), None)
    newest, search = carrying[0]
    return live or search.where(newest)


def _carries(one: Execution, commit: str) -> bool:
    return any(revision.startswith(commit) for revision in (one.revision, *one.revisions))


def _of_one_stage(one: Execution, board: PipelineStatus) -> bool:
    """A rollback runs one stage only: it tells of what is live, and of nothing else."""
    return bool(one.target) and not one.running and _last(board).execution != one.id


def _last(board: PipelineStatus) -> StageStatus:
    """The stage that makes a commit live: the last that deploys, else the last."""
    return next((one for one in reversed(board.stages) if one.deploys), board.stages[-1])


@dataclass(frozen=True, slots=True)
class _Search:
    """What an execution's state means; `newer` are the executions that began after it, newest first."""

    aws: Aws
    board: PipelineStatus
    newer: Sequence[Execution]

    def where(self, one: Execution) -> Whereabouts:
        """Where an execution is."""
        match one.state:
            case "Succeeded":
                return self._arrived(one)
            case "Superseded":
                return self._superseded(one)
            case "Failed" | "Stopped" | "Cancelled":
                return self._ended(one)
        return self._under_way(one)

    def _made(self, place: Place, one: Execution, **facts: object) -> Whereabouts:
        return Whereabouts(self.board, place, one.revision, one, **facts)  # type: ignore[arg-type]

    def _arrived(self, one: Execution) -> Whereabouts:
        last = _last(self.board)
        if self.board.mode == "PARALLEL":
            by = next((other for other in self.newer if other.state == "Succeeded"), None)
        else:
            by = next((other for other in self.newer if other.id == last.execution), None)
        over = by is not None and (self.board.mode == "PARALLEL" or last.state == "Succeeded")
        same = by is not None and by.revision == one.revision
        return self._made(Place.REPLACED if over and not same else Place.LIVE, one, stage=last, by=by)

    def _superseded(self, one: Execution) -> Whereabouts:
        taken = overtaker(one, self.newer)
        by = next((other for other in self.newer if other.id == taken), None)
        if by is None:
            return self._made(Place.SUPERSEDED, one)
        newer = self.newer[: self.newer.index(by)]
        then = _Search(self.aws, self.board, newer).where(by)
        return self._made(Place.SUPERSEDED, one, by=by, then=then)

    def _ended(self, one: Execution) -> Whereabouts:
        name = self.board.scope.pipeline
        if one.state == "Failed":
            why = why_failed(self.aws, name, one.id, known=one)
            at = next((cause.stage for cause in why if cause.stage), "")
            return self._made(Place.FAILED, one, stage=self._stage(at), causes=why)
        with explained(f"look at execution {one.id}"):
            runs = actions_of(self.aws, name, one.id)
        return self._made(Place.STOPPED, one, stage=self._stage(runs[-1].stage if runs else ""))

    def _under_way(self, one: Execution) -> Whereabouts:
        for stage in self.board.stages:
            if one.id in stage.inbound:
                held = stage.execution if stage.state in UNFINISHED else ""
                by = next((other for other in self.board.executions if other.id == held), None)
                return self._made(Place.WAITING, one, stage=stage, by=by)
            if stage.execution == one.id and stage.state in UNFINISHED:
                return self._made(Place.RUNNING, one, stage=stage)
        beside = next((other for other in self.board.beside if other.execution.id == one.id), None)
        return self._made(Place.RUNNING, one, stage=self._beside(beside) if beside else None)

    def _beside(self, other: Beside) -> StageStatus | None:
        """The stage that an execution beside the newest is in, with its own actions."""
        at = next((run.stage for run in other.runs), "")
        stage = self._stage(at)
        own = tuple(made_action(run.name, run) for run in other.runs if run.stage == at)
        return stage and replace(stage, state="InProgress", execution=other.execution.id, actions=own)

    def _stage(self, name: str) -> StageStatus | None:
        return next((one for one in self.board.stages if one.name == name), None)
