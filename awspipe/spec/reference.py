"""The reference page of the spec (docs/spec.md), made from the models: it cannot fall behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from awspipe.providers.base import Action, Consumer, Producer, providers
from awspipe.providers.fields import Json
from awspipe.providers.gates import GATES
from awspipe.spec.schema import json_schema

_COMMON = ("name", "provider", "run_order", "namespace", "input", "output")
_ORDER = ("Source", "Build", "Test", "Approval", "Deploy", "Invoke", "Compute")

_INTRO = """\
# The spec

<!-- Made from the models by `make docs`: edit those. -->

One YAML document is one pipeline; a file may hold several, separated by `---`. Unknown keys are errors.
Text is read as it is written: `3.10` stays `3.10`, and `no` is a word. Only `true` and `false` are flags.
`awspipe validate` shows every problem at once; `awspipe schema` prints the JSON Schema for editors.
"""

_STAGES = """\
A stage with one action carries the fields of that action itself; `name` is then the name of both.
A stage with several has `name` and `actions`. Both can have what decides about the stage as a whole, in
pipelines of type V2: `before_entry`, `on_success` and `on_failure`.

```yaml
  - name: Deploy
    provider: s3
    before_entry:
      rules:
        - {variable: "#{variables.STAGE}", equals: prod}
      otherwise: skip
    on_success:
      rules:
        - {cron: "* * 9-17 ? * MON-FRI", timezone: Asia/Seoul}
      otherwise: rollback
    on_failure: retry
```
"""

_ARTIFACTS = """\
Artifacts flow by themselves: an action takes the newest artifact made before it. Where several were made at
the same moment, `input` must say which. An artifact is named after its action, each character that is no
letter or digit being `_`: the action `unit` of the stage `Test` makes `Test_unit`.

Variables of earlier actions are read as `#{namespace.VARIABLE}`, those of the pipeline as
`#{variables.NAME}`, and `#{codepipeline.PipelineExecutionId}` is always there; a build reads them in its
`env`. Put a text that holds one in quotes: a `#` after a space begins a comment in YAML.
"""


def markdown() -> str:
    """The whole page."""
    schema = json_schema()
    definitions = schema["definitions"]
    parts = [
        _INTRO,
        "## Pipeline\n",
        _table(schema, schema["properties"]),
        "## Stage\n",
        _STAGES,
        _table(definitions["Stage"], definitions["Stage"]["properties"]),
        *_inner(definitions, _GATES),
        "## `notify`\n",
        f"{definitions['Notify']['description']}\n",
        _table(definitions["Notify"], definitions["Notify"]["properties"]),
        "## Every action\n",
        _table(_every_action(definitions), _COMMON),
        _ARTIFACTS,
        *_providers(definitions),
        *_inner(definitions, _INNER),
    ]
    return "\n".join(parts)


def _every_action(definitions: Json) -> Json:
    """The schema of a provider that has every common key."""
    schema: Json = definitions[_fullest().__name__]
    provider = {"const": "", "description": "What does the work."}
    return {**schema, "properties": {**schema["properties"], "provider": provider}}


def _fullest() -> type[Action]:
    return next(
        one for one in providers().values() if issubclass(one, Consumer) and issubclass(one, Producer)
    )


def _providers(definitions: Json) -> Iterator[str]:
    for word, model in sorted(providers().items(), key=_place):
        schema = definitions[model.__name__]
        own = [key for key in schema["properties"] if key not in (*_COMMON, *GATES)]
        yield f"## `provider: {word.replace(' with ', '` with `')}`\n"
        yield f"{schema['description']}\n"
        yield f"{_facts(model)}\n"
        if own:
            yield _table(schema, own)


_GATES = {
    "Entry": "## `before_entry`\n",
    "Success": "## `on_success`\n",
    "VariableCheck": "## A rule with `variable`\n",
    "DeploymentWindow": "## A rule with `cron`\n",
}
_INNER = {
    "PushFilter": "## `push`\n",
    "PullRequestFilter": "## `pull_request`\n",
    "Filter": "## `branches`, `file_paths`, `tags`\n",
    "Declaration": "## `declaration`\n",
    "ActionType": "## `actionTypeId`\n",
    "EnvironmentVariable": "## `environmentVariables`\n",
    "Allowed": "## `statements`\n",
}


def _inner(definitions: Json, titles: Mapping[str, str]) -> Iterator[str]:
    """Mappings that stand in others, each under its title."""
    for name, title in titles.items():
        schema = definitions[name]
        yield title
        yield f"{schema['description']}\n"
        yield _table(schema, schema["properties"])


def _place(item: tuple[str, type[Action]]) -> tuple[int, str]:
    return _ORDER.index(item[1].category), item[0]


def _facts(model: type[Action]) -> str:
    facts = [
        f"Category {model.category}",
        f"takes {_count(model.input_count)}",
        f"makes {_count(model.output_count)}",
    ]
    if model.v2_only:
        facts.append("only in pipelines of type V2")
    if model.output_variables is None:
        facts.append("gives the variables that you choose")
    elif model.output_variables:
        facts.append("gives " + ", ".join(f"`{name}`" for name in sorted(model.output_variables)))
    return "; ".join(facts) + "."


def _count(limits: tuple[int, int]) -> str:
    least, most = limits
    number = str(most) if least == most else f"{least} to {most}"
    return "no artifact" if most == 0 else f"{number} artifact{'' if number == '1' else 's'}"


def _table(schema: Json, keys: Iterable[str]) -> str:
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    required = schema.get("required", [])
    for key in keys:
        field = schema["properties"][key]
        default = "(required)" if key in required else _default(field)
        rows.append(
            f"| `{key}` | {_cell(_type(field))} | {default} | {_cell(field.get('description', ''))} |"
        )
    return "\n".join(rows) + "\n"


def _default(field: Json) -> str:
    default = field.get("default")
    if isinstance(default, list):
        return ", ".join(f"`{one}`" for one in default)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default not in (None, {}, []) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _type(field: Json) -> str:
    """What may be written, in words."""
    choices = [one for one in field.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 2:
        return f"{_type(choices[0])}; or a list"
    if choices:
        return _type(choices[0])
    if "$ref" in field:
        return "mapping, see below"
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return "one of the providers below"
    return _TYPES[_kind(field)](field)


def _kind(field: Json) -> str:
    kind = field["type"]
    return "text" if isinstance(kind, list) else str(kind)


def _text(field: Json) -> str:
    least, most = field.get("minLength", 0), field.get("maxLength")
    length = f", {least} to {most} characters" if most else ""
    says = f": {field['patternErrorMessage']}" if "patternErrorMessage" in field else ""
    return f"text{length}{says}"


def _number(field: Json) -> str:
    return f"whole number, {field['minimum']} to {field['maximum']}" if "maximum" in field else "whole number"


def _list(field: Json) -> str:
    if "maxItems" not in field:
        return "list"
    least = f"{field['minItems']} to" if "minItems" in field else "at most"
    return f"list, {least} {field['maxItems']} entries"


def _object(field: Json) -> str:
    return f"mapping, at most {field['maxProperties']} keys" if "maxProperties" in field else "mapping"


_TYPES = {
    "text": _text,
    "string": _text,
    "integer": _number,
    "boolean": lambda _: "`true` or `false`",
    "array": _list,
    "object": _object,
}
