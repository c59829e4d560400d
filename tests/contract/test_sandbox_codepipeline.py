"""CodePipeline in the sandbox answers what AWS answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import runtime
from tests.support.engine import still
from tests.support.sandbox import (
    ACCOUNT,
    REGION,
    action,
    artifacts,
    client,
    code,
    in_process,
    pipeline,
    refusal,
    role,
)

ARN = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:shop"
NO_ID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path, actions=still()):
        yield client("codepipeline")


@pytest.fixture
def role_arn(aws: Any) -> str:
    return role("pipeline", "codepipeline")


@pytest.fixture
def shop(aws: Any, role_arn: str) -> Any:
    aws.create_pipeline(pipeline=pipeline(role_arn), tags=[{"key": "a", "value": "b"}])
    return aws


def executions(aws: Any) -> list[Any]:
    found = aws.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    return [(one["status"], one["trigger"]["triggerType"]) for one in found]


def test_a_pipeline_is_shown_with_its_defaults(shop: Any, role_arn: str) -> None:
    answer = shop.get_pipeline(name="shop")
    found = answer["pipeline"]
    assert (found["version"], found["pipelineType"], found["executionMode"]) == (1, "V2", "SUPERSEDED")
    source = found["stages"][0]["actions"][0]
    assert (source["runOrder"], source["inputArtifacts"]) == (1, [])
    assert answer["metadata"]["pipelineArn"] == ARN
    assert answer["metadata"]["created"] == answer["metadata"]["updated"]


def test_without_a_type_a_pipeline_is_v1_unless_it_uses_v2(aws: Any, role_arn: str) -> None:
    plain = pipeline(role_arn)
    del plain["pipelineType"]
    assert aws.create_pipeline(pipeline=plain)["pipeline"]["pipelineType"] == "V1"
    modern = plain | {"name": "b", "variables": [{"name": "who", "defaultValue": "me"}]}
    assert aws.create_pipeline(pipeline=modern)["pipeline"]["pipelineType"] == "V2"


def test_creating_starts_the_first_execution(shop: Any) -> None:
    (only,) = shop.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    assert only["status"] == "InProgress"
    assert only["trigger"]["triggerType"] == "CreatePipeline"
    found = shop.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=only["pipelineExecutionId"])
    assert found["pipelineExecution"]["status"] == "InProgress"
    first, second = shop.get_pipeline_state(name="shop")["stageStates"]
    assert first["latestExecution"]["status"] == "InProgress"
    assert first["actionStates"][0]["latestExecution"]["status"] == "InProgress"
    assert "latestExecution" not in second
    assert second["actionStates"] == [{"actionName": "Deploy"}]
    (action,) = shop.list_action_executions(pipelineName="shop")["actionExecutionDetails"]
    assert (action["actionName"], action["status"]) == ("Source", "InProgress")


def test_a_name_in_use(shop: Any, role_arn: str) -> None:
    assert code(shop.create_pipeline, pipeline=pipeline(role_arn)) == "PipelineNameInUseException"


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("get_pipeline", {"name": "no"}, "PipelineNotFoundException"),
        ("get_pipeline", {"name": "shop", "version": 7}, "PipelineVersionNotFoundException"),
        ("get_pipeline", {"name": "a shop"}, "ValidationException"),
        ("get_pipeline_state", {"name": "no"}, "PipelineNotFoundException"),
        ("start_pipeline_execution", {"name": "no"}, "PipelineNotFoundException"),
        (
            "start_pipeline_execution",
            {"name": "shop", "variables": [{"name": "x", "value": "1"}]},
            "ValidationException",
        ),
        (
            "start_pipeline_execution",
            {
                "name": "shop",
                "sourceRevisions": [{"actionName": "No", "revisionType": "COMMIT_ID", "revisionValue": "a"}],
            },
            "ValidationException",
        ),
        (
            "stop_pipeline_execution",
            {"pipelineName": "shop", "pipelineExecutionId": NO_ID},
            "PipelineExecutionNotStoppableException",
        ),
        (
            "get_pipeline_execution",
            {"pipelineName": "shop", "pipelineExecutionId": NO_ID},
            "PipelineExecutionNotFoundException",
        ),
        (
            "list_action_executions",
            {"pipelineName": "shop", "filter": {"pipelineExecutionId": NO_ID}},
            "PipelineExecutionNotFoundException",
        ),
        ("list_pipelines", {"nextToken": "zzz"}, "InvalidNextTokenException"),
        (
            "enable_stage_transition",
            {"pipelineName": "shop", "stageName": "No", "transitionType": "Inbound"},
            "StageNotFoundException",
        ),
        (
            "disable_stage_transition",
            {"pipelineName": "shop", "stageName": "Deploy", "transitionType": "Inbound", "reason": "때문"},
            "ValidationException",
        ),
        ("list_tags_for_resource", {"resourceArn": f"{ARN}x"}, "ResourceNotFoundException"),
        ("list_tags_for_resource", {"resourceArn": "shop"}, "ValidationException"),
        (
            "tag_resource",
            {"resourceArn": ARN, "tags": [{"key": "aws:x", "value": ""}]},
            "InvalidTagsException",
        ),
        (
            "tag_resource",
            {"resourceArn": ARN, "tags": [{"key": str(n), "value": ""} for n in range(50)]},
            "TooManyTagsException",
        ),
        (
            "rollback_stage",
            {"pipelineName": "shop", "stageName": "Deploy", "targetPipelineExecutionId": NO_ID},
            "PipelineExecutionNotFoundException",
        ),
    ],
)
def test_refusals(shop: Any, operation: str, arguments: dict[str, Any], expected: str) -> None:
    assert code(getattr(shop, operation), **arguments) == expected


def _stages(*more: dict[str, Any], deploy: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    first, last = copy.deepcopy(pipeline("")["stages"])
    last["actions"][0] |= deploy or {}
    return [first, *more, last]


def _build(**members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"configuration": {"ProjectName": "p"}, "inputArtifacts": artifacts("Src")}
    return action("Build", "Build/CodeBuild", **(given | members))


def _stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "actions": list(actions)}


SOURCE = _stages()[0]["actions"][0]
COMMANDS = action("Build", "Compute/Commands", inputArtifacts=artifacts("Src"), commands=["ls"])
APPROVAL = action("Ask", "Approval/Manual")
STRUCTURE, STAGE, ACTION = (
    f"Invalid{what}Exception" for what in ("Structure", "StageDeclaration", "ActionDeclaration")
)

BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"stages": _stages()[:1]}, STRUCTURE, "Pipeline has only 1 stage(s)."),
    (
        {"stages": [*_stages(), *(_stage(f"S{n}", APPROVAL) for n in range(49))]},
        STRUCTURE,
        "Pipeline has too many stages. There can only be up to 50 stages in a pipeline",
    ),
    ({"stages": [*_stages(), _stages()[1]]}, STAGE, "Stage name 'Deploy' is used more than once"),
    ({"stages": _stages(_stage("Empty"))}, STAGE, "Stage 'Empty' should have at least one action"),
    (
        {"stages": _stages(_stage("B", APPROVAL, APPROVAL))},
        ACTION,
        "Action name 'Ask' is used more than once in stage 'B'",
    ),
    (
        {"stages": _stages()[::-1]},
        STRUCTURE,
        "Pipeline should start with a stage that only contains source actions",
    ),
    (
        {"stages": _stages(_stage("More", SOURCE | {"outputArtifacts": artifacts("Two")}))},
        STRUCTURE,
        "Source actions can only be included in the first stage of the pipeline",
    ),
    ({"stages": _stages(deploy={"inputArtifacts": artifacts("No")})}, ACTION, "Input Artifact Bundle No in"),
    (
        {"stages": _stages(_stage("B", _build(outputArtifacts=artifacts("Src"))))},
        ACTION,
        "Output Artifact Bundle name must be unique",
    ),
    (
        {
            "stages": _stages(
                _stage(
                    "B",
                    _build(outputArtifacts=artifacts("Out")),
                    _build(inputArtifacts=artifacts("Out")) | {"name": "Test"},
                )
            )
        },
        ACTION,
        "Input Artifact Bundle Out in action Test",
    ),
    (
        {"stages": _stages(deploy={"inputArtifacts": []})},
        ACTION,
        "Action Deploy declares 0 input artifacts which is less than the minimum count (1)",
    ),
    (
        {"stages": _stages(deploy={"outputArtifacts": artifacts("X")})},
        ACTION,
        "Action Deploy declares 1 output artifacts which is more than the maximum count (0)",
    ),
    (
        {"stages": _stages(deploy={"configuration": {"Extract": "true"}})},
        ACTION,
        "Action configuration for action 'Deploy' is missing required configuration 'BucketName'",
    ),
    (
        {"stages": _stages(deploy={"configuration": {"BucketName": "b", "Extract": "false"}})},
        ACTION,
        "Action configuration for action 'Deploy' is missing required configuration 'ObjectKey'",
    ),
    (
        {"stages": _stages(deploy={"configuration": {"BucketName": "b", "Extract": "true", "Bucket": "b"}})},
        ACTION,
        "Action configuration for action 'Deploy' contains unknown configuration 'Bucket'",
    ),
    (
        {"stages": _stages(_stage("B", action("X", "Deploy/Magic")))},
        ACTION,
        "ActionType (Category: 'Deploy', Provider: 'Magic', Owner: 'AWS', Version: '1') in action 'X'"
        " is not available in region 'AP_NORTHEAST_2'",
    ),
    (
        {"stages": _stages(_stage("B", COMMANDS)), "pipelineType": "V1"},
        STRUCTURE,
        "Action 'Build': Commands actions can only be used with V2 pipelines",
    ),
    (
        {"stages": _stages(_stage("B", _build(commands=["ls"])))},
        ACTION,
        "Action 'Build' cannot have commands",
    ),
    (
        {"stages": _stages(_stage("B", _build(timeoutInMinutes=5)))},
        ACTION,
        "Action 'Build' cannot have a timeout",
    ),
    (
        {"stages": _stages(_stage("B", _build(namespace="Src")))},
        STRUCTURE,
        "Namespace 'Src' has the name of an artifact.",
    ),
    (
        {"stages": _stages(_stage("B", _build(namespace="codepipeline")))},
        STRUCTURE,
        "Namespace 'codepipeline' is",
    ),
    (
        {"stages": _stages(_stage("B", _build(namespace="n"), APPROVAL | {"namespace": "n"}))},
        STRUCTURE,
        "Namespace must be unique",
    ),
    (
        {"stages": _stages(_stage("B", APPROVAL | {"configuration": {"CustomData": "#{n.CommitId}"}}))},
        ACTION,
        "Action 'Ask' references the variable '#{n.CommitId}'",
    ),
    (
        {"pipelineType": "V1", "variables": [{"name": "x", "defaultValue": "1"}]},
        STRUCTURE,
        "Pipeline variable can only be used with V2 pipelines",
    ),
    (
        {"variables": [{"name": "x", "defaultValue": "1"}, {"name": "x", "defaultValue": "2"}]},
        STRUCTURE,
        "Variable names must be unique. The following variable name is already in use: x",
    ),
    ({"pipelineType": "V1", "executionMode": "QUEUED"}, STRUCTURE, "QUEUED execution mode can only be used"),
    (
        {
            "triggers": [
                {
                    "providerType": "CodeStarSourceConnection",
                    "gitConfiguration": {
                        "sourceActionName": "Source",
                        "push": [{"tags": {"includes": ["v*"]}}],
                    },
                }
            ]
        },
        STRUCTURE,
        "Triggers for connections must reference a CodeStarSourceConnection action.",
    ),
    (
        {
            "stages": [_stages()[0], _stages()[1] | {"onFailure": {"result": "ROLLBACK"}}],
            "executionMode": "PARALLEL",
        },
        STAGE,
        "Failure conditions with rollback result type cannot be added to a PARALLEL pipeline.",
    ),
    (
        {"stages": _stages(deploy={"region": "us-east-1"})},
        STRUCTURE,
        "Your pipeline must have an artifact store, such as an artifact bucket, for each region where you"
        " have an action. The following region is missing in 'pipeline.artifactStores': us-east-1.",
    ),
    (
        {"artifactStores": {REGION: {"type": "S3", "location": "artifacts"}}},
        STRUCTURE,
        "Your pipeline must have either",
    ),
]


@pytest.mark.parametrize(("broken", "expected", "text"), BROKEN, ids=[text[:40] for _, _, text in BROKEN])
def test_structures_that_are_refused(
    aws: Any, role_arn: str, broken: dict[str, Any], expected: str, text: str
) -> None:
    answer = refusal(aws.create_pipeline, pipeline=pipeline(role_arn) | broken)
    assert answer[0] == expected
    assert answer[1].startswith(text)
    assert aws.list_pipelines()["pipelines"] == []


@pytest.mark.parametrize(
    "fine",
    [
        {"stages": _stages(_stage("B", _build(outputArtifacts=artifacts("Out")), APPROVAL))},
        {
            "stages": _stages(
                _stage(
                    "B",
                    _build(outputArtifacts=artifacts("Out"), namespace="built"),
                    _build(
                        runOrder=2,
                        inputArtifacts=artifacts("Out", "Src"),
                        configuration={
                            "ProjectName": "p",
                            "PrimarySource": "Src",
                            "EnvironmentVariables": "#{built.X}",
                        },
                    )
                    | {"name": "Test"},
                )
            )
        },
        {"stages": _stages(_stage("B", COMMANDS))},
        {"stages": _stages(_stage("B", APPROVAL | {"timeoutInMinutes": 5}))},
        {"executionMode": "PARALLEL", "variables": [{"name": "x"}]},
        {
            "variables": [{"name": "x", "defaultValue": "1"}],
            "stages": _stages(_stage("B", APPROVAL | {"configuration": {"CustomData": "#{variables.x}"}})),
        },
    ],
)
def test_structures_that_are_accepted(aws: Any, role_arn: str, fine: dict[str, Any]) -> None:
    assert aws.create_pipeline(pipeline=pipeline(role_arn) | fine)["pipeline"]["version"] == 1


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (
            {"name": "x" * 101},
            "at 'pipeline.name' failed to satisfy constraint: Member must have length less",
        ),
        (
            {"roleArn": "nope"},
            "at 'pipeline.roleArn' failed to satisfy constraint: Member must satisfy regular",
        ),
        ({"pipelineType": "V3"}, "Member must satisfy enum value set: [V1, V2]"),
        (
            {"stages": _stages(_stage("B", APPROVAL | {"runOrder": 1000}))},
            "at 'pipeline.stages.2.member.actions.1.member.runOrder' failed to satisfy constraint: Member "
            "must have value less than or equal to 999",
        ),
        ({"stages": _stages(_stage("단계", APPROVAL))}, "at 'pipeline.stages.2.member.name'"),
    ],
)
def test_the_model_is_checked(aws: Any, role_arn: str, broken: dict[str, Any], text: str) -> None:
    answer = refusal(aws.create_pipeline, pipeline=pipeline(role_arn) | broken)
    assert answer[0] == "ValidationException"
    assert answer[1].startswith("1 validation error detected: Value '")
    assert text in answer[1]


def test_the_role_must_exist_and_trust_codepipeline(aws: Any, role_arn: str) -> None:
    other = role("build", "codebuild")
    for wrong in (f"{role_arn}x", other):
        answer = refusal(aws.create_pipeline, pipeline=pipeline(wrong))
        assert answer == (
            "InvalidStructureException",
            f"CodePipeline is not authorized to perform AssumeRole on role {wrong}",
        )


def test_an_actions_own_role_must_be_assumable(aws: Any, role_arn: str) -> None:
    own = role("deploy", "arn:aws:iam::123456789012:role/able")
    wanted = pipeline(role_arn, stages=_stages(deploy={"roleArn": own}))
    answer = refusal(aws.create_pipeline, pipeline=wanted)
    assert answer[1] == f"{role_arn} is not authorized to perform AssumeRole on role {own}"
    able = role("able", "codepipeline", allow=[("sts:AssumeRole", own)])
    assert aws.create_pipeline(pipeline=wanted | {"roleArn": able})


def test_a_fresh_role_is_unusable_for_a_while(tmp_path: Path) -> None:
    with in_process(tmp_path, role_delay=30.0) as played:
        aws, arn = client("codepipeline"), role("pipeline", "codepipeline")
        text = refusal(aws.create_pipeline, pipeline=pipeline(arn))[1]
        assert text == f"CodePipeline is not authorized to perform AssumeRole on role {arn}"
        real = played.clock
        runtime.use(runtime.Runtime(state_dir=tmp_path, role_delay=30.0, clock=lambda: real() + 31))
        assert aws.create_pipeline(pipeline=pipeline(arn))["pipeline"]["version"] == 1


def test_updating_makes_a_version_and_cancels_what_is_in_flight(shop: Any) -> None:
    shop.disable_stage_transition(
        pipelineName="shop", stageName="Deploy", transitionType="Inbound", reason="later"
    )
    waits = shop.start_pipeline_execution(name="shop")
    wanted = shop.get_pipeline(name="shop")["pipeline"]
    wanted["stages"][1]["name"] = "Ship"
    assert shop.update_pipeline(pipeline=wanted)["pipeline"]["version"] == 2
    # Who waited is cancelled at once, who is in a stage when its action ends.
    assert executions(shop) == [("Cancelled", "StartPipelineExecution"), ("InProgress", "CreatePipeline")]
    assert code(shop.stop_pipeline_execution, pipelineName="shop", **started_id(waits)) == NOT_STOPPABLE
    assert shop.get_pipeline(name="shop", version=1)["pipeline"]["stages"][1]["name"] == "Deploy"
    first, second = shop.get_pipeline_state(name="shop")["stageStates"]
    assert first["latestExecution"]["status"] == "InProgress"
    assert second["inboundTransitionState"] == {"enabled": True}


def test_updating_an_absent_pipeline(aws: Any, role_arn: str) -> None:
    assert code(aws.update_pipeline, pipeline=pipeline(role_arn)) == "PipelineNotFoundException"


def test_a_parallel_pipeline_has_no_state_and_its_update_cancels_nothing(aws: Any, role_arn: str) -> None:
    wanted = pipeline(role_arn, executionMode="PARALLEL")
    aws.create_pipeline(pipeline=wanted)
    aws.update_pipeline(pipeline=wanted)
    assert aws.get_pipeline_state(name="shop")["stageStates"] == []
    assert executions(aws) == [("InProgress", "CreatePipeline")]


def test_starting_by_hand_waits_behind_the_first(shop: Any) -> None:
    first = shop.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"][0]
    second = shop.start_pipeline_execution(name="shop", clientRequestToken="t")["pipelineExecutionId"]
    assert shop.start_pipeline_execution(name="shop", clientRequestToken="t")["pipelineExecutionId"] == second
    assert executions(shop) == [("InProgress", "StartPipelineExecution"), ("InProgress", "CreatePipeline")]
    stage = shop.get_pipeline_state(name="shop")["stageStates"][0]
    assert stage["latestExecution"]["pipelineExecutionId"] == first["pipelineExecutionId"]
    assert stage["inboundExecution"]["pipelineExecutionId"] == second


def test_variables_get_values_and_defaults(aws: Any, role_arn: str) -> None:
    declared = [{"name": "a", "defaultValue": "1"}, {"name": "b", "defaultValue": "2"}]
    aws.create_pipeline(pipeline=pipeline(role_arn, variables=declared))
    started = aws.start_pipeline_execution(name="shop", variables=[{"name": "b", "value": "3"}])
    found = aws.get_pipeline_execution(pipelineName="shop", **started_id(started))["pipelineExecution"]
    assert found["variables"] == [{"name": "a", "resolvedValue": "1"}, {"name": "b", "resolvedValue": "3"}]


def started_id(answer: Any) -> dict[str, str]:
    return {"pipelineExecutionId": answer["pipelineExecutionId"]}


NOT_STOPPABLE = "PipelineExecutionNotStoppableException"


@pytest.mark.parametrize("abandon", [True, False])
def test_stopping_one_that_waits_ends_it_at_once_and_only_once(shop: Any, abandon: bool) -> None:
    started = started_id(shop.start_pipeline_execution(name="shop"))
    shop.stop_pipeline_execution(pipelineName="shop", **started, abandon=abandon, reason="enough")
    newest = shop.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"][0]
    assert (newest["status"], newest["stopTrigger"]) == ("Stopped", {"reason": "enough"})
    assert (
        code(shop.stop_pipeline_execution, pipelineName="shop", **started, abandon=abandon) == NOT_STOPPABLE
    )


def test_fifty_queued_executions_are_the_limit(aws: Any, role_arn: str) -> None:
    aws.create_pipeline(pipeline=pipeline(role_arn, executionMode="QUEUED"))
    for _ in range(49):
        aws.start_pipeline_execution(name="shop")
    limit = code(aws.start_pipeline_execution, name="shop")
    assert limit == "ConcurrentPipelineExecutionsLimitExceededException"


def test_pages_of_executions(shop: Any) -> None:
    for _ in range(4):
        shop.start_pipeline_execution(name="shop")
    pages = shop.get_paginator("list_pipeline_executions")
    sizes = [
        len(one["pipelineExecutionSummaries"])
        for one in pages.paginate(pipelineName="shop", PaginationConfig={"PageSize": 2})
    ]
    assert sizes == [2, 2, 1]


def test_transitions(shop: Any) -> None:
    where = {"pipelineName": "shop", "stageName": "Deploy", "transitionType": "Inbound"}
    shop.disable_stage_transition(**where, reason="wait!")
    state = shop.get_pipeline_state(name="shop")["stageStates"][1]["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "wait!")
    shop.enable_stage_transition(**where)
    state = shop.get_pipeline_state(name="shop")["stageStates"][1]["inboundTransitionState"]
    assert state["enabled"] is True
    assert "disabledReason" not in state


def test_deleting_is_final_and_absent_is_fine(shop: Any) -> None:
    shop.delete_pipeline(name="shop")
    shop.delete_pipeline(name="shop")
    assert code(shop.get_pipeline, name="shop") == "PipelineNotFoundException"


def test_tags(shop: Any) -> None:
    shop.tag_resource(resourceArn=ARN, tags=[{"key": "c", "value": ""}])
    shop.untag_resource(resourceArn=ARN, tagKeys=["a"])
    assert shop.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"key": "c", "value": ""}]


def test_a_secret_is_masked(aws: Any, role_arn: str) -> None:
    wanted = pipeline(role_arn)
    source = wanted["stages"][0]["actions"][0]
    source["actionTypeId"] |= {"owner": "ThirdParty", "provider": "GitHub"}
    source["configuration"] = {"Owner": "o", "Repo": "r", "Branch": "b", "OAuthToken": "secret"}
    aws.create_pipeline(pipeline=wanted)
    found = aws.get_pipeline(name="shop")["pipeline"]["stages"][0]["actions"][0]
    assert found["configuration"]["OAuthToken"] == "****"
