"""The sandbox's services inside a test's own process, and clients whose every answer is held to the model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from awspipe.sandbox import runtime, seam
from tests.support import modelcheck

ACCOUNT = "123456789012"
REGION = "ap-northeast-2"

_MOTOS_OWN = frozenset({"iam", "logs"})
"""What these answer is not ours, and botocore decodes IAM's documents before anybody sees them."""


@contextmanager
def in_process(tmp_path: Path, **runtime_options: Any) -> Iterator[runtime.Runtime]:
    """moto's mock with the sandbox's own backends in it; dummy credentials are moto's own."""
    played = runtime.Runtime(state_dir=tmp_path, **runtime_options)
    seam.install(played)
    try:
        with mock_aws():
            try:
                yield played
            finally:
                # A thread that outlived the mock would work on the next test's account.
                assert seam.close(), "jobs of the sandbox do not end"
    finally:
        runtime.use(None)


def client(service: str, region: str = REGION) -> Any:
    """A client; an answer that AWS's model forbids raises ModelViolation. Register nothing in it."""
    return _checking(service, region, _surroundings())


def plain(service: str, region: str = REGION) -> Any:
    """A client whose answers nobody looks at. Register nothing in it."""
    return _plain(service, region, _surroundings())


def _surroundings() -> tuple[tuple[str, str], ...]:
    """What makes one client unlike another: it holds nothing else, so all tests of a process share it.

    To make a client takes longer than to ask it ten times.
    """
    return tuple(sorted((key, value) for key, value in os.environ.items() if key.startswith(("AWS", "HOME"))))


@cache
def _plain(service: str, region: str, _: tuple[tuple[str, str], ...]) -> Any:
    return boto3.Session(region_name=region).client(service)  # type: ignore[call-overload]


@cache
def _checking(service: str, region: str, _: tuple[tuple[str, str], ...]) -> Any:
    made: Any = boto3.Session(region_name=region).client(service)  # type: ignore[call-overload]

    def check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        # AWS answers an empty list where there is nothing, whatever minimum the model shares with requests.
        required = model.output_shape.required_members if model.output_shape else ()
        answer = {name: value for name, value in parsed.items() if value != [] or name in required}
        if http_response.status_code < 300 and service not in _MOTOS_OWN:
            modelcheck.check_output(service, model.name, answer)

    made.meta.events.register("after-call", check)
    return made


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """The error code and text of a call that must be refused."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError(f"not refused: {arguments}")


def code(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code of a call that must be refused."""
    return refusal(call, **arguments)[0]


def trust(*services: str, condition: Mapping[str, Any] | None = None) -> str:
    """A trust policy for services, given as `codebuild`, or for ARNs."""
    arns = [one for one in services if one.startswith("arn:")]
    principal = {"AWS": arns} if arns else {"Service": [f"{one}.amazonaws.com" for one in services]}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str, *services: str, allow: Sequence[tuple[str, str]] = (), **trusting: Any) -> str:
    """Make a role that services can assume and that may do (action, resource); its ARN."""
    iam = plain("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(*services, **trusting))
    if allow:
        statements = [{"Effect": "Allow", "Action": action, "Resource": what} for action, what in allow]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def action(name: str, kind: str, **members: Any) -> dict[str, Any]:
    """An action declaration; `kind` is `Category/Provider`."""
    category, provider = kind.split("/")
    kind_of = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind_of, **members}


def artifacts(*names: str) -> list[dict[str, str]]:
    """A list of artifacts."""
    return [{"name": name} for name in names]


def pipeline(role_arn: str, **members: Any) -> dict[str, Any]:
    """A declaration that CodePipeline accepts: CodeCommit to S3."""
    source = action(
        "Source",
        "Source/CodeCommit",
        configuration={"RepositoryName": "shop", "BranchName": "main", "PollForSourceChanges": "false"},
        outputArtifacts=artifacts("Src"),
    )
    deploy = action(
        "Deploy",
        "Deploy/S3",
        configuration={"BucketName": "site", "Extract": "true"},
        inputArtifacts=artifacts("Src"),
    )
    whole = {
        "name": "shop",
        "roleArn": role_arn,
        "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Deploy", "actions": [deploy]}],
    }
    return whole | members
