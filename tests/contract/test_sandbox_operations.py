"""Every operation of the services that the sandbox plays itself is played, or says that it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from awspipe.sandbox.service import UNSUPPORTED
from tests.support.sandbox import REGION, in_process

SERVICES = ("codebuild", "codecommit", "codeconnections", "codedeploy", "codepipeline")
FEW = {"codebuild": 11, "codecommit": 15, "codeconnections": 5, "codedeploy": 30, "codepipeline": 20}
"""How many operations are played at the least."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[None]:
    with in_process(tmp_path):
        yield


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_is_played_or_says_that_it_is_not(sandbox: None, service: str) -> None:
    client = boto3.client(  # type: ignore[call-overload]
        service, region_name=REGION, config=Config(parameter_validation=False)
    )
    model = get_service_model(service)
    played = 0
    for name in model.operation_names:
        declared = {shape.name for shape in model.operation_model(name).error_shapes}
        try:
            client._make_api_call(name, {})
            code, text, status = "", "", 200
        except ClientError as error:
            code, text = error.response["Error"]["Code"], error.response["Error"]["Message"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code == UNSUPPORTED:
            assert text == f"The sandbox does not play {service}:{name}; nothing was done."
        else:
            assert code in declared | {"", "ValidationException"}, name
            assert not code or text, name
            played += 1
        assert status < 500, name
    assert FEW[service] <= played
