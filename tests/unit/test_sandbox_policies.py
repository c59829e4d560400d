"""How the sandbox judges what a role may do: as IAM does, patterns, cases and conditions included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from awspipe.sandbox.policies import Verdict, verdict

SECRET = "arn:aws:secretsmanager:r:1:secret:shop/token-"
ALLOWED, DENIED, UNSAID = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNSAID


def statement(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **members}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "found"),
    [
        (statement(), "s3:GetObject", "arn:aws:s3:::a/b", ALLOWED),
        (statement(Action=["S3:getobject"]), "s3:GetObject", "arn:aws:s3:::a/b", ALLOWED),
        (statement(Action="s3:Get*"), "s3:PutObject", "arn:aws:s3:::a/b", UNSAID),
        (statement(Resource="arn:aws:s3:::a.c/*"), "s3:GetObject", "arn:aws:s3:::abc/d", UNSAID),
        (statement(Resource=f"{SECRET}??????"), "s3:GetObject", f"{SECRET}aB3dE6", ALLOWED),
        (statement(Resource=f"{SECRET}??????"), "s3:GetObject", f"{SECRET}aB3dE6f", UNSAID),
        (statement(Resource="arn:aws:s3:::a/[b]"), "s3:GetObject", "arn:aws:s3:::a/b", UNSAID),
        (
            [statement(), statement("Deny", Resource="arn:aws:s3:::a/*")],
            "s3:GetObject",
            "arn:aws:s3:::a/b",
            DENIED,
        ),
        ({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}, "s3:GetObject", "x", ALLOWED),
        ({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}, "s3:GetObject", "x", UNSAID),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "x"}, "s3:GetObject", "x", UNSAID),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "x"}, "s3:GetObject", "y", ALLOWED),
    ],
)
def test_a_request_is_judged(statements: Any, action: str, resource: str, found: Verdict) -> None:
    assert verdict([json.dumps({"Statement": statements})], action, resource, {}) is found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"StringEquals": {"aws:ResourceTag/App": "shop"}}, ALLOWED),
        ({"StringEquals": {"aws:ResourceTag/App": ["blog", "shop"]}}, ALLOWED),
        ({"StringEquals": {"aws:ResourceTag/App": "sh*"}}, UNSAID),
        ({"StringLike": {"aws:ResourceTag/App": "sh*"}}, ALLOWED),
        ({"StringEquals": {"aws:ResourceTag/Other": "shop"}}, UNSAID),
        ({"NumericEquals": {"aws:ResourceTag/App": "shop"}}, UNSAID),
        ({"StringEqualsIgnoreCase": {"aws:ResourceTag/App": "SHOP"}}, ALLOWED),
        ({"StringNotEquals": {"aws:ResourceTag/App": "shop"}}, UNSAID),
        ({"StringNotEquals": {"aws:ResourceTag/App": ["blog", "wiki"]}}, ALLOWED),
        ({"StringNotLike": {"aws:ResourceTag/App": "s*"}}, UNSAID),
        ({"StringNotEquals": {"aws:ResourceTag/Other": "shop"}}, ALLOWED),
        ({"StringEqualsIfExists": {"aws:ResourceTag/Other": "shop"}}, ALLOWED),
        ({"StringEqualsIfExists": {"aws:ResourceTag/App": "blog"}}, UNSAID),
        ({"Null": {"aws:ResourceTag/App": "false", "aws:ResourceTag/Other": True}}, ALLOWED),
        ({"Null": {"aws:ResourceTag/App": "true"}}, UNSAID),
    ],
)
def test_a_condition_must_be_met_by_what_the_request_says(condition: Any, found: Verdict) -> None:
    document = json.dumps({"Statement": [statement(Condition=condition)]})
    assert verdict([document], "s3:GetObject", "x", {"aws:resourcetag/app": "shop"}) is found


def test_a_denial_whose_condition_is_not_met_denies_nothing() -> None:
    unmet = statement("Deny", Condition={"StringEquals": {"aws:ResourceTag/App": "blog"}})
    document = json.dumps({"Statement": [statement(), unmet]})
    assert verdict([document], "s3:GetObject", "x", {"aws:resourcetag/app": "shop"}) is ALLOWED


def test_a_denial_by_a_condition_that_is_not_known_denies() -> None:
    elsewhere = statement("Deny", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    document = json.dumps({"Statement": [statement(), elsewhere]})
    assert verdict([document], "s3:GetObject", "x", {}) is DENIED
