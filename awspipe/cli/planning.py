"""What `plan` and `up` share: from files to plans, with every refusal before the first write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from awspipe import git
from awspipe.apply import foreign
from awspipe.cli.console import Console
from awspipe.cli.handshakes import corrected
from awspipe.cli.options import Options
from awspipe.cli.regions import connect_each
from awspipe.cli.target import Target
from awspipe.errors import ApplyError, AwspipeError, HandshakeError, RefusedError, SpecError, UsageError
from awspipe.graph import Graph, oversized, wanted
from awspipe.live import prefetch, read_all
from awspipe.plan import Plan, plan
from awspipe.spec.load import load_files
from awspipe.spec.models import Pipeline as Spec


@dataclass(frozen=True, slots=True)
class Prepared:
    """One pipeline of a spec file, compared with AWS."""

    spec: Spec
    directory: Path
    target: Target
    graph: Graph
    plan: Plan
    commit: git.Commit | git.NoCommit
    leads: bool
    """The first of its file: the one git remote leads to it."""

    @property
    def commit_id(self) -> str:
        """The first digits of the commit that would be pushed; "" where there is none."""
        return self.commit.id[:7] if isinstance(self.commit, git.Commit) else ""


NOT_ASKED = git.NoCommit("--no-push")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One pipeline of a spec file, before AWS is asked."""

    spec: Spec
    file: Path
    directory: Path
    commit: git.Commit | git.NoCommit
    leads: bool


def prepare(
    options: Options,
    console: Console,
    files: Sequence[str],
    *,
    push: bool,
    only: Sequence[str] = (),
    adopt: bool = False,
) -> list[Prepared]:
    """Load every pipeline of the files, or those named in `only`, and compare them with AWS: reads only.

    `adopt`: what has one of our names and no owner is to be taken over.

    Raises SpecError, UsageError or CredentialsError before or with the first call, RefusedError where
    something of another owner has one of our names.
    """
    asked = list(_asked(files, only, push=push))
    targets = connect_each(options, console, [one.spec.region for one in asked])
    prepared: dict[int, Prepared] = {}
    for region, target in targets.items():
        here = [one for one in asked if one.spec.region == region]
        prepared |= {
            id(one): found
            for one, found in zip(here, _compared(target, console, here, adopt=adopt), strict=True)
        }
    ordered = [prepared[id(one)] for one in asked]
    check([one.plan for one in ordered])
    return ordered


def _asked(files: Sequence[str], only: Sequence[str], *, push: bool) -> Iterator[_Asked]:
    for file, specs in load_files(files, only):
        directory = file.resolve().parent
        commit = git.head(directory) if push else NOT_ASKED
        for number, spec in enumerate(specs):
            yield _Asked(spec, file, directory, commit, leads=number == 0)


def _compared(
    target: Target, console: Console, asked: Sequence[_Asked], *, adopt: bool
) -> Iterator[Prepared]:
    """The pipelines of one region, read side by side."""
    prefetch(target.aws, *(one.spec.name for one in asked))
    scopes = [target.scope(one.spec.name) for one in asked]
    console.say(target.first_line())
    for one in asked:
        target.hold_to(one.spec.name, one.spec.account)
    graphs = [wanted(one.spec, scope) for one, scope in zip(asked, scopes, strict=True)]
    pairs = zip(asked, graphs, strict=True)
    if problems := tuple(found for one, graph in pairs for found in oversized(graph, str(one.file))):
        raise SpecError(problems)
    try:
        states = read_all(target.aws, graphs, adopt=adopt)
    except HandshakeError as error:
        corrected(target, [one.spec for one in asked], error)
        raise
    for one, graph, state in zip(asked, graphs, states, strict=True):
        compared = plan(graph, state, push=isinstance(one.commit, git.Commit))
        yield Prepared(one.spec, one.directory, target, graph, compared, one.commit, one.leads)


def check(plans: Sequence[Plan]) -> None:
    """Refuse plans that would touch what is not ours, or that build on what is not there."""
    conflicts = [one for plan in plans for one in plan.conflicts]
    refused: list[AwspipeError] = [foreign(one.key, one.owner, one.why) for one in conflicts]
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise RefusedError(
            "\n".join(
                ["these are there already and not this pipeline's; nothing was changed:"]
                + [f"  {one.message}" for one in refused]
            ),
            hint=refused[0].hint,
        )
    for choice in (choice for compared in plans for choice in compared.choices):
        names = ", ".join(choice.names)
        raise UsageError(
            f"several connections could be used instead of a new {choice.key}: {names}",
            hint=f"say which in the spec: `connection: {choice.names[0]}`",
        )
    missing = dict.fromkeys(str(one.key) for plan in plans for one in plan.missing)
    if missing:
        names = ", ".join(missing)
        raise ApplyError(
            f"the spec refers to what is not there: {names}",
            hint="make it first, or leave the key out where awspipe can make one itself (see docs/spec.md)",
        )
