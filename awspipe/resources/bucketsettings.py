"""The settings of a bucket: as they are wanted, and as S3 tells them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from awspipe.aws import maybe
from awspipe.naming import Scope
from awspipe.resources.base import Body
from awspipe.resources.policy import Document

EXPIRY_DAYS = 30
"""How long artifacts stay, and old versions of what is uploaded."""

CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OF_SOURCES: Body = {
    "NotificationConfiguration": {"EventBridgeConfiguration": {}},
    "VersioningConfiguration": {"Status": "Enabled"},
}
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html"""
OPEN_TO_POLICY = {**CLOSED, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


def site_policy(scope: Scope, bucket: str, *, public: bool) -> Document:
    """Who may do what: everybody may read a site; nobody may use another bucket without TLS.

    A site has no TLS rule: its endpoint speaks HTTP only.
    """
    objects = f"{scope.bucket_arn(bucket)}/*"
    if public:
        statement: Document = {
            "Sid": "EverybodyReads",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": objects,
        }
    else:
        statement = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [scope.bucket_arn(bucket), objects],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    return {"Version": "2012-10-17", "Statement": [statement]}


def lifecycle() -> list[dict[str, Any]]:
    """Artifacts expire."""
    return [
        {
            "ID": "awspipe",
            "Filter": {"Prefix": ""},
            "Status": "Enabled",
            "Expiration": {"Days": EXPIRY_DAYS},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]


def source_lifecycle() -> list[dict[str, Any]]:
    """What is uploaded stays, its older versions for as long as artifacts do."""
    return [
        {
            "ID": "awspipe",
            "Filter": {"Prefix": ""},
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": EXPIRY_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]


def _read_block(s3: Any, name: str, account: str) -> Any:
    answer = maybe(
        lambda: s3.get_public_access_block(Bucket=name, ExpectedBucketOwner=account),
        "NoSuchPublicAccessBlockConfiguration",
    )
    return answer and {key: answer["PublicAccessBlockConfiguration"][key] for key in CLOSED}


def _read_policy(s3: Any, name: str, account: str) -> Any:
    answer = maybe(
        lambda: s3.get_bucket_policy(Bucket=name, ExpectedBucketOwner=account), "NoSuchBucketPolicy"
    )
    return answer and json.loads(answer["Policy"])


def _read_rules(s3: Any, name: str, account: str) -> Any:
    answer = maybe(
        lambda: s3.get_bucket_lifecycle_configuration(Bucket=name, ExpectedBucketOwner=account),
        "NoSuchLifecycleConfiguration",
    )
    return answer and answer["Rules"]


def _read_site(s3: Any, name: str, account: str) -> Any:
    answer = maybe(
        lambda: s3.get_bucket_website(Bucket=name, ExpectedBucketOwner=account),
        "NoSuchWebsiteConfiguration",
    )
    site = answer and {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    if site == {}:  # S3 keeps no empty one: somebody else has answered
        raise KeyError("WebsiteConfiguration")
    return site


def _read_versioning(s3: Any, name: str, account: str) -> Any:
    answer = s3.get_bucket_versioning(Bucket=name, ExpectedBucketOwner=account)
    return {"Status": answer["Status"]} if "Status" in answer else None


def read_notification(s3: Any, name: str, account: str) -> dict[str, Any]:
    """Whom a bucket tells of what is put into it."""
    answer = s3.get_bucket_notification_configuration(Bucket=name, ExpectedBucketOwner=account)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


READERS: dict[str, Callable[[Any, str, str], Any]] = {
    "PublicAccessBlockConfiguration": _read_block,
    "Policy": _read_policy,
    "Rules": _read_rules,
    "WebsiteConfiguration": _read_site,
    "VersioningConfiguration": _read_versioning,
    "NotificationConfiguration": read_notification,
}
