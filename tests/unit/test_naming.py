"""Names: short and plain ones are as a user would guess, long and odd ones fit and stay apart."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.naming import Scope, fit, part_of
from tests.support import modelcheck

LONG = "a-very-long-name-that-goes-on-" * 4
PIPELINES = ("shop", "Shop", "a.b@c_D", "0", "x" * 100, LONG[:100], "my_shop", "A" + "." * 99)
PARTS = ("Build", "Test-unit", LONG[:100], "a@b", "...", "_", "-", "x" * 201)
REGIONS = {
    "ap-northeast-2": "aws",
    "us-east-1": "aws",
    "me-south-1": "aws",
    "ap-southeast-7": "aws",
    "us-gov-west-1": "aws-us-gov",
    "cn-north-1": "aws-cn",
    "cn-northwest-1": "aws-cn",
}
SCOPES = [Scope(name, "123456789012", *where) for name, where in product(PIPELINES, REGIONS.items())]
_TRUST = "{}"


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("part", PARTS)
def test_every_name_is_one_that_aws_takes(scope: Scope, part: str) -> None:
    ok = modelcheck.check_request
    role = {"Path": scope.role_path, "AssumeRolePolicyDocument": _TRUST}
    for name in (scope.role(part), scope.role("")):
        ok("iam", "CreateRole", {"RoleName": name, **role})
    ok("events", "PutRule", {"Name": scope.rule(part), "RoleArn": scope.role_arn(scope.role(part))})
    ok("codebuild", "BatchGetProjects", {"names": [scope.project(part)]})
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}", scope.project(part))
    ok("logs", "CreateLogGroup", {"logGroupName": f"/aws/codebuild/{scope.project(part)}"})
    ok("codedeploy", "CreateApplication", {"applicationName": scope.application})
    ok("codedeploy", "DeleteDeploymentGroup", {"applicationName": "a", "deploymentGroupName": fit(part, 100)})
    for one in (part, "artifacts", f"site-{part}", f"files-{part}"):
        ok("s3", "CreateBucket", {"Bucket": scope.bucket(one)})
        assert scope.owns_bucket_name(scope.bucket(one))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_the_names_of_one_pipeline_begin_as_they_are_listed(scope: Scope) -> None:
    for part in PARTS:
        assert scope.bucket(part).startswith(scope.bucket_prefix)
        assert scope.project(part).startswith(scope.project_prefix)
        assert scope.rule(part).startswith(scope.rule_prefix)


@pytest.mark.parametrize("name", ["bucket", "role", "rule", "project"])
@pytest.mark.parametrize("region", REGIONS)
def test_different_parts_and_pipelines_have_different_names(name: str, region: str) -> None:
    pipelines = [one for one in PIPELINES if one != "Shop"]  # as shop, where only letter case tells
    scopes = [Scope(one, "123456789012", region, REGIONS[region]) for one in pipelines]
    made = [getattr(scope, name)(part) for scope in scopes for part in PARTS]
    assert len({one.lower() for one in made}) == len(made)


def test_short_names_are_as_one_would_guess() -> None:
    scope = Scope("shop", "123456789012", "ap-northeast-2")
    assert scope.role("Build") == "awspipe-shop-ap-northeast-2-Build"
    assert scope.role("") == "awspipe-shop-ap-northeast-2"
    assert scope.rule("Source") == "awspipe-shop-Source"
    assert scope.project("Build") == "shop-Build"
    assert scope.bucket("artifacts") == "shop-artifacts-123456789012-ap-northeast-2-an"
    assert scope.role_path == "/awspipe/ap-northeast-2/shop/"
    assert scope.pipeline_arn == "arn:aws:codepipeline:ap-northeast-2:123456789012:shop"


@pytest.mark.parametrize(
    ("region", "ends"),
    [("us-east-1", "-us-east-1-an"), ("me-south-1", "-me-south-1"), ("me-central-1", "-me-central-1")],
)
def test_buckets_are_in_the_accounts_own_names_where_the_region_has_them(region: str, ends: str) -> None:
    assert Scope("shop", "123456789012", region).bucket("artifacts").endswith(f"-123456789012{ends}")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_arns_are_of_the_partition(partition: str) -> None:
    scope = Scope("shop", "123456789012", "us-east-1", partition)
    arns = (
        scope.pipeline_arn,
        scope.bucket_arn("b"),
        scope.role_arn("r"),
        scope.rule_arn("r"),
        scope.project_arn("p"),
        scope.repository_arn("r"),
        scope.log_group_arn("/g"),
        scope.application_arn("a"),
        scope.deployment_group_arn("a", "g"),
    )
    assert {arn.split(":")[1] for arn in arns} == {partition}


@pytest.mark.parametrize(
    ("stage", "action", "part"), [("Build", "Build", "Build"), ("Test", "Unit", "Test-Unit")]
)
def test_an_action_is_named_with_its_stage_where_the_two_differ(stage: str, action: str, part: str) -> None:
    assert part_of(stage, action) == part


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120)


@given(TEXT, st.integers(10, 100))
def test_fit_fits_and_leaves_alone_what_fits(text: str, limit: int) -> None:
    fitted = fit(text, limit)
    assert 0 < len(fitted) <= limit
    assert re.fullmatch(r"[A-Za-z0-9._-]+", fitted)
    if re.fullmatch(r"[A-Za-z0-9._-]+", text) and len(text) <= limit:
        assert fitted == text


@given(TEXT, TEXT, st.integers(12, 100))
def test_two_texts_stay_two_names(one: str, other: str, limit: int) -> None:
    assert (fit(one, limit) == fit(other, limit)) is (one == other)
