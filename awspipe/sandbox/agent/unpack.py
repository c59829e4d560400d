"""A revision's archive, unpacked where nothing of it can lead out of its directory.

Refused are paths and links that point outside, files written through a link, devices, and archives that
grow out of all proportion.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from awspipe.sandbox.agent.order import AgentError

MOST_FILES = 200_000
MOST_BYTES = 4 * 1024**3
_FREE_BYTES = 256 * 1024**2
_MOST_RATIO = 200
_BLOCK = 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_LONGEST_LINK = 4096


@dataclass(frozen=True, slots=True)
class _Entry:
    """One thing in an archive. `link` is a symbolic link's target; `content` opens a file."""

    path: str
    mode: int
    folder: bool = False
    link: str | None = None
    content: Callable[[], IO[bytes]] | None = None


@dataclass
class _Budget:
    """How much may still be unpacked."""

    packed: int
    files: int = 0
    written: int = 0
    made: set[str] = field(default_factory=set)

    def count(self, size: int) -> None:
        """Write so much more; AgentError where that is too much."""
        self.written += size
        grown = self.written > _FREE_BYTES and self.written > _MOST_RATIO * max(self.packed, 1)
        if self.written > MOST_BYTES or grown or self.files > MOST_FILES:
            text = (
                f"the revision was not unpacked: {self.files} files and {self.written} bytes came out of an"
            )
            raise AgentError(f"{text} archive of {self.packed} bytes")


def unpack(bundle: Path, target: Path, *, kind: str | None) -> None:
    """Unpack or copy a revision into `target`, which is made. A lone folder with an appspec is left out."""
    target.mkdir(parents=True)
    if bundle.is_dir():
        shutil.copytree(bundle, target, symlinks=True, dirs_exist_ok=True, ignore=_not_git)
        return
    budget = _Budget(bundle.stat().st_size)
    try:
        for entry in _entries(bundle, kind or _kind(bundle)):
            _make(entry, target, budget)
    except (*_BROKEN, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise AgentError(f"the revision {bundle.name} cannot be unpacked: {error}") from error
    _strip(target)


def _not_git(folder: str, names: list[str]) -> list[str]:
    """A directory that is deployed as it lies brings no `.git` along: no archive would."""
    return [name for name in names if name == ".git"]


def _kind(bundle: Path) -> str:
    return "zip" if zipfile.is_zipfile(bundle) else "tar"


def _entries(bundle: Path, kind: str) -> Iterator[_Entry]:
    if kind == "zip":
        with zipfile.ZipFile(bundle) as archive:
            for info in archive.infolist():
                yield _zip_entry(archive, info)
    elif kind in ("tar", "tgz"):
        with tarfile.open(bundle) as tar:
            for member in tar:
                yield _tar_entry(tar, member)
    else:
        raise AgentError(f"a revision of the type {kind} is not zip, tar or tgz")


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    path = info.filename.replace("\\", "/") if info.create_system == 0 else info.filename
    if info.is_dir() or kind == stat.S_IFDIR:
        return _Entry(path, stat.S_IMODE(mode) or 0o755, folder=True)
    if kind == stat.S_IFLNK:
        with archive.open(info) as file:
            return _Entry(path, 0, link=os.fsdecode(file.read(_LONGEST_LINK)))
    if kind not in (0, stat.S_IFREG):
        raise AgentError(f"the revision holds {path}, which is no file, folder or link")
    return _Entry(path, stat.S_IMODE(mode) or 0o644, content=lambda: archive.open(info))


def _tar_entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> _Entry:
    if member.isdir():
        return _Entry(member.name, member.mode, folder=True)
    if member.issym():
        return _Entry(member.name, 0, link=member.linkname)
    if not (member.isreg() or member.islnk()):
        raise AgentError(f"the revision holds {member.name}, which is no file, folder or link")

    def content() -> IO[bytes]:
        try:
            found = tar.extractfile(member)  # a hard link gives the content of the file before it
        except KeyError:
            found = None
        if found is None:
            raise AgentError(f"the revision holds {member.name}, a link to what is not in it")
        return found

    return _Entry(member.name, member.mode, content=content)


def _make(entry: _Entry, target: Path, budget: _Budget) -> None:
    path = _inside(entry.path)
    if path is None:
        return
    budget.files += 1
    budget.count(0)
    place = target / path
    _check_way(target, path)
    if entry.folder:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.chmod(entry.mode | 0o700)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() or place.exists():
        raise AgentError(f"the revision holds {entry.path} two times")
    if entry.link is not None:
        _link(entry, path, place)
    elif entry.content is not None:
        _write(entry.content, place, budget)
        place.chmod(entry.mode | 0o600)


def _inside(written: str) -> PurePosixPath | None:
    """A path that stays in the archive; None for the archive's own root."""
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts or "\0" in written:
        raise AgentError(f"the revision holds {written!r}, a path that leads out of it")
    return path if path.parts else None


def _check_way(target: Path, path: PurePosixPath) -> None:
    for folder in path.parents:
        if (target / folder).is_symlink():
            raise AgentError(f"the revision holds {path}, a path through a link")


def _link(entry: _Entry, path: PurePosixPath, place: Path) -> None:
    to = entry.link or ""
    end = os.path.normpath(path.parent / to)
    if to.startswith("/") or end == ".." or end.startswith("../"):
        raise AgentError(f"the revision holds {entry.path}, a link that leads out of it: {to}")
    place.symlink_to(to)


def _write(content: Callable[[], IO[bytes]], place: Path, budget: _Budget) -> None:
    with content() as source, place.open("xb") as file:
        while block := source.read(_BLOCK):
            budget.count(len(block))
            file.write(block)


def _strip(target: Path) -> None:
    """Leave out the only folder of an archive, where that is what holds the appspec."""
    found = list(target.iterdir())
    if len(found) != 1 or not found[0].is_dir() or found[0].is_symlink():
        return
    if not any("appspec" in one.name.lower() for one in found[0].iterdir()):
        return
    aside = target.with_name(f"{target.name}-temp")
    found[0].rename(aside)
    target.rmdir()
    aside.rename(target)
