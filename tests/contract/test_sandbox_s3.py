"""S3 in the sandbox, where AWS is stricter than moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, refusal

OWN = f"shop-{ACCOUNT}-{REGION}-an"
OTHER = "111111111111"
HERE = {"LocationConstraint": REGION}
ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path):
        yield client("s3")


def create(s3: Any, name: str = "shop-site", **members: Any) -> Any:
    return s3.create_bucket(**({"Bucket": name, "CreateBucketConfiguration": HERE} | members))


def policy(name: str, **members: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | members]})


def test_a_new_bucket_is_closed_encrypted_and_tagged(s3: Any) -> None:
    tags = [{"Key": "awspipe:pipeline", "Value": "shop"}, {"Key": "b", "Value": ""}]
    create(s3, CreateBucketConfiguration=HERE | {"Tags": tags})
    where = {"Bucket": "shop-site"}
    assert s3.get_bucket_tagging(**where)["TagSet"] == tags
    assert s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"] == ALL_BLOCKED
    rules = s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_an_untagged_bucket_has_no_tag_set(s3: Any) -> None:
    create(s3)
    assert code(s3.get_bucket_tagging, Bucket="shop-site") == "NoSuchTagSet"


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        (f"shop-{ACCOUNT}-us-east-1-an", {"BucketNamespace": "account-regional"}, "InvalidNamespaceHeader"),
        (f"shop-{OTHER}-{REGION}-an", {"BucketNamespace": "account-regional"}, "InvalidNamespaceHeader"),
        ("shop", {"BucketNamespace": "account-regional"}, "InvalidNamespaceHeader"),
        (f"shop-{OTHER}-{REGION}-an", {}, "InvalidBucketNamespace"),
        (f"shop-{ACCOUNT}-us-east-1-an", {}, "InvalidBucketNamespace"),
        (OWN, {}, "MissingNamespaceHeader"),
        ("Shop.site", {}, "InvalidBucketName"),
        ("shop..site", {}, "InvalidBucketName"),
        ("-shop", {}, "InvalidBucketName"),
        ("192.168.0.1", {}, "InvalidBucketName"),
        ("xn--shop", {}, "InvalidBucketName"),
        ("x" * 64, {}, "InvalidBucketName"),
        ("shop", {"ACL": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
        (
            "shop",
            {"CreateBucketConfiguration": HERE | {"Tags": [{"Key": "aws:x", "Value": ""}]}},
            "InvalidTag",
        ),
        (
            "shop",
            {"CreateBucketConfiguration": HERE | {"Tags": [{"Key": "a", "Value": ""}] * 2}},
            "InvalidTag",
        ),
    ],
)
def test_buckets_that_are_refused(s3: Any, name: str, members: dict[str, Any], expected: str) -> None:
    request = {"Bucket": name, "CreateBucketConfiguration": HERE} | members
    assert code(s3.create_bucket, **request) == expected
    assert s3.list_buckets()["Buckets"] == []


def test_an_account_regional_bucket(s3: Any) -> None:
    made = create(s3, OWN, BucketNamespace="account-regional")
    assert made["BucketArn"] == f"arn:aws:s3:::{OWN}"
    again = code(
        s3.create_bucket, Bucket=OWN, BucketNamespace="account-regional", CreateBucketConfiguration=HERE
    )
    assert again == "BucketAlreadyOwnedByYou"


def test_bahrain_has_no_account_regional_buckets(s3: Any) -> None:
    bahrain = "me-south-1"
    answer = code(
        client("s3", bahrain).create_bucket,
        Bucket=f"shop-{ACCOUNT}-{bahrain}-an",
        BucketNamespace="account-regional",
        CreateBucketConfiguration={"LocationConstraint": bahrain},
    )
    assert answer == "InvalidRequest"


def test_making_ones_bucket_again_is_fine_in_virginia_only(s3: Any) -> None:
    virginia = client("s3", "us-east-1")
    virginia.create_bucket(Bucket="shop-site")
    virginia.put_bucket_tagging(Bucket="shop-site", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    virginia.create_bucket(Bucket="shop-site")
    assert virginia.get_bucket_tagging(Bucket="shop-site")["TagSet"] == [{"Key": "a", "Value": "b"}]
    create(s3, "shop-art")
    answer = code(s3.create_bucket, Bucket="shop-art", CreateBucketConfiguration=HERE)
    assert answer == "BucketAlreadyOwnedByYou"


def test_a_public_policy_must_be_unblocked_first(s3: Any) -> None:
    create(s3)
    public = {"Bucket": "shop-site", "Policy": policy("shop-site")}
    answer = refusal(s3.put_bucket_policy, **public)
    assert answer[0] == "AccessDenied"
    assert "BlockPublicPolicy" in answer[1]
    assert code(s3.get_bucket_policy, Bucket="shop-site") == "NoSuchBucketPolicy"
    half_open = ALL_BLOCKED | {"BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket="shop-site", PublicAccessBlockConfiguration=half_open)
    s3.put_bucket_policy(**public)
    assert s3.get_bucket_policy_status(Bucket="shop-site")["PolicyStatus"] == {"IsPublic": True}
    assert s3.get_public_access_block(Bucket="shop-site")["PublicAccessBlockConfiguration"] == half_open


@pytest.mark.parametrize(
    "members",
    [
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}},
        {"Effect": "Deny"},
    ],
)
def test_a_policy_that_is_not_public_is_accepted(s3: Any, members: dict[str, Any]) -> None:
    create(s3)
    s3.put_bucket_policy(Bucket="shop-site", Policy=policy("shop-site", **members))


OPERATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("head_bucket", {}, "403"),
    ("get_bucket_tagging", {}, "AccessDenied"),
    ("get_bucket_policy", {}, "AccessDenied"),
    ("get_public_access_block", {}, "AccessDenied"),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}, "AccessDenied"),
    ("put_bucket_policy", {"Policy": "{}"}, "AccessDenied"),
    ("list_objects_v2", {}, "AccessDenied"),
    ("list_object_versions", {}, "AccessDenied"),
    ("list_multipart_uploads", {}, "AccessDenied"),
    ("put_object", {"Key": "a/b", "Body": b""}, "AccessDenied"),
    ("get_object", {"Key": "a"}, "AccessDenied"),
    ("head_object", {"Key": "a"}, "403"),
    ("delete_object", {"Key": "a"}, "AccessDenied"),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "a"}]}}, "AccessDenied"),
    ("delete_bucket", {}, "AccessDenied"),
]


@pytest.mark.parametrize(("operation", "arguments", "expected"), OPERATIONS)
def test_the_expected_owner_counts(s3: Any, operation: str, arguments: dict[str, Any], expected: str) -> None:
    create(s3)
    s3.put_object(Bucket="shop-site", Key="a", Body=b"x", ExpectedBucketOwner=ACCOUNT)
    call = getattr(s3, operation)
    assert code(call, Bucket="shop-site", ExpectedBucketOwner=OTHER, **arguments) == expected
    assert s3.get_object(Bucket="shop-site", Key="a", ExpectedBucketOwner=ACCOUNT)["Body"].read() == b"x"


def test_the_owner_of_what_is_copied_counts(s3: Any) -> None:
    create(s3)
    s3.put_object(Bucket="shop-site", Key="a", Body=b"x")
    copy = {"Bucket": "shop-site", "Key": "b", "CopySource": "shop-site/a"}
    assert code(s3.copy_object, **copy, ExpectedSourceBucketOwner=OTHER) == "AccessDenied"
    assert s3.copy_object(**copy, ExpectedSourceBucketOwner=ACCOUNT)


def test_an_absent_bucket_is_absent_whoever_is_expected(s3: Any) -> None:
    assert code(s3.get_bucket_tagging, Bucket="nobody", ExpectedBucketOwner=OTHER) == "NoSuchBucket"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_object", {"Key": "a", "Body": b"", "ACL": "public-read"}),
        ("put_object", {"Key": "a", "Body": b"", "GrantRead": f"id={OTHER}"}),
        ("put_bucket_acl", {"ACL": "public-read"}),
    ],
)
def test_a_bucket_without_acls_refuses_them(s3: Any, operation: str, arguments: dict[str, Any]) -> None:
    create(s3)
    call = getattr(s3, operation)
    assert code(call, Bucket="shop-site", **arguments) == "AccessControlListNotSupported"


def test_the_owners_own_acl_is_fine_and_acls_can_be_had(s3: Any) -> None:
    create(s3)
    s3.put_object(Bucket="shop-site", Key="a", Body=b"", ACL="bucket-owner-full-control")
    create(s3, "old-style", ObjectOwnership="ObjectWriter")
    s3.put_object(Bucket="old-style", Key="a", Body=b"", ACL="public-read")


def test_a_bucket_that_holds_anything_stays(s3: Any) -> None:
    create(s3)
    s3.put_bucket_versioning(Bucket="shop-site", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="shop-site", Key="a", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket="shop-site", Key="a")["VersionId"]
    for one in (version, marker):
        assert code(s3.delete_bucket, Bucket="shop-site") == "BucketNotEmpty"
        s3.delete_object(Bucket="shop-site", Key="a", VersionId=one)
    s3.delete_bucket(Bucket="shop-site")
    assert code(s3.delete_bucket, Bucket="shop-site") == "NoSuchBucket"


def test_listing_by_prefix_region_and_page(s3: Any) -> None:
    for name in ("shop-a", "shop-b", "shop-c", "other"):
        create(s3, name)
    client("s3", "us-east-1").create_bucket(Bucket="shop-far")
    names = [one["Name"] for one in s3.list_buckets(Prefix="shop-", BucketRegion=REGION)["Buckets"]]
    assert names == ["shop-a", "shop-b", "shop-c"]
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="shop-", PaginationConfig={"PageSize": 3}))
    assert [[one["Name"] for one in page["Buckets"]] for page in pages] == [
        ["shop-a", "shop-b", "shop-c"],
        ["shop-far"],
    ]
    assert pages[1]["Buckets"][0]["BucketRegion"] == "us-east-1"


def test_the_tagging_api_lists_buckets_of_its_region(s3: Any) -> None:
    tagged = {"Tags": [{"Key": "a", "Value": "b"}]}
    create(s3, CreateBucketConfiguration=HERE | tagged)
    client("s3", "us-east-1").create_bucket(Bucket="shop-far", CreateBucketConfiguration=tagged)
    for region, name in ((REGION, "shop-site"), ("us-east-1", "shop-far")):
        found = client("resourcegroupstaggingapi", region).get_resources()["ResourceTagMappingList"]
        assert [one["ResourceARN"] for one in found] == [f"arn:aws:s3:::{name}"]


@pytest.mark.parametrize(("secure", "refused"), [("false", False), ("true", True)])
def test_a_rule_against_plain_http_does_not_name_the_sandbox_s_requests(
    s3: Any, secure: str, refused: bool
) -> None:
    create(s3)
    condition = {"Bool": {"aws:SecureTransport": secure}}
    denies = policy("shop-site", Effect="Deny", Action="s3:*", Condition=condition)
    s3.put_bucket_policy(Bucket="shop-site", Policy=denies)
    if refused:
        assert code(s3.put_object, Bucket="shop-site", Key="a", Body=b"1") == "403"
    else:
        s3.put_object(Bucket="shop-site", Key="a", Body=b"1")
        assert s3.delete_objects(Bucket="shop-site", Delete={"Objects": [{"Key": "a"}]})["Deleted"]


ODD = ("a\x01b", "line\nend\r", "<&>'\"", "1+1 = 2%20", "ㄱ/é b")


def test_odd_keys_are_listed_as_they_are(s3: Any) -> None:
    create(s3)
    at = {"Bucket": "shop-site"}
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    for key in ODD:
        s3.put_object(**at, Key=key, Body=b"1")
        s3.delete_object(**at, Key=key)
    for key in ODD[1:]:  # S3 says the key again in XML
        s3.create_multipart_upload(**at, Key=key)
    listed = s3.list_object_versions(**at)
    for kind in ("Versions", "DeleteMarkers"):
        assert sorted(one["Key"] for one in listed[kind]) == sorted(ODD)
    uploads = s3.list_multipart_uploads(**at, EncodingType="url")
    assert uploads["EncodingType"] == "url"
    assert sorted(unquote(one["Key"]) for one in uploads["Uploads"]) == sorted(ODD[1:])
    assert "EncodingType" not in s3.list_multipart_uploads(**at, Prefix="ㄱ")


def test_what_xml_cannot_hold_is_deleted_one_by_one_only(s3: Any) -> None:
    create(s3)
    at = {"Bucket": "shop-site"}
    s3.put_object(**at, Key="a\x01b", Body=b"1")
    assert code(s3.delete_objects, **at, Delete={"Objects": [{"Key": "a\x01b"}]}) == "MalformedXML"
    s3.delete_object(**at, Key="a\x01b")
    assert "Contents" not in s3.list_objects_v2(**at)
