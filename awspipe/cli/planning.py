"""What `plan` and `up` share: from files to plans, with every refusal before the first write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from awspipe import git
from awspipe.apply import foreign
from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.cli.target import Target, connect
from awspipe.errors import ApplyError, AwspipeError, RefusedError
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
    commit: git.Commit | None


def prepare(options: Options, console: Console, file: str, *, push: bool) -> list[Prepared]:
    """Load every pipeline of a file and compare it with AWS: reads only.

    Raises SpecError, UsageError or CredentialsError before or with the first call, RefusedError where
    something of another owner has one of our names.
    """
    specs = load_file(Path(file))
    directory = Path(file).resolve().parent
    commit = git.head(directory) if push else None
    return [_prepared(spec, options, console, directory, commit) for spec in specs]


def _prepared(
    spec: Spec, options: Options, console: Console, directory: Path, commit: git.Commit | None
) -> Prepared:
    target = connect(options, console, spec.region)
    prefetch(target.aws, spec.name)
    scope = target.scope(spec.name)
    if not console.json:
        console.say(target.first_line())
    graph = wanted(spec, scope)
    compared = plan(graph, read(target.aws, graph), push=commit is not None)
    check(compared)
    return Prepared(spec, directory, target, graph, compared, commit)


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
    if compared.missing:
        names = ", ".join(str(one.key) for one in compared.missing)
        raise ApplyError(
            f"the spec refers to what is not there: {names}",
            hint="make it first, or let awspipe make one of its own (see docs/spec.md)",
        )
