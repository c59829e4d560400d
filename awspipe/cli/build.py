"""`awspipe build`: what CodeBuild would do with a folder, done on this machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from awspipe.cli import building, exits
from awspipe.cli.building import Wanted
from awspipe.cli.console import Console
from awspipe.cli.options import Options, given
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.cli.views.build import Built, Follow
    from awspipe.formats.buildspec_model import Buildspec

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BUILDSPEC = "buildspec.yml"


def build(
    context: typer.Context,
    source: Annotated[str, typer.Option(metavar="DIR", help="The folder to build.")] = ".",
    buildspec: Annotated[
        str | None, typer.Option(metavar="F", help="The buildspec, if not DIR/buildspec.yml.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="K=V", help="A variable; may be repeated.")
    ] = None,
    artifacts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where artifacts are left, unpacked; a new directory.")
    ] = None,
) -> int:
    """Build a folder here as CodeBuild would.

    Without AWS and without a pipeline: the phases of the buildspec, in a box of its own on this machine, with
    the tools that this machine has.

    The build gets a copy of the folder, without what git ignores, and leaves the folder as it is. Parameters
    and secrets that the buildspec names come from the sandbox if it runs; --env gives them otherwise.
    """
    console = Console(json=given(context).json)
    if sys.platform == "win32":
        raise UsageError("builds run on Linux and macOS only", hint="in WSL it works")
    folder = _folder(source)
    into = _into(artifacts)
    text, spec = _checked(console, folder, buildspec)
    return _run(console, given(context), folder, into, Wanted(text, spec, _variables(env or [])))


def _folder(source: str) -> Path:
    folder = Path(source)
    if not folder.is_dir():
        raise UsageError(f"there is no directory {source}", hint="--source DIR names the folder to build")
    return folder


def _into(artifacts: str | None) -> Path | None:
    """Where artifacts go. Others' files would mix with them, and old ones stay."""
    if artifacts is None:
        return None
    into = Path(artifacts)
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(
            f"{artifacts} is there already: its files would mix with the artifacts",
            hint="--artifacts names a new or an empty directory",
        )
    return into.absolute()


def _checked(console: Console, folder: Path, named: str | None) -> tuple[str, Buildspec]:
    """The buildspec, which is shown with its mistakes before anything is done."""
    from awspipe.cli import source_files
    from awspipe.cli.views import validate as view
    from awspipe.formats import buildspec

    places = [folder / _BUILDSPEC] if named is None else [folder / named, Path(named)]
    path = next((one for one in places if one.is_file()), None)
    if path is None:
        where = f"{named}, neither in {folder} nor here" if named else f"{_BUILDSPEC} in {folder}"
        raise UsageError(f"there is no {where}", hint="--buildspec F names the buildspec")
    checked = source_files.check_buildspec(path)
    source_files.raise_errors([checked])
    console.say(view.warnings([checked]))
    text = path.read_bytes()
    spec = buildspec.parse(text, str(path)).value
    assert spec is not None
    if not spec.phases:
        raise UsageError(f"{path} is for a batch build, and batch builds are not played here")
    return text.decode("utf-8-sig"), spec


def _variables(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(f"{pair!r} is no variable", hint="--env NAME=VALUE")
        found[name] = value
    return found


def _run(console: Console, options: Options, folder: Path, into: Path | None, wanted: Wanted) -> int:
    from awspipe.cli.views import build as view
    from awspipe.sandbox.builds.local import Local
    from awspipe.sandbox.builds.record import SUCCEEDED
    from awspipe.sandbox.builds.run import Runner

    reach = building.reach(options)
    values = building.values(reach, wanted)
    files, words = building.files(folder, into)
    console.say(words)
    record = building.record(folder, wanted, reach.region)
    follow = view.Follow(console.say, console.answer)
    world = Local(
        source=folder,
        files=files,
        into=into,
        reach=reach.environment,
        values=values,
        say=follow.line,
        ended=follow.phase,
    )
    with building.work_folder() as work:
        building.until_end(Runner(record, work, world))
    _end(console, follow, view.Built(record, world.artifacts, world.reports, _shown(into)))
    return exits.DONE if record.status == SUCCEEDED else exits.FAILED


def _end(console: Console, follow: Follow, built: Built) -> None:
    from awspipe.cli.views import build as view

    cause = view.cause(built.build, follow.lines)
    console.answer(view.end(built, cause))
    console.document(view.document(built, cause))


def _shown(path: Path | None) -> str | None:
    """A path as short as it can be said here."""
    if path is None:
        return None
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
