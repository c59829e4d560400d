"""Emptying a bucket: every version, every delete marker, every unfinished upload.

S3 leaves empty lists out of its answers, but never the bucket's name: an answer without it is not S3's.

Keys may hold characters that XML cannot: lists are asked for percent-encoded (botocore does so itself but for
uploads), and as DeleteObjects names keys in XML, each of those objects is deleted by a call of its own.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html and
https://github.com/boto/boto3/issues/2005
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from awspipe.aws import Aws, absent
from awspipe.errors import AwsError
from awspipe.naming import Scope

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://www.w3.org/TR/xml/#charsets"""


def empty(aws: Aws, scope: Scope, name: str) -> None:
    """Remove versions, delete markers and unfinished uploads until none are listed any more."""
    s3 = aws.client("s3")
    owner = {"Bucket": name, "ExpectedBucketOwner": scope.account}
    while True:
        found = _versions(s3.list_object_versions(**owner))
        if not found:
            break
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        for one in objects:
            if _NOT_IN_XML.search(one["Key"]):
                s3.delete_object(**owner, **one)
        if together := [one for one in objects if not _NOT_IN_XML.search(one["Key"])]:
            answer = s3.delete_objects(**owner, Delete={"Objects": together, "Quiet": True})
            _check_deleted(name, answer.get("Errors", []))
    for key, upload in _uploads(s3, owner):
        with absent("NoSuchUpload"):
            s3.abort_multipart_upload(**owner, Key=key, UploadId=upload)


def holds_anything(aws: Aws, scope: Scope, name: str) -> bool:
    """Whether a bucket has any object, old version or delete marker."""
    page = aws.client("s3").list_object_versions(Bucket=name, ExpectedBucketOwner=scope.account, MaxKeys=1)
    return bool(_versions(page))


def _versions(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions and delete markers of a page."""
    return [*page.get("Versions", ()), *page.get("DeleteMarkers", ())] if page["Name"] else []


def _uploads(s3: Any, owner: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The key and the id of each unfinished upload. (botocore's paginator would send a marker encoded.)"""
    after: dict[str, str] = {}
    while True:
        page = s3.list_multipart_uploads(**owner, EncodingType="url", **after)
        for upload in page.get("Uploads", ()) if page["Bucket"] else ():
            yield unquote_plus(upload["Key"]), upload["UploadId"]
        if not page.get("IsTruncated"):
            return
        marker = unquote_plus(page["NextKeyMarker"])
        after = {"KeyMarker": marker, "UploadIdMarker": page["NextUploadIdMarker"]}


def _check_deleted(name: str, errors: list[dict[str, str]]) -> None:
    if errors:
        first = errors[0]
        raise AwsError(
            f"empty bucket {name}: {len(errors)} objects stay, first {first.get('Key')!r}: "
            f"{first.get('Message')} ({first.get('Code')})",
            code=str(first.get("Code", "")),
            hint="an object lock or a bucket policy keeps them; lift it and run the same command again",
        )
