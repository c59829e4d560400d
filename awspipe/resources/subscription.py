"""Who gets mail from a pipeline's topic: an address, which its owner must confirm.

A subscription has no tags: it is ours where its topic is. Until it is confirmed AWS gives it no ARN, takes no
unsubscribing, and lets it go by itself after 48 hours.
https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, absent
from awspipe.naming import Scope
from awspipe.resources.base import Body, Kept, Live, Resource, Tagged, Untouchable
from awspipe.resources.rights import Rights
from awspipe.resources.topic import ABSENT, Topic, at_home, subscribers

_PROTOCOL = "email"
_LIST = frozenset({"sns:ListSubscriptionsByTopic"})
CONFIRM = "somebody must open the mail from AWS Notifications there and confirm: before that nothing is sent"
"""What is missing of a new subscription."""


@dataclass(frozen=True, kw_only=True)
class Subscription(Resource):
    """A mail address that hears of the topic; its name is the address, in small letters."""

    kind: ClassVar[str] = "subscription"
    uses: ClassVar[frozenset[str]] = frozenset({"topic"})
    frees: ClassVar[frozenset[str]] = frozenset({"topic"})
    permissions: ClassVar[Rights] = Rights(
        find=_LIST | {"sns:ListTagsForResource"},
        read=_LIST,
        make=frozenset({"sns:Subscribe"}),
        remove=_LIST | {"sns:Unsubscribe"},
        unbound=frozenset({"sns:Unsubscribe"}),
    )

    def body(self) -> Body:
        """By what it is told."""
        return {"Protocol": _PROTOCOL}

    def create(self, aws: Aws) -> None:
        """One call: AWS sends the mail that asks for the confirmation."""
        arn = self.scope.topic_arn(self.scope.topic)
        aws.client("sns").subscribe(TopicArn=arn, Protocol=_PROTOCOL, Endpoint=self.name)

    def claim(self, aws: Aws) -> None:
        """It has no tags."""

    def adoptable(self, aws: Aws) -> Untouchable:
        """It goes with its topic."""
        return Untouchable("its topic is not ours")

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The one of this address, where the topic is ours; else the topic is what is in the way."""
        found = _named(aws, scope).get(name)
        if found is None or cls.owner(aws, scope, name) != scope.pipeline:
            return None
        remark = "" if _is_confirmed(found) else f"not confirmed yet: {CONFIRM}"
        return Live({"Protocol": found["Protocol"]}, scope.pipeline, remark=remark)

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """One call, where it is confirmed."""
        found = _named(aws, scope).get(name)
        if found is not None and _is_confirmed(found):
            with absent(*ABSENT):
                aws.client("sns").unsubscribe(SubscriptionArn=found["SubscriptionArn"])

    @classmethod
    def keep(cls, aws: Aws, scope: Scope, name: str) -> Kept | None:
        """Nobody can take one away that waits to be confirmed."""
        found = _named(aws, scope).get(name)
        if found is None or _is_confirmed(found):
            return None
        return Kept("nobody has confirmed it, so it gets nothing, and AWS drops it within 48 hours")

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The topic's: AWS makes up its own."""
        return (scope.topic_arn(scope.topic),)

    @classmethod
    def worth_listing(cls, aws: Aws, scope: Scope) -> bool:
        """Where a topic may be."""
        return Topic.worth_listing(aws, scope)

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """The addresses that are told by the topic; others' queues and functions are none of ours."""
        return frozenset(_named(aws, at_home(aws, scope)))

    @classmethod
    def in_index(cls, aws: Aws, scope: Scope, tagged: Tagged) -> frozenset[str]:
        """Those of a topic that is in the index."""
        return cls.listed(aws, scope) if scope.topic in tagged.names(Topic) else frozenset()

    @classmethod
    def unconfirmed(cls, aws: Aws, scope: Scope) -> tuple[str, ...]:
        """The addresses of which nobody has said yet that they want it."""
        return tuple(name for name, found in _named(aws, scope).items() if not _is_confirmed(found))

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> None:
        """It has none."""

    @classmethod
    def owner(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """Its topic's."""
        return Topic.owner(aws, scope, scope.topic)


def _named(aws: Aws, scope: Scope) -> dict[str, dict[str, Any]]:
    mails = (one for one in subscribers(aws, scope) if one["Protocol"] == _PROTOCOL)
    return {one["Endpoint"].lower(): one for one in mails}


def _is_confirmed(found: dict[str, Any]) -> bool:
    return str(found["SubscriptionArn"]).startswith("arn:")
