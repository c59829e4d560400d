"""Run a plan: each step starts as soon as the steps it waits for are done.

A failure skips what waits for it and nothing else. Ctrl-C starts nothing new and lets running calls end;
nothing needs cleaning up afterwards, because every step can be run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from awspipe.aws import Aws, threads
from awspipe.errors import AwsError, AwspipeError, RefusedError, StoppedError
from awspipe.events import StepDone, StepFailed, StepSkipped, StepStarted, Waiting
from awspipe.explain import code_of, explained
from awspipe.graph import Source
from awspipe.plan import Plan, Step, Verb, differences
from awspipe.resources.base import Key, Resource, kinds
from awspipe.resources.late import filled, late_keys

_WORKERS = 16

_STOPPING = "stopping: calls under way end first; Ctrl-C again leaves at once"

Push = Callable[[Source], None]
"""Pushes the current commit into a repository."""


@dataclass
class Outcome:
    """What became of a plan's steps."""

    done: list[Step] = field(default_factory=list)
    failed: list[tuple[Step, AwspipeError]] = field(default_factory=list)
    skipped: list[Step] = field(default_factory=list)
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether every step was done."""
        return not (self.failed or self.skipped)


def apply(aws: Aws, plan: Plan, *, push: Push | None = None) -> Outcome:
    """Run a plan's steps against AWS; the caller decides what a failure means.

    `push` is needed where the plan has a push step. Raises nothing of its own: errors are in the outcome.
    """
    executor = _Executor(aws, plan, lambda step: _perform(aws, plan, step, push))
    return executor.run()


def _perform(aws: Aws, plan: Plan, step: Step, push: Push | None) -> None:
    with explained(str(step)):
        match step.verb:
            case Verb.CREATE:
                _create(aws, _whole(aws, step))
            case Verb.UPDATE:
                _whole(aws, step).update(aws, step.fields)
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


def foreign(key: Key, owner: str | None) -> RefusedError:
    """The refusal to touch something that is not this pipeline's."""
    whose = f"it belongs to the pipeline {owner}" if owner else "awspipe did not make it"
    return RefusedError(
        f"{key} is there already, and {whose}: nothing was changed",
        hint="choose another `name` in the spec"
        + (", or `existing: true` to use the repository as it is" if key.kind == "repository" else ""),
    )


class _Executor:
    """Starts steps as they become ready, collects what became of them."""

    def __init__(self, aws: Aws, plan: Plan, perform: Callable[[Step], None]) -> None:
        self._aws = aws
        self._perform = perform
        self._pending = list(plan.steps)
        self._settled: set[Key] = set()
        self._running: dict[Future[None], tuple[Step, float]] = {}
        self._outcome = Outcome()

    def run(self) -> Outcome:
        with threads(_WORKERS, "step") as pool:
            while self._pending or self._running:
                try:
                    self._start_ready(pool)
                    self._collect()
                except KeyboardInterrupt:
                    if self._aws.stopping.is_set():
                        raise
                    self._aws.stopping.set()
                    self._aws.listener(Waiting(_STOPPING))
        self._outcome.stopped = self._aws.stopping.is_set()
        return self._outcome

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        """Start what waits for nothing more; what is kept is done at once, and may let others start."""
        if self._aws.stopping.is_set():
            self._skip(self._pending)
        while ready := [one for one in self._pending if one.waits_for <= self._settled]:
            for step in ready:
                self._pending.remove(step)
                if step.verb is Verb.KEEP:
                    self._settle(step)
                else:
                    self._start(pool, step)

    def _start(self, pool: ThreadPoolExecutor, step: Step) -> None:
        self._aws.listener(StepStarted(str(step)))
        self._running[pool.submit(self._perform, step)] = (step, time.monotonic())

    def _settle(self, step: Step) -> None:
        self._settled.add(step.key)
        self._outcome.done.append(step)

    def _collect(self) -> None:
        if not self._running:
            return
        finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in finished:
            step, started = self._running.pop(future)
            error = future.exception()
            if error is None:
                self._settle(step)
                self._aws.listener(StepDone(str(step), time.monotonic() - started))
            elif isinstance(error, StoppedError):
                self._skip([step])
            elif isinstance(error, AwspipeError):
                self._fail(step, error)
            else:
                raise error

    def _fail(self, step: Step, error: AwspipeError) -> None:
        self._outcome.failed.append((step, error))
        self._aws.listener(StepFailed(str(step), error))
        blocked = {step.key}
        while more := [one for one in self._pending if one.waits_for & blocked]:
            blocked |= {one.key for one in more}
            self._skip(more)

    def _skip(self, steps: list[Step]) -> None:
        for step in list(steps):
            if step in self._pending:
                self._pending.remove(step)
            self._outcome.skipped.append(step)
            self._aws.listener(StepSkipped(str(step)))
