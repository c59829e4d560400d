"""The state machine that runs pipelines: which execution is in which stage, and which action starts next.

`advance` does all that can be done now and never waits: it is called, under the runtime's lock, after
whatever may change something (a start, an action's end, an approval, a stop, a retry, a transition, a
restart). Actions run as jobs behind it (`launch.py`) and come back through `finish`.

    Execution: waiting for a stage -> in it -> all its actions succeeded -> waiting for the next ... Succeeded
      waiting: a newer one comes and the mode is SUPERSEDED -> Superseded | stopped -> Stopped
      in:      an action failed and none goes on -> Failed | stopping and none goes on -> Stopped
               retried (the latest there, and nobody else in) -> in it again

A stage holds one execution; only PARALLEL executions do not mind each other.
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from awspipe.sandbox import announcements, gates, launch, pruning, runtime
from awspipe.sandbox.outcomes import Outcomes
from awspipe.sandbox.pipelines import (
    FAILED,
    IN_PROGRESS,
    SKIPPED,
    STOPPED,
    SUCCEEDED,
    Execution,
    Pipeline,
    StageExecution,
)

_PARALLEL_ACTIONS = 5


class PipelineEngine(Outcomes):
    """Plays the pipelines of one backend. It holds nothing of its own: one can be made at any time."""

    # What moves

    def advance(self, found: Pipeline) -> None:
        """Do all that can be done now. Called with the lock held; again does nothing more."""
        news = announcements.News(self.service, found)
        self.expire(found)
        while any(self._step(found, one, news) for one in found.unfinished if one.inside) or any(
            self._admit(found, stage, news) for stage in _waited_for(found)
        ):
            pass
        news.actions()
        pruning.prune(found, self.service)
        news.publish()

    def _step(self, found: Pipeline, one: Execution, news: announcements.News) -> bool:
        """Take an execution a step further in its stage; whether anything changed."""
        state = one.stages[_at(one)]
        if one.cancelling or one.status == "Stopping":
            if state.busy:
                return False
            state.status = "Cancelled" if one.cancelling else STOPPED
            return self._end(one, state.status, news)
        if any(action.status in (FAILED, "Abandoned") for action in state.actions.values()):
            return not state.busy and self._fail(found, one, state, news)
        stage = found.stage(_at(one), one.version) or {}
        entry = gates.checked(one, stage, gates.ENTRY)
        if not entry.holds:
            return self._closed(found, one, entry, news)
        missing = _next_actions(found, one, state)
        if missing is None:
            return self._succeed(found, one, stage, news)
        begun = [] if runtime.current().jobs.closed else missing
        for action in begun:
            launch.begin(self, found, one, action)
        return bool(begun)

    def _closed(
        self, found: Pipeline, one: Execution, entry: gates.Verdict, news: announcements.News
    ) -> bool:
        """A stage whose condition does not let an execution in: it is passed by, or has failed."""
        state = one.stages[_at(one)]
        if entry.result == "SKIP":
            state.status = SKIPPED
            return self._pass_on(found, one, news)
        state.status = FAILED
        one.summary = f"The beforeEntry condition of stage '{_at(one)}' was not met."
        news.stage(one, _at(one), FAILED)
        return self._end(one, FAILED, news)

    def _succeed(
        self, found: Pipeline, one: Execution, stage: dict[str, Any], news: announcements.News
    ) -> bool:
        """All actions have succeeded; so has the stage, if its condition holds."""
        verdict = gates.checked(one, stage, gates.SUCCESS)
        one.stages[stage["name"]].status = SUCCEEDED if verdict.holds else FAILED
        news.stage(one, stage["name"], one.stages[stage["name"]].status)
        if verdict.holds:
            return self._pass_on(found, one, news)
        one.summary = f"The onSuccess condition of stage '{stage['name']}' was not met."
        self._end(one, FAILED, news)
        if verdict.result == "ROLLBACK":
            self._back(found, one, stage["name"])
        return True

    def _back(self, found: Pipeline, one: Execution, stage: str) -> None:
        """Roll a stage back to what last succeeded in it, where there is such an execution."""
        target = last_success(found, stage, one)
        if target is not None:
            self.roll_back(found, stage, target, launch.automatic_rollback(one))

    def _pass_on(self, found: Pipeline, one: Execution, news: announcements.News) -> bool:
        """Out of a stage that it succeeded in: to the next one, or to the end."""
        names = [stage["name"] for stage in found.versions[one.version]["stages"]]
        after = names[names.index(_at(one)) + 1 :]
        if not after or one.type == "ROLLBACK":  # a rollback is of one stage
            return self._end(one, SUCCEEDED, news)
        one.at, one.inside, one.updated = after[0], False, self.service.now()
        return True

    def _fail(self, found: Pipeline, one: Execution, state: StageExecution, news: announcements.News) -> bool:
        """A stage in which an action failed lets go of its execution; the stage may say what then."""
        stage = found.stage(_at(one), one.version) or {}
        on_failure = stage.get("onFailure") or {}
        state.status = FAILED
        news.stage(one, stage["name"], FAILED)
        if on_failure.get("result") == "RETRY" and not state.automatic_retries:
            mode = (on_failure.get("retryConfiguration") or {}).get("retryMode", "ALL_ACTIONS")
            state.automatic_retries += 1
            self.again(one, stage["name"], mode, "AutomatedStageRetry")
            return True
        self._end(one, FAILED, news)
        if on_failure.get("result") == "ROLLBACK" and one.type == "STANDARD":
            self._back(found, one, stage["name"])
        return True

    def _end(self, one: Execution, status: str, news: announcements.News) -> bool:
        one.status, one.updated, one.inside = status, self.service.now(), False
        news.execution(one, status)
        return True

    # Who may enter

    def _admit(self, found: Pipeline, stage: str, news: announcements.News) -> bool:
        """Let in who may enter a stage; whether anything changed."""
        waiting = found.waiting(stage)
        overtaken = [one for one in waiting if one.mode == "SUPERSEDED"]
        newest = overtaken.pop() if overtaken else None
        for one in overtaken:
            one.summary = f"Superseded by pipeline execution {newest.id}." if newest else None
            self._end(one, "Superseded", news)
        admitted = 0
        for one in (one for one in waiting if one.unfinished):
            if not found.allowed_into(stage, one.version):
                continue
            if one.mode == "PARALLEL" or found.occupant(stage) is None:
                self.enter(found, one, stage)
                news.stage(one, stage, "Started")
                admitted += 1
        return bool(overtaken or admitted)

    def enter(self, found: Pipeline, one: Execution, stage: str) -> None:
        """Put an execution into a stage: it is the latest there, and holds it."""
        one.at, one.inside, one.updated = stage, True, self.service.now()
        one.stages[stage] = StageExecution()
        if one.mode != "PARALLEL":
            found.latest[stage] = one.id

    def again(self, one: Execution, stage: str, mode: str, trigger: str) -> None:
        """Put an execution that failed or was stopped into its stage once more."""
        state = one.stages[stage]
        keep = {} if mode == "ALL_ACTIONS" else state.actions
        state.actions = {name: action for name, action in keep.items() if action.status == SUCCEEDED}
        state.last_retry, state.gates = trigger, ()
        self.go_on(one, stage)

    def go_on(self, one: Execution, stage: str) -> None:
        """Let an execution that has ended hold a stage again."""
        one.stages[stage].status = IN_PROGRESS
        one.status, one.summary, one.at, one.inside = IN_PROGRESS, None, stage, True
        one.stop_reason, one.updated = None, self.service.now()

    def roll_back(self, found: Pipeline, stage: str, target: Execution, made: Execution) -> None:
        """Run one stage again with what an earlier execution ran it with, as an execution of its own."""
        made.type, made.rollback_target = "ROLLBACK", target.id
        made.version, made.mode, made.variables = target.version, target.mode, dict(target.variables)
        made.started = made.updated = self.service.now()
        made.artifacts, made.namespaces = dict(target.artifacts), dict(target.namespaces)
        found.executions.append(made)
        self.enter(found, made, stage)

    def cancel_all(self, found: Pipeline) -> None:
        """What UpdatePipeline does: who waits is cancelled at once, who is in a stage when its actions end.

        An approval would wait for days for an answer to the old structure: it is abandoned.
        """
        news = announcements.News(self.service, found)
        for one in [one for one in found.unfinished if one.mode != "PARALLEL"]:
            one.summary = "The pipeline was updated."
            one.cancelling = True
            if not one.inside:
                self._end(one, "Cancelled", news)
        for one, action in list(found.approvals()):
            if one.cancelling:
                action.status, action.updated = "Abandoned", self.service.now()
        news.publish()
        self.advance(found)


def last_success(found: Pipeline, stage: str, before: Execution) -> Execution | None:
    """The newest execution that a stage can be rolled back to."""
    return next(
        (
            one
            for one in reversed(found.executions)
            if one is not before
            and (one.type, one.version) == ("STANDARD", found.version)
            and stage in one.stages
            and one.stages[stage].status == SUCCEEDED
        ),
        None,
    )


def _at(one: Execution) -> str:
    if one.at is None:
        raise RuntimeError(f"execution {one.id} is nowhere")
    return one.at


def _waited_for(found: Pipeline) -> list[str]:
    """The stages before which somebody waits, from the last to the first."""
    names = {one.at for one in found.unfinished if one.at and not one.inside}
    order = {name: n for version in found.versions.values() for n, name in enumerate(_names(version))}
    return sorted(names, key=lambda name: -order[name])


def _names(declaration: dict[str, Any]) -> list[str]:
    return [stage["name"] for stage in declaration["stages"]]


def _next_actions(found: Pipeline, one: Execution, state: StageExecution) -> list[dict[str, Any]] | None:
    """The actions that can start now; None when all of the stage have succeeded."""
    stage = found.stage(_at(one), one.version) or {}
    actions = sorted(stage["actions"], key=lambda action: int(action["runOrder"]))
    for _, group in groupby(actions, key=lambda action: int(action["runOrder"])):
        members = list(group)
        tries = [state.actions.get(action["name"]) for action in members]
        if all(one is not None and one.status == SUCCEEDED for one in tries):
            continue
        missing = [action for action in members if action["name"] not in state.actions]
        if one.mode == "PARALLEL":
            going_on = sum(action.going_on for action in state.actions.values())
            return missing[: max(0, _PARALLEL_ACTIONS - going_on)]
        return missing
    return None
