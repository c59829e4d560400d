"""Deploying to Lambda: code, version and alias of a function change as CodePipeline changes them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox.actions.lambda_deploy import LambdaDeploy
from tests.contract.test_sandbox_actions import ARTIFACTS, SOURCE, Shop
from tests.support.sandbox import ACCOUNT, REGION, action, artifacts, in_process, pipeline, plain, role

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
RIGHTS = (("lambda:*", ARN), ("lambda:*", f"{ARN}:*"))
KEY = ("Deploy", "AWS", "Lambda")


class Watched(LambdaDeploy):
    """Waits for no minute, and lets the test look at each step."""

    def __init__(self) -> None:
        super().__init__(minute=0.0)
        self.at: list[Any] = []
        self.then: Callable[[], object] = lambda: None

    def _wait(self, run: Any, minutes: int) -> None:
        routing = plain("lambda").get_alias(FunctionName="shop", Name="live")
        self.at.append(
            (routing["FunctionVersion"], routing["RoutingConfig"]["AdditionalVersionWeights"], minutes)
        )
        self.then()
        super()._wait(run, minutes)


class Functions:
    """A function with a published version behind an alias, and a pipeline that deploys to it."""

    def __init__(self, shop: Shop, player: Watched) -> None:
        self.shop, self.player = shop, player
        self.aws: Any = plain("lambda")
        self.aws.create_function(
            FunctionName="shop",
            Runtime="python3.12",
            Role=role("function", "lambda"),
            Handler="a.b",
            Code={"ZipFile": _zip({"a.py": b"old"})},
            Publish=True,
        )
        self.aws.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
        shop.push(**{"a.py": b"new"})

    def deploy(self, allow: Any = RIGHTS, inputs: Any = None, **configuration: str) -> None:
        taken = artifacts("Src") if inputs is None else inputs
        last = action(
            "Deploy",
            "Deploy/Lambda",
            configuration={"FunctionName": "shop", **configuration},
            inputArtifacts=taken,
            namespace="D",
        )
        first, _ = pipeline("")["stages"]
        stages = [first, {"name": "Deploy", "actions": [last]}]
        made = pipeline(role("pipeline", "codepipeline", allow=[SOURCE, ARTIFACTS, *allow]), stages=stages)
        self.shop.pipelines.create_pipeline(pipeline=made)
        self.shop.runtime.drain()

    @property
    def alias(self) -> tuple[str, Any]:
        found = self.aws.get_alias(FunctionName="shop", Name="live")
        return found["FunctionVersion"], found.get("RoutingConfig")

    def versions(self) -> list[str]:
        return [one["Version"] for one in self.aws.list_versions_by_function(FunctionName="shop")["Versions"]]


def _zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    player = Watched()
    with in_process(tmp_path, actions={KEY: player}) as played:
        yield Functions(Shop(played), player)


def test_the_artifact_becomes_a_version(functions: Functions) -> None:
    functions.deploy()
    assert functions.shop.statuses() == ["Succeeded"]
    assert functions.versions() == ["$LATEST", "1", "2"]
    assert functions.alias[0] == "1"
    done = functions.shop.last("Deploy")
    place = done["input"]["inputArtifacts"][0]["s3location"]
    content = functions.shop.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    code = functions.aws.get_function_configuration(FunctionName="shop", Qualifier="2")["CodeSha256"]
    assert code == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert done["output"]["outputVariables"] == {"FunctionVersion": "2"}


def test_an_alias_goes_over_at_once(functions: Functions) -> None:
    functions.deploy(FunctionAlias="live")
    assert functions.alias == ("2", None)
    assert functions.player.at == []


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        ("Canary10Percent5Minutes", [("1", {"2": 0.1}, 5)]),
        ("Linear30PercentEvery1Minute", [("1", {"2": share}, 1) for share in (0.3, 0.6, 0.9)]),
    ],
)
def test_an_alias_goes_over_step_by_step(functions: Functions, strategy: str, steps: Any) -> None:
    functions.deploy(FunctionAlias="live", DeployStrategy=strategy)
    assert functions.player.at == steps
    assert functions.alias == ("2", None)


def test_a_version_that_is_there_needs_no_artifact(functions: Functions) -> None:
    functions.aws.update_function_code(FunctionName="shop", ZipFile=_zip({"a.py": b"2"}))
    functions.aws.publish_version(FunctionName="shop")
    functions.deploy(inputs=[], FunctionAlias="live", PublishedTargetVersion="2")
    assert functions.alias[0] == "2"
    assert functions.versions() == ["$LATEST", "1", "2"]


def alarm(state: str) -> None:
    cloudwatch: Any = plain("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1
    )
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="because")


def test_an_alarm_takes_the_alias_back(functions: Functions) -> None:
    alarm("OK")
    functions.player.then = lambda: alarm("ALARM")
    rights = (*RIGHTS, ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"))
    strategy = {"FunctionAlias": "live", "DeployStrategy": "Canary10Percent5Minutes", "Alarms": "errors"}
    functions.deploy(allow=rights, **strategy)
    assert functions.shop.error("Deploy") == ("JobFailed", "The alarm errors went to the ALARM state.")
    assert functions.alias == ("1", None)


def test_a_sandbox_that_stops_takes_the_alias_back(functions: Functions) -> None:
    functions.player.then = functions.shop.runtime.jobs.close
    functions.deploy(FunctionAlias="live", DeployStrategy="Linear30PercentEvery1Minute")
    assert functions.shop.error("Deploy")[0] == "SandboxStopped"
    assert functions.alias == ("1", None)
    assert len(functions.player.at) == 1


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"FunctionName": "blog"}, "not authorized to perform: lambda:GetFunctionConfiguration"),
        ({"FunctionAlias": "test"}, f"Cannot find alias arn: {ARN}:test"),
        ({"FunctionAlias": "live", "DeployStrategy": "Slowly"}, "Slowly is not a deployment strategy"),
        ({"DeployStrategy": "AllAtOnce"}, "need FunctionAlias"),
        ({"FunctionAlias": "live", "PublishedTargetVersion": "9"}, f"Function not found: {ARN}:9"),
        ({"FunctionAlias": "live", "Alarms": "none"}, "cloudwatch:DescribeAlarms"),
    ],
)
def test_what_fails_changes_no_alias(
    functions: Functions, configuration: dict[str, str], message: str
) -> None:
    functions.deploy(**configuration)
    assert message in functions.shop.error("Deploy")[1]
    assert functions.alias[0] == "1"


@pytest.mark.parametrize("right", ["GetAlias", "UpdateFunctionCode", "PublishVersion", "UpdateAlias"])
def test_the_role_needs_each_right(functions: Functions, right: str) -> None:
    every = ("GetFunctionConfiguration", "GetAlias", "UpdateFunctionCode", "PublishVersion", "UpdateAlias")
    rights = [(f"lambda:{one}", f"{ARN}*") for one in every if one != right]
    functions.deploy(allow=rights, FunctionAlias="live")
    assert f"not authorized to perform: lambda:{right}" in functions.shop.error("Deploy")[1]
    assert functions.alias[0] == "1"


def test_an_alias_with_two_versions_is_not_deployed_to(functions: Functions) -> None:
    functions.aws.update_function_code(FunctionName="shop", ZipFile=_zip({"a.py": b"2"}))
    functions.aws.publish_version(FunctionName="shop")
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    functions.aws.update_alias(FunctionName="shop", Name="live", RoutingConfig=weights)
    functions.deploy(FunctionAlias="live")
    assert "has two versions behind it" in functions.shop.error("Deploy")[1]
    assert json.loads(json.dumps(functions.alias)) == ["1", weights]
