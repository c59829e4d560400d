"""Which artifacts each action takes and makes, where the spec leaves it open.

An action takes the newest artifact made before it. Where several were made at the same moment nobody can know
which is meant, and `input` must say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from awspipe.formats.nodes import Path
from awspipe.naming import part_of
from awspipe.providers.base import Action, Consumer, Producer
from awspipe.spec.models import Pipeline, Stage

Moment = tuple[int, int]
"""When an action runs: the position of its stage, and its run order there. Equal moments are parallel."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a spec breaks, and where: the value at `path`, or with `at_key` its key."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedAction:
    """An action with its artifacts known."""

    stage: str
    action: Action
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    moment: Moment
    path: Path

    @property
    def part(self) -> str:
        """What stands for the action in names."""
        return part_of(self.stage, self.action.name)


@dataclass(frozen=True, slots=True)
class ResolvedStage:
    """A stage: its actions in the order of the spec."""

    name: str
    actions: tuple[ResolvedAction, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Flow:
    """A pipeline's stages with their artifacts, and where the spec must say more."""

    stages: tuple[ResolvedStage, ...]
    broken: tuple[Broken, ...]

    @property
    def actions(self) -> tuple[ResolvedAction, ...]:
        """Every action, in the order of the spec."""
        return tuple(action for stage in self.stages for action in stage.actions)


def resolve(pipeline: Pipeline) -> tuple[ResolvedStage, ...]:
    """The stages of a pipeline that was loaded, every action with its artifacts."""
    return flow(pipeline).stages


def flow(pipeline: Pipeline) -> Flow:
    """The artifacts of every action, also of a pipeline whose structure may be wrong."""
    placed = [*_placed(pipeline)]
    made: dict[Moment, list[str]] = defaultdict(list)
    for one in placed:
        made[one.moment] += one.outputs
    broken: list[Broken] = []
    stages: dict[int, list[ResolvedAction]] = defaultdict(list)
    for one in placed:
        stages[one.moment[0]].append(one.resolved(made, broken))
    named = enumerate(pipeline.stages)
    return Flow(
        tuple(
            ResolvedStage(stage.name, tuple(stages[number]), ("stages", number)) for number, stage in named
        ),
        tuple(broken),
    )


def _placed(pipeline: Pipeline) -> Iterator[_Placed]:
    for number, stage in enumerate(pipeline.stages):
        path: Path = ("stages", number)
        if isinstance(stage, Stage):
            for index, action in enumerate(stage.actions):
                yield _Placed(stage.name, action, (number, action.run_order), (*path, "actions", index))
        else:
            yield _Placed(stage.name, stage, (number, stage.run_order), path)


def default_outputs(part: str, count: int) -> tuple[str, ...]:
    """Names for artifacts that the spec does not name: the action's, fit for a shell variable's name.

    CodeBuild makes a variable of each: `CODEBUILD_SRC_DIR_<artifact>`.
    """
    own = re.sub(r"[^A-Za-z0-9_]", "_", part)
    if count == 1:
        return (own[:100],)
    return tuple(f"{own[:97]}_{number}" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class _Placed:
    """An action and when it runs."""

    stage: str
    action: Action
    moment: Moment
    path: Path

    @property
    def outputs(self) -> tuple[str, ...]:
        if isinstance(self.action, Producer) and self.action.output is not None:
            return self.action.output
        return default_outputs(part_of(self.stage, self.action.name), self.action.default_output_count())

    def resolved(self, made: dict[Moment, list[str]], broken: list[Broken]) -> ResolvedAction:
        inputs = self._inputs(made)
        if isinstance(inputs, Broken):
            broken.append(inputs)
            inputs = ()
        return ResolvedAction(self.stage, self.action, inputs, self.outputs, self.moment, self.path)

    def _inputs(self, made: dict[Moment, list[str]]) -> tuple[str, ...] | Broken:
        if isinstance(self.action, Consumer) and self.action.input is not None:
            return self.action.input
        least, most = self.action.input_count
        before = [moment for moment, names in made.items() if names and moment < self.moment]
        if most == 0 or not (before or least) or self.moment[0] == 0:
            return ()  # in the first stage it cannot stand at all: that is another rule
        if not before:
            return self._lacks(
                "needs an artifact, and none is made before it", "put a source or a build before it"
            )
        newest = made[max(before)]
        if len(newest) == 1:
            return (newest[0],)
        candidates = ", ".join(newest)
        return self._lacks(
            f"could take any of {candidates}: they are made at the same moment",
            f"say which: `input: {newest[0]}`",
        )

    def _lacks(self, message: str, hint: str) -> Broken:
        return Broken((*self.path, "name"), f'"{self.action.name}" {message}', hint)
