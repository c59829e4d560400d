"""`awspipe validate` and `awspipe schema`: the spec alone, with no call to AWS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFiles, given

if TYPE_CHECKING:
    from awspipe.spec.load import Loaded

_SHORT_REGION = "us-east-1"
"""Where a spec names no region: what is too large there is so in each, by the length of ARNs."""


def validate(
    context: typer.Context,
    file: SpecFiles = [SPEC],  # noqa: B006 - Typer's way to say a default
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
    from awspipe.spec.load import load_files

    console = Console(json=given(context).json)
    named = [source_files.check_buildspec(Path(buildspec))] if buildspec else []
    named += [source_files.check_appspec(Path(appspec), platform)] if appspec else []
    alone = named and file == [SPEC] and not Path(SPEC).exists()
    loaded = [] if alone else load_files(file)
    _check_sizes(loaded)
    checked = named or [*source_files.check_named(loaded)]
    source_files.raise_errors(checked)
    console.document(view.document(loaded, checked))
    console.say(view.warnings(checked))
    console.answer(view.lines(loaded, checked))


def _check_sizes(loaded: Sequence[Loaded]) -> None:
    """Refuse what IAM would find too large in any account. Raises SpecError with all of it."""
    from awspipe.errors import SpecError
    from awspipe.graph import oversized, wanted
    from awspipe.naming import Scope

    problems = [
        problem
        for path, specs in loaded
        for spec in specs
        for problem in oversized(
            wanted(spec, Scope(spec.name, "0" * 12, spec.region or _SHORT_REGION)), str(path)
        )
    ]
    if problems:
        raise SpecError(tuple(problems))


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
