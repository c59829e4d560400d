"""Run plans: each step starts as soon as the steps it waits for are done.

A failure skips what waits for it and nothing else. Ctrl-C starts nothing new and lets running calls end, for
a few seconds; nothing needs cleaning up afterwards, because every step can be run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from awspipe.aws import Aws
from awspipe.errors import AwsError, AwspipeError, RefusedError, StoppedError
from awspipe.events import (
    Event,
    Listener,
    StepDone,
    StepFailed,
    StepLeft,
    StepSkipped,
    StepStarted,
    Waiting,
)
from awspipe.explain import code_of, explained
from awspipe.graph import Source
from awspipe.plan import Plan, Step, Verb, differences
from awspipe.resources.base import Key, Resource, kinds
from awspipe.resources.late import filled, late_keys

_WORKERS = 16
_MANY_WORKERS = 32
"""Past so many threads Python is the limit, and not the network."""

_GRACE = 3.0
"""Seconds that calls under way have after Ctrl-C: those that nobody answers would take most of a minute."""
_STOPPING = f"stopping: calls under way have {_GRACE:.0f} s to end; Ctrl-C again leaves at once"

Push = Callable[[Source], None]
"""Pushes the current commit into a repository."""


@dataclass
class Outcome:
    """What became of a plan's steps."""

    done: list[Step] = field(default_factory=list)
    failed: list[tuple[Step, AwspipeError]] = field(default_factory=list)
    skipped: list[Step] = field(default_factory=list)
    left: list[Step] = field(default_factory=list)
    """Those under way when we stopped that nobody had answered: AWS may carry them out all the same."""
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether every step was done."""
        return not (self.failed or self.skipped or self.left)


@dataclass(frozen=True, slots=True)
class Job:
    """One pipeline's plan and what it needs to be run.

    `push` is needed where the plan has a push step. `listener` hears of the steps; by default that of `aws`.
    """

    aws: Aws
    plan: Plan
    push: Push | None = None
    listener: Listener | None = None

    def tell(self, event: Event) -> None:
        """Say what becomes of a step."""
        (self.listener or self.aws.listener)(event)


def apply(aws: Aws, plan: Plan, *, push: Push | None = None) -> Outcome:
    """Run a plan's steps against AWS; the caller decides what a failure means.

    `push` is needed where the plan has a push step. Raises nothing of its own: errors are in the outcome.
    """
    (outcome,) = apply_all((Job(aws, plan, push),))
    return outcome


def apply_all(jobs: Sequence[Job]) -> tuple[Outcome, ...]:
    """Run many plans side by side, each as `apply` does: the outcome of each, in their order.

    No step waits for one of another plan: pipelines share nothing that awspipe makes.
    """
    return _Executor(jobs).run()


def _perform(aws: Aws, plan: Plan, step: Step, push: Push | None) -> None:
    with explained(str(step)):
        match step.verb:
            case Verb.CREATE:
                _create(aws, _whole(aws, step))
            case Verb.UPDATE:
                _whole(aws, step).bring(aws, step.fields)
            case Verb.ADOPT:
                _whole(aws, step).adopt(aws, step.fields)
            case Verb.DELETE:
                kinds()[step.key.kind].delete(aws, plan.scope, step.key.name)
            case Verb.PUSH:
                assert push is not None
                assert step.source is not None
                push(step.source)
            case Verb.KEEP:
                pass


def _whole(aws: Aws, step: Step) -> Resource:
    """The step's resource, with the ARNs that AWS has made up since the plan was made."""
    assert step.resource is not None
    missing = late_keys(step.resource)
    if not missing:
        return step.resource
    aws.forget()
    known = {one: kinds()[one.kind].made_up_arn(aws, step.resource.scope, one.name) for one in missing}
    for key, arn in known.items():
        if arn is None:
            raise AwsError(f"{key} is not to be seen yet", hint="run the command again")
    return filled(step.resource, {key: arn for key, arn in known.items() if arn})


def _create(aws: Aws, resource: Resource) -> None:
    """Make it; a name that is taken after all may be ours by a lost answer or a second `up`."""
    from botocore.exceptions import ClientError

    try:
        resource.create(aws)
    except ClientError as error:
        if code_of(error) not in resource.exists_codes:
            raise
        _complete(aws, resource, error)


def _complete(aws: Aws, resource: Resource, error: Exception) -> None:
    aws.forget()
    live = type(resource).read(aws, resource.scope, resource.name, frozenset(resource.body()))
    if live is None:
        raise error
    if live.owner != resource.scope.pipeline:
        raise foreign(resource.key, live.owner) from error
    changes = [
        change
        for name, value in resource.body().items()
        for change in differences(value, live.body.get(name), name, exact=name in resource.exact)
    ]
    if changes:
        step = Step(Verb.UPDATE, resource.key, tuple(changes), resource)
        resource.update(aws, step.fields)


def foreign(key: Key, owner: str | None, why: str = "") -> RefusedError:
    """The refusal to touch something that is not this pipeline's; `why` it could not even be adopted."""
    whose = f"it belongs to the pipeline {owner}" if owner else "awspipe did not make it"
    if why:
        whose = f"it cannot be adopted: {why}"
    ways = ["choose another `name` in the spec"]
    if key.kind == "repository":
        ways.append("`existing: true` to use the repository as it is")
    if not owner and not why:
        ways.append("`awspipe plan --adopt` shows what taking it over would change")
    return RefusedError(f"{key} is there already, and {whose}: nothing was changed", hint=", or ".join(ways))


class _Run:
    """One plan under way: which steps are yet to start, and what became of the others."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.outcome = Outcome()
        self._pending = list(job.plan.steps)
        self._settled: set[Key] = set()

    def ready(self) -> Iterator[Step]:
        """The steps that wait for nothing more. What is kept is done at once, and may let others start."""
        while ready := [one for one in self._pending if one.waits_for <= self._settled]:
            for step in ready:
                if step.verb is Verb.KEEP:
                    self._settle(step)
                else:
                    yield step
                self._pending.remove(step)  # not before it was started: Ctrl-C may come between

    def perform(self, step: Step) -> None:
        """Do what a step says."""
        _perform(self.job.aws, self.job.plan, step, self.job.push)

    def end(self, step: Step, error: BaseException | None, seconds: float) -> None:
        """Take note of a step's end."""
        if error is None:
            self._settle(step)
            self.job.tell(StepDone(str(step), seconds))
        elif isinstance(error, StoppedError):
            self._skip([step])
        elif isinstance(error, AwspipeError):
            self._fail(step, error)
        else:
            raise error

    def stop(self) -> None:
        """Start nothing more."""
        self._skip(self._pending)

    def leave(self, step: Step) -> None:
        """Wait for a step's end no longer."""
        self.outcome.left.append(step)
        self.job.tell(StepLeft(str(step)))

    def _settle(self, step: Step) -> None:
        self._settled.add(step.key)
        self.outcome.done.append(step)

    def _fail(self, step: Step, error: AwspipeError) -> None:
        self.outcome.failed.append((step, error))
        self.job.tell(StepFailed(str(step), error))
        blocked = {step.key}
        while more := [one for one in self._pending if one.waits_for & blocked]:
            blocked |= {one.key for one in more}
            self._skip(more)

    def _skip(self, steps: list[Step]) -> None:
        for step in list(steps):
            if step in self._pending:
                self._pending.remove(step)
            self.outcome.skipped.append(step)
            self.job.tell(StepSkipped(str(step)))


class _Executor:
    """Starts steps as they become ready, in all plans at once."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._runs = [_Run(job) for job in jobs]
        self._connections = list({id(job.aws): job.aws for job in jobs}.values())
        self._running: dict[Future[None], tuple[_Run, Step, float]] = {}
        self._until: float | None = None
        """After Ctrl-C: when calls that are still under way are left."""

    def run(self) -> tuple[Outcome, ...]:
        workers = _WORKERS if len(self._runs) == 1 else _MANY_WORKERS
        pool = ThreadPoolExecutor(workers, thread_name_prefix="awspipe-step")
        try:
            self._run(pool)
        finally:  # all have ended, or nobody waits for them
            pool.shutdown(wait=False, cancel_futures=True)
        for run in self._runs:
            run.outcome.stopped = run.job.aws.stopping.is_set()
        return tuple(run.outcome for run in self._runs)

    def _run(self, pool: ThreadPoolExecutor) -> None:
        waiting = list(self._runs)
        while waiting or self._running:
            try:
                self._start_ready(pool, waiting)
                waiting = self._collect()
            except KeyboardInterrupt:
                self._stop()
                waiting = list(self._runs)

    def _stop(self) -> None:
        """Ctrl-C: start nothing more; at the second one, leave at once."""
        if all(aws.stopping.is_set() for aws in self._connections):
            raise KeyboardInterrupt
        for aws in self._connections:
            aws.stopping.set()
        self._until = time.monotonic() + _GRACE
        self._connections[0].listener(Waiting(_STOPPING))

    def _start_ready(self, pool: ThreadPoolExecutor, runs: Iterable[_Run]) -> None:
        """Start what waits for nothing more, of the runs in which something has changed."""
        for run in runs:
            if run.job.aws.stopping.is_set():
                run.stop()
            for step in run.ready():
                run.job.tell(StepStarted(str(step)))
                self._running[pool.submit(run.perform, step)] = (run, step, time.monotonic())

    def _collect(self) -> list[_Run]:
        """Wait until something has ended; the runs in which it has."""
        if not self._running:
            return []
        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        finished, _ = wait(self._running, left, return_when=FIRST_COMPLETED)
        if not finished:
            self._leave()
        changed = []
        for future in finished:
            run, step, started = self._running.pop(future)
            run.end(step, future.exception(), time.monotonic() - started)
            changed.append(run)
        return changed

    def _leave(self) -> None:
        """The time after Ctrl-C is over: what is still under way is left as it is."""
        for run, step, _ in self._running.values():
            run.leave(step)
        self._running.clear()
