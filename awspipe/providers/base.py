"""What every action provider has in common, and how the providers are found.

A provider is a pydantic model: its fields are what a user may write for an action, its class facts are
CodePipeline's (category, artifact counts), and its methods give what the action needs of AWS. Nothing here
makes a call.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar

from pydantic import Field

from awspipe.naming import Scope, part_of
from awspipe.providers.fields import Name, Several, Spelled, Text, Whole
from awspipe.providers.gates import Gated
from awspipe.resources.base import Reference, Resource
from awspipe.resources.policy import Statement


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action stands: all that its resources' names and its configuration can depend on."""

    scope: Scope
    stage: str
    action: str
    artifact_bucket: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    needs: tuple[Statement, ...] = ()
    """What whoever reads the inputs must be allowed, beside reading them in the artifact bucket."""

    @property
    def part(self) -> str:
        """What stands for the action in names."""
        return part_of(self.stage, self.action)


@dataclass(frozen=True, slots=True)
class Address:
    """Something worth opening when a pipeline is up: `Site  http://...`; `name` is the thing's own in AWS."""

    label: str
    url: str
    name: str


class Action(Gated):
    """One action of a pipeline, whatever does the work."""

    category: ClassVar[str]
    """CodePipeline's category: Source, Build, Test, Approval, Deploy, Invoke or Compute."""
    aws_provider: ClassVar[str]
    """The provider's name in CodePipeline's action declaration."""
    input_count: ClassVar[tuple[int, int]] = (0, 0)
    output_count: ClassVar[tuple[int, int]] = (0, 0)
    default_outputs: ClassVar[int] = 0
    """How many output artifacts the action makes when the spec does not say."""
    v2_only: ClassVar[bool] = False
    told_by: ClassVar[str] = ""
    """The key by which an action is told from another one that has the same `provider`."""
    output_variables: ClassVar[frozenset[str] | None] = frozenset()
    """The variables the action gives to later ones under its namespace; None when they are the user's own."""
    uses_codebuild_minutes: ClassVar[bool] = False
    usual_minutes: ClassVar[int] = 1
    """How long it usually takes, each begun minute counted: what an estimate assumes before it has run."""

    name: Name
    """The action's name; in a stage with one action, the stage's name too."""
    run_order: Annotated[Whole, Field(ge=1, le=999)] = 1
    """Actions of a stage with equal `run_order` run in parallel; a lower one runs first."""
    namespace: (
        Annotated[
            Text, Field(max_length=100), Spelled(r"[A-Za-z0-9@_-]+", "use only letters, digits and @ _ -")
        ]
        | None
    ) = None
    """Later actions read this action's variables as `#{namespace.VARIABLE}`."""

    def own_category(self) -> str:
        """The category of this very action; CodeBuild's may be Build or Test."""
        return self.category

    def type_id(self) -> dict[str, str]:
        """Which of CodePipeline's action types it is."""
        return {
            "category": self.own_category(),
            "owner": "AWS",
            "provider": self.aws_provider,
            "version": "1",
        }

    def default_output_count(self) -> int:
        """How many artifacts this very action makes when the spec does not say."""
        return self.default_outputs

    def variables(self) -> frozenset[str] | None:
        """The variables that this very action gives; None where nobody can know them beforehand."""
        return self.output_variables

    def output_files(self) -> tuple[str, ...]:
        """The files that its artifact is made of, where its declaration says so."""
        return ()

    def resources(self, place: Place) -> Iterator[Resource]:
        """What must be made for the action."""
        yield from ()

    def references(self, place: Place) -> Iterator[Reference]:
        """What must be there already and is never changed nor removed."""
        yield from ()

    def configuration(self, place: Place) -> dict[str, str]:
        """The action's configuration, as CodePipeline takes it: strings only."""
        return {}

    def siblings(self) -> dict[str, object]:
        """What stands beside the configuration in the action's declaration, e.g. `timeoutInMinutes`."""
        return {}

    def filled_in(self) -> Iterator[str]:
        """The texts beside the configuration in which CodePipeline fills in references to variables."""
        yield from ()

    def trigger(self) -> dict[str, object]:
        """The filters of a trigger, in AWS's names; where there are none, there is no trigger."""
        return {}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What the pipeline's role must be allowed for the action."""
        yield from ()

    def reading(self, place: Place) -> Iterator[Statement]:
        """What an action that takes this one's artifacts must be allowed to read them: see `Place.needs`."""
        yield from ()

    @property
    def hands_on_clone(self) -> bool:
        """Whether its artifact is a reference to a git clone, which nobody but CodeBuild can take."""
        return False

    def addresses(self, place: Place) -> Iterator[Address]:
        """What a user may want to open once the pipeline is up."""
        yield from ()


ArtifactName = Annotated[
    Text, Field(max_length=100), Spelled(r"[A-Za-z0-9_-]+", "use only letters, digits, _ and -")
]


class Consumer(Action):
    """An action that takes artifacts."""

    input: Several[ArtifactName] | None = None
    """The artifacts it takes, the primary one first; by default the newest one made before it."""


class Producer(Action):
    """An action that makes artifacts."""

    output: Several[ArtifactName] | None = None
    """The artifacts it makes; by default one with the action's own name."""


@cache
def providers() -> dict[str, type[Action]]:
    """Every provider by its name, found by walking this package.

    That is the word a spec uses; where two have the same, one of them has the key that tells it in its name.
    """
    package = importlib.import_module("awspipe.providers")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"awspipe.providers.{module.name}")
    return {_name(model): model for model in _leaves(Action)}


def words() -> list[str]:
    """Every word that `provider` can be."""
    return sorted({_word(model) for model in providers().values()})


def chosen(word: str, keys: Collection[str]) -> type[Action] | None:
    """The provider that a word means beside some keys."""
    named = [model for model in providers().values() if _word(model) == word]
    told = [model for model in named if model.told_by and model.told_by in keys]
    return next(iter(told or [model for model in named if not model.told_by]), None)


def _name(model: type[Action]) -> str:
    return f"{_word(model)} with {model.told_by}" if model.told_by else _word(model)


def _leaves(model: type[Action]) -> Iterator[type[Action]]:
    subclasses = model.__subclasses__()
    if not subclasses:
        yield model
    for subclass in subclasses:
        yield from _leaves(subclass)


def _word(model: type[Action]) -> str:
    (word,) = model.model_fields["provider"].annotation.__args__  # type: ignore[union-attr]
    return str(word)
