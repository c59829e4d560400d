"""`awspipe sandbox`: AWS played on this machine, started and stopped by hand."""

from __future__ import annotations

import os
import shlex
from collections import deque
from dataclasses import asdict
from typing import Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import Options, Yes
from awspipe.errors import StoppedError, UsageError

app = typer.Typer(
    name="sandbox",
    no_args_is_help=True,
    help="AWS played on this machine: started by --sandbox when needed, or by hand here.",
)


def _console(context: typer.Context) -> Console:
    found = context.find_object(Options)
    return Console(json=bool(found and found.json))


@app.command()
def start(context: typer.Context) -> None:
    """Start the sandbox in the background; what it held is there again."""
    from awspipe.sandbox import control

    console = _console(context)
    endpoint, started = control.start(control.state_dir(os.environ))
    if console.json:
        console.document({"url": endpoint.url, "pid": endpoint.pid, "started": started})
    else:
        console.answer(f"sandbox {'started' if started else 'runs already'}: {endpoint.url}")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop the sandbox; what it holds stays on disk."""
    from awspipe.sandbox import control

    console = _console(context)
    stopped = control.stop(control.state_dir(os.environ))
    if console.json:
        console.document({"stopped": stopped})
    else:
        console.answer("sandbox stopped" if stopped else "the sandbox does not run")


@app.command()
def status(context: typer.Context) -> None:
    """Show whether the sandbox runs, where, and what it holds."""
    from awspipe.sandbox import control

    console = _console(context)
    directory = control.state_dir(os.environ)
    found = control.status(directory)
    if console.json:
        console.document({**asdict(found), "directory": str(directory)})
        return
    if not found.running:
        console.answer([f"the sandbox does not run; its state ({found.state_bytes} bytes) is in {directory}"])
    else:
        console.answer(
            [
                f"the sandbox runs at {found.url} (process {found.pid}, {found.uptime_seconds:.0f} s)",
                f"  account {found.account}, state {found.state_bytes} bytes in {directory}",
            ]
        )
    if found.not_kept:
        console.answer(f"  not kept over a restart: {', '.join(found.not_kept)}")
    console.answer([f"  {note}" for note in found.notes] or [])


@app.command()
def reset(context: typer.Context, yes: Yes = False) -> None:
    """Stop the sandbox and delete everything in it."""
    from awspipe.sandbox import control

    console = _console(context)
    directory = control.state_dir(os.environ)
    if not yes:
        if not console.interactive:
            raise UsageError("nobody is there to be asked", hint="awspipe sandbox reset --yes")
        if console.ask(f"Delete everything in the sandbox ({directory})? [y/N] ").lower() not in ("y", "yes"):
            raise StoppedError("nothing was deleted")
    deleted = control.reset(directory)
    if console.json:
        console.document({"deleted": deleted})
    else:
        console.answer("the sandbox is empty" if deleted else "the sandbox was empty already")


@app.command()
def env(context: typer.Context) -> None:
    """Print what aws, Terraform or boto3 need to look into the sandbox: `eval "$(awspipe sandbox env)"`."""
    from awspipe.cli.target import start_sandbox
    from awspipe.sandbox import control

    console = _console(context)
    variables = control.environment(start_sandbox(console))
    if console.json:
        console.document({"environment": variables})
    else:
        console.answer([f"export {name}={shlex.quote(value)}" for name, value in variables.items()])


@app.command()
def logs(
    context: typer.Context,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="How many lines from the end.")] = 50,
) -> None:
    """Print the end of the sandbox's log."""
    from awspipe.sandbox import control

    path = control.log_path(control.state_dir(os.environ))
    if not path.is_file():
        raise UsageError(f"there is no log at {path}", hint="`awspipe sandbox start` begins one")
    with path.open(encoding="utf-8", errors="replace") as file:
        _console(context).answer([line.rstrip("\n") for line in deque(file, maxlen=lines)])
