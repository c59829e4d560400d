"""Which pipeline a command is about: one that is named, or the spec's; and where it is."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from awspipe.cli.options import file_words
from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from awspipe.cli.target import Target


def pipelines(names: list[str], file: str) -> list[tuple[str, str | None]]:
    """The pipelines of these names, by default all of the spec, each with its region.

    A spec that is at hand says in which region a pipeline is; where a name is given it may be broken.
    Raises UsageError or SpecError where no name is given and there is no spec that can be read.
    """
    regions = _regions(file, needed=not names)
    return [(name, regions.get(name)) for name in names or regions]


def pipeline(name: str | None, file: str, option: str = "NAME") -> tuple[str, str | None]:
    """The one pipeline that is meant, and its region; `option` is how a command takes a name."""
    found = pipelines([name] if name else [], file)
    if len(found) > 1:
        raise UsageError(
            f"{file} has {len(found)} pipelines: say which one",
            hint=f"{option} is one of {', '.join(name for name, _ in found)}",
        )
    return found[0]


def names_in(file: str) -> frozenset[str]:
    """The pipelines of a spec that is at hand and can be read."""
    return frozenset(_regions(file, needed=False))


def _regions(file: str, *, needed: bool) -> dict[str, str | None]:
    from awspipe.spec.load import load_file

    if not needed and not Path(file).is_file():
        return {}
    try:
        return {spec.name: spec.region for spec in load_file(Path(file))}
    except AwspipeError:
        if needed:
            raise
        return {}


def missing(target: Target, name: str, file: str, meant: str = "") -> AwspipeError:
    """There is no pipeline of this name; `meant` is what else it may be, of another kind."""
    if name in names_in(file):
        meant = f"`{target.command('up', *file_words(file))}` makes it; "
    elif near := nearest(target, name, file):
        meant = f"{meant}did you mean {near}? "
    return AwspipeError(
        f"there is no pipeline {name} in {target.aws.region}" + (" of the sandbox" if target.sandbox else ""),
        hint=f"{meant}`{target.command('ls')}` lists those there are; --region R looks elsewhere",
    )


def nearest(target: Target, name: str, *files: str) -> str:
    """The pipeline, there or in a spec that is at hand, whose name is nearest to one that is not there."""
    from awspipe.listing import names

    known = {one for file in files for one in names_in(file)} | set(names(target.aws))
    return next(iter(difflib.get_close_matches(name, sorted(known - {name}), 1)), "")


def begin_alike(wanted: str, ids: Sequence[str]) -> UsageError:
    """Several executions may be meant by how an id begins."""
    return UsageError(f"{len(ids)} executions begin with {wanted}", hint=", ".join(ids[:5]))


def no_stage(name: str, stage: str, stages: Sequence[str]) -> UsageError:
    """The pipeline has no such stage."""
    near = difflib.get_close_matches(stage, stages, 1, cutoff=0.5)
    guess = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"{name} has no stage {stage}", hint=f"{guess}its stages are {', '.join(stages)}")
