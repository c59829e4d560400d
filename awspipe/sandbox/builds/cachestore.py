"""Where caches of builds are kept, as a build sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

SIZE_LIMIT = 1024**3
"""Bytes of what a cache may hold."""


class CacheError(Exception):
    """A cache that cannot be had or kept: a line in the log, and no failure."""


class Store(Protocol):
    """Where caches are kept."""

    @property
    def notes(self) -> Sequence[str]:
        """What of the project's cache has nothing to do here."""

    @property
    def keeps(self) -> bool:
        """Whether anything is kept in it."""

    def find(self, key: str, fallbacks: Sequence[str]) -> IO[bytes] | None:
        """The archive of this key, or the newest whose key begins with one of the others, in order."""

    def save(self, key: str, archive: Path) -> None:
        """Keep an archive in place of the last one of its key."""
