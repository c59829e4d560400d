"""`awspipe sandbox hosts`: the servers that deployments go to in the sandbox."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.errors import UsageError

app = typer.Typer(
    name="hosts",
    invoke_without_command=True,
    short_help="The servers that deployments go to in it.",
    help="The servers that deployments go to in the sandbox: AWS has EC2 or your own machines instead.",
)


def _options(context: typer.Context) -> Options:
    return context.find_object(Options) or Options()


@app.callback()
def hosts(context: typer.Context) -> None:
    """The servers that deployments go to in the sandbox; without a command they are listed.

    AWS has EC2 instances or your own machines instead. A deployment group that would find none gets two.
    """
    if context.invoked_subcommand is not None:
        return
    from awspipe.cli.target import start_sandbox
    from awspipe.cli.views import hosts as view
    from awspipe.sandbox import hostclient

    console = Console(json=_options(context).json)
    endpoint = start_sandbox(console)
    found, isolation = hostclient.every(endpoint), hostclient.isolation(endpoint)
    console.document({"hosts": found, "isolation": isolation})
    console.answer(view.lines(found))
    console.say(isolation["reason"])


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    tag: Annotated[list[str] | None, typer.Option(metavar="K=V", help="A tag; more than once.")] = None,
    on_premises: Annotated[
        bool, typer.Option("--on-premises", help="Register it as an on-premises instance.")
    ] = False,
) -> None:
    """Make a host."""
    from awspipe.cli.target import start_sandbox
    from awspipe.cli.views import hosts as view
    from awspipe.sandbox import hostclient

    options = _options(context)
    console = Console(json=options.json)
    kind = "on-premises" if on_premises else "ec2"
    tags = dict(_pair(one) for one in tag or ())
    made = hostclient.add(start_sandbox(console), region(options), name, kind=kind, tags=tags)
    console.document({"host": made})
    console.answer(view.made(made))


@app.command()
def remove(context: typer.Context, name: Annotated[str, typer.Argument(help="The host.")]) -> None:
    """End a host, with all that runs on it and lies there."""
    from awspipe.cli.target import start_sandbox
    from awspipe.sandbox import hostclient

    options = _options(context)
    console = Console(json=options.json)
    endpoint = start_sandbox(console)
    hostclient.remove(endpoint, place_of(hostclient.every(endpoint), name, options), name)
    console.document({"removed": name})
    console.answer(f"the host {name} is gone")


def shell(context: typer.Context, name: Annotated[str, typer.Argument(metavar="HOST")]) -> None:
    """Open a shell on a host."""
    from awspipe.cli.target import start_sandbox
    from awspipe.sandbox import hostclient

    options = _options(context)
    console = Console(json=options.json)
    endpoint = start_sandbox(console)
    entrance = hostclient.enter(endpoint, place_of(hostclient.every(endpoint), name, options), name)
    if entrance.level == "process":
        console.say(f"{name} is no machine of its own: its / is {entrance.root}, the rest is this machine's")
    entrance.become_shell()


def region(options: Options) -> str:
    """The region a new host belongs to."""
    from awspipe.cli.target import SANDBOX_REGION

    named = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or SANDBOX_REGION


def place_of(hosts: list[dict[str, object]], name: str, options: Options) -> str:
    """The region of a host: the only one that has it, or the one that is named."""
    found = [str(one["region"]) for one in hosts if one["name"] == name]
    if options.region in found or len(found) > 1:
        return region(options)
    if not found:
        raise UsageError(f"there is no host {name}", hint="`awspipe sandbox hosts` lists those there are")
    return found[0]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"{text!r} is no tag", hint="--tag KEY=VALUE")
    return key, value
