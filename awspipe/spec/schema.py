"""The JSON Schema of a spec, made from the models: what an editor completes and checks while one types.

Draft 7, which is what the YAML servers of editors read. What needs more than one place to be seen (artifacts,
unique names, order) only the loader checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from awspipe.providers.base import providers
from awspipe.providers.fields import Json, Strict
from awspipe.spec.docstrings import field_docs
from awspipe.spec.models import ONE_OF, Pipeline, Stage

ID = "urn:awspipe:spec"
_NUMBERS = {"ge": "minimum", "le": "maximum"}
_REF = "#/definitions/"


def json_schema() -> Json:
    """The schema of one document of a spec."""
    definitions: Json = {}
    top = _of_model(Pipeline, definitions)
    models: tuple[type[Strict], ...] = (*providers().values(), Stage)
    for model in models:
        definitions[model.__name__] = _of_model(model, definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "awspipe.yml",
        **top,
        "definitions": dict(sorted(definitions.items())),
    }


def _of_model(model: type[Strict], definitions: Json) -> Json:
    made = model.model_json_schema(ref_template=_REF + "{model}")
    for name, inner in made.pop("$defs", {}).items():
        definitions[name] = _described(inner, _models()[name])
    return _described(made, model)


def _models() -> dict[str, type[Strict]]:
    """Every model by its name in the schema."""
    found: dict[str, type[Strict]] = {}
    waiting = [Strict]
    while waiting:
        for model in waiting.pop().__subclasses__():
            found[model.__name__] = model
            waiting.append(model)
    return found


def _described(made: Json, model: type[Strict]) -> Json:
    """A model's schema with the docstrings of its fields."""
    docs = {"provider": made.get("description", ""), **field_docs(model)}
    for key, field in made["properties"].items():
        if docs.get(key):
            # Editors show Markdown: the words between backticks are code there.
            field |= {"description": docs[key], "markdownDescription": docs[key]}
    plain: Json = _plain(made)
    return plain


def _plain(value: Any) -> Any:
    """A schema without what says nothing to a reader, in the words of draft 7."""
    match value:
        case dict():
            return _mapping({_NUMBERS.get(str(key), str(key)): inner for key, inner in value.items()})
        case list():
            return [_plain(inner) for inner in value]
    return value


def _mapping(schema: Json) -> Json:
    for rewrite in _REWRITES:
        schema = rewrite(schema)
    return {key: _inner(key, inner) for key, inner in schema.items()}


def _inner(key: str, value: Any) -> Any:
    """What is below a keyword; the names of properties are no keywords."""
    if key in ("properties", "patternProperties") and isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value if key in ("default", "examples", "enum", "const", "required") else _plain(value)


def _without_title(schema: Json) -> Json:
    return {key: inner for key, inner in schema.items() if key != "title"}


def _without_null_default(schema: Json) -> Json:
    """A default of nothing is no default to complete."""
    return {key: inner for key, inner in schema.items() if not (key == "default" and inner is None)}


def _one_of(schema: Json) -> Json:
    if ONE_OF not in schema:
        return schema
    return {"oneOf": [{"$ref": f"{_REF}{name}"} for name in schema[ONE_OF]]}


def _closed(schema: Json) -> Json:
    """A mapping whose keys have a form takes no others."""
    return {**schema, "additionalProperties": False} if "patternProperties" in schema else schema


_REWRITES: tuple[Callable[[Json], Json], ...] = (_without_title, _without_null_default, _one_of, _closed)
