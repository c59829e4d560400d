"""The least IAM policy with which a person can run awspipe on a spec: pure, from what each kind declares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from awspipe.graph import Graph
from awspipe.naming import Scope
from awspipe.resources.base import Resource, kinds
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.policy import Document, Statement
from awspipe.resources.role import Role

MANAGED_POLICY_LIMIT = 6144
"""Characters that a managed policy may have, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_ANY = ("*",)
_HAND_ON = "iam:PassRole"
_INDEX = "tag:GetResources"
_WITHOUT_ARN = "WithoutArn"


class Job(StrEnum):
    """What somebody wants to do with a pipeline."""

    UP = "up"
    STATUS = "status"
    STEER = "steer"
    DOWN = "down"


MONEY = frozenset(
    {
        "codebuild:BatchGetBuilds",
        "codebuild:ListProjects",
        "codepipeline:GetPipeline",
        "codepipeline:ListActionExecutions",
        "codepipeline:ListPipelines",
        "codepipeline:ListTagsForResource",
        "ec2:DescribeRegions",
        "freetier:GetAccountPlanState",
        "freetier:GetFreeTierUsage",
        "iam:ListRoles",
        "logs:DescribeLogGroups",
        "pricing:GetProducts",
        "s3:ListAllMyBuckets",
        "tag:GetResources",
    }
)
"""What the commands about money read, of the whole account: each can be missing, and is then said to be.
Cost Explorer (`cost --bill`) is not in it: a request to it is charged for."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement with its name."""

    sid: str
    statement: Statement

    def document(self) -> Document:
        """The statement as IAM writes it."""
        return {"Sid": self.sid, **self.statement.document()}


def document(grants: Iterable[Grant]) -> Document:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": [one.document() for one in grants]}


def grants(graphs: Iterable[Graph], jobs: frozenset[Job]) -> tuple[Grant, ...]:
    """What the credentials must be allowed for `jobs` with these pipelines, and no more.

    What an earlier spec wanted and this one no longer does is not in it: removing that takes the policy of
    the earlier spec.
    """
    arns: dict[str, set[str]] = defaultdict(set)
    roles: dict[str, set[str]] = defaultdict(set)
    together = tuple(graphs)
    for graph in together:
        for action, judged_on in _needs(graph, jobs, many=len(together) > 1):
            arns[action].update(judged_on)
        if Job.UP in jobs:
            for role in _roles(graph):
                roles[role.service].add(role.arn)
    return (*_grouped(arns), *_passing(roles))


def money_grants(scope: Scope) -> tuple[Grant, ...]:
    """What the commands about money may be allowed in the scope's account: `MONEY`, whatever the spec."""
    return tuple(_grouped({action: set(_account_wide(scope, action)) for action in MONEY}))


_Need = tuple[str, tuple[str, ...]]
"""An action and the ARNs it is judged on."""


def _needs_of_many(graph: Graph) -> Iterator[_Need]:
    """What one call tells of many: of what is wanted, and of what no index tells whether it still is."""
    for one in graph.resources:
        yield from _each(type(one), graph, one.name, one.permissions.many)
    for kind in kinds().values():
        if not kind.indexed:
            yield from _each(kind, graph, "", kind.permissions.many)


def _needs(graph: Graph, jobs: frozenset[Job], *, many: bool) -> Iterator[_Need]:
    if Job.UP in jobs:
        yield from _needs_of_up(graph)
    if Job.UP in jobs and many:
        yield from _needs_of_many(graph)
    if Job.DOWN in jobs:
        yield from _needs_of_down(graph)
    if jobs & {Job.STATUS, Job.STEER}:
        yield _INDEX, _ANY  # whether the pipeline's time has passed
    if Job.STATUS in jobs:
        for one in graph.resources:
            yield from _each(type(one), graph, one.name, one.shown_with)
    if Job.STEER in jobs:
        rights = Pipeline.permissions
        yield from _each(Pipeline, graph, graph.scope.pipeline, rights.show | rights.steer)


def _account_wide(scope: Scope, action: str) -> tuple[str, ...]:
    """All pipelines and builds of the account, in every region; the other reads take no ARN."""
    whole = {"codepipeline": "*", "codebuild": "project/*"}
    service = action.partition(":")[0]
    if service not in whole or action == "codebuild:ListProjects":
        return _ANY
    return (f"arn:{scope.partition}:{service}:*:{scope.account}:{whole[service]}",)


def _needs_of_up(graph: Graph) -> Iterator[_Need]:
    """To look at what is wanted, to look for what no longer is, and to make."""
    yield _INDEX, _ANY
    for kind in kinds().values():
        if not kind.indexed:
            yield from _each(kind, graph, "", kind.permissions.search)
    for one in graph.resources:
        tagging = one.permissions.tag if graph.scope.own_tags else frozenset()
        yield from _each(type(one), graph, one.name, one.made_with | tagging)
    for reference in graph.references:
        kind = kinds()[reference.kind]
        yield from _each(kind, graph, reference.name, kind.permissions.use)


def _needs_of_down(graph: Graph) -> Iterator[_Need]:
    """To look for all that may be ours, and to remove it."""
    yield _INDEX, _ANY
    for kind in kinds().values():
        yield from _each(kind, graph, "", kind.permissions.search)
    for one in graph.resources:
        rights = one.permissions
        yield from _each(type(one), graph, one.name, rights.find | rights.remove)


def _each(kind: type[Resource], graph: Graph, name: str, actions: frozenset[str]) -> Iterator[_Need]:
    for action in sorted(actions - {_HAND_ON}):
        if action in kind.permissions.unbound:
            yield action, _ANY
        else:
            yield action, kind.arns(graph.scope, name, action)


def _grouped(arns: dict[str, set[str]]) -> Iterator[Grant]:
    """One statement for the actions of a service that are judged on the very same ARNs."""
    together: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for action, judged_on in sorted(arns.items()):
        resources = tuple(sorted(judged_on))
        service = _WITHOUT_ARN if resources == _ANY else action.partition(":")[0].capitalize()
        together[service, resources].append(action)
    counts: dict[str, int] = defaultdict(int)
    for (service, resources), actions in sorted(together.items()):
        counts[service] += 1
        number = str(counts[service]) if counts[service] > 1 else ""
        yield Grant(f"{service}{number}", Statement(tuple(actions), resources))


def _roles(graph: Graph) -> Iterator[Role]:
    return (one for one in graph.resources if isinstance(one, Role))


def _passing(roles: dict[str, set[str]]) -> Iterator[Grant]:
    """A role is handed to the one service that it is for, and to no other.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PassedToService
    """
    for service, arns in sorted(roles.items()):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        yield Grant(
            f"PassTo{service.partition('.')[0].capitalize()}", Statement((_HAND_ON,), tuple(arns), condition)
        )
