"""Which pipeline a command is about: one that is named, or the spec's; and where it is."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from awspipe.cli.options import file_words
from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.spec.heads import Head
    from awspipe.spec.models import Pipeline


class Chosen(NamedTuple):
    """A pipeline that a command is about, and what a spec that is at hand says of where it is."""

    name: str
    region: str | None = None
    account: str | None = None

    def hold(self, target: Target) -> None:
        """Refuse credentials of another account than the spec names."""
        target.hold_to(self.name, self.account)


def pipelines(names: list[str], file: str) -> list[Chosen]:
    """The pipelines of these names, by default all of the spec.

    A spec that is at hand says in which region a pipeline is; where a name is given it may be broken.
    Raises UsageError or SpecError where no name is given and there is no spec that can be read.
    """
    known = _known(file, needed=not names)
    return [known.get(name, Chosen(name)) for name in names or known]


def pipeline(name: str | None, file: str, option: str = "NAME") -> Chosen:
    """The one pipeline that is meant; `option` is how a command takes a name."""
    found = pipelines([name] if name else [], file)
    if len(found) > 1:
        raise UsageError(
            f"{file} has {len(found)} pipelines: say which one",
            hint=f"{option} is one of {', '.join(one.name for one in found)}",
        )
    return found[0]


def names_in(file: str) -> frozenset[str]:
    """The pipelines of a spec that is at hand and can be read."""
    return frozenset(_known(file, needed=False))


def _known(file: str, *, needed: bool) -> dict[str, Chosen]:
    if not needed and not Path(file).is_file():
        return {}
    try:
        found = _read(Path(file))
    except AwspipeError:
        if needed:
            raise
        return {}
    return {one.name: Chosen(one.name, one.region, one.account) for one in found}


def _read(path: Path) -> Sequence[Head | Pipeline]:
    """What a spec says of where its pipelines are. Where that is wrong, every mistake in it is told."""
    from awspipe.spec.heads import heads

    if found := heads(path):
        return found
    from awspipe.spec.load import load_file

    return load_file(path)


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
