"""Whatever is done to a pipeline in whatever order: what must hold of its executions holds."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.exceptions import ServiceException

from awspipe.sandbox import codepipeline
from awspipe.sandbox.pipelines import Execution, Pipeline
from tests.support import engine
from tests.support.engine import Stage, approval, build, build_action, source
from tests.support.sandbox import ACCOUNT, REGION


def gate(result: str, word: str) -> dict[str, Any]:
    """A condition that holds unless the source says a word."""
    rule = {
        "name": "check",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
        "configuration": {"Variable": "#{Vars.Word}", "Value": word, "Operator": "NE"},
    }
    return {"conditions": [{"result": result, "rules": [rule]}]}


ABC = (build_action("A"), build_action("B"), build_action("C", runOrder=2))
STAGES = (
    source(namespace="Vars"),
    build("Build", *ABC, onSuccess=gate("FAIL", "bad")),
    approval() | {"beforeEntry": gate("SKIP", "skip")},
    build("Deploy", beforeEntry=gate("FAIL", "closed")),
)
NAMES = [stage["name"] for stage in STAGES]
ENDED = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}

_number = st.integers(0, 5)
_word = st.sampled_from(["fine", "fine", "bad", "skip", "closed"])
_stage = st.sampled_from(NAMES)
ENTRIES = [("Approve", "BEFORE_ENTRY"), ("Deploy", "BEFORE_ENTRY")]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start")),
        st.tuples(st.just("end"), _number, st.sampled_from(["", "", "", "no"]), _word),
        st.tuples(st.just("answer"), st.sampled_from(["Approved", "Approved", "Rejected"])),
        st.tuples(st.just("stop"), _number, st.booleans()),
        st.tuples(st.just("retry"), _number, _stage, st.sampled_from(["FAILED_ACTIONS", "ALL_ACTIONS"])),
        st.tuples(st.just("hold"), _stage),
        st.tuples(st.just("let"), _stage),
        st.tuples(st.just("rollback"), _number, _stage),
        st.tuples(st.just("override"), _number, st.sampled_from([("Build", "ON_SUCCESS"), *ENTRIES])),
        st.tuples(st.just("update")),
        st.tuples(st.just("restart")),
    ),
    max_size=40,
)


class World:
    """One pipeline, and what is done to it: straight at the backend, as a request does it."""

    def __init__(self, play: Stage, name: str, mode: str) -> None:
        self.play, self.name, self.mode = play, name, mode
        self.backend = codepipeline.codepipeline_backends[ACCOUNT][REGION]
        self.declaration = {**play.declaration(*STAGES, executionMode=mode), "name": name}
        play.puppet.runs.clear()
        self.ask("create_pipeline", pipeline=self.declaration)

    @property
    def found(self) -> Pipeline:
        return self.backend.pipelines[self.name]

    def ask(self, operation: str, **request: Any) -> None:
        """An operation; AWS may refuse it."""
        try:
            with self.play.runtime.lock:
                getattr(self.backend, f"op_{operation}")(request)
        except ServiceException:
            pass
        self.play.runtime.drain()

    def execution(self, number: int) -> Execution:
        """Counted from the newest."""
        found = self.found.executions
        return found[-1 - number % len(found)]

    def do(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"do_{step[0]}")(*step[1:])

    def do_start(self) -> None:
        self.ask("start_pipeline_execution", name=self.name)

    def do_end(self, number: int, error: str, word: str) -> None:
        if live := self.play.live():
            said = {} if error else {"variables": {"Word": word}}
            engine.finish(live[number % len(live)], error=error, **said)
            self.play.runtime.drain()

    def do_answer(self, status: str) -> None:
        tokens = [action.token for _, action in self.found.approvals()]
        result = {"status": status, "summary": ""}
        where = {"pipelineName": self.name, "stageName": "Approve", "actionName": "Approve"}
        self.ask("put_approval_result", **where, token=tokens[0] if tokens else "stale", result=result)

    def do_stop(self, number: int, abandon: bool) -> None:
        one = self.execution(number)
        self.ask(
            "stop_pipeline_execution", pipelineName=self.name, pipelineExecutionId=one.id, abandon=abandon
        )

    def do_retry(self, number: int, stage: str, mode: str) -> None:
        one = self.execution(number)
        where = {"pipelineName": self.name, "stageName": stage, "pipelineExecutionId": one.id}
        self.ask("retry_stage_execution", **where, retryMode=mode)

    def do_hold(self, stage: str) -> None:
        where = {"pipelineName": self.name, "stageName": stage, "transitionType": "Inbound"}
        self.ask("disable_stage_transition", **where, reason="wait")

    def do_let(self, stage: str) -> None:
        where = {"pipelineName": self.name, "stageName": stage, "transitionType": "Inbound"}
        self.ask("enable_stage_transition", **where)

    def do_rollback(self, number: int, stage: str) -> None:
        one = self.execution(number)
        where = {"pipelineName": self.name, "stageName": stage}
        self.ask("rollback_stage", **where, targetPipelineExecutionId=one.id)

    def do_override(self, number: int, which: tuple[str, str]) -> None:
        one = self.execution(number)
        where = {"pipelineName": self.name, "stageName": which[0], "conditionType": which[1]}
        self.ask("override_stage_condition", **where, pipelineExecutionId=one.id)

    def do_update(self) -> None:
        self.ask("update_pipeline", pipeline=self.declaration)

    def do_restart(self) -> None:
        with self.play.runtime.lock:
            self.backend.resume()
        self.play.runtime.drain()


def conditions_hold(one: Execution) -> None:
    for name, state in one.stages.items():
        if state.status == "Skipped":
            assert name == "Approve"
            assert not state.actions, "a stage that is skipped runs nothing"
        failed = [gate for gate in state.gates if gate.status == "Failed"]
        assert not failed or state.status in ("Failed", "Skipped"), "no condition is passed unmet"


def holds(world: World, latest_before: dict[str, str], step: tuple[Any, ...]) -> None:
    found = world.found
    going_on = [one for one in found.executions if one.unfinished]
    for stage in NAMES:
        inside = [one for one in going_on if one.inside and one.at == stage]
        waiting = found.waiting(stage)
        if world.mode != "PARALLEL":
            assert len(inside) <= 1, "a stage holds one execution"
        if world.mode == "SUPERSEDED":
            assert len(waiting) <= 1, "of those who wait before a stage only the newest stays"
        free = world.mode == "PARALLEL" or not inside
        allowed = found.allowed_into(stage, found.version)
        assert not (waiting and free and allowed), "nobody waits for nothing"
        entered = found.latest.get(stage) != latest_before.get(stage)
        if entered and not allowed:
            assert step[0] == "rollback" or step == ("hold", stage), "nobody enters a stage that is held"
    for one in found.executions:
        running = [action for action in one.actions if action.going_on]
        if not one.unfinished:
            assert one.status in ENDED
            assert not running, "who has ended runs nothing"
        elif one.inside:
            assert running, "who is in a stage runs something"
            assert {action.stage for action in running} == {one.at}
        else:
            assert not running, "who waits runs nothing"
            assert one.at in NAMES
        if one.status == "Succeeded" and one.type == "STANDARD":
            assert {state.status for state in one.stages.values()} <= {"Succeeded", "Skipped"}
            assert list(one.stages) == NAMES, "nobody passes a stage by unseen"
        conditions_hold(one)
    if world.mode != "SUPERSEDED":
        assert all(one.status != "Superseded" for one in found.executions)


def in_order(world: World) -> None:
    """Between stages nobody overtakes but by superseding: who entered a stage later began later."""
    order = {one.id: number for number, one in enumerate(world.found.executions)}
    standard = [one for one in world.found.executions if one.type == "STANDARD"]
    for before, after in itertools.pairwise(NAMES):
        ahead = [order[one.id] for one in standard if after in one.stages and one.unfinished]
        behind = [order[one.id] for one in standard if one.at == before and one.unfinished]
        assert not ahead or not behind or max(ahead) <= min(behind)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["SUPERSEDED", "QUEUED", "PARALLEL"])
def test_invariants(tmp_path: Path, mode: str) -> None:
    numbers = itertools.count()
    with engine.playing(tmp_path) as play:

        @settings(max_examples=120, deadline=None, database=None)
        @given(STEPS)
        def run(steps: list[tuple[Any, ...]]) -> None:
            world = World(play, f"p{next(numbers)}", mode)
            for step in steps:
                before = dict(world.found.latest)
                world.do(step)
                holds(world, before, step)
                if mode != "PARALLEL":
                    in_order(world)
                again = pickle.dumps(world.found)
                with play.runtime.lock:
                    world.backend.engine.advance(world.found)
                play.runtime.drain()
                assert pickle.dumps(world.found) == again, "to go on again changes nothing"
            play.aws.get_pipeline_state(name=world.name)  # the client checks the answers' shapes
            play.aws.list_pipeline_executions(pipelineName=world.name)
            play.aws.list_action_executions(pipelineName=world.name)
            play.aws.list_rule_executions(pipelineName=world.name)
            world.backend.pipelines.clear()

        run()
