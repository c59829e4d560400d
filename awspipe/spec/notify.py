"""`notify`: whom a pipeline tells by mail, and of what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from awspipe.naming import Scope
from awspipe.providers.fields import Several, Spelled, Strict, Text
from awspipe.resources.base import Body, Resource
from awspipe.resources.rule import Rule
from awspipe.resources.subscription import Subscription
from awspipe.resources.topic import Topic

APPROVAL = "approval"
_STATES = {"failed": "FAILED", "started": "STARTED", "stopped": "STOPPED", "succeeded": "SUCCEEDED"}
_LOCAL, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_Address = Annotated[
    Text,
    Field(max_length=254),
    Spelled(rf"{_LOCAL}@({_LABEL}\.)+{_LABEL}", "write an address: me@example.com"),
]


class Notify(Strict):
    """Who gets mail, and about what.

    Each address gets a mail from AWS first, in which it must be confirmed.
    """

    email: Annotated[Several[_Address], Field(min_length=1, max_length=10)]
    """The address, or a list of them."""
    events: Annotated[
        Several[Literal["approval", "failed", "started", "stopped", "succeeded"]], Field(min_length=1)
    ] = ("approval", "failed")
    """What they are told of: an approval that waits; an execution that has failed, started, stopped or
    succeeded."""

    def resources(self, scope: Scope, *, asks: bool) -> Iterator[Resource]:
        """The rules, the topic that they tell and who hears of it. `asks`: the pipeline has an approval."""
        rules = tuple(self._rules(scope, asks=asks))
        arns = tuple(scope.rule_arn(one.name) for one in rules)
        yield from rules
        yield Topic(name=scope.topic, scope=scope, rules=arns)
        for address in dict.fromkeys(one.lower() for one in self.email):
            yield Subscription(name=address, scope=scope)

    def _rules(self, scope: Scope, *, asks: bool) -> Iterator[Rule]:
        states = [_STATES[event] for event in sorted(set(self.events)) if event in _STATES]
        if states:
            pattern = _pattern(scope, "Pipeline", {"state": states})
            yield Rule.telling(scope, scope.execution_rule, pattern=pattern, message=_of_execution(scope))
        if APPROVAL in self.events and asks:
            waiting = {"state": ["STARTED"], "type": {"category": ["Approval"]}}
            pattern = _pattern(scope, "Action", waiting)
            yield Rule.telling(scope, scope.approval_rule, pattern=pattern, message=_of_approval(scope))


def _pattern(scope: Scope, of: str, detail: Mapping[str, object]) -> dict[str, object]:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html."""
    return {
        "source": ["aws.codepipeline"],
        "detail-type": [f"CodePipeline {of} Execution State Change"],
        "detail": {"pipeline": [scope.pipeline], **detail},
    }


def _of_execution(scope: Scope) -> Body:
    return _message(
        {"state": "$.detail.state", "execution": "$.detail.execution-id"},
        f"Pipeline {scope.pipeline}: <state>",
        f"Execution <execution>, {scope.region}, account {scope.account}",
        f"More: awspipe status {scope.pipeline}",
        f"{scope.console_page}/executions/<execution>/timeline?region={scope.region}",
    )


def _of_approval(scope: Scope) -> Body:
    return _message(
        {"stage": "$.detail.stage", "action": "$.detail.action", "execution": "$.detail.execution-id"},
        f"Pipeline {scope.pipeline} waits for an approval: <action> in stage <stage>",
        f"Execution <execution>, {scope.region}, account {scope.account}",
        f"To answer: awspipe approve {scope.pipeline}, or awspipe reject {scope.pipeline}",
        f"{scope.console_page}/view?region={scope.region}",
    )


def _message(paths: dict[str, str], *lines: str) -> Body:
    """Lines with places, each in quotes of its own: so EventBridge wants a text of several.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    return {"InputPathsMap": paths, "InputTemplate": "\n".join(json.dumps(line) for line in lines)}
