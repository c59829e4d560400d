"""`awspipe validate` and `awspipe schema`: the spec alone, with no call to AWS."""

from __future__ import annotations

from pathlib import Path

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given


def validate(context: typer.Context, file: SpecFile = SPEC) -> None:
    """Check the spec with no call to AWS.

    Every problem is shown at once, and so is all that AWS would refuse.
    """
    from awspipe.spec.flow import resolve
    from awspipe.spec.load import load_file

    options = given(context)
    console = Console(json=options.json)
    specs = load_file(Path(file))
    console.document({"valid": True, "pipelines": [spec.name for spec in specs]})
    for spec in specs:
        stages = " -> ".join(stage.name for stage in resolve(spec))
        console.answer(f"{file}: {spec.name} is valid: {stages}")


def schema(context: typer.Context) -> None:
    """Print the spec's JSON Schema, for editors.

    `awspipe schema > awspipe.schema.json` makes the file that editors read.
    """
    from awspipe.spec.schema import json_schema

    console = Console(json=given(context).json)
    console.document({"schema": json_schema()})
    console.answer(schema_text())


def schema_text() -> str:
    """The schema as `awspipe schema` prints it and `init` writes it."""
    import json

    from awspipe.spec.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False)
