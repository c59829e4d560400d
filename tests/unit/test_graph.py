"""From a spec to the wanted resources: complete before any call, each name once, roles as small as can be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from awspipe.errors import SpecError
from awspipe.graph import Graph, Source, wanted
from awspipe.naming import Scope
from awspipe.resources.base import Key, Reference
from awspipe.resources.bucket import Bucket
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.role import Role
from awspipe.spec.load import load_text
from tests.support.core import ACCOUNT, REGION, SERVER, STATIC_SITE

HERE = f"{ACCOUNT}-{REGION}-an"


def graph(text: str, region: str = REGION, partition: str = "aws") -> Graph:
    (spec,) = load_text(text, "awspipe.yml")
    return wanted(spec, Scope(spec.name, ACCOUNT, region, partition))


def with_stages(*stages: str) -> str:
    source = "{name: Source, provider: codecommit, repository: shop}"
    return "name: shop\nstages:\n" + "".join(f"  - {one}\n" for one in (source, *stages))


def buckets(text: str) -> list[str]:
    return sorted(one.name for one in graph(text).resources if isinstance(one, Bucket))


def pipeline(text: str) -> dict[str, Any]:
    (found,) = [one for one in graph(text).resources if isinstance(one, Pipeline)]
    return found.body()


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER])
def test_a_graph_is_a_pure_function(text: str) -> None:
    assert graph(text) == graph(text)


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER])
def test_every_key_is_wanted_once(text: str) -> None:
    keys = [one.key for one in graph(text).resources]
    assert len(set(keys)) == len(keys)
    assert graph(text).by_key.keys() == set(keys)


def test_buckets_never_meet_whatever_stages_are_called() -> None:
    """A private one, a site and the artifacts', with stage names made to confuse them."""
    text = with_stages(
        "{name: artifacts, provider: s3}",
        "{name: site-x, provider: s3}",
        "{name: x, provider: s3, website: true}",
        "{name: files-x, provider: s3, website: true}",
        "{name: y, provider: s3}",
    )
    assert len(buckets(text)) == 6
    declared = [action for stage in pipeline(text)["stages"] for action in stage["actions"]]
    deployed = [one["configuration"]["BucketName"] for one in declared if one["name"] != "Source"]
    assert len(set(deployed)) == 5
    assert pipeline(text)["artifactStore"]["location"] not in deployed


@pytest.mark.parametrize(
    "stages",
    [
        ("{name: Deploy, provider: s3}", "{name: deploy, provider: s3}"),
        ("{name: Build, provider: codebuild}", "{name: BUILD, provider: codebuild}"),
    ],
)
def test_names_that_differ_in_letter_case_only_are_refused(stages: tuple[str, ...]) -> None:
    """Buckets have small letters only; IAM takes the two roles for one."""
    with pytest.raises(SpecError, match="would get the same names in AWS"):
        load_text(with_stages(*stages), "awspipe.yml")


def test_deploy_actions_share_an_application_with_a_group_each() -> None:
    text = with_stages(
        "{name: Stage, provider: codedeploy, ec2_tags: {a: b}}",
        "{name: Live, provider: codedeploy, ec2_tags: {a: c}}",
    )
    found = [str(one.key) for one in graph(text).resources if one.kind in ("application", "deployment-group")]
    assert sorted(found) == [
        "application shop",
        "deployment-group shop/Live",
        "deployment-group shop/Stage",
    ]


def test_an_existing_repository_is_referred_to_and_not_made() -> None:
    text = STATIC_SITE.replace("repository: shop", "repository: theirs\n    existing: true")
    assert graph(text).references == (Reference("repository", "theirs"),)
    assert graph(text).sources == ()
    assert Key("repository", "theirs") not in graph(text).by_key


def test_a_repository_of_ours_is_where_the_first_commit_goes() -> None:
    assert graph(STATIC_SITE).sources == (Source("shop", "main"),)


def test_an_existing_bucket_is_referred_to_and_not_made() -> None:
    text = STATIC_SITE.replace("website: true", "bucket: theirs").replace("    error: 404.html\n", "")
    assert graph(text).references == (Reference("bucket", "theirs"),)
    assert buckets(text) == [f"shop-artifacts-{HERE}"]


def test_polling_is_off_because_the_rule_starts_the_pipeline() -> None:
    (source,) = pipeline(STATIC_SITE)["stages"][0]["actions"]
    assert source["configuration"]["PollForSourceChanges"] == "false"


def test_the_type_is_always_said() -> None:
    assert pipeline(STATIC_SITE)["pipelineType"] == "V2"
    assert pipeline("type: V1\n" + STATIC_SITE)["pipelineType"] == "V1"


WIDE = with_stages(
    "{name: Build, provider: codebuild, env: {A: {secret: shop/a}, B: {parameter: /b}}}",
    "{name: Site, provider: s3, website: true}",
    "{name: Servers, provider: codedeploy, ec2_tags: {a: b}}",
)


def statements(role: Role) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = role.body()["Policy"]["Statement"]
    return found


@pytest.mark.parametrize(
    "role", [one for one in graph(WIDE).resources if isinstance(one, Role)], ids=lambda role: role.name
)
def test_a_role_names_its_actions_and_what_they_touch(role: Role) -> None:
    for statement in statements(role):
        assert all("*" not in action for action in statement["Action"])
        if statement["Resource"] == ["*"]:  # AWS gives these no resource to name
            assert set(statement["Action"]) <= {
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "tag:GetResources",
            }
        else:
            assert all(one.startswith("arn:aws:") and "*" not in one[:30] for one in statement["Resource"])


def test_what_several_actions_need_stands_in_a_policy_once() -> None:
    """A role's policy has 10,240 characters at most."""
    found = graph(with_stages(*(f"{{name: Run{n}, provider: commands, commands: ls}}" for n in range(30))))
    role = next(one for one in found.resources if isinstance(one, Role) and "codepipeline" in one.service)
    logs = [one for one in role.body()["Policy"]["Statement"] if "logs:PutLogEvents" in one["Action"]]
    assert len(logs) == 1


def test_builds_cannot_deploy() -> None:
    (role,) = [one for one in graph(WIDE).resources if one.name.endswith("-Build") and one.kind == "role"]
    assert isinstance(role, Role)
    text = json.dumps(statements(role))
    assert "codedeploy:" not in text
    assert "-site-" not in text
    assert "iam:" not in text


def test_secrets_are_named_and_never_more() -> None:
    (role,) = [one for one in graph(WIDE).resources if one.name.endswith("-Build") and one.kind == "role"]
    assert isinstance(role, Role)
    by_action = {one["Action"][0]: one["Resource"] for one in statements(role)}
    where = f"{REGION}:{ACCOUNT}"
    assert by_action["secretsmanager:GetSecretValue"] == [
        f"arn:aws:secretsmanager:{where}:secret:shop/a-??????"
    ]
    assert by_action["ssm:GetParameters"] == [f"arn:aws:ssm:{where}:parameter/b"]


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_every_arn_is_of_the_partition(region: str, partition: str) -> None:
    bodies = json.dumps([one.body() for one in graph(WIDE, region, partition).resources])
    assert "arn:aws:" not in bodies
    assert f"arn:{partition}:" in bodies
