"""EventBridge rules, each with its one target: what starts the pipeline, and what tells of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, absent, maybe, refusal, tag_list, tags_of
from awspipe.errors import AwsError
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

_ABSENT = "ResourceNotFoundException"
_TARGET_ID = "pipeline"

_OURS = "awspipe-"
"""What the name of every rule of awspipe's begins with."""


@dataclass(frozen=True, kw_only=True)
class Rule(Resource):
    """A rule on the default event bus with one target: the pipeline, or the topic that tells of it."""

    kind: ClassVar[str] = "rule"
    exact: ClassVar[frozenset[str]] = frozenset({"EventPattern"})
    uses: ClassVar[frozenset[str]] = frozenset({"role"})
    frees: ClassVar[frozenset[str]] = uses  # a rule on its way out has nothing left to start
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"events:ListRules"}),
        many=frozenset({"events:ListRules"}),
        find=frozenset({"events:ListTagsForResource"}),
        read=frozenset({"events:DescribeRule", "events:ListTargetsByRule"}),
        make=frozenset({"events:PutRule", "events:PutTargets", "events:TagResource", "iam:PassRole"}),
        remove=frozenset({"events:DeleteRule", "events:ListTargetsByRule", "events:RemoveTargets"}),
        unbound=frozenset({"events:ListRules"}),
    )

    pattern: dict[str, object]
    does: str
    """What it is for, before the pipeline's name."""
    target: Body

    @classmethod
    def starting(cls, scope: Scope, part: str, *, pattern: dict[str, object], role_arn: str) -> Rule:
        """What starts the pipeline."""
        target: Body = {"Arn": scope.pipeline_arn, "RoleArn": role_arn}
        name = scope.rule(part)
        return cls(name=name, scope=scope, pattern=pattern, does="starts the pipeline", target=target)

    @classmethod
    def telling(cls, scope: Scope, name: str, *, pattern: dict[str, object], message: Body) -> Rule:
        """What tells the topic. A topic lets EventBridge in by its own policy: a role is not for it.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        """
        target: Body = {"Arn": scope.topic_arn(scope.topic), "InputTransformer": message}
        return cls(name=name, scope=scope, pattern=pattern, does="tells of the pipeline", target=target)

    def body(self) -> Body:
        """Pattern, state and target."""
        return {
            "Description": f"awspipe: {self.does} {self.scope.pipeline}",
            "EventPattern": self.pattern,
            "State": "ENABLED",
            "Target": self.target,
        }

    def create(self, aws: Aws) -> None:
        """The rule, then its target."""
        self._put_rule(aws, Tags=tag_list(self.scope.tags))
        self._put_target(aws)

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """PutRule replaces a rule whole, so its fields go together; the target is a call of its own."""
        if fields - {"Target"}:
            self._put_rule(aws)
        if "Target" in fields:
            self._put_target(aws)

    def _put_rule(self, aws: Aws, **tags: Any) -> None:
        body = self.body()
        aws.client("events").put_rule(
            Name=self.name,
            Description=body["Description"],
            EventPattern=json.dumps(self.pattern),
            State="ENABLED",
            **tags,
        )

    def _put_target(self, aws: Aws) -> None:
        target = {"Id": _TARGET_ID, **self.target}
        answer = aws.client("events").put_targets(Rule=self.name, Targets=[target])
        _check_entries(answer, f"give rule {self.name} its target")

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """A rule on events with no other target than ours."""
        events = aws.client("events")
        rule = events.describe_rule(Name=self.name)
        targets = events.list_targets_by_rule(Rule=self.name)["Targets"]
        others = sorted(target["Id"] for target in targets if target["Id"] != _TARGET_ID)
        if rule.get("ManagedBy"):
            return Untouchable(f"it is managed by {rule['ManagedBy']}")
        if rule.get("ScheduleExpression"):
            return Untouchable(f"its schedule would be lost: {rule['ScheduleExpression']}")
        if others:
            return Untouchable(f"it has other targets, which would go with it: {', '.join(others)}")
        return Live(_body(rule, targets), None)

    def claim(self, aws: Aws) -> None:
        """One tag more: PutRule takes none for a rule that is there."""
        aws.client("events").tag_resource(
            ResourceARN=self.scope.rule_arn(self.name), Tags=tag_list(self.scope.tags)
        )

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of all rules of awspipe's."""
        pages = aws.client("events").get_paginator("list_rules")
        aws.rule_out(
            cls.kind,
            names,
            lambda: (one["Name"] for page in pages.paginate(NamePrefix=_OURS) for one in page["Rules"]),
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The rule and our target in it."""
        if aws.is_ruled_out(cls.kind, name):
            return None
        events = aws.client("events")
        rule = maybe(lambda: events.describe_rule(Name=name), _ABSENT)
        if rule is None:
            return None
        asked = aws.submit(lambda: cls.tags(aws, scope, name))
        targets = cls._targets(aws, name)
        asked.result()
        return None if targets is None else cls.whole(aws, scope, name, _body(rule, targets))

    @classmethod
    def ask_ahead(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> None:
        """The tags, and the targets."""
        super().ask_ahead(aws, scope, name, fields)
        aws.submit(lambda: cls._targets(aws, name))

    @classmethod
    def _targets(cls, aws: Aws, name: str) -> list[dict[str, Any]] | None:
        """A rule's targets, asked for once a reading; None where there is no such rule."""

        def ask() -> list[dict[str, Any]]:
            return list(aws.client("events").list_targets_by_rule(Rule=name)["Targets"])

        return aws.once(("targets", name), lambda: maybe(ask, _ABSENT))

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Our target, then the rule; where somebody added targets, those go with it."""
        cls._remove(aws, name, [_TARGET_ID])
        events = aws.client("events")
        if refusal(lambda: events.delete_rule(Name=name), "ValidationException"):
            with absent(_ABSENT):
                targets = events.list_targets_by_rule(Rule=name)["Targets"]
                cls._remove(aws, name, [target["Id"] for target in targets])
                events.delete_rule(Name=name)

    @staticmethod
    def _remove(aws: Aws, name: str, ids: list[str]) -> None:
        with absent(_ABSENT):
            answer = aws.client("events").remove_targets(Rule=name, Ids=ids)
            _check_entries(answer, f"take the targets off rule {name}")

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The rule."""
        return (scope.rule_arn(name),)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The rule's name, where the ARN is one's."""
        prefix = scope.rule_arn("")
        return arn.removeprefix(prefix) if arn.startswith(prefix) else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """By the beginning of the name; of many pipelines in one list."""
        pages = aws.client("events").get_paginator("list_rules")

        def ask(prefix: str) -> frozenset[str]:
            return frozenset(
                rule["Name"] for page in pages.paginate(NamePrefix=prefix) for rule in page["Rules"]
            )

        found = aws.list_for_many("rules", _OURS, ask)
        if found is None:
            found = aws.once(("rules", scope.rule_prefix), lambda: ask(scope.rule_prefix))
        return frozenset(name for name in found if name.startswith(scope.rule_prefix))

    @classmethod
    def named_by_us(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """All that are listed: awspipe is in their names."""
        return cls.listed(aws, scope)

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.rule_arn(name)
        answer = maybe(lambda: aws.client("events").list_tags_for_resource(ResourceARN=arn), _ABSENT)
        return answer and tags_of(answer["Tags"])


def _body(rule: dict[str, Any], targets: list[dict[str, Any]]) -> Body:
    """A rule and our target in it, as we write them."""
    ours = next((target for target in targets if target["Id"] == _TARGET_ID), None)
    return {
        "Description": rule.get("Description"),
        "EventPattern": json.loads(rule.get("EventPattern") or "null"),
        "State": rule["State"],
        "Target": ours and {key: value for key, value in ours.items() if key != "Id"},
    }


def _check_entries(answer: dict[str, Any], doing: str) -> None:
    """EventBridge answers 200 even where an entry failed."""
    if answer["FailedEntryCount"]:
        entry = answer["FailedEntries"][0]
        raise AwsError(
            f"{doing}: {entry.get('ErrorMessage')} ({entry.get('ErrorCode')})",
            code=str(entry.get("ErrorCode", "")),
        )
