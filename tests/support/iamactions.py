"""Which calls change something, and which IAM actions a call needs.

The S3 names are those of the Service Authorization Reference (list_amazons3), the verbs its access levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

READS = frozenset(
    {"Get", "List", "Describe", "Head", "BatchGet", "BatchDescribe", "Assume", "Check", "Decode", "Evaluate"}
    | {"Filter", "Generate", "Select", "Simulate", "Test"}
)
WRITES = frozenset(
    {"Abort", "Accept", "Acknowledge", "Acquire", "Activate", "Add", "Associate", "Attach", "BatchAssociate"}
    | {"BatchDelete", "BatchDisassociate", "Cancel", "Change", "Complete", "Confirm", "Continue", "Copy"}
    | {"Create", "Deactivate", "Deauthorize", "Delete", "Deregister", "Detach", "Disable", "Disassociate"}
    | {"Enable", "Import", "Invalidate", "Merge", "Opt", "Override", "Poll", "Post", "Publish", "Put"}
    | {"Register", "Reject", "Remove", "Rename", "Reset", "Restore", "Resync", "Retry", "Rollback", "Send"}
    | {"Set", "Skip", "Start", "Stop", "Subscribe", "Tag", "Unsubscribe", "Untag", "Update", "Upload"}
    | {"Verify", "Write"}
)
_READS_BY_NAME = frozenset({"logs:StartQuery", "logs:StopQuery", "logs:StartLiveTail"})
_WRITES_BY_NAME = frozenset({"codecommit:TestRepositoryTriggers"})  # it sends real messages
_VERB = re.compile(r"Batch(?=[A-Z])[A-Z][a-z]+|[A-Z][a-z]+")

_PREFIXES = {"resourcegroupstaggingapi": "tag"}

# S3's operations that are not named like the action they need.
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
}
# With a VersionId these need the action for versions instead.
_S3_VERSIONED = {
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "HeadObject": "GetObjectVersion",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
}
# What a parameter adds to the action of its call.
_S3_EXTRAS = {
    ("CreateBucket", "ACL"): ("PutBucketAcl",),
    ("CreateBucket", "ObjectOwnership"): ("PutBucketOwnershipControls",),
    ("CreateBucket", "ObjectLockEnabledForBucket"): (
        "PutBucketObjectLockConfiguration",
        "PutBucketVersioning",
    ),
    ("CreateMultipartUpload", "ACL"): ("PutObjectAcl",),
    ("CreateMultipartUpload", "Tagging"): ("PutObjectTagging",),
    ("CopyObject", "ACL"): ("PutObjectAcl",),
    ("CopyObject", "Tagging"): ("PutObjectTagging",),
    ("DeleteObject", "VersionId"): ("DeleteObjectVersion",),
    ("DeleteObject", "BypassGovernanceRetention"): ("BypassGovernanceRetention",),
    ("DeleteObjects", "BypassGovernanceRetention"): ("BypassGovernanceRetention",),
    ("PutObject", "ACL"): ("PutObjectAcl",),
    ("PutObject", "Tagging"): ("PutObjectTagging",),
}

# Tags inside a create call need the tagging action too. CodeBuild has none.
_TAG_ACTIONS = {
    "codecommit": "TagResource",
    "codeconnections": "TagResource",
    "codedeploy": "TagResource",
    "codepipeline": "TagResource",
    "codestar-connections": "TagResource",
    "events": "TagResource",
    "logs": "TagResource",
    "sns": "TagResource",
}
_IAM_TAG_ACTIONS = {
    "CreateInstanceProfile": "TagInstanceProfile",
    "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
    "CreatePolicy": "TagPolicy",
    "CreateRole": "TagRole",
    "CreateUser": "TagUser",
}

_ROLE_KEY = re.compile(r".*role(arn|override)?", re.IGNORECASE)


def verb(operation: str) -> str:
    found = _VERB.match(operation)
    return found[0] if found else operation


def is_mutating(service: str, operation: str) -> bool:
    """True also for a verb nobody has judged yet."""
    name = f"{service}:{operation}"
    return name in _WRITES_BY_NAME or (verb(operation) not in READS and name not in _READS_BY_NAME)


def actions(service: str, operation: str, params: Mapping[str, Any]) -> frozenset[str]:
    """The IAM actions that a caller needs for this request."""
    found = _s3(operation, params) if service == "s3" else _plain(service, operation, params)
    passing = {"iam:PassRole"} if any(passed_roles(service, operation, params)) else set()
    if (service, operation) in _TAKE_CONNECTIONS and any(passed_connections(params["pipeline"])):
        passing.add("codeconnections:PassConnection")
    return frozenset(found) | passing


_TAKE_CONNECTIONS = frozenset({("codepipeline", "CreatePipeline"), ("codepipeline", "UpdatePipeline")})


def passed_connections(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """The connections that a pipeline is given: only who may pass them on may do that.

    https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html#permissions-reference-connections
    """
    for stage in pipeline.get("stages", ()):
        for action in stage["actions"]:
            if "ConnectionArn" in action.get("configuration", {}):
                yield action["configuration"]["ConnectionArn"]


def passed_roles(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    """The roles that the request hands to a service."""
    if is_mutating(service, operation):
        yield from _role_values(params)


def _role_values(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str) and item and _ROLE_KEY.fullmatch(key):
                yield item
            else:
                yield from _role_values(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _role_values(item)


def _plain(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    prefix = _PREFIXES.get(service, service)
    yield f"{prefix}:{operation}"
    tagging = _IAM_TAG_ACTIONS.get(operation) if service == "iam" else _TAG_ACTIONS.get(service)
    if tagging and verb(operation) in ("Create", "Put") and (params.get("Tags") or params.get("tags")):
        yield f"{prefix}:{tagging}"


def _s3(operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    if operation in ("CopyObject", "UploadPartCopy"):
        yield from (_copied(params), "s3:PutObject")
    elif operation in _S3_VERSIONED and params.get("VersionId"):
        yield f"s3:{_S3_VERSIONED[operation]}"
    else:
        yield f"s3:{_S3.get(operation, operation)}"
    for (call, name), extra in _S3_EXTRAS.items():
        if call == operation and params.get(name):
            yield from (f"s3:{action}" for action in extra)
    if operation == "CreateBucket" and params.get("CreateBucketConfiguration", {}).get("Tags"):
        yield "s3:TagResource"
    if operation == "DeleteObjects" and any(o.get("VersionId") for o in params["Delete"]["Objects"]):
        yield "s3:DeleteObjectVersion"


def _copied(params: Mapping[str, Any]) -> str:
    source = params.get("CopySource", "")
    versioned = "VersionId" in source if isinstance(source, Mapping) else "?versionId=" in source
    return "s3:GetObjectVersion" if versioned else "s3:GetObject"
