"""What an execution may be started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from awspipe.errors import UsageError
from awspipe.starting import Start, plan
from tests.support import modelcheck

COMMIT, OTHER = "a" * 40, "b" * 40


def source(name: str, provider: str = "CodeCommit", category: str = "Source") -> dict[str, Any]:
    return {"name": name, "actionTypeId": {"category": category, "provider": provider}}


def declared(*sources: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "name": "shop",
        "pipelineType": "V2",
        "stages": [{"name": "Source", "actions": list(sources or (source("App"),))}],
        "variables": [{"name": "ENV"}, {"name": "LEVEL", "defaultValue": "1"}],
        **members,
    }


@pytest.mark.parametrize(
    ("pipeline", "commits", "variables", "request_"),
    [
        (declared(), [], {}, {}),
        (
            declared(),
            [("", COMMIT)],
            {"ENV": "test"},
            {
                "sourceRevisions": [
                    {"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": COMMIT}
                ],
                "variables": [{"name": "ENV", "value": "test"}],
            },
        ),
        (
            declared(source("App"), source("Image", "ECR")),
            [("", COMMIT)],
            {},
            {
                "sourceRevisions": [
                    {"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": COMMIT}
                ]
            },
        ),
        (
            declared(source("App"), source("Docs", "CodeStarSourceConnection")),
            [("Docs", COMMIT), ("App", OTHER)],
            {},
            {
                "sourceRevisions": [
                    {"actionName": "Docs", "revisionType": "COMMIT_ID", "revisionValue": COMMIT},
                    {"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": OTHER},
                ]
            },
        ),
        (declared(pipelineType="V1", variables=[]), [], {}, {}),
    ],
)
def test_the_request_has_what_was_asked_for_and_nothing_else(
    pipeline: dict[str, Any], commits: Any, variables: Mapping[str, str], request_: dict[str, Any]
) -> None:
    made = plan(pipeline, commits, variables).request()
    assert made == {"name": "shop", **request_}
    modelcheck.check_request("codepipeline", "StartPipelineExecution", made)


@pytest.mark.parametrize(
    ("pipeline", "commits", "variables", "message"),
    [
        (
            declared(pipelineType="V1"),
            [("", COMMIT)],
            {},
            "shop is a V1 pipeline: it always takes the newest revision, and has no variables",
        ),
        (
            declared(pipelineType="V1"),
            [],
            {"ENV": "x"},
            "shop is a V1 pipeline: it always takes the newest revision, and has no variables",
        ),
        (
            declared(source("Site", "S3")),
            [("", COMMIT)],
            {},
            "no source of shop is a repository of commits: S3",
        ),
        (
            declared(source("A"), source("B")),
            [("", COMMIT)],
            {},
            "shop has 2 sources: say which one the commit is for",
        ),
        (declared(), [("Nope", COMMIT)], {}, "shop has no source Nope that takes commits"),
        (declared(), [("App", COMMIT), ("", OTHER)], {}, "--commit names a source twice"),
        (declared(), [], {"ENC": "x"}, "shop has no variable ENC"),
        (declared(variables=[]), [], {"ENV": "x"}, "shop has no variable ENV"),
        (declared(), [], {"ENV": "x" * 1001}, "--var ENV: a value has 1 to 1000 characters, on one line"),
        (declared(), [], {"ENV": "x\ny"}, "--var ENV: a value has 1 to 1000 characters, on one line"),
    ],
)
def test_what_aws_would_refuse_is_refused_first(
    pipeline: dict[str, Any], commits: Any, variables: Mapping[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        plan(pipeline, commits, variables)
    assert refused.value.message == message
    assert refused.value.hint or "--" in message


def test_a_start_without_overrides_is_for_every_pipeline() -> None:
    assert plan(declared(source("Site", "S3")), [], {}) == Start("shop")
