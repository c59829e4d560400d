"""`awspipe init`: a small real project to start from."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, given
from awspipe.errors import UsageError

_SCHEMA = "awspipe.schema.json"
_MODELINE = f"# yaml-language-server: $schema=./{_SCHEMA}\n"
"""What editors read: https://github.com/redhat-developer/yaml-language-server"""


def templates() -> Path:
    """Where the templates are: inside an installed package, beside it in a checkout."""
    packed = Path(__file__).resolve().parent.parent / "_templates"
    return packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "templates"


def _known() -> list[str]:
    return sorted(one.name for one in templates().iterdir() if (one / SPEC).is_file())


def init(
    context: typer.Context,
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="static-site or server.")],
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIRECTORY", help="Where to; by default its name is the template's."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The pipeline's name; by default the directory's.")
    ] = None,
) -> None:
    """Start a project from a template.

    The pipeline is named after the directory, and git gets a first commit.
    """
    from awspipe import git

    if template not in _known():
        import difflib

        near = difflib.get_close_matches(template, _known(), 1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"there is no template {template!r}", hint=f"{guess}there are: {', '.join(_known())}"
        )
    target = (directory or Path(template)).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already and not empty", hint="name another directory")
    pipeline = name or _name_from(target.name)
    target.mkdir(parents=True, exist_ok=True)
    _copy(templates() / template, target, pipeline)
    committed = git.start(target, f"Start from awspipe's template {template}")
    _report(context, target, template, pipeline, committed=committed)


def _name_from(directory: str) -> str:
    """The directory's name as a pipeline's: a directory may be called anything."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", directory).strip("-").lower()
    return name[:100] or "my-pipeline"


def _copy(source: Path, target: Path, pipeline: str) -> None:
    """Copy a template's files; the spec gets the pipeline's name, and its schema beside it for editors."""
    from awspipe.cli.validate import schema_text

    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    for script in target.rglob("*.sh"):
        script.chmod(0o755)  # as the first commit marks them; an installed package may have lost it
    (target / _SCHEMA).write_text(schema_text() + "\n", encoding="utf-8", newline="\n")
    spec = target / SPEC
    text = spec.read_text(encoding="utf-8").replace("{{name}}", pipeline)
    spec.write_text(f"{_MODELINE}{text}", encoding="utf-8", newline="\n")


def _report(context: typer.Context, target: Path, template: str, pipeline: str, *, committed: bool) -> None:
    options = given(context)
    console = Console(json=options.json)
    if options.json:
        console.document(
            {"directory": str(target), "template": template, "pipeline": pipeline, "committed": committed}
        )
        return
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    console.answer(f"made {shown} from the template {template}: the pipeline is called {pipeline}")
    if not committed:
        console.say("  ! git is not installed: install it before `awspipe up`, which pushes the first commit")
    console.answer(
        [
            f"next: cd {shlex.quote(str(shown))}",
            "      awspipe up --sandbox   (on this machine: no account, no charge)",
        ]
    )
