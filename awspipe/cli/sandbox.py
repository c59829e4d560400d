"""`awspipe sandbox`: AWS played on this machine, started and stopped by hand."""

from __future__ import annotations

import os
import shlex
from collections import deque
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from awspipe.cli import asking, hosts
from awspipe.cli.console import Console
from awspipe.cli.options import Options, Yes, given
from awspipe.errors import UsageError
from awspipe.explain import explained

app = typer.Typer(
    name="sandbox",
    no_args_is_help=True,
    short_help="AWS played on this machine, steered by hand.",
    help="AWS played on this machine: started by --sandbox when needed, or by hand here.",
)

app.add_typer(hosts.app)
app.command()(hosts.shell)


def _console(context: typer.Context) -> Console:
    found = context.find_object(Options)
    return Console(json=bool(found and found.json))


@app.command()
def start(context: typer.Context) -> None:
    """Start it in the background; what it held is there again."""
    from awspipe.sandbox import control

    console = _console(context)
    endpoint, started = control.start(control.state_dir(os.environ))
    console.document({"url": endpoint.url, "pid": endpoint.pid, "started": started})
    console.answer(f"the sandbox {'has started' if started else 'runs already'}: {endpoint.url}")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop it; what it holds stays on disk."""
    from awspipe.sandbox import control

    console = _console(context)
    stopped = control.stop(control.state_dir(os.environ))
    console.document({"stopped": stopped})
    console.answer("the sandbox has stopped; its state is kept" if stopped else "the sandbox does not run")


@app.command()
def status(context: typer.Context) -> None:
    """Show whether it runs, where, and what it holds."""
    from awspipe.cli.views import sandbox as view
    from awspipe.sandbox import control

    console = _console(context)
    directory = control.state_dir(os.environ)
    found = control.status(directory)
    console.document({**asdict(found), "directory": str(directory)})
    console.answer(view.lines(found, str(directory)))


@app.command()
def reset(context: typer.Context, yes: Yes = False) -> None:
    """Stop it and delete everything in it."""
    from awspipe.sandbox import control

    console = _console(context)
    directory = control.state_dir(os.environ)
    if not yes and not console.interactive:
        raise asking.nobody("nothing was deleted", "awspipe sandbox reset --yes")
    if not yes:
        question = f"Delete everything in the sandbox ({directory})? [y/N] "
        asking.go_on(console, question, asking.is_yes, otherwise="nothing was deleted")
    deleted = control.reset(directory)
    console.document({"deleted": deleted})
    console.answer("the sandbox is empty" if deleted else "the sandbox was empty already")


@app.command()
def env(context: typer.Context) -> None:
    """Print what aws or boto3 need to look into it.

    `eval "$(awspipe sandbox env)"` sets it in this shell; Terraform and other tools take the same.
    """
    from awspipe.cli.target import start_sandbox
    from awspipe.sandbox import control

    console = replace(_console(context), reveals=True)
    variables = control.environment(start_sandbox(console))
    console.document({"environment": variables})
    console.answer(f"unset {' '.join(control.UNSET)}")
    console.answer([f"export {name}={shlex.quote(value)}" for name, value in variables.items()])


@app.command()
def logs(
    context: typer.Context,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="How many lines from the end.")] = 50,
) -> None:
    """Print the end of its log."""
    from awspipe.sandbox import control

    path = control.log_path(control.state_dir(os.environ))
    if not path.is_file():
        raise UsageError(f"there is no log at {path}", hint="`awspipe sandbox start` begins one")
    with path.open(encoding="utf-8", errors="replace") as file:
        last = [line.rstrip("\n") for line in deque(file, maxlen=lines)]
    console = _console(context)
    console.document({"lines": last})
    console.answer(last)


@app.command()
def connect(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="Its name, or its ARN.")],
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository at the provider.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The git repository that stands for it.")],
) -> None:
    """Complete a connection: a local git repository stands for GitHub's.

    Or for that of another provider. On AWS this happens in the console, in a window of the provider's.
    """
    from awspipe.cli.target import sandbox_session, start_sandbox
    from awspipe.sandbox import control, handshakes

    console = _console(context)
    endpoint = start_sandbox(console)
    region = connection.split(":")[3] if connection.count(":") == 5 else hosts.region(given(context))
    client = sandbox_session(endpoint, region).client("codeconnections", endpoint_url=endpoint.url)
    with explained("look for the connection"):
        listed = client.list_connections()["Connections"]
    names = [
        one["ConnectionName"] for one in listed if connection.replace("codestar-", "code") in one.values()
    ]
    if not names:
        there = ", ".join(one["ConnectionName"] for one in listed)
        hint = (
            f"connections there: {there}"
            if there
            else "`awspipe up --sandbox` makes one where a spec needs it"
        )
        raise UsageError(f"{region} has no connection {connection}", hint=hint)
    name = names[0]
    handshakes.connect(control.state_dir(os.environ), name, repository, path)
    console.document({"connection": name, "repository": repository, "path": str(path.absolute())})
    console.answer(f"connection {name} is available: {repository} is {path.absolute()}")
