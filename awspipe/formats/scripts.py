"""What an appspec's scripts lack, where the revision's folder is at hand: all warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from awspipe.errors import Problem
from awspipe.formats.frames import Lines, quoted
from awspipe.formats.mapping import Mapping, did_you_mean
from awspipe.formats.nodes import Node, Span

_READ_LIMIT = 256 * 1024
_SHELL = re.compile(r"#!.*\b(ba|da|k|z)?sh\b")
_BACKGROUND = re.compile(r"(?<![&|>\\])&\s*\)?\s*(#.*)?$")
_BOTH_REDIRECTED = re.compile(r"&>|>&\s*[^\s\d&]|>.*2>|2>.*>|\|&")
_LOOKED_AFTER = re.compile(r"(?m)^\s*(exec\s+[^\n]*>|wait\b)")
"""The whole script writes elsewhere, or it waits for what it started."""


def check(root: Mapping, folder: Path, os: str) -> None:
    """Look at each script that the hooks name, once."""
    seen: set[str] = set()
    for node in _locations(root.node.at(("hooks",))):
        location = str(node.value).strip()
        if location and location not in seen and ".." not in PurePosixPath(location).parts:
            seen.add(location)
            _check(root, node.span, folder, location)
            if os == "linux":
                root.notes.elsewhere += _read_problems(folder / location.lstrip("/"))


def _locations(hooks: Node) -> Iterator[Node]:
    for entry in hooks.entries.values():
        for item in entry.node.items:
            location = item.child("location")
            if location and isinstance(location.value, str):
                yield location


def _check(root: Mapping, span: Span, folder: Path, location: str) -> None:
    path = folder / location.lstrip("/")
    if not path.is_file():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, beside) or "a build may make it; else the deployment fails"
        root.notes.warn(span, f"there is no script {quoted(location)}", hint)


def _read_problems(path: Path) -> Iterator[Problem]:
    try:
        with path.open("rb") as file:
            data = file.read(_READ_LIMIT)
    except OSError:
        return
    text = data.decode(errors="replace")
    first = text.partition("\n")[0]
    if first.startswith("#!") and first.endswith("\r"):
        says = f"the first line ends with CRLF: Linux looks for {quoted(first[2:].strip() + chr(13))}"
        hint = f"save it with LF; `{path.name} text eol=lf` in .gitattributes keeps it so"
        yield _problem(path, text, 1, says, hint)
    if _SHELL.match(first) or path.suffix == ".sh":
        yield from _left_open(path, text)


def _left_open(path: Path, text: str) -> Iterator[Problem]:
    """The agent waits until standard output and error are closed, as long as the time-out lasts.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html
    (Troubleshooting failed ApplicationStop ... long-running processes)
    """
    if _LOOKED_AFTER.search(text):
        return
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        plain = line.rstrip()
        background = not plain.lstrip().startswith("#") and _BACKGROUND.search(plain)
        if background and not _BOTH_REDIRECTED.search(plain[: background.start()]):
            says = "started in the background with output still open: the agent waits until it ends"
            yield _problem(path, text, number, says, "write > /dev/null 2>&1 < /dev/null before the &")


def _problem(path: Path, text: str, line: int, says: str, hint: str) -> Problem:
    lines = Lines(text)
    column = len(lines.line(line)) - len(lines.line(line).lstrip()) + 1
    length = max(len(lines.line(line).strip()), 1)
    frame = lines.frame(line, column, length)
    return Problem(says, str(path), line, column, length, hint, frame, warning=True)
