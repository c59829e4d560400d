"""The names of the files in an artifact: the end of its zip is read, and nothing of the files themselves.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.12 and 4.3.16
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from awspipe.aws import Aws
from awspipe.failures.cause import Failure, Place
from awspipe.failures.reading import allowed

_TAIL = 64 * 1024
_LARGEST = 4 * 1024 * 1024
_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_END_SIZE, _ENTRY_SIZE = 22, 46
_GONE = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidRange", "InvalidObjectState", "404")


def names(aws: Aws, failure: Failure) -> Sequence[str]:
    """The files of the failed action's first input artifact; none where they cannot be told.

    At most two reads, of at most 4 MiB together.
    """
    if not failure.inputs:
        return ()
    place = failure.inputs[0]
    tail = _bytes(aws, failure, place, f"bytes=-{_TAIL}")
    where = _directory(tail)
    if where is None:
        return ()
    offset, size, end = where
    if size <= end:
        return _listed(tail[end - size : end])
    if size > _LARGEST:
        return ()
    return _listed(_bytes(aws, failure, place, f"bytes={offset}-{offset + size - 1}"))


def _bytes(aws: Aws, failure: Failure, place: Place, part: str) -> bytes:
    found = allowed(
        failure,
        f"s3:GetObject on {place.bucket}",
        lambda: (
            aws.client("s3")
            .get_object(Bucket=place.bucket, Key=place.key, Range=part, ExpectedBucketOwner=aws.account)[
                "Body"
            ]
            .read(_LARGEST)
        ),
        *_GONE,
    )
    return found or b""


def _directory(tail: bytes) -> tuple[int, int, int] | None:
    """Where the central directory lies in the file, its size, and where it ends in the tail."""
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_SIZE:
        return None
    size, offset = struct.unpack_from("<II", tail, end + 12)
    return (offset, size, end) if size and offset != 0xFFFFFFFF else None


def _listed(directory: bytes) -> list[str]:
    found, at = [], 0
    while directory[at : at + 4] == _ENTRY and len(directory) - at >= _ENTRY_SIZE:
        name, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        raw = directory[at + _ENTRY_SIZE : at + _ENTRY_SIZE + name]
        found.append(raw.decode("utf-8", errors="replace"))
        at += _ENTRY_SIZE + name + extra + comment
    return [one for one in found if not one.endswith("/")]
