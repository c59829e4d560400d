"""EventBridge in the sandbox: who may publish, which rules deliver, and what a pipeline gets of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import codepipeline, eventbus
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, pipeline, plain, refusal, role

PIPELINE = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:shop"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/push"
REPOSITORY = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:shop"
START = "codepipeline:StartPipelineExecution"
PUSHES: dict[str, Any] = {
    "source": ["aws.codecommit"],
    "detail-type": ["CodeCommit Repository State Change"],
    "resources": [REPOSITORY],
    "detail": {
        "event": ["referenceCreated", "referenceUpdated"],
        "referenceType": ["branch"],
        "referenceName": ["main"],
    },
}


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path):
        client("codecommit").create_repository(repositoryName="shop")
        client("codepipeline").create_pipeline(pipeline=pipeline(role("pipeline", "codepipeline")))
        yield client("events")


@pytest.fixture
def starter(events: Any) -> str:
    return role("starter", "events", allow=[(START, PIPELINE)])


def follow(events: Any, role_arn: str, rule: dict[str, Any] | None = None, **target: Any) -> None:
    events.put_rule(**({"Name": "push", "EventPattern": json.dumps(PUSHES)} | (rule or {})))
    events.put_targets(Rule="push", Targets=[{"Id": "1", "Arn": PIPELINE, "RoleArn": role_arn} | target])


def push(branch: str = "main", parent: str | None = None, text: bytes = b"1") -> str:
    more = {"parentCommitId": parent} if parent else {}
    made = client("codecommit").create_commit(
        repositoryName="shop",
        branchName=branch,
        putFiles=[{"filePath": "a", "fileContent": text}],
        **more,
    )
    return str(made["commitId"])


def triggers() -> list[tuple[str, str]]:
    found = client("codepipeline").list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    return [(one["trigger"]["triggerType"], one["trigger"]["triggerDetail"]) for one in found][:-1]


STARTED = [("CloudWatchEvent", RULE)]


def test_a_push_starts_the_pipeline_through_the_rule(events: Any, starter: str) -> None:
    follow(events, starter)
    first = push()
    assert triggers() == STARTED
    push(parent=first, text=b"2")
    assert triggers() == STARTED * 2


def test_another_branch_does_not(events: Any, starter: str) -> None:
    follow(events, starter)
    push(branch="feature")
    assert triggers() == []


@pytest.mark.parametrize(
    "rule",
    [
        {"State": "DISABLED"},
        {"EventPattern": json.dumps(PUSHES | {"resources": [f"{REPOSITORY}x"]})},
        {"EventPattern": json.dumps(PUSHES | {"detail": {"event": ["referenceDeleted"]}})},
    ],
)
def test_rules_that_do_not_deliver(events: Any, starter: str, rule: dict[str, Any]) -> None:
    follow(events, starter, rule)
    push()
    assert triggers() == []


def test_a_schedule_is_not_an_event(events: Any, starter: str) -> None:
    events.put_rule(Name="push", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="push", Targets=[{"Id": "1", "Arn": PIPELINE, "RoleArn": starter}])
    push()
    events.put_events(Entries=[{"Source": "me", "DetailType": "x", "Detail": "{}"}])
    assert triggers() == []


def test_a_rule_disabled_and_enabled_again(events: Any, starter: str) -> None:
    follow(events, starter)
    events.disable_rule(Name="push")
    first = push()
    assert triggers() == []
    events.enable_rule(Name="push")
    push(parent=first, text=b"2")
    assert triggers() == STARTED


@pytest.mark.parametrize(
    ("services", "allow", "started"),
    [
        (["events"], [("codepipeline:*", "*")], True),
        (["codepipeline"], [(START, PIPELINE)], False),
        (["events"], [(START, f"{PIPELINE}x")], False),
        (["events"], [], False),
    ],
)
def test_the_targets_role_must_be_able(
    events: Any, services: list[str], allow: list[tuple[str, str]], started: bool
) -> None:
    follow(events, role("some", *services, allow=allow))
    push()
    assert triggers() == (STARTED if started else [])


def test_a_target_that_is_gone_harms_nobody(events: Any, starter: str) -> None:
    follow(events, starter)
    client("codepipeline").delete_pipeline(name="shop")
    assert push()


REVISION = '{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": %s}'


TEMPLATES = [
    '{"sourceRevisions": [' + REVISION % "<id>" + "]}",
    '{"sourceRevisions": ' + REVISION % '"<id>"' + "}",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_input_transformer_names_the_revision(events: Any, starter: str, template: str) -> None:
    transformer = {"InputPathsMap": {"id": "$.detail.commitId"}, "InputTemplate": template}
    follow(events, starter, InputTransformer=transformer)
    head = push()
    assert triggers() == STARTED
    backend = codepipeline.codepipeline_backends[ACCOUNT][REGION]
    (revision,) = backend.pipelines["shop"].executions[-1].source_revisions
    assert revision["revisionValue"] == head


def test_the_event_of_a_push_is_aws_own(events: Any) -> None:
    logs = plain("logs")  # moto's event times are not whole numbers
    logs.create_log_group(logGroupName="/seen")
    events.put_rule(Name="seen", EventPattern=json.dumps({"source": ["aws.codecommit"]}))
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/seen"
    events.put_targets(Rule="seen", Targets=[{"Id": "1", "Arn": arn}])
    first = push()
    second = push(parent=first, text=b"2")
    seen = [json.loads(one["message"]) for one in logs.filter_log_events(logGroupName="/seen")["events"]]
    created, updated = sorted(seen, key=lambda one: one["detail"]["event"])
    assert created["detail-type"] == "CodeCommit Repository State Change"
    assert created["resources"] == [REPOSITORY]
    detail = created["detail"]
    assert (detail["event"], detail["commitId"]) == ("referenceCreated", first)
    assert "oldCommitId" not in detail
    assert (detail["referenceType"], detail["referenceName"]) == ("branch", "main")
    assert detail["referenceFullName"] == "refs/heads/main"
    detail = updated["detail"]
    assert (detail["event"], detail["commitId"], detail["oldCommitId"]) == ("referenceUpdated", second, first)


def test_deleting_a_branch_is_an_event_too(events: Any, starter: str) -> None:
    pattern = PUSHES | {"detail": {"event": ["referenceDeleted"], "referenceName": ["old"]}}
    follow(events, starter, {"EventPattern": json.dumps(pattern)})
    codecommit = client("codecommit")
    codecommit.create_branch(repositoryName="shop", branchName="old", commitId=push())
    codecommit.delete_branch(repositoryName="shop", branchName="old")
    assert triggers() == STARTED


def test_a_pipeline_target_needs_a_role(events: Any) -> None:
    events.put_rule(Name="push", EventPattern=json.dumps(PUSHES))
    answer = refusal(events.put_targets, Rule="push", Targets=[{"Id": "1", "Arn": PIPELINE}])
    assert answer == ("ValidationException", f"RoleArn is required for target {PIPELINE}.")


def test_only_aws_speaks_as_aws(events: Any, starter: str) -> None:
    follow(events, starter)
    detail = json.dumps({"event": "referenceCreated", "referenceType": "branch", "referenceName": "main"})
    forged = {
        "Source": "aws.codecommit",
        "DetailType": "CodeCommit Repository State Change",
        "Resources": [REPOSITORY],
        "Detail": detail,
    }
    mine = {"Source": "me", "DetailType": "x", "Detail": "{}"}
    answer = events.put_events(Entries=[forged, mine])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert answer["Entries"][1]["EventId"]
    assert triggers() == []


def test_a_target_that_nobody_plays_is_no_error(events: Any) -> None:
    events.put_rule(Name="push", EventPattern=json.dumps({"source": ["me"]}))
    events.put_targets(
        Rule="push", Targets=[{"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}]
    )
    answer = events.put_events(Entries=[{"Source": "me", "DetailType": "x", "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 0


def test_a_queue_that_is_not_there_harms_no_push(events: Any, starter: str) -> None:
    follow(events, starter)
    gone = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
    events.put_targets(Rule="push", Targets=[{"Id": "2", "Arn": gone}])
    assert push()
    assert triggers() == STARTED


def test_a_rules_tags_are_those_of_its_making(events: Any) -> None:
    pattern = json.dumps(PUSHES)
    events.put_rule(Name="push", EventPattern=pattern, Tags=[{"Key": "a", "Value": "1"}])
    events.put_rule(Name="push", EventPattern=pattern, Tags=[{"Key": "b", "Value": "2"}])
    assert events.list_tags_for_resource(ResourceARN=RULE)["Tags"] == [{"Key": "a", "Value": "1"}]


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("put_rule", {"Name": "a rule", "EventPattern": "{}"}, "ValidationException"),
        ("put_rule", {"Name": "x" * 65, "EventPattern": "{}"}, "ValidationException"),
        ("put_rule", {"Name": "x"}, "ValidationException"),
        ("put_rule", {"Name": "x", "EventPattern": '{"source": "me"}'}, "InvalidEventPatternException"),
        ("delete_rule", {"Name": "push"}, "ValidationException"),
        ("remove_targets", {"Rule": "no", "Ids": ["1"]}, "ResourceNotFoundException"),
        ("list_targets_by_rule", {"Rule": "no"}, "ResourceNotFoundException"),
        ("describe_rule", {"Name": "no"}, "ResourceNotFoundException"),
    ],
)
def test_refusals(
    events: Any, starter: str, operation: str, arguments: dict[str, Any], expected: str
) -> None:
    follow(events, starter)
    assert code(getattr(events, operation), **arguments) == expected


def test_deleting_an_absent_rule_is_fine(events: Any) -> None:
    events.delete_rule(Name="no")


def test_our_own_services_publish_without_a_caller(events: Any, starter: str) -> None:
    follow(events, starter)
    detail = {"event": "referenceCreated", "referenceType": "branch", "referenceName": "main"}
    event = eventbus.Event("aws.codecommit", "CodeCommit Repository State Change", detail, (REPOSITORY,))
    eventbus.publish(ACCOUNT, REGION, event)
    assert triggers() == STARTED
