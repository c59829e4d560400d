"""CodePipeline: pipelines, their versions and tags. Executions: `codepipeline_executions`, `_steering`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import ClassVar

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import eventbus, gates, metering, roles, runtime, structure, tags, triggers
from awspipe.sandbox.codepipeline_executions import Executions, Trigger
from awspipe.sandbox.codepipeline_steering import Steering
from awspipe.sandbox.pipelines import Pipeline
from awspipe.sandbox.service import (
    Answer,
    Backend,
    RefusalError,
    Request,
    page,
    response_class,
    unsupported,
    without_nothing,
)

_PRINCIPAL = "codepipeline.amazonaws.com"


class CodePipelineBackend(Executions, Steering, Backend):
    """CodePipeline in one account and region."""

    SERVICE_NAMESPACE: ClassVar[str] = "codepipeline"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.pipelines: dict[str, Pipeline] = {}
        self.forgotten = metering.Tally()

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline of a name, or AWS's error."""
        found = self.pipelines.get(name)
        if found is None:
            text = f"Account '{self.account_id}' does not have a pipeline with name '{name}'"
            raise RefusalError("PipelineNotFoundException", text)
        return found

    def op_create_pipeline(self, request: Request) -> Answer:
        """Make a pipeline; its first execution starts by itself."""
        declaration = structure.normal(request["pipeline"])
        name = declaration["name"]
        if name in self.pipelines:
            text = f"A pipeline with the name '{name}' already exists in account '{self.account_id}'"
            raise RefusalError("PipelineNameInUseException", text)
        new_tags = tags.from_list(request.get("tags"))
        self._check_tags(new_tags, {}, self.arn(name))
        self._check(declaration)
        declaration["version"] = 1
        made = Pipeline(name, created=self.now(), updated=self.now(), tags=new_tags)
        made.versions[1] = declaration
        self.pipelines[name] = made
        self.start(made, Trigger("CreatePipeline", self.caller))
        return without_nothing(pipeline=_shown(declaration), tags=tags.to_list(new_tags) or None)

    def op_update_pipeline(self, request: Request) -> Answer:
        """Replace a pipeline's structure: a new version, and what is in flight is cancelled."""
        declaration = structure.normal(request["pipeline"])
        found = self.pipelines.get(declaration["name"])
        if found is None:
            text = f"The account with id '{self.account_id}' does not include a pipeline with the name"
            raise RefusalError("PipelineNotFoundException", f"{text} '{declaration['name']}'")
        self._check(declaration)
        parallel = {found.declaration["executionMode"], declaration["executionMode"]} == {"PARALLEL"}
        declaration["version"] = found.version + 1
        found.versions[found.version + 1] = declaration
        found.updated = self.now()
        found.forget_stages()
        if not parallel:
            self.cancel_all(found)
        return {"pipeline": _shown(declaration)}

    def op_get_pipeline(self, request: Request) -> Answer:
        """A pipeline's structure, the newest or a given version, and its metadata."""
        found = self.pipeline(request["name"])
        declaration = found.versions.get(request.get("version") or found.version)
        if declaration is None:
            text = f"Pipeline '{found.name}' does not have a version '{request['version']}'"
            raise RefusalError("PipelineVersionNotFoundException", text)
        metadata = {"pipelineArn": self.arn(found.name), "created": found.created, "updated": found.updated}
        return {"pipeline": _shown(declaration), "metadata": metadata}

    def op_delete_pipeline(self, request: Request) -> Answer:
        """Remove a pipeline; an absent one is no error. Hosts that the sandbox made for it go with it."""
        from awspipe.sandbox.codedeploy import codedeploy_backends

        found = self.pipelines.pop(request["name"], None)
        if found is not None:
            codedeploy_backends[self.account_id][self.region_name].withdraw_from(found.name)
            month = metering.Month(self.now())
            users = metering.readers(found.executions, month)
            self.forgotten.add(month, metering.of_pipeline(found, month), users)
        return {}

    def op_list_pipelines(self, request: Request) -> Answer:
        """A summary of every pipeline, by name."""
        found = sorted(self.pipelines.values(), key=lambda one: one.name)
        items, token = page(found, request.get("nextToken"), request.get("maxResults") or 1000)
        summaries = [
            {
                "name": one.name,
                "version": one.version,
                "pipelineType": one.declaration["pipelineType"],
                "executionMode": one.declaration["executionMode"],
                "created": one.created,
                "updated": one.updated,
            }
            for one in items
        ]
        return without_nothing(pipelines=summaries, nextToken=token)

    def op_tag_resource(self, request: Request) -> Answer:
        """Put tags on a pipeline."""
        found = self._by_arn(request["resourceArn"])
        new = tags.from_list(request["tags"])
        self._check_tags(new, found.tags, request["resourceArn"])
        found.tags |= new
        return {}

    def op_untag_resource(self, request: Request) -> Answer:
        """Take tags off a pipeline."""
        found = self._by_arn(request["resourceArn"])
        for key in request["tagKeys"]:
            found.tags.pop(key, None)
        return {}

    def op_list_tags_for_resource(self, request: Request) -> Answer:
        """A pipeline's tags."""
        found = tags.to_list(self._by_arn(request["resourceArn"]).tags)
        items, token = page(found, request.get("nextToken"), request.get("maxResults") or 100)
        return without_nothing(tags=items, nextToken=token)

    def _by_arn(self, arn: str) -> Pipeline:
        found = self.pipelines.get(arn.removeprefix(self.arn(""))) if self.owns_arn(arn) else None
        if found is None:
            text = f"The account with id '{self.account_id}' does not include a pipeline with the name"
            raise RefusalError("ResourceNotFoundException", f"{text} '{arn.rsplit(':', maxsplit=1)[-1]}'")
        return found

    def _check(self, declaration: structure.Declaration) -> None:
        """The structure's rules, then the roles."""
        structure.check(declaration, self.region_name)
        for stage in declaration["stages"]:
            if what := gates.unplayed(stage):
                raise unsupported("codepipeline", what)
        role, arn = declaration["roleArn"], self.arn(declaration["name"])
        if roles.standing(role, _PRINCIPAL, source_arn=arn) is not roles.Standing.USABLE:
            text = f"CodePipeline is not authorized to perform AssumeRole on role {role}"
            raise RefusalError("InvalidStructureException", text)
        for action in structure.actions(declaration):
            own = action.get("roleArn")
            if own and not roles.lends(own, to=role):
                text = f"{role} is not authorized to perform AssumeRole on role {own}"
                raise RefusalError("InvalidStructureException", text)

    def _check_tags(self, new: dict[str, str], old: dict[str, str], arn: str) -> None:
        match tags.problem(new, old):
            case None:
                return
            case tags.TagProblem.MANY:
                raise RefusalError("TooManyTagsException", f"Tag limit exceeded for resource [{arn}].")
            case tags.TagProblem.SYSTEM:
                text = "Not allowed to modify system tags. System tags start with 'aws:'."
                raise RefusalError("InvalidTagsException", text)
            case other:
                raise RefusalError("InvalidTagsException", other.value)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the Resource Groups Tagging API."""
        for one in self.pipelines.values():
            yield TaggedResource(self.arn(one.name), one.tags, "codepipeline")

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """For the Resource Groups Tagging API."""
        self._by_arn(arn).tags.update(tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """For the Resource Groups Tagging API."""
        self.op_untag_resource({"resourceArn": arn, "tagKeys": tag_keys})


def _shown(declaration: structure.Declaration) -> Answer:
    """A declaration as it is answered: secrets masked."""
    shown = copy.deepcopy(declaration)
    for action in structure.actions(shown):
        if "OAuthToken" in action["configuration"]:
            action["configuration"]["OAuthToken"] = "****"
    return shown


codepipeline_backends: BackendDict[CodePipelineBackend] = BackendDict(CodePipelineBackend, "codepipeline")
Response = response_class("codepipeline", codepipeline_backends)


def start_by_push(account: str, region: str, push: triggers.Push) -> None:
    """A push reached a repository that a connection leads to. Called with the lock held."""
    backend = codepipeline_backends[account][region]
    every = [(one, triggers.started_by(one.declaration, push)) for one in backend.pipelines.values()]
    for found, started in every:  # known of all before the first starts: it is asked again where that fails
        if started is not None:
            action, how = started
            backend.start_by_push(found, Trigger(how, push.connection), action, push)


def start_by_rule(delivery: eventbus.Delivery) -> None:
    """A rule's event reached a pipeline: start it, if the rule's role lets EventBridge do so.

    As on AWS nobody is told when it does not: the rule's FailedInvocations metric counts it.
    """
    _, _, _, region, account, name = delivery.target_arn.split(":", 5)
    role = delivery.role_arn
    usable = roles.standing(role, "events.amazonaws.com", source_arn=delivery.rule_arn)
    if usable is not roles.Standing.USABLE:
        return
    if not roles.permits(role, "codepipeline:StartPipelineExecution", delivery.target_arn):
        return
    with runtime.current().lock:
        backend = codepipeline_backends[account][region]
        if name in backend.pipelines:
            backend.start_by_event(backend.pipelines[name], delivery.rule_arn, delivery.input)
