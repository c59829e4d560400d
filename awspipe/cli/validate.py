"""`awspipe validate` and `awspipe schema`: the spec alone, with no call to AWS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given

if TYPE_CHECKING:
    from awspipe.spec.models import Pipeline as Spec

_SHORT_REGION = "us-east-1"
"""Where a spec names no region: what is too large there is so in each, by the length of ARNs."""


def validate(
    context: typer.Context,
    file: SpecFile = SPEC,
    buildspec: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Check this buildspec, and not those that the spec names."),
    ] = None,
    appspec: Annotated[
        str | None, typer.Option(metavar="FILE", help="Check this appspec, and not the one beside the spec.")
    ] = None,
    platform: Annotated[
        Literal["server", "lambda", "ecs"], typer.Option(help="What the appspec is for.")
    ] = "server",
) -> None:
    """Check the spec and the files it names with no call to AWS.

    Every problem is shown at once, and so is all that AWS would refuse. Files that the spec names are checked
    where they are beside it; with --buildspec or --appspec there need be no spec.
    """
    from awspipe.cli import source_files
    from awspipe.cli.views import validate as view
    from awspipe.spec.load import load_file

    console = Console(json=given(context).json)
    named = [source_files.check_buildspec(Path(buildspec))] if buildspec else []
    named += [source_files.check_appspec(Path(appspec), platform)] if appspec else []
    alone = named and file == SPEC and not Path(file).exists()
    specs = () if alone else load_file(Path(file))
    _check_sizes(specs, file)
    checked = named or [*source_files.check_named(Path(file), specs)]
    source_files.raise_errors(checked)
    console.document(view.document(specs, checked))
    console.say(view.warnings(checked))
    console.answer(view.lines(file, specs, checked))


def _check_sizes(specs: Sequence[Spec], file: str) -> None:
    """Refuse what IAM would find too large in any account. Raises SpecError."""
    from awspipe.errors import SpecError
    from awspipe.graph import oversized, wanted
    from awspipe.naming import Scope

    scopes = [Scope(spec.name, "0" * 12, spec.region or _SHORT_REGION) for spec in specs]
    graphs = [wanted(spec, scope) for spec, scope in zip(specs, scopes, strict=True)]
    if problems := tuple(one for graph in graphs for one in oversized(graph, file)):
        raise SpecError(problems)


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
