"""What a kind says that it needs is what it asks AWS for: over its whole life, rare paths included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from awspipe.resources.base import Resource, Tagged, kinds
from awspipe.resources.bucket import Bucket
from awspipe.resources.late import filled, late_keys
from tests.support import core
from tests.support.core import World

SOURCES = (
    "    actions:\n"
    "      - {name: Source, provider: codecommit, repository: shop}\n"
    "      - {name: Theirs, provider: github, repository: me/shop}\n"
    "      - {name: Zip, provider: s3, object: source.zip}\n"
)
TEXT = (
    core.STATIC_SITE.replace("    provider: codecommit\n    repository: shop\n    branch: main\n", SOURCES)
    .replace("    buildspec: buildspec.yml\n", "    input: Source\n")
    .rstrip("\n")
    + "\n  - name: Files\n    provider: s3\n    input: Build\n"
    "  - name: Servers\n    provider: codedeploy\n    ec2_tags: {a: b}\n    input: Build\n"
    "notify: {email: me@example.com}\n"
)
ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def live(world: World, one: Resource) -> None:
    """All that awspipe ever does with a resource, `TEXT` being up."""
    aws, scope, kind = world.aws, one.scope, type(one)
    aws.forget()
    tagged = Tagged(scope, lambda: _indexed(aws, scope.pipeline) if kind.indexed else frozenset())
    assert one.name in set(kind.owned(aws, scope, tagged))
    assert kind.owner(aws, scope, one.name) == scope.pipeline
    assert kind.exists(aws, scope, one.name)
    kind.keep(aws, scope, one.name)
    alone, aws.about = aws.about, frozenset({scope.pipeline, "another"})
    kind.preload(aws, [one.name])
    aws.about = alone
    assert kind.read(aws, scope, one.name, frozenset(one.body())) is not None
    aws.forget()
    assert kind.read(aws, scope, one.name, frozenset(one.body())) is not None
    if kind.update is not Resource.update:
        one.update(aws, frozenset(one.body()))
    kind.delete(aws, scope, one.name)
    aws.forget()
    kind.delete(aws, scope, one.name)
    assert kind.read(aws, scope, one.name, frozenset(one.body())) is None
    one.create(aws)


def whole(world: World, one: Resource) -> Resource:
    """A resource with the ARNs that AWS has made up."""
    keys = late_keys(one)
    arns = {key: kinds()[key.kind].made_up_arn(world.aws, one.scope, key.name) for key in keys}
    return filled(one, {key: str(arn) for key, arn in arns.items()})


def _indexed(aws: Any, pipeline: str) -> frozenset[str]:
    found = aws.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "awspipe:pipeline", "Values": [pipeline]}]
    )
    return frozenset(one["ResourceARN"] for one in found["ResourceTagMappingList"])


def fill_bucket(world: World, one: Resource) -> None:
    s3, at = world.client("s3"), {"Bucket": one.name}
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**at, Key="a", Body=b"1")
    s3.delete_object(**at, Key="a")
    s3.create_multipart_upload(**at, Key="big")


def attach_more(world: World, one: Resource) -> None:
    iam = world.client("iam")
    own = iam.create_policy(PolicyName=f"own-{one.name}"[:64], PolicyDocument=ANYTHING)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=one.name, PolicyArn=own)
    iam.put_role_policy(RoleName=one.name, PolicyName="second", PolicyDocument=ANYTHING)


def aim_more(world: World, one: Resource) -> None:
    world.client("events").put_targets(
        Rule=one.name, Targets=[{"Id": "mail", "Arn": "arn:aws:sns:ap-northeast-2:1:mail"}]
    )


def build(world: World, one: Resource) -> None:
    """A build that runs: AWS's answers, as the account has none. An earlier one has left reports."""
    core.report_group(world, f"{one.name}-unit")
    answers = {
        "ListBuildsForProject": {"ids": ["shop-Build:1"]},
        "BatchGetBuilds": {"builds": [{"id": "shop-Build:1", "buildComplete": False}]},
        "StopBuild": {"build": {}},
    }
    answer(world.aws.client("codebuild"), answers)


def deploy(world: World, one: Resource) -> None:
    """A deployment that runs."""
    answers = {"ListDeployments": {"deployments": ["d-ABCDEFGHI"]}, "StopDeployment": {"status": "Pending"}}
    answer(world.aws.client("codedeploy"), answers)


def answer(client: Any, answers: dict[str, dict[str, Any]]) -> None:
    def respond(event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        found = answers.get(event_name.rsplit(".", maxsplit=1)[-1])
        if found is None:
            return None
        response = AWSResponse(request.url, 200, HTTPHeaders(), None)
        response._content = json.dumps(found).encode()  # type: ignore[attr-defined]
        return response

    client.meta.events.register_first("before-send", respond)


RARE: dict[str, Callable[[World, Resource], None]] = {
    "bucket": fill_bucket,
    "role": attach_more,
    "rule": aim_more,
    "build-project": build,
    "deployment-group": deploy,
}


GIT = frozenset({"codecommit:GitPull", "codecommit:GitPush"})
"""Asked for by git itself."""


PASSED = frozenset({"codeconnections:PassConnection"})
"""Asked for when a pipeline is given a connection, and named by the connection: not all have one."""


def declared(kind: str) -> frozenset[str]:
    """What a kind says that `up` and `down` need, the tag index with it."""
    found, rights = kinds()[kind], kinds()[kind].permissions
    index = {"tag:GetResources"} if found.indexed else set()
    elsewhere = rights.show | rights.steer | rights.adopt | rights.tag | GIT
    here = rights.search | rights.find | rights.read | rights.use | rights.make | rights.remove
    return (rights.all - (elsewhere - here) - GIT) | index


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_kind_declares_exactly_the_permissions_of_its_calls(world: World, kind: str) -> None:
    core.up(world.again(), TEXT)
    ours = [whole(world, one) for one in core.graph(world.aws, TEXT).resources if one.kind == kind]
    world.calls.clear()
    for one in ours:
        if kind in RARE:
            RARE[kind](world, one)
        live(world, one)
    recorded = {action for action in world.calls.actions if not action.startswith("sts:")}
    assert recorded - PASSED == declared(kind) - PASSED


def test_every_role_that_is_handed_on_is_the_pipelines_own(world: World) -> None:
    core.up(world.aws, TEXT)
    assert all(f"role/awspipe/{core.REGION}/shop/" in role for role in world.calls.passed_roles)


def test_the_whole_life_of_a_pipeline_needs_no_more(world: World) -> None:
    core.up(world.aws, TEXT)
    core.up(world.aws, TEXT)
    core.down(world.aws)
    every = {action for kind in kinds() for action in declared(kind)}
    assert world.calls.actions - every == {"sts:GetCallerIdentity"}


def test_an_upload_that_ended_meanwhile_is_passed_over(world: World) -> None:
    core.up(world.aws, TEXT)
    (bucket, *_) = [one for one in core.graph(world.aws, TEXT).resources if isinstance(one, Bucket)]
    fill_bucket(world, bucket)
    s3 = world.client("s3")

    def end(request: Any, **_: Any) -> None:
        for upload in s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket.name, Key=upload["Key"], UploadId=upload["UploadId"])

    world.aws.client("s3").meta.events.register_first("before-send.s3.AbortMultipartUpload", end)
    Bucket.delete(world.aws, bucket.scope, bucket.name)
    assert f"s3/{bucket.name}" not in world.inventory


def test_an_object_that_cannot_be_deleted_is_said_with_aws_s_reason(world: World) -> None:
    core.up(world.aws, core.STATIC_SITE)
    name = f"shop-artifacts-{core.ACCOUNT}-{core.REGION}-an"
    s3 = world.client("s3")
    s3.put_object(Bucket=name, Key="kept", Body=b"1")
    keep = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [keep]}))
    error = core.refused(core.down, world.aws)
    assert error.message == (
        f"empty bucket {name}: 1 objects stay, first 'kept': Access Denied (AccessDenied)"
    )
    assert f"s3/{name}" in world.inventory
