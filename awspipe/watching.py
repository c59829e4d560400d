"""Reading executions as they go on, with as few calls as that takes.

ListActionExecutions tells of every action of one execution in each execution mode; GetPipelineExecution is
asked only where it may have something new to say, GetPipelineState only where an execution does nothing:
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from awspipe.aws import maybe
from awspipe.executions import (
    ActionExecution,
    Execution,
    Hold,
    as_action,
    as_execution,
    newer_than,
    newest_tries,
    overtaker,
)
from awspipe.explain import DENIED, code_of
from awspipe.polling import Line
from awspipe.snapshots import hold, with_actions

_PAGE = 100
_EVERY = 6
"""An execution whose actions go on unchanged is itself asked for each so many looks: it may be stopping."""
_PATIENCE = 10
"""As many looks are granted until an execution that was just started can be read."""


@dataclass
class Reader:
    """Reads one execution again and again, with as few calls as that takes.

    `fresh`: it was started a moment ago, and AWS may not know it everywhere yet.
    """

    line: Line
    pipeline: str
    id: str
    fresh: bool = False
    declaration: Mapping[str, Any] | None = None
    """The version of the pipeline that runs, once it was read; None where it may not be."""
    _last: Execution | None = None
    _known: bool = False
    _looks: int = 0

    def read(self) -> Execution:
        """The execution as it is now."""
        self._looks += 1
        found = self._renewed(self._last) if self._last and self._last.busy else self._asked()
        idle = found.running and not found.busy
        if idle and self._known and self._last is not None and not self._last.busy:
            found = replace(found, hold=self._hold())
        self._last = found
        return found

    def _renewed(self, last: Execution) -> Execution:
        """While actions go on, only they are read; but for a look at the whole now and then."""
        found = with_actions(last, self._actions())
        if found == last and self._looks % _EVERY:
            return found
        return self._asked(found if found.busy else None)

    def _asked(self, known: Execution | None = None) -> Execution:
        """The execution itself, then its actions: those of one that has ended are its last ones."""
        whole = self._whole()
        if whole is None:
            return Execution(self.pipeline, self.id, "InProgress")
        actions = known.actions if known and whole.running else self._actions()
        found = with_actions(whole, actions)
        return replace(found, superseded_by=self._overtaker(found)) if found.state == "Superseded" else found

    def _whole(self) -> Execution | None:
        from botocore.exceptions import ClientError

        try:
            answer = self.line.ask(
                "get_pipeline_execution", pipelineName=self.pipeline, pipelineExecutionId=self.id
            )
        except ClientError as error:
            early = self.fresh and not self._known and self._looks <= _PATIENCE
            if early and code_of(error) == "PipelineExecutionNotFoundException":
                return None
            raise
        self._known = True
        whole = as_execution(self.pipeline, answer["pipelineExecution"])
        stages = self._last.stages if self._last else ()
        return replace(whole, stages=stages or self._stages(answer["pipelineExecution"]["pipelineVersion"]))

    def _stages(self, version: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What the version of the pipeline that runs here declares; nothing where it may not be read."""
        answer = maybe(
            lambda: self.line.ask("get_pipeline", name=self.pipeline, version=version),
            *DENIED,
            "PipelineVersionNotFoundException",
        )
        self.declaration = answer["pipeline"] if answer else None
        declared = self.declaration["stages"] if self.declaration else ()
        return tuple((one["name"], tuple(it["name"] for it in one["actions"])) for one in declared)

    def _actions(self) -> tuple[ActionExecution, ...]:
        pages = self.line.pages(
            "list_action_executions",
            pipelineName=self.pipeline,
            filter={"pipelineExecutionId": self.id},
            maxResults=_PAGE,
        )
        return newest_tries(as_action(one) for page in pages for one in page["actionExecutionDetails"])

    def _hold(self) -> Hold | None:
        answer = maybe(lambda: self.line.ask("get_pipeline_state", name=self.pipeline), *DENIED)
        return hold(answer["stageStates"], self.id) if answer else None

    def _overtaker(self, found: Execution) -> str:
        """The execution that took the place of one that was superseded."""
        return overtaker(found, newer_than(found, listing(self.line, self.pipeline)))


@dataclass
class Board:
    """Reads every execution of a pipeline that goes on, and those to their end that went on before.

    One page of executions, then actions, newest first, as far back as the oldest of these began: however many
    go on at once, a look takes as many calls as there are pages.
    """

    line: Line
    pipeline: str
    _found: dict[str, Execution] = field(default_factory=dict)

    def read(self) -> tuple[Execution, ...]:
        """The executions as they are now, oldest first."""
        open_before = {one.id for one in self._found.values() if one.running}
        known = [as_execution(self.pipeline, one) for one in self._listed(open_before)]
        open_now = [one for one in known if one.running or one.id in open_before]
        tries = self._tries(open_now)
        for one in reversed(open_now):
            mine = newest_tries(it for it in tries if it.execution == one.id)
            whole = with_actions(one, mine)
            taken = overtaker(one, newer_than(one, known)) if one.state == "Superseded" else ""
            self._found[one.id] = replace(whole, superseded_by=taken)
        return tuple(self._found.values())

    def _listed(self, wanted: set[str]) -> Iterator[dict[str, Any]]:
        """The newest executions: a page, or as many as the wanted ones are on."""
        missing = set(wanted)
        for page in self.line.pages("list_pipeline_executions", pipelineName=self.pipeline, maxResults=_PAGE):
            yield from page["pipelineExecutionSummaries"]
            missing -= {one["pipelineExecutionId"] for one in page["pipelineExecutionSummaries"]}
            if not missing:
                return

    def _tries(self, executions: list[Execution]) -> list[ActionExecution]:
        """Every try of the actions of these executions."""
        if not executions:
            return []
        oldest = min((one.started for one in executions if one.started), default=None)
        found: list[ActionExecution] = []
        for page in self.line.pages("list_action_executions", pipelineName=self.pipeline, maxResults=_PAGE):
            tries = [as_action(one) for one in page["actionExecutionDetails"]]
            found += tries
            if tries and oldest and tries[-1].started and tries[-1].started < oldest:
                break
        return found


def listing(line: Line, pipeline: str) -> tuple[Execution, ...]:
    """The newest executions of a pipeline, newest first: one call."""
    answer = line.ask("list_pipeline_executions", pipelineName=pipeline, maxResults=_PAGE)
    return tuple(as_execution(pipeline, one) for one in answer["pipelineExecutionSummaries"])


@dataclass
class Chooser:
    """Finds the execution to watch: the newest that goes on, else the next that starts.

    `commit` is the revision that is checked out where the command was typed, or "". Where the newest
    execution carries it, that one is meant although it has ended: after a push it does not matter which of
    the two was quicker. So is a rollback, which carries an older one. Where no commit is known, so is the
    one that the creation started, while it is the only one. `newest` is the newest that there was at the
    first look.
    """

    line: Line
    pipeline: str
    commit: str = ""
    newest: Execution | None = None
    _known: frozenset[str] | None = None

    def read(self) -> Execution | None:
        """The execution, once there is one."""
        listed = listing(self.line, self.pipeline)
        if self._known is None:
            self._known = frozenset(one.id for one in listed if not self._is_meant(one, listed))
            self.newest = next(iter(listed), None)
        running = next((one for one in listed if one.running), None)
        return running or next((one for one in listed if one.id not in self._known), None)

    def _is_meant(self, one: Execution, listed: tuple[Execution, ...]) -> bool:
        if one is not listed[0]:
            return False
        if one.target:  # a rollback carries no commit that is checked out
            return True
        if self.commit:
            return one.revision == self.commit
        return len(listed) == 1 and one.trigger == "CreatePipeline"
