"""Deleting what a box held: builds leave directories that their owner may not look into."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TRIES = 3


def delete(directory: Path) -> None:
    """Delete a directory whatever its modes are; an absent one is fine."""
    for _ in range(_TRIES):
        if not directory.is_dir():
            return
        shutil.rmtree(directory, onerror=_open_up)
    if directory.is_dir():
        shutil.rmtree(directory, ignore_errors=True)


def _open_up(_: Callable[..., Any], path: str, __: Any) -> None:
    """Let us in where we may say so: the next try deletes it."""
    for one in (os.path.dirname(path), path):  # noqa: PTH120 - rmtree gives a text
        with contextlib.suppress(OSError):
            mode = os.lstat(one).st_mode
            if stat.S_ISDIR(mode):
                os.chmod(one, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101
