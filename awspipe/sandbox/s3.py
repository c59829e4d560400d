"""S3 as AWS has it, where moto's differs: what a new bucket is, who may be asked for it, what is public.

All of it hangs on the few methods of moto's response class through which every request goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from urllib.parse import quote
from xml.parsers.expat import ExpatError

import xmltodict  # type: ignore[import-untyped]
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.s3.exceptions import InvalidBucketName, MalformedXML, S3ClientError
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.s3.utils import bucket_policy_is_public

from awspipe.sandbox import runtime

_ENFORCED = "BucketOwnerEnforced"
_OWNERS_ACL = "bucket-owner-full-control"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED = (
    ("xn--", "sthree-", "amzn-s3-demo-"),
    ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"),
)
_ACCOUNT_REGIONAL = re.compile(r".+-(?P<account>\d{12})-(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)-an")
_NOT_THEIRS = frozenset({"me-south-1", "me-central-1"})
"""Regions without account-regional names."""


def install() -> None:
    """Put AWS's rules into moto's S3; again is harmless."""
    if hasattr(S3Response.all_buckets, "__wrapped__"):
        return
    for owner, name, wrapper in _CHANGES:
        setattr(owner, name, wrapper(getattr(owner, name)))


def _for_the_owner(original: Callable[..., Any]) -> Callable[..., Any]:
    """A request may say whose the bucket must be; on AWS that holds for every operation."""

    @wraps(original)
    def respond(self: Any, request: Any, full_url: str) -> Any:
        checks = (
            (self.bucket_name, request.headers.get("x-amz-expected-bucket-owner")),
            (_copied_from(request), request.headers.get("x-amz-source-expected-bucket-owner")),
        )
        for bucket, owner in checks:
            known = s3_backends.bucket_accounts.get(bucket)
            if owner and known and known[1] != owner:
                if request.method == "HEAD":
                    return 403, {}, ""
                raise S3ClientError("AccessDenied", "Access Denied")
        _check_acl(self, request)
        return original(self, request, full_url)

    return respond


def _check_acl(self: Any, request: Any) -> None:
    """Where the bucket's owner owns every object, which is so in a new bucket, there are no ACLs."""
    known = s3_backends.bucket_accounts.get(self.bucket_name)
    if known is None or request.method not in ("PUT", "POST"):
        return
    given = {name.lower(): value for name, value in request.headers.items()}
    allowed = given.get("x-amz-acl", _OWNERS_ACL) in ("private", _OWNERS_ACL)
    granted = any(name.startswith("x-amz-grant-") for name in given)
    enforced = self.backend.get_bucket(self.bucket_name).ownership_rule == _ENFORCED
    if enforced and (granted or not allowed or "acl" in request.args):
        raise S3ClientError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _copied_from(request: Any) -> str:
    return str(request.headers.get("x-amz-copy-source", "")).lstrip("/").split("/")[0]


def _with_new_buckets(original: Callable[..., Any]) -> Callable[..., Any]:
    """CreateBucket applies its tags and blocks public access; a public policy must be allowed first."""

    @wraps(original)
    def put(self: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "policy" in querystring:
            _check_policy(self, bucket_name)
        creates = bucket_name not in s3_backends.bucket_accounts
        if creates and not querystring:
            _check_name(self, request, bucket_name)
        answer = original(self, request, bucket_name, querystring)
        if creates and bucket_name in s3_backends.bucket_accounts:
            _furnish(self, bucket_name)
        return answer

    return put


def _furnish(self: Any, bucket_name: str) -> None:
    """What every new bucket has since 2023: no public access and no ACLs; and its tags."""
    bucket = self.backend.get_bucket(bucket_name)
    self.backend.put_public_access_block(bucket_name, dict.fromkeys(_BLOCKS, "true"))
    bucket.ownership_rule = bucket.ownership_rule or _ENFORCED
    if wanted := _creation_tags(self.body):
        self.backend.put_bucket_tagging(bucket_name, wanted)


def _always_encrypted(original: Callable[..., Any]) -> Callable[..., Any]:
    """Every bucket is encrypted with S3's own keys if nothing else was said."""

    @wraps(original)
    def get_bucket_encryption(self: Any, bucket_name: str) -> Any:
        own = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}
        return original(self, bucket_name) or own

    return get_bucket_encryption


def _check_name(self: Any, request: Any, name: str) -> None:
    starts, ends = _RESERVED
    fine = _NAME.fullmatch(name) and not _ADDRESS.fullmatch(name)
    if not fine or name.startswith(starts) or name.endswith(ends):
        raise InvalidBucketName()
    _creation_tags(self.body)  # refuses before anything is made
    acl, ownership = (request.headers.get(f"x-amz-{name}") for name in ("acl", "object-ownership"))
    if (acl or "private") != "private" and (ownership or _ENFORCED) == _ENFORCED:
        text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise S3ClientError("InvalidBucketAclWithObjectOwnership", text)
    _check_namespace(self, request, name)


def _check_namespace(self: Any, request: Any, name: str) -> None:
    region = self._get_location_constraint() or self.region
    if request.headers.get("x-amz-bucket-namespace") == "account-regional":
        if region in _NOT_THEIRS:
            text = f"The account-regional namespace is not supported in {region}."
            raise S3ClientError("InvalidRequest", text)
        return
    match = _ACCOUNT_REGIONAL.fullmatch(name)
    if match is None:
        return
    if (match["account"], match["region"]) != (self.current_account, region):
        text = (
            "The requested bucket is an account-regional namespace bucket, but the bucket name does not end"
        )
        text += f" with -{self.current_account}-{region}-an. Specify the targeted account and region in the"
        raise S3ClientError("InvalidBucketNamespace", f"{text} bucket name.")
    text = "The requested bucket name has the account-regional namespace suffix, but the request has no"
    raise S3ClientError("MissingNamespaceHeader", f"{text} x-amz-bucket-namespace header.")


def _creation_tags(body: bytes) -> dict[str, str]:
    """The tags in a CreateBucketConfiguration."""
    root = (xmltodict.parse(body) if body else {}).get("CreateBucketConfiguration") or {}
    listed = (root.get("Tags") or {}).get("Tag") or []
    listed = listed if isinstance(listed, list) else [listed]
    found = {one["Key"]: one.get("Value") or "" for one in listed}
    if len(found) != len(listed):
        raise S3ClientError("InvalidTag", "Cannot provide multiple Tags with the same key")
    if any(key.startswith("aws:") for key in found):
        raise S3ClientError("InvalidTag", "System tags cannot be added/updated by requester")
    return found


def _check_policy(self: Any, bucket_name: str) -> None:
    block = self.backend.get_bucket(bucket_name).public_access_block
    blocked = block is not None and str(block.block_public_policy).lower() == "true"
    if blocked and bucket_policy_is_public(self.body):
        who = f"arn:aws:iam::{self.current_account}:root"
        text = f"User: {who} is not authorized to perform: s3:PutBucketPolicy on resource:"
        text += f' "arn:aws:s3:::{bucket_name}" because public policies are prevented by the'
        raise S3ClientError("AccessDenied", f"{text} BlockPublicPolicy setting in S3 Block Public Access.")


def _over_tls(original: Callable[..., Any]) -> Callable[..., Any]:
    """A bucket policy's rule about requests without TLS names none of ours: moto takes conditions as met."""

    @wraps(original)
    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        document = json.loads(self.policy)
        statements = document["Statement"]
        every = statements if isinstance(statements, list) else [statements]
        document["Statement"] = [one for one in every if not _is_about_plain_http(one)]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    return get_permission


def _is_about_plain_http(statement: dict[str, Any]) -> bool:
    wanted = statement.get("Condition", {}).get("Bool", {})
    secure = [value for key, value in wanted.items() if key.lower() == "aws:securetransport"]
    return bool(secure) and str(secure[0]).lower() == "false"


def _page_by_page(original: Callable[..., Any]) -> Callable[..., Any]:
    """ListBuckets with its pages and regions: moto forgets what is beyond the first page."""

    @wraps(original)
    def all_buckets(self: Any) -> Any:
        original(self)  # its permission check
        prefix, region = self._get_param("prefix"), self._get_param("bucket-region")
        found = self.backend.list_buckets(prefix=prefix, bucket_region=region, max_buckets=None)
        after = self._get_param("continuation-token") or ""
        names = sorted((one for one in found if one.name > after), key=lambda one: one.name)
        most = int(self._get_param("max-buckets") or 10_000)
        owner = {"ID": "bcaf1ffd86f41161ca5fb16fd081034f", "DisplayName": "webfile"}
        answer: dict[str, Any] = {"Owner": owner, "Buckets": [_bucket(one) for one in names[:most]]}
        if prefix:
            answer["Prefix"] = prefix
        if len(names) > most:
            answer["ContinuationToken"] = names[most - 1].name
        self.data["Action"] = "ListBuckets"
        return self.serialized(ActionResult(answer))

    return all_buckets


def _bucket(one: Any) -> dict[str, Any]:
    return {
        "Name": one.name,
        "CreationDate": one.creation_date_ISO8601,
        "BucketRegion": one.region_name,
        "BucketArn": one.arn,
    }


def _url_encoded(original: Callable[..., Any]) -> Callable[..., Any]:
    """Who lists versions or uploads may have keys percent-encoded: XML cannot hold all that a key can."""

    @wraps(original)
    def serialized(self: Any, action_result: ActionResult) -> Any:
        fields = _KEYS.get(self.data.get("Action"))
        answer = action_result.result
        if fields and isinstance(answer, dict) and self._get_param("encoding-type") == "url":
            encoded = {name: _encoded(value) for name, value in answer.items() if name in fields}
            action_result = ActionResult({**answer, **encoded, "EncodingType": "url"})
        return original(self, action_result)

    return serialized


_OF_LISTS = ("KeyMarker", "NextKeyMarker", "Prefix", "Delimiter", "CommonPrefixes")
_KEYS = {
    "ListObjectVersions": frozenset({*_OF_LISTS, "Versions", "DeleteMarkers"}),
    "ListMultipartUploads": frozenset({*_OF_LISTS, "Uploads"}),
}
"""Where keys, or parts of them, are in the answers in which moto leaves them as they are."""


def _encoded(value: Any) -> Any:
    """A key, or a list of things with keys."""
    if isinstance(value, list):
        return [
            {name: quote(it) if name in ("Key", "Prefix") else it for name, it in one.items()}
            for one in value
        ]
    return quote(value) if isinstance(value, str) else value


def _well_formed(original: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteObjects refuses keys that XML cannot hold: moto breaks over them."""

    @wraps(original)
    def delete_keys(self: Any, *args: Any, **options: Any) -> Any:
        try:
            xmltodict.parse(self.body)
        except ExpatError:
            raise MalformedXML from None
        return original(self, *args, **options)

    return delete_keys


def _of_the_region(original: Callable[..., Any]) -> Callable[..., Any]:
    """The tagging API lists the buckets of its own region: moto's lists all in each."""

    @wraps(original)
    def resources(self: Any, *args: Any, **options: Any) -> Iterator[Any]:
        for one in original(self, *args, **options):
            bucket = one.arn.split(":s3:::")[1] if ":s3:::" in one.arn else None
            account, partition = self.account_id, self.partition
            if (
                bucket is None
                or s3_backends[account][partition].get_bucket(bucket).region_name == self.region_name
            ):
                yield one

    return resources


def _tells_of_sites(original: Callable[..., Any]) -> Callable[..., Any]:
    """A site is served from the moment at which S3 has answered."""

    @wraps(original)
    def change(self: Any, *args: Any, **options: Any) -> Any:
        answer = original(self, *args, **options)
        played = runtime.installed()
        if played is not None:
            played.sites_changed()
        return answer

    return change


def _told_to_eventbridge(original: Callable[..., Any]) -> Callable[..., Any]:
    """A bucket that tells EventBridge says so: moto keeps it and leaves it out of its answer."""

    @wraps(original)
    def get_bucket_notification(self: Any) -> Any:
        status, headers, body = original(self)
        kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if kept is None or kept.event_bridge is None:
            return status, headers, body
        text = body.decode() if isinstance(body, bytes) else str(body)
        whole = re.sub(r"<(NotificationConfiguration)([^>]*)/>\s*$", r"<\1\2></\1>", text)
        told = whole.replace(
            "</NotificationConfiguration>", "<EventBridgeConfiguration/></NotificationConfiguration>"
        )
        return status, headers, told

    return get_bucket_notification


_CHANGES: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (S3Response, "_bucket_response", _for_the_owner),
    (S3Response, "_key_response", _for_the_owner),
    (S3Response, "_bucket_response_put", _with_new_buckets),
    (S3Response, "_bucket_response_delete_keys", _well_formed),
    (S3Response, "serialized", _url_encoded),
    (S3Response, "all_buckets", _page_by_page),
    (S3Response, "get_bucket_notification", _told_to_eventbridge),
    (FakeBucket, "get_permission", _over_tls),
    (S3Backend, "get_bucket_encryption", _always_encrypted),
    (S3Backend, "put_bucket_website", _tells_of_sites),
    (S3Backend, "delete_bucket_website", _tells_of_sites),
    (S3Backend, "delete_bucket", _tells_of_sites),
    (ResourceGroupsTaggingAPIBackend, "_get_resources_generator", _of_the_region),
)
