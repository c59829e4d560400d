"""The one way out to the terminal: answers to standard output, talk to standard error.

Only characters that a cp949 console can print are used; what an encoding still cannot say becomes `?`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from awspipe.cli.views.columns import fitted
from awspipe.formats.secrets import redacted, redacted_value

_COLOURS = {"+": "32", "~": "33", "-": "31", "!": "33", "error": "31;1", "dim": "2", "bold": "1"}
_COLOURS |= {"●": "32", "▶": "36", "×": "31", "■": "33"}


class ToldError(Exception):
    """What there is to say has been said: only the exit code is left."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@dataclass
class Console:
    """Where a command's words go. `json` turns the answer into one JSON document and the talk off."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    json: bool = False
    reveals: bool = False
    """The answer is there to be used as it is: `sandbox env`. Else no secret leaves by any way."""

    def answer(self, lines: str | Iterable[str]) -> None:
        """Print lines of the answer, unless it is JSON."""
        if not self.json:
            self._print(lines, self.out)

    def write(self, lines: Iterable[str]) -> None:
        """Print lines of others as they are, unless the answer is JSON."""
        text = "".join(f"{line}\n" for line in lines)
        if text and not self.json:
            self.out.write(text)
            self.out.flush()

    def document(self, document: dict[str, Any]) -> None:
        """Print the answer as JSON, with the version of its shape, if it is to be that."""
        if self.json:
            self._print(self._dumped(document, indent=2), self.out, paint=False)

    def record(self, document: dict[str, Any]) -> None:
        """Print one of many answers as a JSON document of one line, if they are to be that."""
        if self.json:
            self._print(self._dumped(document), self.out, paint=False)

    def _dumped(self, document: dict[str, Any], indent: int | None = None) -> str:
        plain = "utf" not in (getattr(self.out, "encoding", None) or "utf-8").lower()
        shown = document if self.reveals else redacted_value(document)
        return json.dumps({"schema_version": 1, **shown}, indent=indent, ensure_ascii=plain, default=str)

    def say(self, lines: str | Iterable[str]) -> None:
        """Print lines of talk, unless the answer is JSON. That nobody listens any more stops no work."""
        if not self.json:
            with contextlib.suppress(BrokenPipeError):
                self._print(lines, self.err)

    def warn(self, lines: Iterable[str]) -> None:
        """Print what nobody should miss to standard error, also where the answer is JSON."""
        with contextlib.suppress(BrokenPipeError):
            self._print(lines, self.err)

    def ask(self, question: str) -> str:
        """Ask on standard error, read a line of standard input; "" at its end."""
        self.err.write(f"{self.shaped(question.rstrip(), self.err)} ")
        self.err.flush()
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):  # Ctrl-D leaves the cursor behind the question
            self.err.write("\n")
        return answer.strip()

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer. A program that reads JSON is not."""
        return not self.json and sys.stdin is not None and sys.stdin.isatty() and self.err.isatty()

    def colour(self, stream: TextIO) -> bool:
        """Whether a stream takes colour: a terminal that is not dumb, unless the user says otherwise."""
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self.environ.get("TERM") != "dumb"

    def shaped(self, text: str, stream: TextIO) -> str:
        """Lines as a stream takes them: no wider than a terminal, in colour where that is wanted."""
        lines = (text if self.reveals else redacted(text)).split("\n")
        if stream.isatty():
            width = shutil.get_terminal_size().columns
            lines = [fitted(line, width) for line in lines]
        return "\n".join(map(painted, lines) if self.colour(stream) else lines)

    def _print(self, lines: str | Iterable[str], stream: TextIO, *, paint: bool = True) -> None:
        text = lines if isinstance(lines, str) else "\n".join(lines)
        if not text:
            return
        stream.write((self.shaped(text, stream) if paint else text) + "\n")
        stream.flush()


def painted(line: str) -> str:
    """A line in the colour of the sign it begins with; the sign alone says the same without colour."""
    sign = line.strip().partition(" ")[0]
    if line.startswith(("error:", "awspipe:")):
        sign = "error"
    code = _COLOURS.get(sign)
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def reconfigure() -> None:
    """Never fail on a character that the console cannot show, nor on a stream that is closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
