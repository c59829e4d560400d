"""Objects in S3, for the services that the sandbox plays: moto's own backend, without a call.

Nobody is asked whether a role may: that is for who knows the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, s3_backends
from moto.utilities.utils import get_partition

from awspipe.sandbox import runtime


class ObjectError(Exception):
    """S3 does not do it: its error code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} (Service: Amazon S3; Status Code: {_status(code)}; Error Code: {code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object."""

    content: bytes
    etag: str
    version: str | None
    modified: float
    metadata: Mapping[str, str]


def arn(region: str, bucket: str, key: str = "") -> str:
    """The ARN of a bucket, or of an object in it."""
    return f"arn:{get_partition(region)}:s3:::{bucket}" + (f"/{key}" if key else "")


def is_versioned(account: str, region: str, bucket: str) -> bool:
    """Whether a bucket keeps the versions of its objects."""
    return str(_bucket(account, region, bucket).versioning_status) == "Enabled"


def reading_rights(account: str, region: str, bucket: str) -> tuple[str, ...]:
    """What a role needs to read an artifact: AWS reads one version of it where there are versions."""
    versioned = is_versioned(account, region, bucket)
    return ("s3:GetObject", "s3:GetObjectVersion") if versioned else ("s3:GetObject",)


def is_owner_enforced(account: str, region: str, bucket: str) -> bool:
    """Whether a bucket's owner owns every object in it, so that there are no ACLs."""
    return str(_bucket(account, region, bucket).ownership_rule) == "BucketOwnerEnforced"


def read(account: str, region: str, bucket: str, key: str, *, version: str | None = None) -> Stored:
    """An object, the newest version or a given one."""
    _bucket(account, region, bucket)
    found = s3_backends[account][get_partition(region)].get_object(bucket, key, version_id=version)
    if found is None:
        raise ObjectError(*(_NO_VERSION if version else _NO_KEY))
    own = None if found.version_id in (None, "null") else str(found.version_id)
    return Stored(
        content=found.value,
        etag=found.etag.strip('"'),
        version=own,
        modified=found.last_modified.timestamp(),
        metadata=dict(found.metadata),
    )


def write(
    account: str,
    region: str,
    bucket: str,
    key: str,
    content: bytes,
    *,
    headers: Mapping[str, str] | None = None,
) -> str | None:
    """Put an object, with headers such as `content-type`; its version, in a bucket that has versions."""
    place = _bucket(account, region, bucket)
    backend = s3_backends[account][get_partition(region)]
    # S3 tells of an object when it is whole: its headers are set before.
    made = backend.put_object(bucket, key, content, disable_notification=True)
    made.set_metadata(dict(headers or {}))
    runtime.current().changes.note("s3")
    _tell(account, place, made)
    return None if made.version_id in (None, "null") else str(made.version_id)


def newest_first(account: str, region: str, bucket: str, prefix: str) -> list[str]:
    """The keys in a bucket that begin with a prefix, those written last first."""
    found = [one for name, one in _bucket(account, region, bucket).keys.items() if name.startswith(prefix)]
    held = [one for one in found if isinstance(one, FakeKey)]  # else it is a delete marker
    return [one.name for one in sorted(held, key=lambda one: one.last_modified, reverse=True)]


def delete(account: str, region: str, bucket: str, key: str) -> None:
    """Delete an object with all its versions; one that is not there is fine."""
    backend = s3_backends[account][get_partition(region)]
    place = backend.buckets.get(bucket)
    versions = place.keys.getlist(key, []) if place is not None else []
    for one in list(versions):
        backend.delete_object(bucket, key, version_id=one.version_id)
    if versions:
        runtime.current().changes.note_in_passing("s3")


def _tell(account: str, bucket: Any, made: Any) -> None:
    from moto.s3 import notifications

    event = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
    notifications.send_event(account, event, bucket, made)


def _bucket(account: str, region: str, name: str) -> Any:
    try:
        return s3_backends[account][get_partition(region)].get_bucket(name)
    except S3ClientError as error:
        raise ObjectError(*_NO_BUCKET) from error


_NO_BUCKET = ("NoSuchBucket", "The specified bucket does not exist")
_NO_KEY = ("NoSuchKey", "The specified key does not exist.")
_NO_VERSION = ("NoSuchVersion", "The specified version does not exist.")


def _status(code: str) -> int:
    return 404 if code.startswith("NoSuch") else 403
