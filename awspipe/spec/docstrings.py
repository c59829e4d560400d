"""The docstrings under the fields of a model.

pydantic can collect them (`use_attribute_docstrings`), but would read the source of each model at each start,
a sixth of the time of `validate`; only the schema and the reference page need them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap

from awspipe.providers.fields import Strict


def field_docs(model: type[Strict]) -> dict[str, str]:
    """The docstring of each field, by the field's key in a spec; those of the bases too."""
    docs: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Strict):
            docs |= _own_docs(one)
    return {field.alias or name: docs[name] for name, field in model.model_fields.items() if name in docs}


def _own_docs(model: type[Strict]) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, after in zip(body.body, body.body[1:], strict=False):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = inspect.cleandoc(text)
    return docs
