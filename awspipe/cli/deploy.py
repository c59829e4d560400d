"""`awspipe deploy`: what the CodeDeploy agent would do with a revision, done on this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from awspipe.cli import exits
from awspipe.cli.console import Console
from awspipe.cli.options import Options, given
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.sandbox.agent.order import Order, Outcome

_GROUP = "default-local-deployment-group"
"""As AWS's `codedeploy-local` calls it."""

Start = Callable[[Sequence[str]], "subprocess.Popen[bytes]"]
Behavior = Literal["DISALLOW", "OVERWRITE", "RETAIN"]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the revision goes: how an agent is started there, and what it is to be told."""

    words: str
    start: Start
    order: Order


def deploy(
    context: typer.Context,
    bundle: Annotated[
        str, typer.Option(metavar="DIR", help="The revision: a directory, or a zip, tar or tgz.")
    ] = ".",
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="What stands for the host's /; / is this machine.")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="NAME", help="A host of the sandbox.")] = None,
    file_exists: Annotated[
        Behavior, typer.Option("--file-exists", help="Where the appspec does not say.")
    ] = "DISALLOW",
) -> int:
    """Apply a revision here as CodeDeploy's agent does.

    With all its lifecycle events, and with no AWS and no server.

    What is installed is remembered: the next run stops it and removes its files first. Without --root and
    --host it goes below a directory of its own, which the first line names. What the scripts leave running
    goes on.
    """
    console = Console(json=given(context).json)
    if sys.platform == "win32":
        raise UsageError("revisions are applied on Linux and macOS only", hint="in WSL it works")
    if root is not None and host is not None:
        raise UsageError("--root and --host are two places: say one")
    source = Path(bundle)
    _check(console, source)
    with _place(console, given(context), source, root=root, host=host) as place:
        console.say(place.words)
        return _run(console, place, file_exists)


def _check(console: Console, bundle: Path) -> None:
    """Show what is wrong with the appspec before anything is done."""
    from awspipe.cli import source_files
    from awspipe.cli.views import validate as view

    if not bundle.exists():
        raise UsageError(f"there is no revision at {bundle}", hint="--bundle DIR names it")
    if not bundle.is_dir():
        return
    found = next((bundle / name for name in source_files.APPSPECS if (bundle / name).is_file()), None)
    if found is None:
        raise UsageError(f"there is no appspec.yml in {bundle}", hint="--bundle DIR names the revision")
    checked = source_files.check_appspec(found, "server")
    source_files.raise_errors([checked])
    console.say(view.warnings([checked]))


@contextmanager
def _place(
    console: Console, options: Options, bundle: Path, *, root: str | None, host: str | None
) -> Iterator[_Place]:
    if host is not None:
        with _on_host(console, options, bundle, host) as place:
            yield place
        return
    from awspipe.sandbox.control import state_dir

    usual = state_dir(os.environ)
    path = Path(root).absolute() if root else usual.with_name(f"{usual.name}-host")
    path.mkdir(mode=0o755 if root else 0o700, parents=True, exist_ok=True)
    where = "this machine itself" if str(path) == "/" else f"{path}, which stands for / (AWSPIPE_ROOT)"
    yield _Place(f"deploying to {where}", _start_here, _order(_GROUP, bundle.absolute(), str(path)))


@contextmanager
def _on_host(console: Console, options: Options, bundle: Path, name: str) -> Iterator[_Place]:
    from awspipe.cli.hosts import place_of
    from awspipe.cli.target import start_sandbox
    from awspipe.sandbox import hostclient

    endpoint = start_sandbox(console)
    region = place_of(hostclient.every(endpoint), name, options)
    entrance = hostclient.enter(endpoint, region, name)
    group = entrance.groups[0] if len(entrance.groups) == 1 else _GROUP
    file = f"local-{secrets.token_hex(4)}{''.join(bundle.suffixes[-2:]) if bundle.is_file() else '.tar'}"
    _pack(bundle, entrance.drop / file)
    try:
        words = f"deploying to the host {name} of the sandbox ({entrance.level})"
        yield _Place(words, entrance.start, _order(group, Path(entrance.dropped) / file, entrance.root))
    finally:
        (entrance.drop / file).unlink(missing_ok=True)


def _pack(bundle: Path, target: Path) -> None:
    if bundle.is_file():
        shutil.copyfile(bundle, target)
        return
    with tarfile.open(target, "w") as archive:
        for entry in sorted(bundle.iterdir()):
            if entry.name != ".git":
                archive.add(entry, entry.name)


def _start_here(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _order(group: str, bundle: Path, root: str) -> Order:
    from awspipe.sandbox.agent.order import Order

    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return Order(
        deployment_id="d-" + "".join(secrets.choice(letters) for _ in range(9)),
        group_id=group,
        group_name=group,
        application=bundle.name or "local",
        bundle=str(bundle),
        root=root,
    )


def _run(console: Console, place: _Place, file_exists: Behavior) -> int:
    """Do every event until one fails; the exit code."""
    from dataclasses import replace

    from awspipe.cli.views import deploy as view
    from awspipe.sandbox.agent.order import LIFECYCLE
    from awspipe.sandbox.agent.session import Session

    order = replace(place.order, file_exists_behavior=file_exists)
    outcomes: list[Outcome] = []
    with Session(place.start, order, lambda line: console.say(view.said(line))) as session:
        for event in LIFECYCLE:
            outcomes.append(session.run(event))
            console.answer(view.event(outcomes[-1]))
            if not outcomes[-1].ok:
                break
    console.answer(view.end(order.deployment_id, outcomes, LIFECYCLE))
    console.document(view.document(order, outcomes, LIFECYCLE))
    return exits.DONE if outcomes[-1].ok else exits.FAILED
