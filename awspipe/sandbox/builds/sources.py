"""Unpacking what a build is given: nothing outside the target, no more than fits, no link that leads out."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from pathlib import Path

from awspipe.sandbox.builds.world import PhaseError

_CLIENT_ERROR = "CLIENT_ERROR"
_SIZE_LIMIT = 2 * 1024**3
_COUNT_LIMIT = 200_000
_LINK_LIMIT = 4096
_PIECE = 1024 * 1024


def unpack(content: bytes, target: Path) -> None:
    """Unpack a zip into an empty directory. PhaseError, as a build is told, where that cannot be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > _COUNT_LIMIT or sum(one.file_size for one in entries) > _SIZE_LIMIT:
                raise PhaseError(_CLIENT_ERROR, "the source is too large when it is unpacked")
            for entry in entries:
                _extract(archive, entry, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise PhaseError(_CLIENT_ERROR, f"the source cannot be unpacked: {error}") from error


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    path = target / entry.filename
    if not within(path.parent, target) or path.name in ("", "..") or ".." in path.parts:
        return
    mode = entry.external_attr >> 16
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        with archive.open(entry) as said:
            link(path, said.read(_LINK_LIMIT).decode("utf-8", "surrogateescape"), target)
    elif not path.is_symlink():
        _write(archive, entry, path)
        path.chmod(0o755 if mode & 0o111 else 0o644)


def link(path: Path, to: str, target: Path) -> None:
    """Make a link; one that leads out of the target is left out."""
    if not os.path.lexists(path) and not os.path.isabs(to) and within(path.parent / to, target):  # noqa: PTH117
        path.symlink_to(to)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """No more than the archive says that it is."""
    left = entry.file_size
    with archive.open(entry) as source, path.open("wb") as file:
        while left > 0 and (piece := source.read(min(_PIECE, left))):
            file.write(piece)
            left -= len(piece)


def within(path: Path, folder: Path) -> bool:
    """Whether a path, its links followed, lies in a folder."""
    return path.resolve().is_relative_to(folder.resolve())
