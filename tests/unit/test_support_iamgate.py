"""The judge of policies decides as IAM does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.iamgate import Context, Denied, Request, denied

BUCKET = "arn:aws:s3:::demo"
ROLE = "arn:aws:iam::123456789012:role/awspipe-demo-build"
PASS = "iam:PassedToService"
BUILD = "codebuild.amazonaws.com"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def allowed(document: Any, action: str, resource: str = "*", context: Context | None = None) -> bool:
    return denied(document, [Request(action, resource, context or {})]) == []


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("s3:getobject", "S3:GetObject", True),
        ("s3:Get*", "s3:GetBucketTagging", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("*", "iam:CreateRole", True),
        (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectVersion", False),
        ("s3:Get?", "s3:GetObject", False),
        ("s3:GetObject", "xs3:GetObject", False),
        ("s3:Get.bject", "s3:GetObject", False),
        ([], "s3:GetObject", False),
    ],
)
def test_matches_actions(pattern: Any, action: str, expected: bool) -> None:
    assert allowed(policy(allow(pattern)), action) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", BUCKET, True),
        (BUCKET, BUCKET, True),
        (BUCKET, f"{BUCKET}/key", False),
        (f"{BUCKET}/*", f"{BUCKET}/a/b:c", True),
        (f"{BUCKET}/*", BUCKET, False),
        ("arn:aws:s3:::*", f"{BUCKET}/key", True),
        ("arn:*:s3:::demo", BUCKET, True),
        ("arn:aws:s3:::dem?", BUCKET, True),
        (BUCKET, "arn:aws:s3:::Demo", False),
        (BUCKET, "*", False),
        ("arn:aws:iam::*:role/awspipe-*", ROLE, True),
        ("arn:aws:iam::*", ROLE, True),
        ("arn:aws:iam::1*2:role/awspipe-demo-build", ROLE, True),
        ("arn:aws:iam::12345678901?:role/awspipe-demo-build", ROLE, True),
        ("arn:aws:*:demo", BUCKET, True),
        ("arn:*:role/awspipe-*", ROLE, True),
        ("arn:aws:*3:demo", BUCKET, False),
        ("arn:a*am::123456789012:role/awspipe-demo-build", ROLE, False),
        ("arn:aws:logs:*:*:log-group:/aws/x:*", "arn:aws:logs:r:1:log-group:/aws/x:log-stream:y", True),
        ("arn:aws:logs:?:1:log-group:/aws/x", "arn:aws:logs:r:1:log-group:/aws/x", True),
        ("arn:aws:logs:r?1:1:log-group:/aws/x", "arn:aws:logs:r:1:1:log-group:/aws/x", False),
        (["arn:aws:s3:::other", BUCKET], BUCKET, True),
    ],
)
def test_matches_resources(pattern: Any, resource: str, expected: bool) -> None:
    assert allowed(policy(allow("*", pattern)), "s3:GetObject", resource) is expected


def test_denies_by_default_and_says_so() -> None:
    (verdict,) = denied(policy(allow("s3:GetObject", BUCKET)), [("s3:PutObject", BUCKET)])
    assert verdict == Denied(Request("s3:PutObject", BUCKET))
    assert str(verdict) == "s3:PutObject on arn:aws:s3:::demo: not allowed by any statement"


@pytest.mark.parametrize("first", [True, False])
def test_an_explicit_deny_wins_in_any_order(first: bool) -> None:
    deny = {"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
    statements = [deny, allow("s3:*")] if first else [allow("s3:*"), deny]
    requests = [("s3:GetObject", BUCKET), ("s3:DeleteBucket", BUCKET)]
    (verdict,) = denied(policy(*statements), requests)
    assert str(verdict) == "s3:DeleteBucket on arn:aws:s3:::demo: denied by NoDelete"


def test_a_deny_in_another_policy_wins() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert denied([policy(allow("*")), policy(deny)], [("s3:GetObject", BUCKET)])


def test_a_deny_whose_condition_is_not_met_is_silent() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    document = policy(allow("*"), deny)
    assert allowed(document, "s3:GetObject", BUCKET, {"aws:RequestedRegion": "eu-west-1"})
    assert not allowed(document, "s3:GetObject", BUCKET, {"aws:RequestedRegion": "us-east-1"})
    assert not allowed(document, "s3:GetObject", BUCKET)


def test_policies_add_up() -> None:
    documents = [policy(allow("s3:GetObject")), {"Statement": allow("s3:PutObject")}]
    assert denied(documents, [("s3:GetObject", BUCKET), ("s3:PutObject", BUCKET)]) == []


def test_not_action_and_not_resource() -> None:
    document = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": [BUCKET]})
    assert allowed(document, "s3:GetObject", "arn:aws:s3:::other")
    assert not allowed(document, "s3:GetObject", BUCKET)
    assert not allowed(document, "iam:GetRole", ROLE)


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {PASS: BUILD}}, {PASS: BUILD}, True),
        ({"StringEquals": {PASS: BUILD}}, {"iam:passedtoservice": BUILD}, True),
        ({"StringEquals": {PASS: BUILD}}, {PASS: "x"}, False),
        ({"StringEquals": {PASS: BUILD}}, {}, False),
        ({"StringEquals": {PASS: ["x", BUILD]}}, {PASS: BUILD}, True),
        ({"StringEquals": {PASS: "code*"}}, {PASS: BUILD}, False),
        ({"StringEqualsIgnoreCase": {PASS: "CodeBuild.amazonaws.com"}}, {PASS: BUILD}, True),
        ({"StringEqualsIfExists": {PASS: BUILD}}, {}, True),
        ({"StringEqualsIfExists": {PASS: BUILD}}, {PASS: "x"}, False),
        ({"StringNotEquals": {PASS: ["x", BUILD]}}, {PASS: BUILD}, False),
        ({"StringNotEquals": {PASS: ["x", BUILD]}}, {PASS: "y"}, True),
        ({"StringNotEquals": {PASS: BUILD}}, {}, True),
        ({"StringLike": {PASS: "code*.amazonaws.com"}}, {PASS: BUILD}, True),
        ({"StringLike": {PASS: "code?.amazonaws.com"}}, {PASS: BUILD}, False),
        ({"StringNotLike": {PASS: "code*"}}, {PASS: BUILD}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:iam::*:role/awspipe-*"}}, {"aws:SourceArn": ROLE}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:iam::*"}}, {"aws:SourceArn": ROLE}, False),
        ({"ArnEquals": {"aws:SourceArn": ROLE}}, {"aws:SourceArn": ROLE}, True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:iam::*:role/*"}}, {"aws:SourceArn": ROLE}, False),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": "x"}, False),
        ({"Null": {"aws:TokenIssueTime": False}}, {"aws:TokenIssueTime": "x"}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a"]}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["c", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {}, False),
        ({"StringEquals": {PASS: BUILD, "aws:SourceAccount": "1"}}, {PASS: BUILD}, False),
        (
            {"StringEquals": {PASS: BUILD}, "StringLike": {"aws:SourceAccount": "1*"}},
            {PASS: BUILD, "aws:SourceAccount": "12"},
            True,
        ),
        ({"StringEquals": {"aws:ResourceTag/t": "${aws:PrincipalTag/t}"}}, {"aws:ResourceTag/t": "x"}, False),
        (
            {"StringEquals": {"aws:ResourceTag/t": "${aws:PrincipalTag/t}"}},
            {"aws:ResourceTag/t": "x*", "aws:PrincipalTag/t": "x*"},
            True,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], context: Context, expected: bool) -> None:
    assert allowed(policy(allow("*", "*", **condition)), "iam:PassRole", ROLE, context) is expected


@pytest.mark.parametrize(
    ("user", "key", "expected"),
    [("ann", "ann", True), ("ann", "bob", False), ("*", "bob", False), (None, "", False)],
)
def test_variables_in_resources_are_literal(user: str | None, key: str, expected: bool) -> None:
    document = policy(allow("s3:GetObject", BUCKET + "/${aws:username}/*"))
    context = {"aws:username": user} if user else {}
    assert allowed(document, "s3:GetObject", f"{BUCKET}/{key}/file", context) is expected


def test_a_quoted_wildcard_is_a_character() -> None:
    document = policy(allow("s3:GetObject", BUCKET + "/${*}"))
    assert allowed(document, "s3:GetObject", f"{BUCKET}/*")
    assert not allowed(document, "s3:GetObject", f"{BUCKET}/x")


@pytest.mark.parametrize(
    "statement",
    [
        allow("*", "*", IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
        allow("*", "*", **{"ForSome:StringEquals": {PASS: BUILD}}),
        allow("none:None", "*", NumericLessThan={"s3:max-keys": "1"}),
        {"Effect": "Allow", "Action": "*"},
        {"Effect": "Allow", "Resource": "*"},
        {"Effect": "allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
        {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"},
    ],
)
def test_refuses_to_judge_what_it_does_not_know(statement: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        denied(policy(statement), [("s3:GetObject", BUCKET)])


def test_refuses_several_values_without_a_quantifier() -> None:
    document = policy(allow("*", "*", StringNotEquals={"aws:TagKeys": "a"}))
    with pytest.raises(ValueError, match="ForAllValues"):
        allowed(document, "s3:GetObject", BUCKET, {"aws:TagKeys": ["a", "b"]})


def test_takes_what_a_recording_gives() -> None:
    document = policy(allow(["codebuild:*", "iam:PassRole"]))
    actions = {"codebuild:CreateProject", "iam:PassRole", "s3:ListAllMyBuckets"}
    verdicts = denied(document, [(action, "*") for action in sorted(actions)])
    assert [verdict.request.action for verdict in verdicts] == ["s3:ListAllMyBuckets"]
