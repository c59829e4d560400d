"""Emptying a bucket: every version, every delete marker, every unfinished upload.

S3 leaves empty lists out of its answers, but never the bucket's name: an answer without it is not S3's.
"""

from __future__ import annotations

from typing import Any

from awspipe.aws import Aws, absent
from awspipe.errors import AwsError
from awspipe.naming import Scope


def empty(aws: Aws, scope: Scope, name: str) -> None:
    """Remove versions, delete markers and unfinished uploads until none are listed any more."""
    s3 = aws.client("s3")
    owner = {"Bucket": name, "ExpectedBucketOwner": scope.account}
    while True:
        found = _versions(s3.list_object_versions(**owner))
        if not found:
            break
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        answer = s3.delete_objects(**owner, Delete={"Objects": objects, "Quiet": True})
        _check_deleted(name, answer.get("Errors", []))
    for page in s3.get_paginator("list_multipart_uploads").paginate(**owner):
        for upload in page.get("Uploads", ()) if page["Bucket"] else ():
            with absent("NoSuchUpload"):
                s3.abort_multipart_upload(**owner, Key=upload["Key"], UploadId=upload["UploadId"])


def holds_anything(aws: Aws, scope: Scope, name: str) -> bool:
    """Whether a bucket has any object, old version or delete marker."""
    page = aws.client("s3").list_object_versions(Bucket=name, ExpectedBucketOwner=scope.account, MaxKeys=1)
    return bool(_versions(page))


def _versions(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions and delete markers of a page."""
    return [*page.get("Versions", ()), *page.get("DeleteMarkers", ())] if page["Name"] else []


def _check_deleted(name: str, errors: list[dict[str, str]]) -> None:
    if errors:
        first = errors[0]
        raise AwsError(
            f"empty bucket {name}: {len(errors)} objects stay, first {first.get('Key')!r}: "
            f"{first.get('Message')} ({first.get('Code')})",
            code=str(first.get("Code", "")),
            hint="an object lock or a bucket policy keeps them; lift it and run the same command again",
        )
