"""Credentials of the wrong account, and buckets that a stranger has made under our names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from awspipe.errors import DeniedError
from tests.support import core
from tests.support.core import STATIC_SITE, World
from tests.support.steering import Commands

THEIRS = "999999999999"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


@pytest.fixture
def stranger(world: World) -> dict[str, str]:
    """Credentials of another account, as clients take them."""
    role = {"RoleArn": f"arn:aws:iam::{THEIRS}:role/x", "RoleSessionName": "stranger"}
    found = world.client("sts").assume_role(**role)["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "awspipe.yml"
    path.write_text(f'account: "{core.ACCOUNT}"\n{STATIC_SITE}', encoding="utf-8")
    return str(path)


def inventory(credentials: dict[str, str]) -> dict[str, Any]:
    return core.inventory(boto3.Session(region_name=core.REGION, **credentials).client)


@pytest.fixture
def twice(world: World, stranger: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stranger, whose credentials are in use, has a pipeline of this name too. What there is of both."""
    theirs = core.connect(boto3.Session(region_name=core.REGION, **stranger))
    core.up(theirs, STATIC_SITE)
    theirs.close()
    core.up(world.aws, STATIC_SITE)
    for name, value in stranger.items():
        monkeypatch.setenv(name.upper(), value)
    return lambda: (world.inventory, inventory(stranger))


REFUSED = [
    "plan",
    "up --yes",
    "down --yes",
    "status",
    "status shop",
    f"status {40 * 'a'}",
    "history",
    "open --print",
]
REFUSED += ["watch --timeout 1s", "logs", "run", "approve", "reject", "retry", "stop", "rollback Deploy"]
REFUSED += ["disable Deploy --reason x", "enable Deploy"]


@pytest.mark.parametrize("command", REFUSED)
def test_credentials_of_another_account_are_refused_with_both_ids(
    twice: Any, spec: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = twice()
    said = Commands(capsys)(*command.split(), "--file", spec)
    assert (said.code, said.out) == (3, "")
    assert (
        f"awspipe: shop belongs to account {core.ACCOUNT}, and these credentials are account {THEIRS}'s: "
        "nothing was done"
    ) in said.err
    assert twice() == before


def test_doctor_finds_credentials_of_another_account(
    twice: Any, spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Commands(capsys)("doctor", "--file", spec)
    assert said.code == 1
    assert f"shop belongs to account {core.ACCOUNT}" in said.out


def test_credentials_of_the_right_account_are_taken(
    world: World, spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Commands(capsys)("up", "-f", spec, "--yes", "--no-push").code == 0
    assert Commands(capsys)("plan", "-f", spec, "--exit-code").code == 0
    assert Commands(capsys)("down", "-f", spec, "--yes").code == 0
    assert world.inventory == {}


def test_a_bucket_of_a_stranger_that_lets_everybody_write_is_left_alone(
    world: World, stranger: dict[str, str]
) -> None:
    """Where names are not bound to an account, anybody can take one of ours and wait for our source code."""
    region = "me-south-1"
    name = f"shop-artifacts-{core.ACCOUNT}-{region}"
    s3 = boto3.client("s3", region_name=region, **stranger)  # type: ignore[call-overload]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    tag = {"Key": "awspipe:pipeline", "Value": "shop"}
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [tag]})
    s3.delete_public_access_block(Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    before = inventory(stranger)
    aws = core.connect(core.session(region))
    error = core.refused(core.up, aws, STATIC_SITE)
    assert isinstance(error, DeniedError)
    assert error.message.startswith(
        f"look at bucket {name}: access denied: it is another account's and not {core.ACCOUNT}'s"
    )
    assert core.down(aws).plan.steps == ()
    aws.close()
    assert inventory(stranger) == before
    assert world.inventory == {}
