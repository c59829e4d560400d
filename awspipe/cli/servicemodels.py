"""botocore's descriptions of services, read quickly and once a process: a good part of a command's start."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import DataNotFoundError
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
        return any(os.path.isfile(file_path + ending) for ending in _READERS)  # noqa: PTH113  many are asked for

    def load_file(self, file_path: str) -> Any:
        """What is in it; None where there is none."""
        for ending, read in _READERS.items():
            path = Path(file_path + ending)
            if path.is_file():
                return json.loads(read(path))
        return None


class _Services(Sequence[str]):
    """The services that have files of a type. Whether one is among them, its own directory tells.

    botocore looks through the directories of all of its four hundred services for that, twice a client.
    """

    def __init__(self, models: Models, type_name: str) -> None:
        self._models, self._type = models, type_name

    def __contains__(self, service: object) -> bool:
        try:
            self._models.determine_latest_version(str(service), self._type)
        except DataNotFoundError:
            return False
        return True

    def __getitem__(self, index: Any) -> Any:
        return self._models.every_service(self._type)[index]

    def __len__(self) -> int:
        return len(self._models.every_service(self._type))


class Models(Loader):
    """botocore's loader, but for how it finds out whether there is a service."""

    def list_available_services(self, type_name: str) -> Sequence[str]:  # type: ignore[override]
        """The services that have files of a type, found out when one asks which."""
        return _Services(self, type_name)

    def every_service(self, type_name: str) -> list[str]:
        """Their names, in order."""
        return super().list_available_services(type_name)


class _Places(list[str]):
    """Directories to look in; each boto3 session adds its own, which is always the same."""

    def append(self, place: str) -> None:
        if place not in self:
            super().append(place)


@cache
def loader(search_path: str | None = None) -> Models:
    """The loader of all sessions; `search_path` is the user's AWS_DATA_PATH, as botocore takes it."""
    places = search_path.split(os.pathsep) if search_path is not None else ()
    return Models(
        extra_search_paths=_Places(os.path.expanduser(os.path.expandvars(place)) for place in places),  # noqa: PTH111
        file_loader=Files(),
    )


def read_quickly(session: botocore.session.Session) -> None:
    """Let a session read service models in this way."""
    session.register_component("data_loader", loader(session.get_config_variable("data_path")))
