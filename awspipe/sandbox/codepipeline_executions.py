"""CodePipeline's executions: started, listed and shown. How they go on: `engine.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from awspipe.sandbox import announcements, codepipeline_state, gates, metering, pushes
from awspipe.sandbox.actions.base import Revision
from awspipe.sandbox.engine import PipelineEngine
from awspipe.sandbox.pipelines import SUCCEEDED, Execution, Pipeline, Trigger
from awspipe.sandbox.service import Answer, RefusalError, Request, new_id, page, without_nothing
from awspipe.sandbox.triggers import BRANCH, Push

__all__ = ["Executions", "Trigger"]

_MOST_AT_ONCE = 50


class Executions:
    """The operations on executions; the backend brings the pipelines."""

    if TYPE_CHECKING:
        account_id: str
        region_name: str
        partition: str
        pipelines: dict[str, Pipeline]
        forgotten: metering.Tally

        def arn(self, resource: str) -> str:
            """An ARN of CodePipeline."""

        def pipeline(self, name: str) -> Pipeline:
            """The pipeline of a name."""

        def now(self) -> float:
            """The time."""

    @property
    def caller(self) -> str:
        """Who calls, as CodePipeline notes it: the sandbox has one caller."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"

    @property
    def engine(self) -> PipelineEngine:
        """What plays the pipelines of this backend."""
        return PipelineEngine(self)

    def check_limit(self, found: Pipeline) -> None:
        """Refuse one execution more than there may be."""
        if found.declaration["executionMode"] != "SUPERSEDED" and len(found.unfinished) >= _MOST_AT_ONCE:
            text = f"The pipeline '{found.name}' has {_MOST_AT_ONCE} concurrent executions, which is the"
            raise RefusalError("ConcurrentPipelineExecutionsLimitExceededException", f"{text} limit.")

    def start(self, found: Pipeline, trigger: Trigger, request: Request | None = None) -> Execution:
        """Start an execution of a pipeline's newest version."""
        made = self._made(found, trigger, request or {})
        self._begin(found, made)
        return made

    def _made(self, found: Pipeline, trigger: Trigger, asked: Request) -> Execution:
        self.check_limit(found)
        return Execution(
            id=new_id(),
            version=found.version,
            mode=found.declaration["executionMode"],
            trigger=trigger,
            started=self.now(),
            updated=self.now(),
            variables=_variables(found.declaration, asked),
            source_revisions=list(asked.get("sourceRevisions") or ()),
            token=asked.get("clientRequestToken"),
            at=found.stage_names[0],
        )

    def _begin(self, found: Pipeline, made: Execution) -> None:
        found.executions.append(made)
        news = announcements.News(self, found)
        news.execution(made, "Started")
        news.publish()
        self.engine.advance(found)

    def start_by_event(self, found: Pipeline, rule_arn: str, given: Any) -> None:
        """Start an execution for a rule; an input transformer may name revisions and variables."""
        asked = {}
        for name in ("sourceRevisions", "variables"):
            if isinstance(given, dict) and name in given:
                asked[name] = given[name] if isinstance(given[name], list) else [given[name]]
        try:
            made = self._made(found, Trigger("CloudWatchEvent", rule_arn), asked)
        except RefusalError:
            # The event's publisher is not told, as on AWS.
            return
        if made.mode != "PARALLEL":  # there the newest revision is taken, whatever the event says
            made.pushed = pushes.revisions(found.declaration, given)
        self._begin(found, made)

    def start_by_push(self, found: Pipeline, trigger: Trigger, action: str, push: Push) -> None:
        """Start an execution for a push through a connection, with the very commit that was pushed."""
        try:
            made = self._made(found, trigger, {})
        except RefusalError:
            return
        branch = push.name if push.kind == BRANCH else None
        made.pushed = {action: Revision(push.commit, branch=branch)}
        self._begin(found, made)

    def cancel_all(self, found: Pipeline) -> None:
        """What UpdatePipeline does to everything in flight."""
        self.engine.cancel_all(found)

    def resume(self) -> None:
        """Go on after a restart."""
        self.engine.resume()

    def halt(self) -> None:
        """The sandbox stops: tell what plays the actions that go on."""
        self.engine.halt()

    def op_start_pipeline_execution(self, request: Request) -> Answer:
        """Start an execution; the same client request token starts nothing new."""
        found = self.pipeline(request["name"])
        token = request.get("clientRequestToken")
        again = next((one for one in found.executions if token and one.token == token), None)
        if again is None:
            _check_revisions(found.declaration, request)
            again = self.start(found, Trigger("StartPipelineExecution", self.caller), request)
        return {"pipelineExecutionId": again.id}

    def op_get_pipeline_execution(self, request: Request) -> Answer:
        """One execution."""
        found = self._seen(request["pipelineName"])
        return codepipeline_state.execution(found, _execution(found, request["pipelineExecutionId"]))

    def op_list_pipeline_executions(self, request: Request) -> Answer:
        """Every execution, newest first."""
        found = self._seen(request["pipelineName"])
        stage = ((request.get("filter") or {}).get("succeededInStage") or {}).get("stageName")
        wanted = [one for one in reversed(found.executions) if stage is None or _succeeded(one, stage)]
        items, token = page(wanted, request.get("nextToken"), request.get("maxResults") or 100)
        summaries = [codepipeline_state.summary(found, one) for one in items]
        return without_nothing(pipelineExecutionSummaries=summaries, nextToken=token)

    def op_list_action_executions(self, request: Request) -> Answer:
        """Every try of every action, newest first."""
        found = self._seen(request["pipelineName"])
        asked = request.get("filter") or {}
        latest = asked.get("latestInPipelineExecution") or {}
        wanted = asked.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        among = [_execution(found, wanted)] if wanted else found.executions
        tries = [action for one in among for action in one.actions]
        if latest.get("startTimeRange") == "Latest":
            tries = list({(action.stage, action.name): action for action in tries}.values())
        tries.sort(key=lambda action: action.started)
        items, token = page(tries[::-1], request.get("nextToken"), request.get("maxResults") or 100)
        details = [codepipeline_state.action_execution(action) for action in items]
        return without_nothing(actionExecutionDetails=details, nextToken=token)

    def op_list_rule_executions(self, request: Request) -> Answer:
        """Every check of every rule of a stage's condition, newest first."""
        found = self._seen(request["pipelineName"])
        asked = request.get("filter") or {}
        latest = asked.get("latestInPipelineExecution") or {}
        wanted = asked.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        among = [_execution(found, wanted)] if wanted else found.executions
        checks = [rule for one in among for rule in one.rules]
        if latest.get("startTimeRange") == "Latest":
            checks = list({(rule.stage, rule.name): rule for rule in checks}.values())
        checks.sort(key=lambda rule: rule.at)
        items, token = page(checks[::-1], request.get("nextToken"), request.get("maxResults") or 100)
        return without_nothing(ruleExecutionDetails=[gates.detail(one) for one in items], nextToken=token)

    def op_get_pipeline_state(self, request: Request) -> Answer:
        """Where the pipeline's executions stand."""
        return codepipeline_state.pipeline_state(self._seen(request["name"]))

    def _seen(self, name: str) -> Pipeline:
        """A pipeline as it is at this time: what has run out by now has."""
        found = self.pipeline(name)
        if self.engine.expire(found):
            self.engine.advance(found)
        return found


def _execution(found: Pipeline, wanted: str) -> Execution:
    one = found.execution(wanted)
    if one is None:
        text = f"Pipeline {found.name} does not have an execution with the id {wanted}"
        raise RefusalError("PipelineExecutionNotFoundException", text)
    return one


def _succeeded(one: Execution, stage: str) -> bool:
    return stage in one.stages and one.stages[stage].status == SUCCEEDED


def _variables(declaration: dict[str, Any], asked: Request) -> dict[str, str]:
    """The pipeline variables of an execution: those given, else their defaults."""
    given = {one["name"]: one["value"] for one in asked.get("variables") or ()}
    declared = {one["name"]: one.get("defaultValue") for one in declaration.get("variables") or ()}
    for name in given:
        if name not in declared:
            raise RefusalError("ValidationException", f"Variable '{name}' is not declared in the pipeline.")
    values = declared | given
    return {name: value for name, value in values.items() if value is not None}


def _check_revisions(declaration: dict[str, Any], request: Request) -> None:
    revisions = request.get("sourceRevisions") or ()
    if revisions and declaration["pipelineType"] != "V2":
        raise RefusalError("ValidationException", "Source revision overrides need a V2 pipeline.")
    sources = {action["name"] for action in declaration["stages"][0]["actions"]}
    for one in revisions:
        if one["actionName"] not in sources:
            text = f"'{one['actionName']}' is not a source action of the pipeline."
            raise RefusalError("ValidationException", text)
