"""Where the sandbox keeps the caches of a project: in a bucket, or in a directory of its own.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-caching.html
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from awspipe.sandbox import objects, runtime
from awspipe.sandbox.builds.cachestore import SIZE_LIMIT, CacheError

_KEPT = 5
_NO_KEY = "cache"
_NOTHING = {
    "LOCAL_SOURCE_CACHE": "LOCAL_SOURCE_CACHE has nothing to do in the sandbox: sources come whole",
    "LOCAL_DOCKER_LAYER_CACHE": "LOCAL_DOCKER_LAYER_CACHE has nothing to do in the sandbox: no docker runs",
}

May = Callable[[str, str], str | None]
"""Why the build's role may not do an action on a resource; None where it may."""


class FolderCache:
    """LOCAL_CUSTOM_CACHE: archives in a directory, of the newest keys."""

    def __init__(self, folder: Path, modes: Sequence[str]) -> None:
        self._folder = folder
        self.keeps = "LOCAL_CUSTOM_CACHE" in modes
        self.notes = [_NOTHING[mode] for mode in modes if mode in _NOTHING]

    def find(self, key: str, fallbacks: Sequence[str]) -> IO[bytes] | None:
        """One of the archives."""
        held = {one.name.removesuffix(".tar"): one for one in self._newest_first()}
        name = _found(list(held), key, fallbacks)
        return None if name is None else held[name].open("rb")

    def save(self, key: str, archive: Path) -> None:
        """Keep it, and forget the oldest: a project has no more than one of the largest size."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / f"{_name(key)}.tar"
        partial = target.with_suffix(".new")
        shutil.copyfile(archive, partial)
        partial.replace(target)
        size = 0
        for index, one in enumerate(self._newest_first()):
            size += one.stat().st_size
            if index >= _KEPT or size > SIZE_LIMIT:
                one.unlink()

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.tar"), key=lambda one: one.stat().st_mtime, reverse=True)


class BucketCache:
    """S3: archives under the location that the project names."""

    def __init__(self, project: Mapping[str, Any], account: str, region: str, may: May) -> None:
        cache = project["cache"]
        self._bucket, _, prefix = str(cache["location"]).partition("/")
        space = cache.get("cacheNamespace") or project["name"]
        if generation := project.get("cacheGeneration"):
            space += f"/{generation}"
        self._prefix = "/".join(one for one in (prefix.strip("/"), space) if one) + "/"
        self._where = account, region
        self._may = may
        self.notes: Sequence[str] = ()
        self.keeps = True

    def find(self, key: str, fallbacks: Sequence[str]) -> IO[bytes] | None:
        """One of the objects."""
        with runtime.current().lock:
            names = objects.newest_first(*self._where, self._bucket, self._prefix)
            name = _found([one.removeprefix(self._prefix) for one in names], key, fallbacks)
            return None if name is None else io.BytesIO(self._read(self._prefix + name))

    def save(self, key: str, archive: Path) -> None:
        """Put the object."""
        with runtime.current().lock:
            name = self._prefix + _name(key)
            self._check("s3:PutObject", name)
            objects.write(*self._where, self._bucket, name, archive.read_bytes())

    def _read(self, name: str) -> bytes:
        self._check("s3:GetObject", name)
        return objects.read(*self._where, self._bucket, name).content

    def _check(self, action: str, name: str) -> None:
        refused = self._may(action, objects.arn(self._where[1], self._bucket, name))
        if refused is not None:
            raise CacheError(f"AccessDenied: {refused}")


def folder(project: str, region: str) -> Path:
    """Where a project's own caches lie."""
    return runtime.current().state_dir / "caches" / f"{region}-{project}"


def _found(names: Sequence[str], key: str, fallbacks: Sequence[str]) -> str | None:
    """The name of this key, else the first that begins with a fallback key; names are newest first."""
    if _name(key) in names:
        return _name(key)
    return next(
        (name for one in fallbacks if one for name in names if name.startswith(quote(one, safe=""))), None
    )


def _name(key: str) -> str:
    """A key as a file's name; a very long one by its hash, which no fallback finds."""
    name = quote(key, safe="") or _NO_KEY
    return name if len(name) <= 200 else f"sha256-{hashlib.sha256(name.encode()).hexdigest()}"
