"""What `plan` and `up` share: from files to plans, with every refusal before the first write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from awspipe import git
from awspipe.apply import foreign
from awspipe.cli.console import Console
from awspipe.cli.handshakes import corrected
from awspipe.cli.options import Options
from awspipe.cli.target import Target, connect
from awspipe.errors import ApplyError, AwspipeError, HandshakeError, RefusedError, UsageError
from awspipe.graph import Graph, wanted
from awspipe.live import prefetch, read
from awspipe.plan import Plan, plan
from awspipe.spec.load import load_file
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


def prepare(options: Options, console: Console, file: str, *, push: bool) -> list[Prepared]:
    """Load every pipeline of a file and compare it with AWS: reads only.

    Raises SpecError, UsageError or CredentialsError before or with the first call, RefusedError where
    something of another owner has one of our names.
    """
    specs = load_file(Path(file))
    directory = Path(file).resolve().parent
    commit = git.head(directory) if push else NOT_ASKED
    connected = [(spec, connect(options, console, spec.region)) for spec in specs]
    return [
        _prepared(spec, target, console, directory=directory, commit=commit, leads=spec is specs[0])
        for spec, target in connected
    ]


def _prepared(
    spec: Spec,
    target: Target,
    console: Console,
    *,
    directory: Path,
    commit: git.Commit | git.NoCommit,
    leads: bool,
) -> Prepared:
    prefetch(target.aws, spec.name)
    scope = target.scope(spec.name)
    console.say(target.first_line())
    graph = wanted(spec, scope)
    try:
        state = read(target.aws, graph)
    except HandshakeError as error:
        corrected(target, spec, error)
        raise
    compared = plan(graph, state, push=isinstance(commit, git.Commit))
    check(compared)
    return Prepared(spec, directory, target, graph, compared, commit, leads)


def check(compared: Plan) -> None:
    """Refuse a plan that would touch what is not ours, or that builds on what is not there."""
    refused: list[AwspipeError] = [foreign(one.key, one.owner) for one in compared.conflicts]
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
    for choice in compared.choices:
        names = ", ".join(choice.names)
        raise UsageError(
            f"several connections could be used instead of a new {choice.key}: {names}",
            hint=f"say which in the spec: `connection: {choice.names[0]}`",
        )
    if compared.missing:
        names = ", ".join(str(one.key) for one in compared.missing)
        raise ApplyError(
            f"the spec refers to what is not there: {names}",
            hint="make it first, or let awspipe make one of its own (see docs/spec.md)",
        )
