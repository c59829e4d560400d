"""From a spec and a scope to the resources it wants: a pure function, complete before any call is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from awspipe.errors import Problem
from awspipe.naming import Scope
from awspipe.providers.base import Address, Place
from awspipe.resources.base import Body, Key, Reference, Resource
from awspipe.resources.bucket import Bucket
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.policy import Statement
from awspipe.resources.role import POLICY_LIMIT, Role
from awspipe.spec.flow import ResolvedAction, resolve
from awspipe.spec.models import Pipeline as Spec
from awspipe.spec.models import Variable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of ours that a first commit must be pushed into, and the branch."""

    repository: str
    branch: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything one pipeline wants of AWS."""

    scope: Scope
    resources: tuple[Resource, ...]
    references: tuple[Reference, ...]
    addresses: tuple[Address, ...]
    sources: tuple[Source, ...]

    @property
    def by_key(self) -> dict[Key, Resource]:
        """The resources by their keys."""
        return {resource.key: resource for resource in self.resources}


def wanted(spec: Spec, scope: Scope) -> Graph:
    """The resources, references and addresses of a spec in an account and region."""
    scope = replace(scope, own_tags=tuple(sorted(spec.tags.items())))
    artifacts = Bucket.for_artifacts(scope)
    placed = _with_needs(
        [
            (one, Place(scope, one.stage, one.action.name, artifacts.name, one.inputs, one.outputs))
            for stage in resolve(spec)
            for one in stage.actions
        ]
    )
    statements = chain.from_iterable(one.action.statements(place) for one, place in placed)
    role = Role.for_pipeline(scope, (*_artifact_statements(scope, artifacts.name), *statements))
    pipeline = Pipeline(
        name=scope.pipeline,
        scope=scope,
        role_arn=role.arn,
        bucket=artifacts.name,
        type=spec.type,
        mode=spec.mode,
        stages=tuple(_stages(spec, placed)),
        triggers=tuple(_triggers(placed)),
        variables=tuple(_variables(spec)),
    )
    of_actions = chain.from_iterable(one.action.resources(place) for one, place in placed)
    notices = _notices(spec, scope, placed)
    return Graph(
        scope=scope,
        resources=_distinct((*of_actions, *notices, artifacts, role, pipeline)),
        references=tuple(dict.fromkeys(_chained(one.action.references(place) for one, place in placed))),
        addresses=tuple(dict.fromkeys(_chained(one.action.addresses(place) for one, place in placed))),
        sources=_sources(one for one, _ in placed),
    )


_SPLIT = "each action adds what the role must be allowed: make two pipelines of it"
_FEWER = "each secret and parameter that its action names must be allowed by itself: name fewer of them"


def oversized(graph: Graph, file: str) -> Iterator[Problem]:
    """The roles whose policy is larger than IAM takes: found by AWS, they would stop `up` half-way."""
    pipeline = graph.scope.pipeline
    for role in graph.resources:
        if isinstance(role, Role) and role.size > POLICY_LIMIT:
            message = (
                f"{pipeline}: the policy of role {role.name} would have {role.size} characters; "
                f"IAM takes {POLICY_LIMIT} for a role, white space not counted"
            )
            yield Problem(message, file, hint=_SPLIT if role.name == graph.scope.role("") else _FEWER)


def _notices(spec: Spec, scope: Scope, placed: list[tuple[ResolvedAction, Place]]) -> Iterator[Resource]:
    """What tells people of the pipeline, where somebody is to be told."""
    if spec.notify is not None:
        asks = any(one.action.own_category() == "Approval" for one, _ in placed)
        yield from spec.notify.resources(scope, asks=asks)


def _with_needs(placed: list[tuple[ResolvedAction, Place]]) -> list[tuple[ResolvedAction, Place]]:
    """Each place with what reading its inputs asks for."""
    reading = {name: [*one.action.reading(place)] for one, place in placed for name in one.outputs}
    needs = [chain.from_iterable(reading.get(name, ()) for name in one.inputs) for one, _ in placed]
    return [(one, replace(place, needs=tuple(it))) for (one, place), it in zip(placed, needs, strict=True)]


def _chained(parts: Iterator[Iterator[T]]) -> Iterator[T]:
    return chain.from_iterable(parts)


def _distinct(resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """One of each key: several actions may share an application or a repository."""
    return tuple({resource.key: resource for resource in resources}.values())


def _sources(actions: Iterator[ResolvedAction]) -> tuple[Source, ...]:
    from awspipe.providers.codecommit import CodeCommit

    commits = (one.action for one in actions if isinstance(one.action, CodeCommit))
    return tuple(dict.fromkeys(Source(one.repository, one.branch) for one in commits if not one.existing))


def _artifact_statements(scope: Scope, bucket: str) -> Iterator[Statement]:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html."""
    arn = scope.bucket_arn(bucket)
    yield Statement(
        actions=("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"), resources=(arn,)
    )
    yield Statement(
        actions=("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"),
        resources=(f"{arn}/*",),
    )


def _stages(spec: Spec, placed: list[tuple[ResolvedAction, Place]]) -> Iterator[Body]:
    actions: dict[str, list[Body]] = {}
    for one, place in placed:
        actions.setdefault(one.stage, []).append(_declaration(one, place))
    for stage in spec.stages:
        yield {"name": stage.name, "actions": actions[stage.name], **stage.gates()}


def _variables(spec: Spec) -> Iterator[Body]:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariableDeclaration.html."""
    for name, one in sorted(spec.variables.items()):
        assert isinstance(one, Variable)  # whichever way it was written
        description = {"description": one.description} if one.description else {}
        yield {"name": name, "defaultValue": one.default, **description}


def _triggers(placed: list[tuple[ResolvedAction, Place]]) -> Iterator[Body]:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineTriggerDeclaration.html."""
    for one, _ in placed:
        filters = one.action.trigger()
        if filters:
            git = {"sourceActionName": one.action.name, **filters}
            yield {"providerType": one.action.aws_provider, "gitConfiguration": git}


def _declaration(one: ResolvedAction, place: Place) -> Body:
    """An action as CodePipeline takes it.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html
    """
    action = one.action
    namespace = {"namespace": action.namespace} if action.namespace else {}
    files = {"files": list(action.output_files())} if action.output_files() else {}
    return {
        "name": action.name,
        "actionTypeId": action.type_id(),
        "runOrder": action.run_order,
        "configuration": action.configuration(place),
        "inputArtifacts": [{"name": name} for name in one.inputs],
        "outputArtifacts": [{"name": name, **files} for name in one.outputs],
        **namespace,
        **action.siblings(),
    }
