"""`awspipe init`: a small real project to start from."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="static-site, server or server-build.")],
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIRECTORY", help="Where to; by default its name is the template's."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The pipeline's name; by default the directory's.")
    ] = None,
    github: Annotated[
        str | None,
        typer.Option("--github", metavar="OWNER/NAME", help="The source is at GitHub, not in CodeCommit."),
    ] = None,
) -> None:
    """Start a project from a template.

    The pipeline is named after the directory, and git gets a first commit.
    """
    from awspipe import git

    _check_github(github)
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
    own = _name_from(target.name)
    pipeline = name or own or _NO_NAME
    target.mkdir(parents=True, exist_ok=True)
    _copy(templates() / template, target, pipeline, github)
    committed = git.start(target, f"Start from awspipe's template {template}")
    author = committed and git.knows_author(target)
    _report(context, Started(target, template, pipeline, github, committed, author, bool(name or own)))


_NO_NAME = "my-pipeline"


def _name_from(directory: str) -> str:
    """The directory's name as a pipeline's; "" where none of its letters may be in one."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", directory).strip("-").lower()[:100]


def _check_github(repository: str | None) -> None:
    """A repository at GitHub is written as in its address."""
    if repository is None:
        return
    from awspipe.providers.connected import REPOSITORY

    if not re.fullmatch(REPOSITORY.pattern, repository):
        raise UsageError(f"--github {repository!r} is no repository", hint=REPOSITORY.says)


_CODECOMMIT = re.compile(r"^( *)provider: codecommit\n *repository: .*\n", re.MULTILINE)


def from_github(spec: str, repository: str) -> str:
    """A template's spec with its source at GitHub."""
    changed, count = _CODECOMMIT.subn(rf"\1provider: github\n\1repository: {repository}\n", spec)
    assert count == 1, "each template has one source"
    return changed


def _copy(source: Path, target: Path, pipeline: str, github: str | None) -> None:
    """Copy a template's files; the spec gets the pipeline's name, and its schema beside it for editors."""
    from awspipe.cli.validate import schema_text

    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    for script in target.rglob("*.sh"):
        script.chmod(0o755)  # as the first commit marks them; an installed package may have lost it
    (target / _SCHEMA).write_text(schema_text() + "\n", encoding="utf-8", newline="\n")
    spec = target / SPEC
    text = spec.read_text(encoding="utf-8")
    text = (from_github(text, github) if github else text).replace("{{name}}", pipeline)
    spec.write_text(f"{_MODELINE}{text}", encoding="utf-8", newline="\n")


@dataclass(frozen=True, slots=True)
class Started:
    """A project that was made."""

    directory: Path
    template: str
    pipeline: str
    github: str | None
    committed: bool
    author_known: bool
    """Whether git knows who commits here."""
    named: bool
    """Whether the pipeline's name is somebody's, not one for want of a better."""


def _report(context: typer.Context, one: Started) -> None:
    options = given(context)
    console = Console(json=options.json)
    if options.json:
        console.document({**asdict(one), "directory": str(one.directory)})
        return
    target = one.directory
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    console.answer(f"made {shown} from the template {one.template}: the pipeline is called {one.pipeline}")
    console.answer(_notes(one))
    console.answer([f"next: cd {shlex.quote(str(shown))}", *_next(one.github)])


def _notes(one: Started) -> Iterator[str]:
    """What the user should know before going on."""
    from awspipe import git

    if not one.named:
        yield f"  ! a pipeline's name is of English letters, digits and -, and {one.directory.name} has none"
        yield f"    before `awspipe up`, write another than {_NO_NAME} in {SPEC}, or begin with --name NAME"
    if not one.committed:
        yield "  ! git is not installed: install it before `awspipe up`, which pushes the first commit"
    elif not one.author_known:
        yield "  ! git does not know who you are, and refuses your own commits until you say it:"
        yield from (f"    {command}" for command in git.INTRODUCE)


def _next(github: str | None) -> Iterator[str]:
    if github:
        yield f"      git remote add origin https://github.com/{github}.git"
        yield "      git push -u origin main   (the pipeline takes it from there)"
    yield "      awspipe up --sandbox   (on this machine: no account, no charge)"
