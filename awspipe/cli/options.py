"""The global options: taken before and after the command, kept for the command that runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from awspipe.errors import UsageError

FLAGS = frozenset({"--sandbox", "--json", "--debug"})
VALUED = frozenset({"--profile", "--region", "--endpoint-url"})

SpecFile = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="The spec.")]
SpecFiles = Annotated[
    list[str],
    typer.Option("-f", "--file", metavar="FILE", help="The spec; again for more, or a directory of specs."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Of several pipelines, this one; again for more."),
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
Adopt = Annotated[
    bool,
    typer.Option("--adopt", help="Take over what has one of our names and no owner; `down` removes it then."),
]
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

    def command(self, *words: str) -> str:
        """A command to type next, with those of the options that say where AWS is."""
        return " ".join(_quoted(word) for word in ("awspipe", *words, *self._place()))

    def _place(self) -> Iterator[str]:
        given = {"--profile": self.profile, "--region": self.region, "--endpoint-url": self.endpoint_url}
        for name, value in given.items():
            if value is not None:
                yield from (name, value)
        if self.sandbox:
            yield "--sandbox"


def _quoted(word: str) -> str:
    """A word as POSIX shells, PowerShell and cmd all take it."""
    return f'"{word}"' if not word or any(mark in " ()&;|<>'" for mark in word) else word


def file_words(*files: str, only: Sequence[str] = ()) -> tuple[str, ...]:
    """The options that name the spec, where it is not the usual one, and the pipelines in it."""
    named = () if files == (SPEC,) else tuple(word for file in files for word in ("-f", file))
    return (*named, *(word for name in only for word in ("--only", name)))


def hoisted(arguments: list[str]) -> list[str]:
    """The arguments with the global options moved to the front, where Typer takes them.

    What stands after `--` is left alone. Raises UsageError for an option that lacks its value.
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
        elif word in VALUED:
            front += [word, _value(word, words)]
        else:
            rest.append(word)
    return front + rest


def command_in(words: Sequence[str]) -> str:
    """The word where a command stands, after the global options of `hoisted`; "" where there is none."""
    left = iter(words)
    for word in left:
        if word in VALUED:
            next(left, None)
        elif word not in FLAGS and word.partition("=")[0] not in VALUED:
            return word
    return ""


def _value(option: str, words: list[str]) -> str:
    if not words or words[0].startswith("-"):
        raise UsageError(f"{option} needs a value", hint=f"{option} {_EXAMPLES[option]}")
    return words.pop(0)


_EXAMPLES = {
    "--profile": "NAME, one of `aws configure list-profiles`",
    "--region": "ap-northeast-2",
    "--endpoint-url": "http://HOST:PORT",
}


def given(context: typer.Context) -> Options:
    """The global options of this run."""
    found = context.find_object(Options)
    assert found is not None
    return found
