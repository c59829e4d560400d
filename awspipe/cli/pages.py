"""Writing a page: to a file, which is whole or as it was before, or to the output."""

from __future__ import annotations

import contextlib
import os
import tempfile
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
    console.say(f"page: {path.resolve().as_uri()}")


def _replace(path: Path, page: str) -> None:
    """Write beside it first: whoever reads the page meanwhile has the old one."""
    if not path.exists() or path.is_file():
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        try:
            with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
                file.write(page)
            Path(beside).chmod(0o644)
            Path(beside).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
            raise
    else:  # a device or a pipe; a directory says itself what is wrong
        path.write_text(page, encoding="ascii", newline="\n")
