"""Make the generated pages of the documentation; with `--check`, see whether they are current.

docs/spec.md comes from the spec's models, docs/commands.md from the commands' own help, docs/failures.md from
the tables of known causes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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

    return {
        "spec.md": markdown().rstrip("\n") + "\n",
        "commands.md": commands(),
        "failures.md": failures(),
    }


_FAILURES = """\
# Why it failed

<!-- Made from the tables in awspipe/failures by `make docs`: edit those. -->

Wherever awspipe shows a failure it says its cause, what mends it where that is known, and the last lines of
what failed. It asks AWS for that with reads only: the action's error details, the build's phases and log, the
deployment's lifecycle events, the names (not the contents) of the files in the artifact. What may not be read
is named, with the permission that would tell more. Secrets that can be known as such are masked.

In JSON a cause is an object with `stage` and `action` (null where the whole execution is meant), `known` (a
name from this page, which stays the same, or null), `line`, `fix` (or null) and `detail` (a list of lines).
"""

_PARTS = {
    "Permissions": ("known_access", "What a role may not do."),
    "Builds": ("known_builds", "What CodeBuild says of a build, and the build of itself."),
    "Commands": ("known_commands", "What CodePipeline says of commands that it runs itself."),
    "Instances": ("known_instances", "What CodePipeline says of instances that it deploys to itself."),
    "Deployments": ("known_deployments", "What CodeDeploy and its agent say of a deployment."),
    "Stacks and functions": (
        "known_stacks",
        "What CloudFormation and Lambda say of what is deployed to them.",
    ),
    "Sources, approvals, S3": ("known_actions", "What CodePipeline says of the actions that it does itself."),
}

_ENDS = """\
## Executions

An execution that ended without a failed action has one of these: `superseded` (by which execution), `stopped`
(with the reason that was given; who did it is in CloudTrail only), `cancelled` (the pipeline was updated),
`condition` (a condition of a stage was not met).
"""


def failures() -> str:
    """The page of the known causes."""
    from importlib import import_module

    parts = [_FAILURES]
    for title, (module, what) in _PARTS.items():
        rows = import_module(f"awspipe.failures.{module}").ROWS
        table = "\n".join(f"| {' | '.join(_cause(row))} |" for row in rows)
        head = "| `known` | cause | fix | AWS's words |\n| --- | --- | --- | --- |"
        parts.append(f"## {title}\n\n{what}\n\n{head}\n{table}\n")
    return "\n".join([*parts, _ENDS])


def _cause(row: Any) -> Iterator[str]:
    """A row of the table: braces are what differs."""
    yield f"`{row.name}`"
    for sentence in (row.means or row.line, row.fix):
        shown = re.sub(r"\{(\w+)\}", "...", sentence).replace("|", "\\|").replace("<", "&lt;")
        yield "" if shown == "..." else shown
    host = urlsplit(row.source).hostname
    link = f"[{host}]({row.source})" if host else "the sandbox's own"
    yield link if row.verified else f"{link}, matched loosely"


def commands() -> str:
    """The page of the commands."""
    os.environ.update(COLUMNS=str(WIDTH), NO_COLOR="1", TERM="dumb")
    blocks = [f"## `{' '.join(words)}`\n\n```text\n{text}\n```" for words, text in helps()]
    return "\n".join([_COMMANDS, "\n\n".join(blocks), ""])


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command that is not hidden, as the words that call it, and its help."""
    import typer

    from awspipe.cli.main import application

    yield from _helps(typer.main.get_command(application()), ("awspipe",))


def _helps(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    yield words, _help(words)
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield from _helps(one, (*words, name))


def _help(words: tuple[str, ...]) -> str:
    """What `--help` prints."""
    from typer.testing import CliRunner

    from awspipe.cli.main import application

    asked = [*words[1:], "--help"]
    shown = CliRunner().invoke(application(), asked, prog_name=words[0], terminal_width=WIDTH)
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
