"""Deploying by CloudFormation: stacks of moto's are made, updated and refused as AWS does it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_sandbox_actions import ARTIFACTS, SOURCE, Shop
from tests.support.engine import approval
from tests.support.sandbox import ACCOUNT, REGION, action, artifacts, in_process, pipeline, plain, role

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cfn"
RIGHTS = (("cloudformation:*", STACK), ("iam:PassRole", ROLE))
TEMPLATE = """\
Parameters:
  Name: {Type: String}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref Name}
Outputs:
  Url: {Value: !Ref Queue}
"""
QUEUE = "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: made}}}\n"
MORE = QUEUE.replace("{Q:", "{R: {Type: 'AWS::SQS::Queue', Properties: {QueueName: anew}}, Q:")
GROUP = "G: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /made}}"


class Stacks:
    """A pipeline whose source holds a template."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.aws: Any = plain("cloudformation")
        role("cfn", "cloudformation")

    def create(
        self, template: str, *more: Any, allow: Any = RIGHTS, outputs: Any = (), **members: str
    ) -> None:
        self.shop.push(**{"shop.yml": template.encode()})
        given = {"ActionMode": "CREATE_UPDATE", "StackName": "shop", "RoleArn": ROLE}
        given |= {"TemplatePath": "Src::shop.yml", **members}
        first = action(
            "Deploy",
            "Deploy/CloudFormation",
            configuration=given,
            inputArtifacts=artifacts("Src"),
            outputArtifacts=artifacts(*outputs),
            namespace="Stack",
        )
        source, _ = pipeline("")["stages"]
        stages = [source, {"name": "Deploy", "actions": [first]}, *more]
        made = pipeline(role("pipeline", "codepipeline", allow=[SOURCE, ARTIFACTS, *allow]), stages=stages)
        self.shop.pipelines.create_pipeline(pipeline=made)
        self.shop.runtime.drain()

    def push(self, template: str) -> None:
        self.shop.push(**{"shop.yml": template.encode()})
        self.shop.start()

    @property
    def status(self) -> str:
        found = self.aws.describe_stacks()["Stacks"]
        return str(found[0]["StackStatus"]) if found else "none"

    def events(self) -> list[str]:
        found = self.aws.describe_stack_events(StackName="shop")["StackEvents"]
        return [one["ResourceStatus"] for one in reversed(found)]


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[Stacks]:
    with in_process(tmp_path) as played:
        yield Stacks(Shop(played))


def queues() -> list[str]:
    sqs: Any = plain("sqs")
    return sorted(url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", []))


def test_a_stack_is_made_with_parameters_and_gives_its_outputs(stacks: Stacks) -> None:
    stacks.create(TEMPLATE, ParameterOverrides='{"Name": "orders"}', OutputFileName="o.json", outputs=["Out"])
    assert (stacks.shop.statuses(), stacks.status, queues()) == (["Succeeded"], "CREATE_COMPLETE", ["orders"])
    done = stacks.shop.last("Deploy")["output"]
    assert done["outputVariables"]["Url"].endswith("/orders")
    place = done["outputArtifacts"][0]["s3location"]
    content = stacks.shop.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert json.loads(archive.read("o.json")) == done["outputVariables"]


def test_a_stack_is_updated_and_left_alone_where_nothing_changes(stacks: Stacks) -> None:
    stacks.create(QUEUE)
    stacks.shop.start()
    assert stacks.events() == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    stacks.push(MORE)
    assert stacks.shop.statuses() == ["Succeeded"] * 3
    assert (stacks.status, queues()) == ("UPDATE_COMPLETE", ["anew", "made"])


def test_a_change_set_waits_for_an_approval(stacks: Stacks) -> None:
    given = {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": "shop", "ChangeSetName": "awspipe"}
    last = {"name": "Last", "actions": [action("Last", "Deploy/CloudFormation", configuration=given)]}
    stacks.create(QUEUE, approval(), last, ActionMode="CHANGE_SET_REPLACE", ChangeSetName="awspipe")
    assert (stacks.status, queues()) == ("REVIEW_IN_PROGRESS", [])
    assert stacks.shop.last("Deploy")["output"]["executionResult"]["externalExecutionSummary"] == (
        "Change set awspipe: Add Q"
    )
    answer(stacks.shop)
    assert (stacks.shop.statuses(), stacks.status) == (["Succeeded"], "CREATE_COMPLETE")
    assert queues() == ["made"]
    stacks.push(MORE)
    assert queues() == ["made"]
    answer(stacks.shop)
    assert queues() == ["anew", "made"]


def answer(shop: Shop) -> None:
    stage = shop.pipelines.get_pipeline_state(name="shop")["stageStates"][2]
    token = stage["actionStates"][0]["latestExecution"]["token"]
    names = {"pipelineName": "shop", "stageName": stage["stageName"], "actionName": stage["stageName"]}
    shop.pipelines.put_approval_result(**names, token=token, result={"status": "Approved", "summary": "ok"})
    shop.runtime.drain()


@pytest.mark.parametrize(
    ("template", "members", "message"),
    [
        ("Resources: [", {}, "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("Outputs: {}", {}, "At least one Resources member must be defined"),
        ("Resources: {A: {}}", {}, "Every Resources object must contain a Type member"),
        ("!!python/object/apply:os.getcwd []", {}, "Template format error: unknown tag"),
        (TEMPLATE, {}, "Parameters: [Name] must have values"),
        (QUEUE, {"ParameterOverrides": '{"X": "1"}'}, "Parameters: [X] do not exist in the template"),
        (QUEUE, {"ParameterOverrides": "{"}, "ParameterOverrides is not valid JSON"),
        (QUEUE, {"TemplatePath": "Src::other.yml"}, "File [other.yml] does not exist in artifact [Src]"),
        ("Resources: {R: {Type: 'AWS::IAM::Role'}}", {}, "Requires capabilities : [CAPABILITY_IAM]"),
        (
            "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}}",
            {"Capabilities": "CAPABILITY_IAM"},
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (QUEUE, {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/no"}, "not authorized to perform: iam:PassRole"),
        ("Resources: {B: {Type: 'AWS::CodeBuild::Project'}}", {}, "does not play AWS::CodeBuild::Project"),
        ("Resources: {B: {Type: 'AWS::Moon::Landing'}}", {}, "does not play AWS::Moon::Landing"),
        ("Transform: AWS::Serverless-2016-10-31\n" + QUEUE, {}, "does not play Transform"),
        (QUEUE, {"ActionMode": "DELETE_ONLY"}, "does not play ActionMode DELETE_ONLY"),
        (QUEUE, {"ActionMode": "CHANGE_SET_EXECUTE", "ChangeSetName": "x"}, "ChangeSet [x] does not exist"),
    ],
)
def test_what_is_wrong_fails_the_action_and_makes_nothing(
    stacks: Stacks, template: str, members: dict[str, str], message: str
) -> None:
    stacks.create(template, **members)
    assert message in stacks.shop.error("Deploy")[1]
    assert (stacks.status, queues()) == ("none", [])


def test_a_stack_that_fails_is_taken_back_and_can_only_be_deleted(stacks: Stacks) -> None:
    plain("logs").create_log_group(logGroupName="/made")
    stacks.create(f"Resources: {{Q: {{Type: 'AWS::SQS::Queue'}}, {GROUP}}}")
    assert stacks.shop.error("Deploy") == (
        "JobFailed",
        "Stack shop is in ROLLBACK_COMPLETE: The specified log group already exists",
    )
    assert (stacks.status, queues()) == ("ROLLBACK_COMPLETE", [])
    stacks.shop.start()
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in stacks.shop.error("Deploy")[1]


def test_a_role_that_does_not_trust_cloudformation_is_of_no_use(stacks: Stacks) -> None:
    other = role("other", "ec2")
    stacks.create(QUEUE, allow=[*RIGHTS, ("iam:PassRole", other)], RoleArn=other)
    assert stacks.shop.error("Deploy")[1] == f"Role {other} is invalid or cannot be assumed"


@pytest.mark.parametrize("right", ["DescribeStacks", "CreateStack"])
def test_the_role_needs_each_right(stacks: Stacks, right: str) -> None:
    rights = [(f"cloudformation:{one}", STACK) for one in ("DescribeStacks", "CreateStack") if one != right]
    stacks.create(QUEUE, allow=[*rights, RIGHTS[1]])
    assert f"not authorized to perform: cloudformation:{right}" in stacks.shop.error("Deploy")[1]
    assert queues() == []
