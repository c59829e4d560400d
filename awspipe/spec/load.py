"""A file to pipelines, or every problem in it at once, each with its place and frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from awspipe.errors import Problem, SpecError, UsageError
from awspipe.formats.nodes import Finding, Node
from awspipe.formats.reader import Reading, read
from awspipe.formats.words import nearest
from awspipe.spec import messages
from awspipe.spec.heads import INIT, content
from awspipe.spec.models import Pipeline
from awspipe.spec.salvage import beside_providers, salvaged
from awspipe.spec.structure import check

Loaded = tuple[Path, tuple[Pipeline, ...]]
"""A file and its pipelines."""

PROBLEMS_LIMIT = 200
"""More problems than this are counted, not described."""

_SHOWN = 5
"""So many names are listed where one was wrong."""

_NO_SPECS = ("buildspec", "appspec", "docker-compose", ".")


def load_file(path: Path) -> tuple[Pipeline, ...]:
    """Every pipeline of a file."""
    return load_text(content(path), str(path))


def load_files(files: Sequence[str], only: Sequence[str] = ()) -> list[Loaded]:
    """The pipelines of several files, with each file; of a directory, those of every spec in it.

    One that is named twice, or beside its directory, counts once. `only` leaves those of some names. Raises
    SpecError with the problems of all files, and UsageError where a file is not there, or where no file has a
    pipeline of a name in `only`.
    """
    found: list[Loaded] = []
    problems: list[Problem] = []
    paths = [path for file in files for path in _specs_at(Path(file))]
    for path in {path.resolve(): path for path in paths}.values():
        try:
            found.append((path, load_file(path)))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(tuple(problems))
    _refuse_twice(found)
    return found if not only else _only(found, only)


def _specs_at(path: Path) -> list[Path]:
    """A file itself; of a directory the YAML files in it, but for other tools' well-known ones."""
    if not path.is_dir():
        return [path]
    files = sorted(one for one in path.iterdir() if one.suffix in (".yml", ".yaml") and one.is_file())
    specs = [one for one in files if not one.name.startswith(_NO_SPECS)]
    if not specs:
        raise UsageError(f"there is no spec in {path}", hint=f"{INIT}; specs end in .yml or .yaml")
    return specs


def _refuse_twice(found: list[Loaded]) -> None:
    first: dict[tuple[str, str | None], Path] = {}
    for path, pipelines in found:
        for one in pipelines:
            other = first.setdefault((one.name, one.region), path)
            if other != path:
                raise UsageError(
                    f"pipeline {one.name} is in two files: {other} and {path}",
                    hint="two pipelines of one region need two names",
                )


def _only(found: list[Loaded], only: Sequence[str]) -> list[Loaded]:
    known = [one.name for _, pipelines in found for one in pipelines]
    for name in only:
        if name not in known:
            meant = nearest(name, known)
            hint = f'did you mean "{meant}"?' if meant else f"there are: {_few(known)}"
            raise UsageError(f"no spec has a pipeline {name}", hint=hint)
    chosen = ((path, tuple(one for one in pipelines if one.name in only)) for path, pipelines in found)
    return [(path, pipelines) for path, pipelines in chosen if pipelines]


def _few(names: Sequence[str]) -> str:
    left = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {left} more" if left > 0 else "")


def load_text(data: bytes | str, file: str) -> tuple[Pipeline, ...]:
    """Every pipeline of a text; `file` is what messages call it."""
    reading = read(data, file)
    roots = [root for root in reading.documents if root.value is not None]
    if not roots and not reading.findings:
        raise SpecError((Problem("the file is empty", file, hint=INIT),))
    checked = [_checked(root) for root in roots]
    loaded = [(root, one) for root, (one, _) in zip(roots, checked, strict=True) if one]
    findings = [*reading.findings]
    findings += [finding for _, found in checked for finding in found]
    findings += _same_pipeline_twice(loaded)
    if findings:
        raise SpecError(_problems(findings, reading, file))
    return tuple(one for _, one in loaded)


def _checked(root: Node) -> tuple[Pipeline | None, tuple[Finding, ...]]:
    """A document's pipeline where its keys and values are right, and what is wrong with it."""
    try:
        pipeline = Pipeline.model_validate(root.value)
    except ValidationError as error:
        details = beside_providers(error.errors(include_url=False), root)
        rest = salvaged(details, root)
        return None, (*messages.findings(details, root), *(_broken(rest, root) if rest else ()))
    return pipeline, tuple(_broken(pipeline, root))


def _broken(pipeline: Pipeline, root: Node) -> Iterator[Finding]:
    """The rules of CodePipeline's that a pipeline breaks."""
    for one in check(pipeline):
        place = root.key_at(one.path) if one.at_key else messages.place_of(root, one.path)
        yield Finding(place, one.message, one.hint)


def _same_pipeline_twice(loaded: list[tuple[Node, Pipeline]]) -> Iterator[Finding]:
    first: dict[tuple[str, str | None], int] = {}
    for root, pipeline in loaded:
        span = root.at(("name",)).span
        where = (pipeline.name, pipeline.region)
        if where in first:
            hint = f"the other is on line {first[where]}; two pipelines of one region need two names"
            yield Finding(span, f'pipeline "{pipeline.name}" is in this file twice', hint)
        first.setdefault(where, span.line)


def _problems(findings: list[Finding], reading: Reading, file: str) -> tuple[Problem, ...]:
    """In the order of the file, each once; where YAML itself is wrong, nothing else is said of the place."""
    broken = {_place(finding) for finding in reading.findings}
    ordered = sorted(
        {one for one in findings if one in reading.findings or _place(one) not in broken}, key=_order
    )
    shown = tuple(reading.problem(one, file) for one in ordered[:PROBLEMS_LIMIT])
    more = len(ordered) - len(shown)
    return (*shown, Problem(f"and {more} more problems", file)) if more > 0 else shown


def _place(finding: Finding) -> tuple[int, int]:
    return finding.span.line, finding.span.column


def _order(finding: Finding) -> tuple[int, int, str]:
    return *_place(finding), finding.message
