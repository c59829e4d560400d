"""Artifacts, as CodePipeline itself reads and writes them: zip objects in S3, with the action's role."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from awspipe.sandbox import objects
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, ActionError, ActionRun, Artifact

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SYMLINK = 0o120000
MOST_FILES = 100_000
MOST_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact."""

    path: str
    content: bytes
    mode: int = 0o100644
    """As git has it: 0o100755 can be executed, 0o120000 is a symbolic link."""


def write(run: ActionRun, artifact: Artifact, content: bytes) -> None:
    """Put an artifact where it belongs; the action fails where its role may not."""
    run.require("s3:PutObject", objects.arn(run.region, artifact.bucket, artifact.key))
    objects.write(run.account, run.region, artifact.bucket, artifact.key, content)


def read(run: ActionRun, artifact: Artifact) -> bytes:
    """An artifact's content; the action fails where its role may not read it."""
    for right in objects.reading_rights(run.account, run.region, artifact.bucket):
        run.require(right, objects.arn(run.region, artifact.bucket, artifact.key))
    return objects.read(run.account, run.region, artifact.bucket, artifact.key).content


def zipped(files: Iterator[File]) -> bytes:
    """A zip of files, the same for the same files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = file.mode << 16
            archive.writestr(entry, file.content)
    return made.getvalue()


def unzipped(content: bytes, what: str) -> Iterator[File]:
    """The files of a zip, one after the other; no folder and no link.

    The action fails where a path leads out of it, where it cannot be read, and where it is out of all
    proportion: no more than an entry says of its size is ever read.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise ActionError(CONFIGURATION_ERROR, f"{what} is not a zip file.") from error
    with archive:
        entries = archive.infolist()
        _check_size(entries, what)
        for entry in entries:
            mode = entry.external_attr >> 16
            if not entry.is_dir() and mode & 0o170000 != _SYMLINK:
                yield File(_path(entry, what), _content(archive, entry, what), mode)


def _check_size(entries: list[zipfile.ZipInfo], what: str) -> None:
    size = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or size > MOST_BYTES:
        text = f"{what} is too large: unpacked it would be {len(entries)} files and {size} bytes."
        raise ActionError(CONFIGURATION_ERROR, text)


def _path(entry: zipfile.ZipInfo, what: str) -> str:
    if ".." in entry.filename.split("/"):
        text = f"{what} holds '{entry.filename}', a path that leads out of it."
        raise ActionError(CONFIGURATION_ERROR, text)
    return entry.filename.lstrip("/")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, what: str) -> bytes:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        text = f"{what} cannot be unpacked: {entry.filename}: {error}"
        raise ActionError(CONFIGURATION_ERROR, text) from error
