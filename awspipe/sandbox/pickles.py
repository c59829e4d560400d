"""Pickling of backends: what moto holds that pickle cannot write, and large contents kept beside it.

Contents of more than 2 KB are stored once under their SHA-256, and an object in S3 or a log that has not
changed is not pickled again, so that a snapshot costs little however much there is.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import os
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

_LARGE = 2048


class Blobs:
    """Contents in files that are named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        for partial in folder.glob("*.tmp"):  # of a process that was killed
            partial.unlink()
        self._known = {path.name for path in folder.iterdir()}

    def __contains__(self, digest: str) -> bool:
        return digest in self._known

    def put(self, content: bytes) -> str:
        """Store a content, unless it is stored; its digest."""
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._known:
            partial = self._folder / f"{digest}.tmp"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            partial.replace(self._folder / digest)
            self._known.add(digest)
        return digest

    def get(self, digest: str) -> bytes:
        """A content; ValueError where the file is not what was stored."""
        content = (self._folder / digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{self._folder / digest} is damaged")
        return content

    def keep_only(self, digests: set[str]) -> None:
        """Forget every other content."""
        for digest in self._known - digests:
            (self._folder / digest).unlink(missing_ok=True)
        self._known &= digests


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickled object, and the contents that it refers to."""

    data: bytes
    blobs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something that there is much of, as it was pickled by itself when its attributes were these."""

    attributes: dict[str, Any]
    pickled: Pickled


@dataclass(frozen=True, slots=True)
class _Stored:
    """Stands in a pickle for a content whose digest is known, so that it need not be read."""

    digest: str


@dataclass(frozen=True, slots=True)
class _Lines:
    """Stands in a pickle for the lines of a log stream."""

    stream: Any


class Codec:
    """Writes and reads objects, with their large contents in `blobs`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._objects: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._pieces: WeakKeyDictionary[Any, _Piece] = WeakKeyDictionary()

    def dumps(self, item: object) -> Pickled:
        """Write an object; TypeError, AttributeError or PicklingError where it cannot be."""
        return self._pickled(item, self._piece)

    def _pickled(self, item: object, piece: Callable[[Any], Pickled | None]) -> Pickled:
        file = io.BytesIO()
        pickler = _Pickler(file, self._blobs, self._objects, piece)
        pickler.dump(item)
        return Pickled(file.getvalue(), frozenset(pickler.used))

    def _piece(self, item: Any) -> Pickled | None:
        """An object in S3 or a log's lines, by itself; None for one that shares its parts with others."""
        if isinstance(item, _Lines):  # there are only ever more of them
            events = item.stream.events
            return self._kept(item.stream, {"events": len(events)}, events)
        if item.multipart is not None:
            return None
        return self._kept(item, vars(item) | {"_metadata": dict(item.metadata)}, item)

    def _kept(self, of: Any, attributes: dict[str, Any], item: Any) -> Pickled:
        """What was pickled the last time, where the attributes are the same."""
        known = self._pieces.get(of)
        if known is None or known.attributes != attributes or not self._has(known.pickled):
            known = _Piece(attributes, self._pickled(item, lambda _: None))
            self._pieces[of] = known
        return known.pickled

    def _has(self, pickled: Pickled) -> bool:
        return all(digest in self._blobs for digest in pickled.blobs)

    def loads(self, data: bytes) -> Any:
        """Read an object that `dumps` wrote."""
        return _Unpickler(io.BytesIO(data), self._blobs).load()


class _Pickler(pickle.Pickler):
    """Knows how to write what moto's backends hold beside plain data."""

    def __init__(
        self,
        file: io.BytesIO,
        blobs: Blobs,
        objects: WeakKeyDictionary[Any, str],
        piece: Callable[[Any], Pickled | None],
    ) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.used: set[str] = set()
        self._blobs = blobs
        self._objects = objects
        self._piece = piece

    def persistent_id(self, obj: Any) -> str | tuple[bytes] | None:
        """The digest that stands for a large content; some things are a piece of their own."""
        kind = type(obj)
        if kind is bytes and len(obj) > _LARGE:
            digest = self._blobs.put(obj)
        elif kind is _Stored:
            digest = obj.digest
        elif (kind is _Lines or kind.__name__ == "FakeKey") and (piece := self._piece(obj)) is not None:
            self.used |= piece.blobs
            return (piece.data,)
        else:
            return None
        self.used.add(digest)
        return digest

    def reducer_override(self, obj: Any) -> Any:
        """How to make an object again, for the kinds that pickle does not know."""
        if type(obj) in _LOCKS:
            return _LOCKS[type(obj)], ()
        if isinstance(obj, FunctionType) and obj.__qualname__ in _FACTORIES:
            return _function, (_FACTORIES[obj.__qualname__],)
        if type(obj) is WeakValueDictionary:
            return _weak_values, (dict(obj),)
        if _is_own_kind_of_dict(obj):
            factory = getattr(obj, "default_factory", None)
            state = dict(dict.items(obj)), vars(obj)
            return _new_dict, (type(obj), factory), state, None, None, _fill_dict
        if type(obj).__module__.startswith("cryptography.") and hasattr(obj, "private_bytes"):
            return _private_key, (_private_bytes(obj),)
        return self._much(obj)

    def _much(self, obj: Any) -> Any:
        """What there may be thousands of."""
        if hasattr(obj, "_value_buffer"):  # an object in S3
            return self._s3_object(obj)
        if type(obj).__name__ == "LogStream":
            state = vars(obj) | {"events": _Lines(obj)}
            return copyreg.__newobj__, (type(obj),), state  # type: ignore[attr-defined]
        return NotImplemented

    def _s3_object(self, obj: Any) -> Any:
        """moto reads the content of every object into its state, changed or not; a known one need not be."""
        digest = self._objects.get(obj._value_buffer)
        if digest is not None and digest in self._blobs:
            left_out = ("_value_buffer", "lock")
            state = {name: value for name, value in vars(obj).items() if name not in left_out}
            return copyreg.__newobj__, (type(obj),), state | {"value": _Stored(digest)}  # type: ignore[attr-defined]
        state = obj.__getstate__()
        if len(state["value"]) > _LARGE:
            self._objects[obj._value_buffer] = self._blobs.put(state["value"])
        return copyreg.__newobj__, (type(obj),), state  # type: ignore[attr-defined]


class _Unpickler(pickle.Unpickler):
    """Reads large contents back from their files."""

    def __init__(self, file: io.BytesIO, blobs: Blobs) -> None:
        super().__init__(file)
        self._blobs = blobs

        self._pieces: dict[bytes, Any] = {}

    def persistent_load(self, pid: Any) -> Any:
        """The content of a digest, or what a piece holds."""
        if isinstance(pid, str):
            return self._blobs.get(pid)
        if pid[0] not in self._pieces:
            self._pieces[pid[0]] = _Unpickler(io.BytesIO(pid[0]), self._blobs).load()
        return self._pieces[pid[0]]


_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}

# The factory of a defaultdict; ssm's backend makes it where it is used.
_FACTORIES = {
    "SimpleSystemManagerBackend.__init__.<locals>.<lambda>": "_tags_by_resource",
    "LambdaStorage.__init__.<locals>.<lambda>": "_no_aliases",
}
"""Functions of moto's that have no name of their own, and ours that do the same."""


def _tags_by_resource() -> defaultdict[str, dict[str, str]]:
    return defaultdict(dict)


def _no_aliases() -> dict[str, Any]:
    return {}


def _weak_values(values: dict[Any, Any]) -> WeakValueDictionary[Any, Any]:
    """What holds the values besides is in the same pickle, and keeps them."""
    return WeakValueDictionary(values)


def _function(name: str) -> Any:
    return globals()[name]


def _is_own_kind_of_dict(obj: Any) -> bool:
    """Whether it is a dict that moto redefined, and that pickle would not copy as it is.

    pickle takes a dict out by `items` and puts it in by `[]=`. Where these mean something else the copy
    differs: S3's store of versions would keep the last version of each object only.
    """
    kind: Any = type(obj)
    return (
        isinstance(obj, dict)
        and kind.__module__ not in ("builtins", "collections")
        and kind.__reduce__ in (object.__reduce__, defaultdict.__reduce__)
        and kind.__getstate__ is object.__getstate__
    )


def _new_dict(kind: type[dict[Any, Any]], factory: Callable[[], Any] | None) -> dict[Any, Any]:
    made = kind.__new__(kind)
    if isinstance(made, defaultdict):
        defaultdict.__init__(made, factory)
    return made


def _fill_dict(made: dict[Any, Any], state: tuple[dict[Any, Any], dict[str, Any]]) -> None:
    dict.update(made, state[0])
    vars(made).update(state[1])


def _private_bytes(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    done: bytes = key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
    return done


def _private_key(data: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(data, None)
