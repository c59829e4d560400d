"""A second judge of the policies of the roles that awspipe makes: parliament, with rules of its own.

What it finds is waived by name and reason, and a waiver that nothing needs any more fails.
https://github.com/duo-labs/parliament
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

import pytest

from tests.contract.test_core_judged import SPECS, documents

WAIVED = {
    ("RESOURCE_MISMATCH", "codestar-connections:UseConnection"): (
        "AWS asks for it on ARNs of the new name, codeconnections, too: https://docs.aws.amazon.com/codepipeline/"
        "latest/userguide/action-reference-CodestarConnectionSource.html"
    ),
    ("RESOURCE_MISMATCH", "ssm:SendCommand"): (
        "it needs a document and an instance, each in a statement of its own: only the latter has the tag; "
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html"
    ),
}


@cache
def judge() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which warns of itself
        import parliament
    return parliament


def findings(document: dict[str, Any]) -> set[tuple[str, str]]:
    """What it finds in a policy, with the action that it is about."""
    found = judge().analyze_policy_string(json.dumps(document)).findings
    return {(one.issue, about) for one in found for about in _actions(one.detail)}


def _actions(detail: Any) -> list[str]:
    if not isinstance(detail, list):
        return [str(detail)]
    return [one["action"] if isinstance(one, dict) else str(one) for one in detail]


def statement(action: str, resource: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}],
    }


def test_it_has_nothing_against_any_role_but_what_is_waived() -> None:
    found = {
        one: f"{kind} {name}"
        for kind, text in SPECS.items()
        for name, document in documents(text)
        if name != "user"
        for one in findings(document)
    }
    assert {one: where for one, where in found.items() if one not in WAIVED} == {}
    assert {*WAIVED} - {*found} == set()


@pytest.mark.parametrize(
    ("action", "resource", "issue"),
    [
        ("s3:GetObjekt", "arn:aws:s3:::shop/*", "UNKNOWN_ACTION"),
        ("s3:GetObject", "arn:aws:s3:::shop", "RESOURCE_MISMATCH"),
        ("s3:PutBucketPolicy", "*", "RESOURCE_STAR"),
        ("codepipeline:StartPipelineExecution", "arn:aws:codepipeline:Seoul:1:shop", "INVALID_ARN"),
    ],
)
def test_it_tells_wrong_from_right(action: str, resource: str, issue: str) -> None:
    assert issue in {found for found, _ in findings(statement(action, resource))}
