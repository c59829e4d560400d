"""Which pipelines a file has, and where they are: for commands to which the rest of a spec says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from awspipe.errors import UsageError
from awspipe.formats.decode import BYTES_LIMIT
from awspipe.formats.reader import read
from awspipe.providers.fields import Spelled, Text

INIT = "`awspipe init static-site` writes one"
"""Where a spec is to be had."""

PipelineName = Annotated[
    Text,
    Field(max_length=100, examples=["shop"]),
    Spelled(
        r"[A-Za-z0-9][A-Za-z0-9.@_-]*",
        "begin with a letter or digit; use only letters, digits and . @ _ -",
    ),
]
Region = Annotated[
    Text,
    Field(examples=["ap-northeast-2"]),
    Spelled(r"[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}", "write a region's id, e.g. ap-northeast-2"),
]
Account = Annotated[
    Text,
    Field(examples=["123456789012"]),
    Spelled(r"[0-9]{12}", "write the account's 12 digits in quotes"),
]


class Head(BaseModel):
    """What a spec says of where its pipeline is; whatever else it says is not looked at."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    name: PipelineName
    region: Region | None = None
    account: Account | None = None


def content(path: Path) -> bytes:
    """What is in a file, cut where no spec is as long. Raises UsageError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES_LIMIT + 1)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}",
            hint=f"{INIT}; -f FILE names another, or name the pipeline where a command takes NAME",
        ) from None
    except OSError as error:
        hint = "name one of the files in it" if path.is_dir() else ""
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=hint) from None


def heads(path: Path) -> tuple[Head, ...] | None:
    """The head of each document of a file; None where one is wrong, which reading all of it explains.

    Raises UsageError where there is no such file.
    """
    reading = read(content(path), str(path))
    try:
        found = tuple(Head.model_validate(one.value) for one in reading.documents if one.value is not None)
    except ValidationError:
        return None
    return None if reading.findings else found or None
