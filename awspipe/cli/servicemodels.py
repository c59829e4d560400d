"""botocore's descriptions of services, read quickly and once a process: a good part of a command's start."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader, Loader

if TYPE_CHECKING:
    import botocore.session


def _unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


_READERS: dict[str, Callable[[Path], bytes]] = {".json": Path.read_bytes, ".json.gz": _unpacked}


class Files(JSONFileLoader):
    """Reads files into plain dicts: botocore's own reader takes three times as long to make ordered ones."""

    def exists(self, file_path: str) -> bool:
        """Whether there is one, packed or not."""
        return any(Path(file_path + ending).is_file() for ending in _READERS)

    def load_file(self, file_path: str) -> Any:
        """What is in it; None where there is none."""
        for ending, read in _READERS.items():
            path = Path(file_path + ending)
            if path.is_file():
                return json.loads(read(path))
        return None


class _Places(list[str]):
    """Directories to look in; each boto3 session adds its own, which is always the same."""

    def append(self, place: str) -> None:
        if place not in self:
            super().append(place)


@cache
def loader(search_path: str | None = None) -> Loader:
    """The loader of all sessions; `search_path` is the user's AWS_DATA_PATH, as botocore takes it."""
    places = search_path.split(os.pathsep) if search_path is not None else ()
    return Loader(
        extra_search_paths=_Places(os.path.expanduser(os.path.expandvars(place)) for place in places),  # noqa: PTH111
        file_loader=Files(),
    )


def read_quickly(session: botocore.session.Session) -> None:
    """Let a session read service models in this way."""
    session.register_component("data_loader", loader(session.get_config_variable("data_path")))
