"""The cache of a build: what of its source and its home is there again in the next one.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-caching.html
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.cache
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from awspipe.formats.buildspec_model import Cache
from awspipe.sandbox.builds.artifacts import matching
from awspipe.sandbox.builds.cachestore import SIZE_LIMIT, CacheError, Store
from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.rooms import Rooms, Spot
from awspipe.sandbox.builds.shell import Shell
from awspipe.sandbox.builds.sources import link, within

_COUNT_LIMIT = 500_000
_WILD = "*?["
_END = "AWSPIPE_CACHE_KEY"


class Caching:
    """The cache of one build."""

    def __init__(self, wanted: Cache | None, store: Store | None, log: Log) -> None:
        self._wanted = wanted
        self._store = store
        self._log = log
        self._key = ""

    def restore(self, shell: Shell, places: Mapping[str, Spot]) -> None:
        """Put back what the last build left; `places` are the directories that may have a part in it."""
        for note in self._store.notes if self._store else ():
            self._log.say(note)
        if self._store is None or not self._store.keeps:
            return
        wanted = self._wanted
        if wanted is None or not wanted.paths:
            self._log.say("Unable to initialize cache download: no paths specified to be cached")
            return
        self._key, *fallbacks = [_evaluated(shell, one) for one in (wanted.key or "", *wanted.fallback_keys)]
        if wanted.action == "save":
            return
        try:
            archive = self._store.find(self._key, fallbacks)
            if archive is None:
                self._log.say("Unable to download cache: there is none yet")
                return
            with archive:
                self._log.say(f"Cache restored: {_unpack(archive, places)} file(s)")
        except (CacheError, OSError, tarfile.TarError) as error:
            self._log.say(f"Unable to download cache: {error}")

    def save(self, rooms: Rooms, source: Spot) -> None:
        """Keep what is there now."""
        wanted = self._wanted
        if self._store is None or not self._store.keeps:
            return
        if wanted is None or not wanted.paths or wanted.action == "restore":
            return
        archive = rooms.step.here / "cache.tar"
        try:
            count = _pack(archive, self._files(wanted.paths, places(rooms, source)))
            self._store.save(self._key, archive)
            self._log.say(f"Cache saved: {count} file(s)")
        except (CacheError, OSError) as error:
            self._log.say(f"Unable to upload cache: {error}")
        finally:
            archive.unlink(missing_ok=True)

    def _files(self, paths: Sequence[str], spots: Mapping[str, Spot]) -> Iterator[tuple[str, Path]]:
        for path in paths:
            where, pattern = _placed(path, spots)
            if where is None:
                self._log.say(f"cache: {path} lies outside the source and the home: it is not kept")
                continue
            below = not any(mark in pattern for mark in _WILD)
            patterns = (pattern, f"{pattern.rstrip('/')}/**/*") if below else (pattern,)
            for name, file in matching(spots[where], patterns):
                yield f"{where}/{name}", file


def places(rooms: Rooms, source: Spot) -> dict[str, Spot]:
    """The directories that a cache may hold parts of."""
    return {"source": source, "home": rooms.home}


def _placed(path: str, spots: Mapping[str, Spot]) -> tuple[str | None, str]:
    """In which directory a path of the buildspec lies, and what it is called there."""
    source, home = spots["source"], spots["home"]
    for where, start in (
        ("home", "/root/"),
        ("home", "~/"),
        ("home", "$HOME/"),
        ("home", f"{home.inside}/"),
        ("source", f"{source.inside}/"),
    ):
        if path.startswith(start):
            return where, path.removeprefix(start)
    return (None, path) if path.startswith("/") or ".." in path.split("/") else ("source", path)


def _evaluated(shell: Shell, key: str) -> str:
    """A key as the shell makes it: `$VAR` and `$(codebuild-hash-files package-lock.json)` count in it."""
    return shell.ask(f"cat <<{_END}\n{key}\n{_END}\n").strip() if "$" in key else key


def _pack(archive: Path, files: Iterator[tuple[str, Path]]) -> int:
    seen: set[str] = set()
    size = 0
    with tarfile.open(archive, "w") as made:
        for name, path in files:
            if name in seen:
                continue
            seen.add(name)
            size += 0 if path.is_symlink() else path.stat().st_size
            if size > SIZE_LIMIT:
                raise CacheError(f"it is larger than {SIZE_LIMIT // 1024**2} MB, and is not kept")
            made.add(path, name, recursive=False)
    if not seen:
        raise CacheError("none of its paths is there")
    return len(seen)


def _unpack(archive: IO[bytes], spots: Mapping[str, Spot]) -> int:
    """Nothing outside the directories, no more than fits, no link that leads out."""
    count, size = 0, 0
    with tarfile.open(fileobj=archive, mode="r:*") as held:
        for member in held:
            where, _, name = member.name.partition("/")
            count, size = count + 1, size + member.size
            if count > _COUNT_LIMIT or size > 2 * SIZE_LIMIT:
                raise CacheError("it is too large when it is unpacked")
            if where in spots and name:
                _extract(held, member, name, spots[where].here)
    return count


def _extract(held: tarfile.TarFile, member: tarfile.TarInfo, name: str, target: Path) -> None:
    path = target / name
    if ".." in path.parts or not within(path.parent, target):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        link(path, member.linkname, target)
    elif member.isreg() and not path.is_symlink():
        content = held.extractfile(member)
        assert content is not None
        with content, path.open("wb") as file:
            while piece := content.read(1 << 20):
                file.write(piece)
        path.chmod(0o755 if member.mode & 0o100 else 0o644)
        os.utime(path, (member.mtime, member.mtime))
