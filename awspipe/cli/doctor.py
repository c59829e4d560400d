"""`awspipe doctor`: what may stand in the way, line by line, and what to do about it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from awspipe.cli import expiring
from awspipe.cli.console import Console
from awspipe.cli.options import SPEC, SpecFile, given
from awspipe.errors import AwspipeError, RefusedError, SpecError

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.doctor.findings import Finding
    from awspipe.graph import Graph
    from awspipe.spec.models import Pipeline as Spec

LIMIT = 15.0
"""Seconds after which an answer is waited for no longer."""


def doctor(context: typer.Context, file: SpecFile = SPEC) -> None:
    """Look for what may stand in the way; change nothing.

    Each line is ok, a problem with what to do, or ? where it cannot be known. Works without credentials,
    without a network and without a spec. Exit codes: 0 no problem, 4 the credentials are one, 1 another is.
    """
    from awspipe.cli.views import doctor as view
    from awspipe.doctor.findings import run

    console = Console(json=given(context).json)
    specs, of_spec = _spec(file)
    of_aws = [*_of_aws(context, console, specs)]  # first: --sandbox starts what the next line looks at
    found = [*run(_of_this_machine(console), limit=LIMIT), of_spec, *of_aws]
    console.document(view.document(found))
    console.answer(view.lines(found))
    raise typer.Exit(view.exit_code(found))


def _of_this_machine(console: Console) -> dict[str, Callable[[], Iterable[Finding]]]:
    return {"python": _python, "git": _git, "console": partial(_encoding, console), "sandbox": _sandbox}


def _python() -> Iterator[Finding]:
    from awspipe import __version__
    from awspipe.doctor.findings import ok

    yield ok("python", f"{platform.python_version()}, awspipe {__version__}, {platform.system()}")


def _git() -> Iterator[Finding]:
    """git, and whose name its commits carry: a commit cannot be made without one."""
    from awspipe import git
    from awspipe.doctor.findings import Finding, State, ok

    here = Path.cwd()
    version = git.run(here, "--version").stdout.strip().removeprefix("git version ")
    name, mail = (
        git.run(here, "config", key, check=False).stdout.strip() for key in ("user.name", "user.email")
    )
    if name and mail:
        yield ok("git", f"{version}, commits as {name} <{mail}>")
    elif git.knows_author(here):
        yield ok("git", f"{version}, commits as the environment says")
    else:
        says = f"{version}, and it does not know who you are"
        yield Finding("git", State.PROBLEM, says, "; ".join(git.INTRODUCE))


def _encoding(console: Console) -> Iterator[Finding]:
    """Whether names and log lines in any language can be shown."""
    from awspipe.doctor.findings import Finding, State, ok

    encoding = getattr(console.out, "encoding", None) or "utf-8"
    try:
        "한글".encode(encoding)
        yield ok("console", encoding)
    except (UnicodeEncodeError, LookupError):
        says = f"{encoding}: what it cannot show becomes ?"
        yield Finding("console", State.PROBLEM, says, "set PYTHONUTF8=1, or a locale with UTF-8")


def _sandbox() -> Iterator[Finding]:
    """Whether it runs, and how far from this machine what it runs is kept."""
    from awspipe.doctor.findings import ok
    from awspipe.sandbox import control, hostclient

    endpoint = control.running(control.state_dir(os.environ))
    if endpoint is None:
        yield ok("sandbox", "does not run; --sandbox starts it when it is needed")
        return
    yield ok("sandbox", f"runs at {endpoint.url}; {hostclient.isolation(endpoint)['reason']}")


def _spec(file: str) -> tuple[tuple[Spec, ...], Finding]:
    from awspipe.doctor.findings import Finding, State, ok, problem
    from awspipe.spec.load import load_file

    if not Path(file).is_file():
        return (), ok("spec", f"none here ({file}): what only one can tell is not looked at")
    try:
        specs = load_file(Path(file))
    except SpecError as error:
        count = len(error.problems)
        says = f"{file}: {count} problem{'s' if count != 1 else ''}"
        return (), Finding("spec", State.PROBLEM, says, f"`awspipe validate -f {file}` shows them")
    except AwspipeError as error:
        return (), problem("spec", error)
    return specs, ok("spec", f"{file}: {', '.join(one.name for one in specs)}")


def _of_aws(context: typer.Context, console: Console, specs: tuple[Spec, ...]) -> Iterator[Finding]:
    """Where the calls go, who makes them, and what they meet there."""
    from awspipe.cli.target import connect
    from awspipe.doctor.caller import ACCOUNT, credentials
    from awspipe.doctor.findings import Case, problem, run

    try:
        target = connect(given(context), console, specs[0].region if specs else None)
    except AwspipeError as error:
        yield problem("settings", error)
        return
    target.aws.brief = True
    if names := [one.name for one in specs if one.region in (None, target.aws.region)]:
        expiring.warn(context, console, target, *names)
    yield _endpoint(target)
    case = Case(target.aws, sandbox=target.sandbox)
    asked = [*run({"credentials": partial(credentials, case)}, limit=LIMIT)]
    yield from asked
    if any(one.name == ACCOUNT for one in asked):
        yield from _of_account(target, specs)


def _endpoint(target: Target) -> Finding:
    from awspipe.doctor.findings import ok

    names = sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL") and os.environ[name])
    by = f" ({', '.join(names)})" if names else ""
    where = "the sandbox" if target.sandbox else target.aws.endpoint if target.elsewhere else "AWS's own"
    return ok("endpoint", where if target.sandbox else where + by)


def _of_account(target: Target, specs: tuple[Spec, ...]) -> Iterator[Finding]:
    from awspipe.doctor.checks import CHECKS
    from awspipe.doctor.findings import Case, problem, run

    for spec in specs:
        try:
            target.hold_to(spec.name, spec.account)
        except RefusedError as error:
            yield problem("account", error)
            return
    case = Case(target.aws, tuple(_graphs(target, specs)), target.sandbox)
    yield from run({name: partial(check, case) for name, check in CHECKS.items()}, limit=LIMIT)


def _graphs(target: Target, specs: tuple[Spec, ...]) -> Iterator[Graph]:
    """What is wanted in the region that is looked at."""
    from awspipe.graph import wanted

    for spec in specs:
        if spec.region in (None, target.aws.region):
            yield wanted(spec, target.scope(spec.name))
