"""SNS topics: whom a pipeline tells what becomes of it.

A topic is made after the rules that tell it, so where no such rule is there is no topic to look for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from awspipe.aws import Aws, maybe, tag_list, tags_of
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.policy import Document
from awspipe.resources.rights import Rights
from awspipe.resources.rule import Rule

ABSENT = ("NotFound", "ResourceNotFound")
_DISPLAY_LIMIT = 100
_ENDED = "Deleted"
"""What AWS writes for the ARN of a subscription that its owner has ended by the link in a mail."""
_GET = frozenset({"sns:GetTopicAttributes"})
_SUBSCRIBERS = frozenset({"sns:ListSubscriptionsByTopic"})


@dataclass(frozen=True, kw_only=True)
class Topic(Resource):
    """A topic that EventBridge may publish to, for the rules named and no others.

    It is not encrypted: EventBridge could then publish only with a key of the user's own, and that costs.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    kind: ClassVar[str] = "topic"
    exact: ClassVar[frozenset[str]] = frozenset({"Policy"})
    uses: ClassVar[frozenset[str]] = frozenset({"rule"})
    permissions: ClassVar[Rights] = Rights(
        find=_GET | {"sns:ListTagsForResource"},
        read=_GET,
        make=frozenset({"sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource"}),
        remove=frozenset({"sns:DeleteTopic"}),
        adopt=_SUBSCRIBERS,
    )
    priced: ClassVar[str] = "mails beyond the free ones"
    meter: ClassVar[str] = "sns-mail"

    rules: tuple[str, ...]
    """The ARNs of the rules that may publish."""

    @property
    def arn(self) -> str:
        """The topic's ARN."""
        return self.scope.topic_arn(self.name)

    def body(self) -> Body:
        """Whom its mails are from, and who may publish."""
        return {"DisplayName": f"awspipe {self.scope.pipeline}"[:_DISPLAY_LIMIT], "Policy": self._policy()}

    def _policy(self) -> Document:
        """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions."""
        statement = {
            "Sid": "Rules",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": sorted(self.rules)}},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    def create(self, aws: Aws) -> None:
        """One call; for a topic that is there with other tags or attributes AWS refuses it."""
        aws.client("sns").create_topic(
            Name=self.name, Attributes=self._attributes(), Tags=tag_list(self.scope.tags)
        )

    def _attributes(self) -> dict[str, str]:
        body = self.body()
        return {"DisplayName": body["DisplayName"], "Policy": json.dumps(body["Policy"])}

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """Each attribute is a call of its own."""
        for name, value in self._attributes().items():
            if name in fields:
                aws.client("sns").set_topic_attributes(
                    TopicArn=self.arn, AttributeName=name, AttributeValue=value
                )

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """One that nobody listens to: subscribers would lose it with the pipeline."""
        live = _read(aws, self.scope, self.name)
        if live is None:
            return Untouchable("it has gone meanwhile")
        if subscribers(aws, self.scope):
            return Untouchable("it has subscribers, who would lose it when the pipeline is removed")
        return Live(live, None)

    def claim(self, aws: Aws) -> None:
        """One call."""
        aws.client("sns").tag_resource(ResourceArn=self.arn, Tags=tag_list(self.scope.tags))

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """Its attributes and its tags."""
        live = _read(aws, scope, name)
        return None if live is None else cls.whole(aws, scope, name, live)

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Its subscriptions go with it; AWS lets one that nobody has confirmed go within 48 hours.

        https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html
        """
        aws.client("sns").delete_topic(TopicArn=scope.topic_arn(name))

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """There is one name it can have."""
        return (scope.topic_arn(name or scope.topic),)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The topic's name, where the ARN is one's."""
        prefix = scope.topic_arn("")
        return arn.removeprefix(prefix) if arn.startswith(prefix) else None

    @classmethod
    def worth_listing(cls, aws: Aws, scope: Scope) -> bool:
        """Its rules are made before it and fall after it."""
        return not {scope.execution_rule, scope.approval_rule}.isdisjoint(Rule.listed(aws, scope))

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """There is one name it can have: AWS's list cannot be asked for the beginning of one."""
        there = _read(aws, at_home(aws, scope), scope.topic)
        return frozenset() if there is None else frozenset({scope.topic})

    @classmethod
    def named_by_us(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """All that are listed: awspipe is in their names."""
        return cls.listed(aws, scope)

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.topic_arn(name)
        answer = maybe(lambda: aws.client("sns").list_tags_for_resource(ResourceArn=arn), *ABSENT)
        return answer and tags_of(answer["Tags"])


def at_home(aws: Aws, scope: Scope) -> Scope:
    """The scope in the account that is asked: lists begin before that is known, and SNS wants whole ARNs."""
    who = aws.identity
    return replace(scope, account=who.account, partition=who.partition)


def _read(aws: Aws, scope: Scope, name: str) -> Body | None:
    """A topic as we write it, asked for once a reading."""
    arn = scope.topic_arn(name)
    get = aws.client("sns").get_topic_attributes
    answer = aws.once(("topic", arn), lambda: maybe(lambda: get(TopicArn=arn), *ABSENT))
    if answer is None:
        return None
    found = answer["Attributes"]
    return {
        "DisplayName": found.get("DisplayName"),
        "Policy": json.loads(found.get("Policy") or "null"),
    }


def subscribers(aws: Aws, scope: Scope) -> tuple[dict[str, Any], ...]:
    """Every subscription of the pipeline's topic as AWS lists them, asked for once a reading.

    One that its owner has ended stays in AWS's list for some days: it is none any more.
    https://github.com/ansible/ansible/pull/20086
    """
    arn = scope.topic_arn(scope.topic)
    pages = aws.client("sns").get_paginator("list_subscriptions_by_topic")

    def ask() -> tuple[dict[str, Any], ...]:
        found = (one for page in pages.paginate(TopicArn=arn) for one in page["Subscriptions"])
        return tuple(one for one in found if one["SubscriptionArn"] != _ENDED)

    return aws.once(("subscribers", arn), lambda: maybe(ask, *ABSENT) or ())
