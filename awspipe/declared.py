"""What a pipeline's own declaration names: so it is found while AWS's lists and tag index are behind.

A pipeline is read by its name, which is never behind. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
(eventual consistency)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from awspipe.aws import Aws
from awspipe.naming import Scope, part_of
from awspipe.resources.application import Application
from awspipe.resources.base import Key
from awspipe.resources.bucket import Bucket
from awspipe.resources.connection import Connection
from awspipe.resources.deployment_group import DeploymentGroup
from awspipe.resources.log_group import LogGroup
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.project import BuildProject
from awspipe.resources.repository import Repository
from awspipe.resources.role import Role
from awspipe.resources.rule import Rule
from awspipe.resources.topic import Topic

_CONNECTED = "ConnectionArn"
MANAGED = frozenset({"Commands", "EC2", "Lambda"})
"""The providers that write to the log group of their pipeline."""


def keys(aws: Aws, scope: Scope) -> frozenset[Key]:
    """What a pipeline names and what is called after its actions; some of it may not be ours, or not be."""
    return aws.once(("declared", scope.pipeline), lambda: frozenset(_keys(aws, scope)))


def _keys(aws: Aws, scope: Scope) -> Iterator[Key]:
    pipeline = Pipeline.declared(aws, scope.pipeline)
    if pipeline is None:
        return
    yield Key(Role.kind, scope.role(""))
    yield Key(Bucket.kind, scope.bucket("artifacts"))
    yield from _of_notices(aws, scope, pipeline)
    for stage in pipeline["stages"]:
        for action in stage["actions"]:
            part = part_of(stage["name"], action["name"])
            if action["actionTypeId"]["provider"] in MANAGED:
                yield LogGroup.for_pipeline(scope).key
            yield from _of_action(scope, part, action.get("configuration", {}))
            yield from _of_connection(aws, action.get("configuration", {}))


def _of_notices(aws: Aws, scope: Scope, pipeline: Mapping[str, Any]) -> Iterator[Key]:
    """What tells people of it. Where the list has a rule of the pipeline's, it has those that tell too.

    Rules whose names begin like the pipeline's may be those of `<name>-2`.
    """
    telling = {scope.execution_rule, scope.approval_rule}
    parts = (part_of(stage["name"], one["name"]) for stage in pipeline["stages"] for one in stage["actions"])
    if Rule.listed(aws, scope).isdisjoint(telling.union(map(scope.rule, parts))):
        yield from (Key(Rule.kind, name) for name in telling)
        yield Key(Topic.kind, scope.topic)


def _of_connection(aws: Aws, configuration: Mapping[str, Any]) -> Iterator[Key]:
    """The connection of a source. It is named by its ARN, which AWS makes up."""
    name = Connection.name_of(aws, configuration[_CONNECTED]) if _CONNECTED in configuration else None
    if name is not None:
        yield Key(Connection.kind, name)


def _of_action(scope: Scope, part: str, configuration: Mapping[str, Any]) -> Iterator[Key]:
    match configuration:
        case {"ProjectName": project}:
            yield Key(BuildProject.kind, project)
            yield Key(LogGroup.kind, LogGroup.for_project(scope, project).name)
        case {"RepositoryName": repository}:
            yield Key(Repository.kind, repository)
            yield Key(Rule.kind, scope.rule(part))
        case {"S3Bucket": bucket}:
            yield Key(Bucket.kind, bucket)
            yield Key(Rule.kind, scope.rule(part))
        case {"ApplicationName": application, "DeploymentGroupName": group}:
            yield Key(Application.kind, application)
            yield Key(DeploymentGroup.kind, DeploymentGroup.name_of(application, group))
        case {"BucketName": bucket}:
            yield Key(Bucket.kind, bucket)
            return
        case _:
            return
    yield Key(Role.kind, scope.role(part))
