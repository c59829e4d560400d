"""Which keys a mapping of a spec may have: what "did you mean" chooses from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from awspipe.formats.nodes import Node, Path
from awspipe.providers.fields import Strict
from awspipe.providers.gates import GATES
from awspipe.spec.models import Pipeline, model_meant


def known_keys(root: Node, path: Path) -> list[str]:
    """The keys that the mapping at `path` may have."""
    keys = dict.fromkeys(key for model in _models_at(root, path) for key in _keys(model))
    return [key for key in keys if not (key in GATES and _is_in_stage(path))]


def _is_in_stage(path: Path) -> bool:
    """Whether the path is that of one of a stage's `actions`."""
    return len(path) == 4 and path[2] == "actions"


def _models_at(root: Node, path: Path) -> list[type[Strict]]:
    """The models that may read the mapping at `path`: several where it is one of several things."""
    model, rest = _model_around(root, path)
    models = [model] if model else []
    for step in rest:
        if isinstance(step, str) and any(_field(model, step) for model in models):
            models = [inner for model in models for inner in _inner_models(_field(model, step))]
    return models


def is_required(root: Node, path: Path) -> bool:
    """Whether what stands at `path` cannot be left out."""
    if not path or not isinstance(path[-1], str) or path[-1] == "provider":
        return True
    return any(
        field.is_required()
        for model in _models_at(root, path[:-1])
        for name, field in model.model_fields.items()
        if path[-1] == (field.alias or name)
    )


def _model_around(root: Node, path: Path) -> tuple[type[Strict] | None, Path]:
    """The model that reads the pipeline, stage or action around `path`, and the way on from there."""
    match path:
        case ("stages", int(), "actions", int(), *rest):
            return _chosen(root.at(path[:4]), in_stage=True), tuple(rest)
        case ("stages", int(), *rest):
            return _chosen(root.at(path[:2]), in_stage=False), tuple(rest)
    return Pipeline, path


def _chosen(node: Node, *, in_stage: bool) -> type[Strict] | None:
    return model_meant(node.value, in_stage=in_stage) if isinstance(node.value, dict) else None


def _keys(model: type[Strict]) -> list[str]:
    """Those of the model, what it shares with every stage last."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [key for key in keys if key not in GATES] + [key for key in keys if key in GATES]


def _field(model: type[Strict], key: str) -> Any:
    by_key = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    return by_key.get(key)


def _inner_models(annotation: Any) -> Iterator[type[Strict]]:
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation
    for inner in get_args(annotation):
        yield from _inner_models(inner)
