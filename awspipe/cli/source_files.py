"""The files in a source that AWS reads, as far as they are on this machine: buildspecs and appspecs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from awspipe.errors import Problem, SpecError, UsageError
from awspipe.formats import appspec, buildspec
from awspipe.formats.appspec import Platform
from awspipe.formats.decode import BYTES_LIMIT
from awspipe.formats.nodes import Finding, Node
from awspipe.formats.nodes import Path as Place
from awspipe.formats.notes import place
from awspipe.formats.parsed import Parsed
from awspipe.formats.reader import Reading, read
from awspipe.formats.words import nearest
from awspipe.providers.codebuild import CodeBuild
from awspipe.providers.codedeploy import CodeDeploy
from awspipe.spec.flow import ResolvedAction, resolve
from awspipe.spec.load import Loaded
from awspipe.spec.models import Pipeline

APPSPECS = ("appspec.yml", "appspec.yaml")
"""The names that the CodeDeploy agent looks for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was looked at."""

    file: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    found: bool = True


def check_buildspec(path: Path) -> Checked:
    """Check a buildspec that the user names."""
    return _checked(str(path), buildspec.parse(_content(path), str(path)))


def check_appspec(path: Path, platform: Platform) -> Checked:
    """Check an appspec that the user names; for servers with the scripts beside it."""
    folder = path.parent if platform == "server" else None
    return _checked(str(path), appspec.parse(_content(path), str(path), platform, folder=folder))


def check_named(loaded: Iterable[Loaded]) -> Iterator[Checked]:
    """What the actions of specs name, each file once. Sources are taken to be where the spec is."""
    seen: set[Path] = set()
    for file, specs in loaded:
        for one, root, reading in _actions(file, specs):
            match one.action:
                case CodeBuild(buildspec=written):
                    at = (*one.path, "buildspec")
                    yield from _named_buildspec(file, written, _Where(root, reading, at), seen)
                case CodeDeploy():
                    yield from _appspec_beside(file.parent, seen)


def raise_errors(checked: Iterable[Checked]) -> None:
    """SpecError with all that was found, where AWS would refuse one of the files."""
    listed = [*checked]
    if any(one.problems for one in listed):
        raise SpecError(tuple(found for one in listed for found in (*one.problems, *one.warnings)))


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the spec says something."""

    root: Node
    reading: Reading
    path: Place

    def warning(self, file: Path, message: str, hint: str) -> Problem:
        parent, key = self.root.at(self.path[:-1]), self.path[-1]
        entry = parent.entries.get(str(key))
        span = place(entry) if entry else parent.head
        return self.reading.problem(Finding(span, message, hint), str(file), warning=True)


def _actions(file: Path, specs: tuple[Pipeline, ...]) -> Iterator[tuple[ResolvedAction, Node, Reading]]:
    reading = read(_content(file), str(file))
    roots = [root for root in reading.documents if root.value is not None]
    for spec, root in zip(specs, roots, strict=True):
        for stage in resolve(spec):
            for one in stage.actions:
                yield one, root, reading


def _named_buildspec(file: Path, written: str, where: _Where, seen: set[Path]) -> Iterator[Checked]:
    if "\n" in written:
        name = f"{file}: {'.'.join(map(str, where.path))}"
        yield _checked(name, buildspec.parse(written, name))
        return
    path = file.parent / written
    if written.startswith("arn:") or path in seen:
        return
    seen.add(path)
    if path.is_file():
        yield check_buildspec(path)
    else:
        says = f"there is no {written} beside this spec: the build would fail"
        yield Checked(
            str(path), warnings=(where.warning(file, says, _near_miss(path, written)),), found=False
        )


def _near_miss(path: Path, written: str) -> str:
    beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    other = path.with_suffix(".yaml" if path.suffix == ".yml" else ".yml").name
    meant = other if other in beside else nearest(path.name, beside)
    if meant:
        there = PurePosixPath(written).with_name(meant)
        return f"there is {there}: rename it, or write `buildspec: {there}`"
    return "it is looked for at the root of the source"


def _appspec_beside(folder: Path, seen: set[Path]) -> Iterator[Checked]:
    path = next((folder / name for name in APPSPECS if (folder / name).is_file()), None)
    if path and path not in seen:
        seen.add(path)
        yield check_appspec(path, "server")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(BYTES_LIMIT + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _checked(file: str, parsed: Parsed[object]) -> Checked:
    return Checked(file, parsed.problems, parsed.warnings)
