"""Artifacts, as CodePipeline itself reads and writes them: zip objects in S3, with the action's role."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from awspipe.sandbox import objects
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, ActionError, ActionRun, Artifact

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SYMLINK = 0o120000


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
    """The files of a zip, one after the other; no folder, and none with a path that leads out of it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise ActionError(CONFIGURATION_ERROR, f"{what} is not a zip file.") from error
    with archive:
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            parts = entry.filename.split("/")
            if entry.is_dir() or ".." in parts or mode & 0o170000 == _SYMLINK:
                continue
            yield File(entry.filename.lstrip("/"), archive.read(entry), mode)
