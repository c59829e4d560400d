"""What the least policy says, statement by statement."""

from __future__ import annotations

import json
from typing import Any

from awspipe.cli.views import policy as view
from awspipe.graph import wanted
from awspipe.naming import Scope
from awspipe.rights import Job, document, grants
from awspipe.spec.load import load_text

TWO = """\
name: {name}
stages:
  - name: Source
    provider: codecommit
    repository: {name}
  - name: Deploy
    provider: s3
"""


def policy(*names: str, jobs: frozenset[Job] = frozenset(Job), spec: str = TWO) -> dict[str, Any]:
    specs = [load_text(spec.format(name=name), "awspipe.yml")[0] for name in names]
    scopes = [Scope(one.name, "123456789012", "ap-northeast-2") for one in specs]
    return document(grants(map(wanted, specs, scopes), jobs))


def actions(made: dict[str, Any]) -> set[str]:
    return {action for one in made["Statement"] for action in one["Action"]}


def statement(made: dict[str, Any], action: str) -> dict[str, Any]:
    (one,) = [one for one in made["Statement"] if action in one["Action"]]
    return dict(one)


def test_status_is_four_reads_of_one_pipeline_one_of_its_artifacts_and_the_tag_index() -> None:
    made = policy("shop", jobs=frozenset({Job.STATUS}))
    assert made["Statement"] == [
        {
            "Sid": "Codepipeline",
            "Effect": "Allow",
            "Action": [
                "codepipeline:GetPipeline",
                "codepipeline:GetPipelineState",
                "codepipeline:ListActionExecutions",
                "codepipeline:ListPipelineExecutions",
            ],
            "Resource": ["arn:aws:codepipeline:ap-northeast-2:123456789012:shop"],
        },
        {
            "Sid": "S3",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::shop-artifacts-123456789012-ap-northeast-2-an/*"],
        },
        {"Sid": "WithoutArn", "Effect": "Allow", "Action": ["tag:GetResources"], "Resource": ["*"]},
    ]


def test_up_may_delete_nothing() -> None:
    wanted_by_up = actions(policy("shop", jobs=frozenset({Job.UP})))
    assert {one for one in wanted_by_up if ":Delete" in one} == {"s3:DeleteBucketWebsite"}


def test_down_may_make_nothing() -> None:
    wanted_by_down = actions(policy("shop", jobs=frozenset({Job.DOWN})))
    assert not {one for one in wanted_by_down if ":Create" in one or ":Put" in one or ":Update" in one}
    assert "iam:PassRole" not in wanted_by_down


def test_only_what_takes_no_arn_stands_on_everything() -> None:
    made = policy("shop")
    everywhere = [one for one in made["Statement"] if "*" in one["Resource"]]
    assert [(one["Sid"], one["Action"]) for one in everywhere] == [
        (
            "WithoutArn",
            [
                "codebuild:ListProjects",
                "codeconnections:ListConnections",
                "events:ListRules",
                "iam:ListRoles",
                "logs:DescribeLogGroups",
                "s3:ListAllMyBuckets",
                "tag:GetResources",
            ],
        )
    ]


def test_several_pipelines_are_one_policy() -> None:
    made = policy("shop", "blog")
    assert statement(made, "codepipeline:CreatePipeline")["Resource"] == [
        "arn:aws:codepipeline:ap-northeast-2:123456789012:blog",
        "arn:aws:codepipeline:ap-northeast-2:123456789012:shop",
    ]


def test_what_the_spec_only_refers_to_may_be_looked_at_and_no_more() -> None:
    refers = (
        TWO.replace("repository: {name}", "repository: theirs\n    existing: true")
        + "    bucket: their-bucket\n"
    )
    made = policy("shop", spec=refers)
    on_repository = [one for one in made["Statement"] if any("theirs" in arn for arn in one["Resource"])]
    assert [one["Action"] for one in on_repository] == [["codecommit:GetRepository"]]
    assert statement(made, "s3:ListBucket")["Resource"] == ["arn:aws:s3:::their-bucket"]


def test_statement_names_are_letters_and_digits_and_unique() -> None:
    names = [one["Sid"] for one in policy("shop")["Statement"]]
    assert all(name.isalnum() for name in names)
    assert len(set(names)) == len(names)


def test_the_length_is_counted_as_iam_counts_it() -> None:
    made = policy("shop")
    assert view.size(made) == len(json.dumps(made).replace(" ", ""))


def test_a_policy_that_is_too_long_for_iam_is_said_to_be() -> None:
    many = policy(*(f"shop-{number}" for number in range(20)))
    assert "too long" in "\n".join(view.notes(many, "awspipe policy", "shop"))


def test_what_to_do_with_it_is_said() -> None:
    made = policy("shop", jobs=frozenset({Job.STATUS}))
    assert list(view.notes(made, "awspipe policy --for status", "shop")) == [
        "  . 508 characters; a managed policy takes 6144",
        "next: awspipe policy --for status > policy.json",
        "      aws iam create-policy --policy-name awspipe-shop --policy-document file://policy.json",
    ]
