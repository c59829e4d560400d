"""The global options: taken before and after the command, kept for the command that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

FLAGS = frozenset({"--sandbox", "--json", "--debug"})
VALUED = frozenset({"--profile", "--region", "--endpoint-url"})

SpecFile = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="The spec.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
SPEC = "awspipe.yml"


@dataclass
class Options:
    """What the global options say. None: not given."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    sandbox: bool = False
    json: bool = False
    debug: bool = False


def hoisted(arguments: list[str]) -> list[str]:
    """The arguments with the global options moved to the front, where Typer takes them.

    What stands after `--` is left alone, and an option that lacks its value is left for Typer to complain of.
    """
    front: list[str] = []
    rest: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "--":
            rest += [word, *words]
            break
        if word in FLAGS or (word.partition("=")[0] in VALUED and "=" in word):
            front.append(word)
        elif word in VALUED and words:
            front += [word, words.pop(0)]
        else:
            rest.append(word)
    return front + rest


def given(context: typer.Context) -> Options:
    """The global options of this run."""
    found = context.find_object(Options)
    assert found is not None
    return found
