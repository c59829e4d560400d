"""What an `awspipe.yml` may say: one pipeline a document."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from awspipe.formats.words import nearest
from awspipe.providers.base import Action, chosen, providers, words
from awspipe.providers.fields import Json, Name, Spelled, Strict, Text
from awspipe.providers.gates import Gated
from awspipe.spec.heads import Account, PipelineName, Region
from awspipe.spec.notify import Notify

ONE_OF = "x-one-of"
"""In the JSON Schema of these models: the names of the models that may stand in a place."""

STAGES = (2, 50)
ACTIONS = (1, 50)
"""How many stages a pipeline has, and how many actions a stage.
https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""


def _wrong(kind: str, message: str, at: tuple[str, ...], value: Any) -> ValidationError:
    error = PydanticCustomError(kind, "{says}", {"says": message})
    return ValidationError.from_exception_data("spec", [InitErrorDetails(type=error, loc=at, input=value)])


def meant_provider(word: str) -> str:
    """The provider that an unknown word was probably to be; "" where none is near."""
    return nearest(word, words())


def model_meant(raw: Mapping[str, Any], *, in_stage: bool = False) -> type[Strict] | None:
    """As `model_of`, with the provider that was probably meant where it is misspelt."""
    word = raw.get("provider")
    found = model_of(raw, in_stage=in_stage)
    return chosen(meant_provider(word), raw.keys()) if found is None and isinstance(word, str) else found


def model_of(raw: Mapping[str, Any], *, in_stage: bool = False) -> type[Strict] | None:
    """The model that reads a stage (with `in_stage`, an action of one); None where it names none.

    The one place that decides it: where a word means two providers, what else is there can tell them apart.
    """
    if not in_stage and "actions" in raw:
        return Stage
    word = raw.get("provider")
    return chosen(word, raw.keys()) if isinstance(word, str) else None


def _read(value: Any, *, in_stage: bool) -> Strict:
    """A stage or action read with its own model: each mistake is reported once, for what was meant."""
    what = "an action" if in_stage else "a stage"
    if not isinstance(value, dict):
        raise PydanticCustomError("not_a_mapping", "{what}", {"what": what})
    if not in_stage and "actions" in value and "provider" in value:
        raise _wrong("both", "a stage has either `provider` or `actions`, not both", ("provider",), value)
    model = model_of(value, in_stage=in_stage)
    if model is not None:
        return model.model_validate(value)
    raise _without_model(value, in_stage=in_stage)


def _without_model(value: dict[str, Any], *, in_stage: bool) -> ValidationError:
    word = value.get("provider")
    if isinstance(word, str) and word:
        return _wrong("unknown_provider", word, ("provider",), value)
    if "provider" in value:
        return _wrong("no_text", "", ("provider",), word)
    wanted = ["provider"] if in_stage else ["provider", "actions"]
    missing = '"provider"' if in_stage else '"provider" (or "actions")'
    for key in value:
        if nearest(key, wanted) and key not in ("region",):
            return _wrong("misspelt", nearest(key, wanted), (key,), value)
    return _wrong("no_provider", missing, ("provider",), value)


@dataclass(frozen=True, slots=True)
class _ByProvider:
    """Reads with the provider's model; for the JSON Schema, one of all of them."""

    in_stage: bool

    def _models(self) -> tuple[type[Strict], ...]:
        return (*providers().values(),) if self.in_stage else (*providers().values(), Stage)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        in_stage = self.in_stage
        return core_schema.no_info_plain_validator_function(lambda value: _read(value, in_stage=in_stage))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        # No "$ref" yet: pydantic would look for definitions that `awspipe.spec.schema` is going to make.
        return {ONE_OF: [model.__name__ for model in self._models()]}


_ONE_LINE = Spelled(r"[^\n]+", "write one line")


class Stage(Gated):
    """A stage with several actions: those with equal `run_order` run in parallel."""

    name: Name
    """The stage's name."""
    actions: Annotated[
        list[Annotated[Action, _ByProvider(in_stage=True)]],
        Field(min_length=ACTIONS[0], max_length=ACTIONS[1]),
    ]
    """What the stage does; each entry is an action with its own `name` and `provider`."""


class Variable(Strict):
    """A variable of the pipeline with more to say of it."""

    default: Annotated[Text, Field(max_length=1000), _ONE_LINE]
    """Its value where a run is given none."""
    description: Annotated[Text, Field(max_length=200), _ONE_LINE] | None = None
    """What it is for."""


def _read_variable(value: Any, _: ValidatorFunctionWrapHandler) -> Variable:
    return Variable.model_validate(value if isinstance(value, dict) else {"default": value})


VariableName = Annotated[
    Text, Field(max_length=128), Spelled(r"[A-Za-z0-9@_-]+", "use only letters, digits and @ _ -")
]
_VariableText = Annotated[Text, Field(max_length=1000), _ONE_LINE]


def _not_reserved(name: str) -> str:
    if name.lower().startswith(("aws:", "awspipe:")):
        raise ValueError(f"tags that begin with {name.partition(':')[0].lower()}: are not yours to set")
    return name


# What all services take that awspipe makes something of; letters of any language, which `_letters` looks at:
# neither JSON Schema nor Python's `re` has classes of Unicode for them.
_TAG = Spelled(
    r"""[^!"#$%&'()*,;<>?\[\]\\^`{|}~\x00-\x1f\x7f]+""",
    "use only letters, digits, spaces and + - = . _ : / @",
)
_TAG_LETTERS = ("L", "N", "Z")


def _letters(text: str) -> str:
    """[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, as IAM has it: no emoji, no currency sign.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
    """
    if all(one in "_.:/=+-@" or unicodedata.category(one).startswith(_TAG_LETTERS) for one in text):
        return text
    raise PydanticCustomError("spelled", "{says}", {"says": _TAG.says, "pattern": _TAG.pattern})


TagName = Annotated[
    Text, Field(max_length=127), _TAG, AfterValidator(_letters), AfterValidator(_not_reserved)
]
TagValue = Annotated[Text, Field(max_length=255), _TAG, AfterValidator(_letters)]


class Pipeline(Strict):
    """One pipeline."""

    name: PipelineName
    """The pipeline's name; everything else is named from it."""
    title: Annotated[Text, Field(max_length=255)] | None = None
    """What people call it, in any language."""
    region: Region | None = None
    """The AWS region; by default the region of the AWS profile."""
    account: Account | None = None
    """The AWS account that the pipeline belongs to: with credentials of another one, every command about it
    refuses. In the sandbox, which is no account, it says nothing."""
    tags: Annotated[dict[TagName, TagValue], Field(max_length=49)] = Field(default_factory=dict)
    """Tags of your own for everything that is made: `{team: web}`. One that you take out again stays where it
    is."""
    type: Literal["V1", "V2"] = "V2"
    """V1 costs a fixed price a month, V2 per minute of each action; V2 can do more."""
    mode: Literal["SUPERSEDED", "QUEUED", "PARALLEL"] = "SUPERSEDED"
    """What becomes of an execution while another one runs: a newer one overtakes it between stages, it waits
    for its turn, or it runs beside it. All but the first only in pipelines of type V2."""
    variables: Annotated[
        dict[VariableName, Annotated[_VariableText | Variable, WrapValidator(_read_variable)]],
        Field(max_length=50),
    ] = Field(default_factory=dict)
    """What a run can be given, each with its default: a text, or `{default: text, description: text}`.
    Actions read them as `#{variables.NAME}`. Only in pipelines of type V2."""
    notify: Notify | None = None
    """Whom to tell by mail what becomes of executions: `{email: me@example.com}`."""
    stages: Annotated[
        list[Annotated[Union[Action, Stage], _ByProvider(in_stage=False)]],  # noqa: UP007
        Field(min_length=STAGES[0], max_length=STAGES[1]),
    ]
    """What happens, in order. The first stage is the source."""
