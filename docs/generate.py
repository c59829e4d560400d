"""Make the generated pages of the documentation; with `--check`, see whether they are current.

docs/spec.md comes from the spec's models, docs/commands.md from the commands' own help.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH = 96

_COMMANDS = """\
# The commands

<!-- Made from the commands' help by `make docs`: edit that. -->

This is what `awspipe COMMAND --help` says. The answer of a command goes to standard output, its talk to
standard error; `--json` turns the answer into one JSON document with a `schema_version`.
"""


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    from awspipe.spec.reference import markdown

    return {"spec.md": markdown().rstrip("\n") + "\n", "commands.md": commands()}


def commands() -> str:
    """The page of the commands."""
    os.environ.update(COLUMNS=str(WIDTH), NO_COLOR="1", TERM="dumb")
    blocks = [f"## `{' '.join(words)}`\n\n```text\n{text}\n```" for words, text in helps()]
    return "\n".join([_COMMANDS, "\n\n".join(blocks), ""])


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command that is not hidden, as the words that call it, and its help."""
    import typer

    from awspipe.cli.main import app

    yield from _helps(typer.main.get_command(app), ("awspipe",))


def _helps(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    yield words, _help(words)
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield from _helps(one, (*words, name))


def _help(words: tuple[str, ...]) -> str:
    """What `--help` prints."""
    from typer.testing import CliRunner

    from awspipe.cli.main import app

    shown = CliRunner().invoke(app, [*words[1:], "--help"], prog_name=words[0], terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in shown.output.strip("\n").split("\n"))


def main(arguments: list[str]) -> int:
    """Write the pages; with --check write nothing, and fail where one is not current."""
    stale = [
        name
        for name, text in pages().items()
        if not (HERE / name).is_file() or (HERE / name).read_text(encoding="utf-8") != text
    ]
    if arguments == ["--check"]:
        for name in stale:
            sys.stderr.write(f"docs/{name} is not current: `make docs`\n")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(pages()[name], encoding="utf-8", newline="\n")
        sys.stdout.write(f"made docs/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
