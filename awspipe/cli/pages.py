"""Writing a page: to a file, which is whole or as it was before, or to the output."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from awspipe.cli.console import Console
from awspipe.errors import AwspipeError


def write(console: Console, name: str, page: str) -> None:
    """Write a page to a file, or to standard output where the name is `-`."""
    if name == "-":
        console.out.write(page)
        console.out.flush()
        return
    path = Path(name)
    try:
        _replace(path, page)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AwspipeError(
            f"the page {name} cannot be written: {reason}", hint="name another file"
        ) from error
    console.say(f"page: {name}")


def _replace(path: Path, page: str) -> None:
    """Write beside it first: whoever reads the page meanwhile has the old one."""
    path = path.resolve()
    if path.exists() and not path.is_file():  # a device or a pipe; a directory says itself what is wrong
        path.write_text(page, encoding="ascii", newline="\n")
        return
    beside = path.with_name(f".{path.name[:40]}.{os.getpid()}")
    try:
        beside.write_text(page, encoding="ascii", newline="\n")
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
