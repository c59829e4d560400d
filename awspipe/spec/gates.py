"""What CodePipeline would refuse of a stage's conditions, and of what follows from its failure.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from awspipe.formats.nodes import Path
from awspipe.providers.gates import REFERENCE, Condition, DeploymentWindow, Gated, VariableCheck
from awspipe.spec.flow import Broken, Flow
from awspipe.spec.models import Pipeline, Stage
from awspipe.spec.variables import EXECUTION_ID, PIPELINE, PIPELINE_VARIABLES


def gates(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """A stage is skipped, tried again and rolled back only where CodePipeline can do it.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
    """
    for number, stage in enumerate(pipeline.stages):
        path: Path = ("stages", number)
        yield from _in_actions(stage, path)
        yield from _only_v2(pipeline, stage, path)
        yield from _rollbacks(pipeline, stage, number, path)
        for key in ("before_entry", "on_success"):
            condition = getattr(stage, key)
            if condition is not None:
                yield from _condition(condition, (*path, key))
                yield from _variables(pipeline, resolved, condition, (number, key))


def _in_actions(stage: Gated, path: Path) -> Iterator[Broken]:
    for index, action in enumerate(stage.actions if isinstance(stage, Stage) else ()):
        for key in action.given_gates():
            message = f"`{key}` is about a stage, and this is one of its actions"
            yield Broken((*path, "actions", index, key), message, "write it beside `actions:`", at_key=True)


def _only_v2(pipeline: Pipeline, stage: Gated, path: Path) -> Iterator[Broken]:
    for key in stage.given_gates() if pipeline.type == "V1" else ():
        yield Broken((*path, key), f"`{key}` needs a pipeline of type V2", "write `type: V2`", at_key=True)


def _rollbacks(pipeline: Pipeline, stage: Gated, number: int, path: Path) -> Iterator[Broken]:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html."""
    for key in stage.rolls_back():
        if number == 0:
            yield Broken((*path, key), "the stage of the sources cannot be rolled back", "", at_key=True)
        if pipeline.mode == "PARALLEL":
            message = "a pipeline with `mode: PARALLEL` has no stage that could be rolled back"
            yield Broken((*path, key), message, "choose another mode, or leave this out", at_key=True)


def _condition(condition: Condition, path: Path) -> Iterator[Broken]:
    names = condition.names()
    for index, (name, rule) in enumerate(zip(names, condition.rules, strict=True)):
        place = (*path, "rules", index)
        if name in names[:index]:
            yield Broken((*place, "name"), f'two rules have the name "{name}"', "rename one of them")
        if condition.result == "SKIP" and isinstance(rule, DeploymentWindow):
            message = "a stage can be skipped only by rules about variables"
            yield Broken((*place, "cron"), message, "write `otherwise: fail`", at_key=True)


def _variables(
    pipeline: Pipeline, resolved: Flow, condition: Condition, where: tuple[int, str]
) -> Iterator[Broken]:
    """A rule reads what is given before it is checked: for an entry in earlier stages, else here too."""
    stage, key = where
    latest = stage - 1 if key == "before_entry" else stage
    given = {
        one.action.namespace: one.moment[0] for one in reversed(resolved.actions) if one.action.namespace
    }
    for index, rule in enumerate(condition.rules):
        if isinstance(rule, VariableCheck) and (found := re.fullmatch(REFERENCE, rule.variable)):
            said = _wrong(found[1], found[2], given, pipeline, latest)
            if said:
                place = ("stages", stage, key, "rules", index, "variable")
                yield Broken(place, f"{rule.variable} {said[0]}", said[1])


def _wrong(
    namespace: str, name: str, given: dict[str, int], pipeline: Pipeline, latest: int
) -> tuple[str, str] | None:
    if namespace == PIPELINE:
        return (
            None if name == EXECUTION_ID else ("does not exist", f"there is #{{{PIPELINE}.{EXECUTION_ID}}}")
        )
    if namespace == PIPELINE_VARIABLES:
        known = name in pipeline.variables
        return None if known else ("is no variable of the pipeline", f"`variables: {{{name}: ...}}` makes it")
    if namespace not in given:
        said = f'reads the namespace "{namespace}", and no action has it'
        return said, "an action gets one with `namespace:`"
    if given[namespace] > latest:
        return "is given only later", "a variable can be read only afterwards"
    return None
