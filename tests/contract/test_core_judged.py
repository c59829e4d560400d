"""An independent judge of every policy awspipe writes: policy-sentry's copy of AWS's own list of actions.

Each action exists and takes the ARN it is given; `*` stands only where AWS takes no ARN; no action has a
wildcard; a role may be handed on only by its ARN and to a named service.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from awspipe.graph import wanted
from awspipe.naming import Scope
from awspipe.providers.base import words
from awspipe.resources.late import filled, late_keys
from awspipe.resources.policy import policy
from awspipe.resources.role import Role
from awspipe.rights import Job, document, grants
from awspipe.spec.load import load_text
from tests.support.core import SERVER, STATIC_SITE

ARN = "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d"
_HEAD = "name: shop\nstages:\n  - {name: Source, provider: codecommit, repository: shop}\n"
SPECS = {
    "static-site": STATIC_SITE,
    "server": SERVER,
    "existing": (
        "name: shop\nstages:\n  - {name: Source, provider: codecommit, repository: shop, existing: true}\n"
        "  - {name: Deploy, provider: s3, bucket: theirs}\n"
    ),
    "secrets": _HEAD + "  - name: Build\n    provider: codebuild\n"
    "    env: {A: {secret: shop/token}, B: {parameter: /shop/b}}\n",
    "on-premises": _HEAD + "  - {name: Deploy, provider: codedeploy, on_premises_tags: {a: b}}\n",
    **{
        word: f"name: shop\nstages:\n  - {{name: Source, provider: {word}, repository: me/shop}}\n"
        "  - {name: Deploy, provider: s3}\n"
        for word in ("bitbucket", "github", "gitlab")
    },
    "objects": (
        "name: shop\nstages:\n  - {name: Source, provider: s3, bucket: theirs, object: a/source.zip}\n"
        "  - {name: Deploy, provider: s3}\n"
    ),
    "objects of ours": (
        "name: shop\nstages:\n  - {name: Source, provider: s3, object: a/source.zip}\n"
        "  - {name: Deploy, provider: s3}\n"
    ),
    "images": (
        "name: shop\nstages:\n  - {name: Source, provider: ecr, repository: team/shop}\n"
        "  - {name: Ask, provider: approval}\n"
    ),
    "custom": _HEAD + "  - name: Call\n    provider: custom\n"
    "    declaration:\n"
    "      actionTypeId: {category: Invoke, provider: Lambda}\n"
    "      configuration: {FunctionName: a}\n"
    "    statements:\n"
    "      - actions: lambda:InvokeFunction\n"
    "        resources: arn:aws:lambda:ap-northeast-2:123456789012:function:a\n",
    "ecs": _HEAD + "  - {name: Deploy, provider: ecs, cluster: web, service: shop, family: shop}\n",
    "clone": (
        "name: shop\nstages:\n  - {name: Source, provider: github, repository: me/shop, full_clone: true}\n"
        "  - {name: Build, provider: codebuild}\n"
    ),
    "clone of ours": (
        "name: shop\nstages:\n  - {name: Source, provider: codecommit, repository: shop, full_clone: true}\n"
        "  - {name: Build, provider: codebuild}\n"
    ),
    "ec2": _HEAD + "  - name: Deploy\n    provider: ec2\n    ec2_tag: {app: shop}\n    deploy_spec: a.yml\n"
    "    target_groups: [web]\n",
    "nodes": _HEAD + "  - name: Deploy\n    provider: ec2\n    managed_node_tag: {app: ''}\n"
    "    deploy_spec: a.yml\n",
    "commands": _HEAD + "  - name: Test\n    provider: commands\n    commands: env\n"
    "    env: {A: {secret: shop/token}}\n",
    "lambda": _HEAD + "  - {name: Deploy, provider: lambda, function: shop, alias: live, alarms: [a, b]}\n",
    "stack": _HEAD + "  - {name: Make, provider: cloudformation, stack: shop, template: a.yml, role: cfn, "
    "settings: a.json}\n",
    "change set": _HEAD
    + "  - {name: Make, provider: cloudformation, stack: shop, template: a.yml, role: cfn, "
    "mode: CHANGE_SET_REPLACE}\n"
    "  - {name: Run, provider: cloudformation, stack: shop, mode: CHANGE_SET_EXECUTE}\n",
    "approval": _HEAD + "  - {name: Ask, provider: approval}\nnotify: {email: me@example.com}\n",
}
"""Together every provider."""


def documents(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy of a spec: those of its roles, and the one for its user."""
    (spec,) = load_text(text, "awspipe.yml")
    graph = wanted(spec, Scope(spec.name, "123456789012", "ap-northeast-2"))
    for one in graph.resources:
        if isinstance(one, Role):
            yield one.name, policy(filled(one, dict.fromkeys(late_keys(one), ARN)).statements)
    yield "user", document(grants([graph], frozenset(Job)))


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, text in SPECS.items():
        for name, made in documents(text):
            yield from ((f"{kind} {name}", one) for one in made["Statement"])


NEED_NO_ARN = frozenset({"codeconnections:ListConnections"})
"""Those that AWS's list gives with an ARN and without: a listing is of all there are."""


@cache
def formats(action: str) -> tuple[str, ...]:
    """The ARN formats that AWS takes for an action."""
    service, _, name = action.partition(":")
    found = get_action_data(service, name) or {}
    return tuple(row["resource_arn_format"] for row in found.get(service, ()))


def fits(arn: str, action: str) -> bool:
    if action == "codestar-connections:UseConnection":  # AWS asks for it on ARNs of the new name too:
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
        action = "codeconnections:UseConnection"
    return any(one != "*" and _is_of(arn, one) for one in formats(action))


def _is_of(arn: str, arn_format: str) -> bool:
    """Whether some ARN that the pattern `arn` means has this format."""
    if arn_format.endswith(":::${BucketName}") and "/" in arn:
        return False
    return _meet(arn, re.sub(r"\$\{[^}]*\}", "*", arn_format))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether some text matches both patterns, in which `*` is any text and `?` any character."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*" or other[0] == "*":
        skips = (one[0] == "*" and _meet(one[1:], other)) or (other[0] == "*" and _meet(one, other[1:]))
        eats = (one[0] == "*" and _meet(one, other[1:])) or (other[0] == "*" and _meet(one[1:], other))
        return skips or eats
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _meet(one[1:], other[1:])


def test_every_provider_is_judged() -> None:
    used = {
        getattr(action, "provider", None)
        for text in SPECS.values()
        for stage in load_text(text, "awspipe.yml")[0].stages
        for action in getattr(stage, "actions", [stage])
    }
    assert used == set(words())


def test_every_action_is_one_that_aws_has() -> None:
    actions = {action for _, one in statements() for action in one["Action"]}
    assert {action for action in actions if not formats(action)} == set()


def test_every_action_takes_one_of_the_arns_it_is_given_and_every_arn_is_taken() -> None:
    for where, one in statements():
        for action in one["Action"]:
            if one["Resource"] == ["*"]:
                assert set(formats(action)) == {"*"} or action in NEED_NO_ARN, (where, action)
            else:
                assert any(fits(arn, action) for arn in one["Resource"]), (where, action)
        for arn in one["Resource"]:
            assert arn == "*" or any(fits(arn, action) for action in one["Action"]), (where, arn)


def test_no_action_has_a_wildcard_and_nothing_is_denied() -> None:
    for where, one in statements():
        assert one["Effect"] == "Allow", where
        assert not [action for action in one["Action"] if "*" in action], where


def test_roles_are_handed_on_by_their_arn_and_to_a_named_service() -> None:
    handed = [(where, one) for where, one in statements() if "iam:PassRole" in one["Action"]]
    assert handed
    for where, one in handed:
        assert one["Action"] == ["iam:PassRole"], where
        assert not [arn for arn in one["Resource"] if "*" in arn], where
        assert list(one["Condition"]) == ["StringEquals"], where
        assert one["Condition"]["StringEquals"]["iam:PassedToService"].endswith(".amazonaws.com"), where


@pytest.mark.parametrize(
    ("arn", "action", "right"),
    [
        ("arn:aws:s3:::shop", "s3:CreateBucket", True),
        ("arn:aws:s3:::shop", "s3:GetObject", False),
        ("arn:aws:s3:::shop/*", "s3:GetObject", True),
        ("arn:aws:s3:::shop/*", "s3:CreateBucket", False),
        ("arn:aws:logs:r:1:log-group:/a:*", "logs:PutLogEvents", True),
        ("arn:aws:logs:r:1:log-group:/a", "logs:PutLogEvents", False),
        ("arn:aws:codebuild:r:1:project/a", "codepipeline:GetPipeline", False),
        ("arn:aws:iam::1:role/awspipe/r/shop/a", "iam:PassRole", True),
    ],
)
def test_the_judge_tells_right_from_wrong(arn: str, action: str, right: bool) -> None:
    assert fits(arn, action) is right
