"""What the sandbox knows, kept over restarts: a snapshot of every backend in use.

A manifest names, for each service, account and region, the pickle that holds it and the contents that the
pickle refers to; all are files named by their hash, and the manifest is replaced in one step. So a process
that is killed at any moment leaves the last snapshot or the new one, never half of one. The manifest's head
names moto's version and ours; a snapshot of other versions is refused, because a pickle fits only the code
that wrote it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moto
from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from awspipe.errors import AwspipeError
from awspipe.sandbox import record, seam
from awspipe.sandbox.pickles import Blobs, Codec
from awspipe.sandbox.saving import ALL

log = logging.getLogger("awspipe.sandbox")

_moto_backends: Callable[[str], BackendDict[Any]] = get_backend  # type: ignore[assignment]

SCHEMA = 5
"""The version of our backends' data: raise it when a class that is pickled changes its meaning."""

_TRIES = 5
_RESET = "run `awspipe sandbox reset` to begin anew (repositories and everything else in the sandbox go)"


class StateError(AwspipeError):
    """A snapshot that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=_RESET)


@dataclass(frozen=True, slots=True)
class Entry:
    """One backend in the manifest."""

    digest: str
    blobs: frozenset[str]


class Store:
    """The snapshot in a directory."""

    def __init__(self, folder: Path) -> None:
        self._blobs = Blobs(folder / "blobs")
        self._codec = Codec(self._blobs)
        self._manifest = folder / "manifest.json"
        self._entries: dict[str, Entry] = {}
        self._left_out: set[str] = set()
        self._named: set[str] = set()

    def restore(self) -> int:
        """Put every kept backend where moto and our services look for it; how many they were."""
        if not self._manifest.exists():
            return 0
        entries = self._read_manifest()
        for key, entry in entries.items():
            service, account, region = key.split("/")
            try:
                backend = self._codec.loads(self._blobs.get(entry.digest))
                _backends(service)[account][region] = backend
            except Exception as error:  # unpickling runs the code of any service: it may fail in any way
                raise StateError(f"the sandbox's {service} cannot be read: {error!r}") from error
        self._entries = entries
        return len(entries)

    def save(self, lock: contextlib.AbstractContextManager[Any], services: Collection[str] = (ALL,)) -> bool:
        """Write what changed in these services; False when a backend kept changing meanwhile.

        `lock` is held while our own services are read, so that a pipeline and its builds fit together.
        """
        own = {service.name for service in seam.SERVICES}
        every = ALL in services
        entries: dict[str, Entry] = {} if every else dict(self._entries)
        whole = True
        if every or not own.isdisjoint(services):
            with lock:
                whole = self._collect(entries, lambda name: name in own)
        if every or not own.issuperset(services):
            whole = (
                self._collect(entries, lambda name: name not in own and (every or name in services)) and whole
            )
        if entries != self._entries:
            self._write(entries)
        return whole

    def not_kept(self) -> tuple[str, ...]:
        """The services that hold something that cannot be kept."""
        return tuple(sorted({_service(key) for key in list(self._left_out)}))

    def _collect(self, entries: dict[str, Entry], wanted: Callable[[str], bool]) -> bool:
        whole = True
        for key, backend in _in_use():
            if not wanted(_service(key)):
                continue
            try:
                entries[key] = self._entry(backend)
                self._left_out.discard(key)
                continue
            except OSError:  # not the backend's fault: the disk's
                raise
            except Exception as error:  # a service's own code runs here: it may fail in any way
                if type(error) is RuntimeError:  # "dictionary changed size": the next snapshot will have it
                    whole = False
                else:
                    self._leave_out(key, error)
            if key in self._entries:
                entries[key] = self._entries[key]
        return whole

    def _entry(self, backend: object) -> Entry:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(RuntimeError):
                return self._entry_now(backend)
            time.sleep(0.01)
        return self._entry_now(backend)

    def _entry_now(self, backend: object) -> Entry:
        done = self._codec.dumps(backend)
        return Entry(self._blobs.put(done.data), done.blobs)

    def _leave_out(self, key: str, error: Exception) -> None:
        self._left_out.add(key)
        service = _service(key)
        if service not in self._named:
            log.warning("%s is not kept when the sandbox stops: %s", service, error)
            self._named.add(service)

    def _write(self, entries: dict[str, Entry]) -> None:
        named = {key: {"pickle": e.digest, "blobs": sorted(e.blobs)} for key, e in sorted(entries.items())}
        record.write_private(self._manifest, {**_versions(), "backends": named}, indent=None)
        self._entries = entries
        self._blobs.keep_only({d for e in entries.values() for d in (e.digest, *e.blobs)})

    def _read_manifest(self) -> dict[str, Entry]:
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StateError(f"the sandbox's state cannot be read: {error}") from error
        for what, ours in _versions().items():
            if manifest.get(what) != ours:
                kept = manifest.get(what)
                raise StateError(f"the sandbox's state was written with {what} {kept}, and this is {ours}")
        found = manifest["backends"].items()
        return {key: Entry(one["pickle"], frozenset(one["blobs"])) for key, one in found}


def _versions() -> dict[str, Any]:
    return {"moto": moto.__version__, "schema": SCHEMA}


def _service(key: str) -> str:
    return key.partition("/")[0]


_HOLDS_NOTHING = frozenset({"resourcegroupstaggingapi"})
"""What knows only what others tell it; of this one the rest are the pages that somebody did not ask for."""


def _in_use() -> Iterator[tuple[str, Any]]:
    """Every backend of this process under its key, `service/account/region`."""
    in_use: list[BackendDict[Any]] = BackendDict._instances  # type: ignore[misc]
    for backends in list(in_use):
        name = _name(backends)
        if name is not None and name not in _HOLDS_NOTHING:
            for account, region, backend in list(backends.iter_backends()):
                yield f"{name}/{account}/{region}", backend


def _name(backends: BackendDict[Any]) -> str | None:
    """The name under which `_backends` finds these; None for what moto makes beside its services."""
    for service in seam.SERVICES:
        if service.backends is backends:
            return service.name
        if service.name == backends.service_name:
            return None  # moto's own, of a service that we play: it makes one for its routes
    for name in (backends.service_name, backends.backend.__module__.split(".")[1]):
        with contextlib.suppress(ImportError, AttributeError):
            if _moto_backends(name) is backends:
                return name
    return None


def _backends(name: str) -> BackendDict[Any]:
    """The backends of a service. By name and not by `or`: a BackendDict without accounts is falsy."""
    own = {service.name: service.backends for service in seam.SERVICES}
    return own[name] if name in own else _moto_backends(name)
