"""What CodeDeploy knows of a deployment that failed: the lifecycle event, its script, and the end of its log.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Diagnostics.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from awspipe.aws import Aws
from awspipe.failures.cause import Failure, Said, Where
from awspipe.failures.reading import allowed

_MOST = 25
"""Targets that BatchGetDeploymentTargets takes at once."""

_GONE = ("DeploymentDoesNotExistException", "InvalidDeploymentIdException")
_NO_TARGETS = ("DeploymentNotStartedException", "DeploymentTargetDoesNotExistException")
_NO_GROUP = ("ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException")


def gather(aws: Aws, failure: Failure) -> None:
    """Add a deployment's error, its first failed lifecycle event and its tags to the evidence."""
    if not failure.external_id:
        return
    codedeploy = aws.client("codedeploy")
    answer = allowed(
        failure,
        "codedeploy:GetDeployment",
        lambda: codedeploy.get_deployment(deploymentId=failure.external_id),
        *_GONE,
    )
    if answer is None:
        return
    info = answer["deploymentInfo"]
    error = info.get("errorInformation") or {}
    _add_event(aws, failure)
    if error:
        failure.facts["message"] = error.get("message", "")
        text = f"{error.get('code', '')}: {error.get('message', '')}"
        failure.said.append(Said(Where.DEPLOYMENT, text, error.get("code", "")))
    elif info["status"] == "Stopped":
        failure.said.append(Said(Where.DEPLOYMENT, "The deployment was stopped."))
    if error.get("code") == "NO_INSTANCES":
        _add_tags(aws, failure, info)
    failure.detail += _rollback(info)


def _add_event(aws: Aws, failure: Failure) -> None:
    """The lifecycle event that failed first on any of the targets that failed."""
    codedeploy, deployment = aws.client("codedeploy"), failure.external_id
    listed = allowed(
        failure,
        "codedeploy:ListDeploymentTargets",
        lambda: codedeploy.list_deployment_targets(
            deploymentId=deployment, targetFilters={"TargetStatus": ["Failed"]}
        ),
        *_NO_TARGETS,
    )
    ids = listed["targetIds"][:_MOST] if listed else []
    if not ids:
        return
    answer = allowed(
        failure,
        "codedeploy:BatchGetDeploymentTargets",
        lambda: codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids),
        *_NO_TARGETS,
    )
    events = sorted(_failed(answer["deploymentTargets"] if answer else ()), key=_ended)
    if events:
        _add(failure, events[0])


def _failed(targets: list[dict[str, Any]] | tuple[()]) -> Iterator[dict[str, Any]]:
    """The failed lifecycle events of targets, each with the name of its target."""
    for target in targets:
        for key, one in target.items():
            if not key.endswith("Target") or not isinstance(one, Mapping):
                continue
            for event in one.get("lifecycleEvents", ()):
                if event.get("status") == "Failed":
                    yield {**event, "host": one.get("targetId", "")}


def _ended(event: dict[str, Any]) -> datetime:
    ended: datetime = event.get("endTime") or datetime.max.replace(tzinfo=UTC)
    return ended


def _add(failure: Failure, event: dict[str, Any]) -> None:
    told = event.get("diagnostics") or {}
    failure.facts |= {
        "event": event.get("lifecycleEventName", ""),
        "host": event["host"],
        "script": told.get("scriptName", ""),
    }
    failure.said.insert(0, Said(Where.EVENT, told.get("message", ""), told.get("errorCode", "")))
    tail = told.get("logTail", "")
    failure.said.append(Said(Where.LOG, tail))
    failure.detail += [line for line in tail.split("\n") if not line.startswith("LifecycleEvent - ")]


def _add_tags(aws: Aws, failure: Failure, info: dict[str, Any]) -> None:
    names = {key: info[key] for key in ("applicationName", "deploymentGroupName")}
    answer = allowed(
        failure,
        "codedeploy:GetDeploymentGroup",
        lambda: aws.client("codedeploy").get_deployment_group(**names),
        *_NO_GROUP,
    )
    if answer is not None:
        failure.facts["tags"] = ", ".join(dict.fromkeys(_tags(answer["deploymentGroupInfo"])))


def _tags(group: dict[str, Any]) -> Iterator[str]:
    """The tags that a deployment group looks for, as `key=value`."""
    for filters, tag_set in (
        ("ec2TagFilters", "ec2TagSet"),
        ("onPremisesInstanceTagFilters", "onPremisesTagSet"),
    ):
        lists = [group.get(filters) or [], *((group.get(tag_set) or {}).get(f"{tag_set}List") or [])]
        for one in (tag for tags in lists for tag in tags):
            match one.get("Type"):
                case "KEY_ONLY":
                    yield f"{one.get('Key', '')}=*"
                case "VALUE_ONLY":
                    yield f"*={one.get('Value', '')}"
                case _:
                    yield f"{one.get('Key', '')}={one.get('Value', '')}"


def _rollback(info: dict[str, Any]) -> list[str]:
    """Which deployment took the servers back, and to what."""
    told = info.get("rollbackInfo") or {}
    other = told.get("rollbackDeploymentId")
    if other is None:
        message = told.get("rollbackMessage")
        return [f"not rolled back: {message}"] if message else []
    where = (info.get("previousRevision") or {}).get("s3Location") or {}
    to = f" to s3://{where['bucket']}/{where['key']}" if {"bucket", "key"} <= where.keys() else ""
    return [f"CodeDeploy rolls it back by {other}{to}"]
