"""What a refusal of AWS was about, and the statement that would allow it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from awspipe.cli.views.errors import document, lines
from awspipe.denials import Call, denial
from awspipe.errors import DeniedError
from awspipe.explain import explain

ME = "arn:aws:iam::123456789012:user/student"


def refused(message: str, *, operation: str = "PutRolePolicy", call: Call | None = None) -> ClientError:
    answer: Any = {"Error": {"Code": "AccessDenied", "Message": message}}
    if call is not None:
        answer["awspipe:call"] = call
    return ClientError(answer, operation)


def call(service: str, operation: str, **params: Any) -> Call:
    return Call(service, operation, params, "aws")


def test_aws_s_own_words_are_taken() -> None:
    arn = "arn:aws:codebuild:ap-northeast-2:123456789012:project/shop-Build"
    found = denial(
        refused(
            f"User: {ME} is not authorized to perform: codebuild:CreateProject on resource: {arn} "
            "because no identity-based policy allows the codebuild:CreateProject action"
        )
    )
    assert found.caller == ME
    assert found.statement == {"Effect": "Allow", "Action": "codebuild:CreateProject", "Resource": arn}


def test_s3_puts_the_arn_in_quotes() -> None:
    found = denial(
        refused(
            f'User: {ME} is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::shop" '
            "because no identity-based policy allows the s3:CreateBucket action"
        )
    )
    assert found.statement == {
        "Effect": "Allow",
        "Action": "s3:CreateBucket",
        "Resource": "arn:aws:s3:::shop",
    }


def test_a_role_that_is_not_there_is_meant_by_its_name() -> None:
    found = denial(
        refused(
            f"User: {ME} is not authorized to perform: iam:GetRole on resource: role awspipe-shop because no "
            "identity-based policy allows the iam:GetRole action"
        )
    )
    assert found.resource == "arn:aws:iam::123456789012:role/awspipe-shop"


def test_handing_on_a_role_is_allowed_for_the_service_that_was_called() -> None:
    role = "arn:aws:iam::123456789012:role/awspipe/ap-northeast-2/shop/awspipe-shop"
    found = denial(
        refused(
            f"User: {ME} is not authorized to perform: iam:PassRole on resource: {role}",
            call=call("codepipeline", "CreatePipeline"),
        )
    )
    assert found.statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": "codepipeline.amazonaws.com"}
    }


@pytest.mark.parametrize(
    ("operation", "params", "action", "resource"),
    [
        ("ListBuckets", {}, "s3:ListAllMyBuckets", "*"),
        ("HeadBucket", {"Bucket": "shop"}, "s3:ListBucket", "arn:aws:s3:::shop"),
        ("CreateBucket", {"Bucket": "shop"}, "s3:CreateBucket", "arn:aws:s3:::shop"),
        (
            "CreateBucket",
            {"Bucket": "shop", "CreateBucketConfiguration": {"Tags": [{"Key": "a", "Value": "b"}]}},
            ["s3:CreateBucket", "s3:TagResource"],
            "arn:aws:s3:::shop",
        ),
        (
            "DeleteObjects",
            {"Bucket": "shop", "Delete": {}},
            ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "arn:aws:s3:::shop/*",
        ),
        ("AbortMultipartUpload", {"Bucket": "shop"}, "s3:AbortMultipartUpload", "arn:aws:s3:::shop/*"),
        ("PutBucketPolicy", {"Bucket": "shop"}, "s3:PutBucketPolicy", "arn:aws:s3:::shop"),
        ("PutPublicAccessBlock", {"Bucket": "b"}, "s3:PutBucketPublicAccessBlock", "arn:aws:s3:::b"),
    ],
)
def test_what_s3_does_not_say_follows_from_the_call(
    operation: str, params: dict[str, Any], action: str | list[str], resource: str
) -> None:
    error = refused("Access Denied", operation=operation, call=call("s3", operation, **params))
    assert denial(error).statement == {"Effect": "Allow", "Action": action, "Resource": resource}


def test_without_any_word_the_operation_stands_for_the_action() -> None:
    error = refused("", call=call("resourcegroupstaggingapi", "GetResources"))
    assert denial(error).statement == {"Effect": "Allow", "Action": "tag:GetResources", "Resource": "*"}


@pytest.mark.parametrize(
    ("why", "by"),
    [
        ("with an explicit deny in a service control policy", "service control policy"),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/x",
            "identity-based policy",
        ),
        ("because no service control policy allows the iam:CreateRole action", "service control policy"),
        ("because no permissions boundary allows the iam:CreateRole action", "permissions boundary"),
        (
            "because public policies are prevented by the BlockPublicPolicy setting",
            "S3 Block Public Access of the bucket or of the account",
        ),
    ],
)
def test_where_no_statement_can_help_none_is_given(why: str, by: str) -> None:
    said = f"User: {ME} is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/r {why}"
    error = explain(refused(said), "create role r")
    assert isinstance(error, DeniedError)
    assert error.statement is None
    assert error.hint.startswith(f"it is forbidden by: {by}")


def test_the_error_ends_in_the_statement() -> None:
    error = explain(
        refused("Access Denied", operation="HeadBucket", call=call("s3", "HeadBucket", Bucket="b")),
        "look at bucket b",
    )
    assert list(lines(error)) == [
        "awspipe: look at bucket b: Access Denied (AccessDenied): it takes s3:ListBucket on arn:aws:s3:::b",
        "  try: add this statement to the policy; `awspipe policy` prints all that a spec needs",
        '  {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}',
    ]
    assert document(error)["statement"]["Action"] == "s3:ListBucket"
    assert document(error)["exit_code"] == 4
