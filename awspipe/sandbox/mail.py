"""Mail of SNS topics: nothing is sent. It is kept in a file of the sandbox's, and the log names each one.

An address counts as confirmed at once, because nobody gets a mail to confirm it in.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from moto.sns.models import Subscription, sns_backends

from awspipe.sandbox import record, roles, runtime, saving
from awspipe.sandbox.eventbus import Delivery

log = logging.getLogger("awspipe.sandbox")

_LIMIT = 1024 * 1024
_SENDER = "no-reply@sns.amazonaws.com"
_SUBJECT = "AWS Notification Message"


def install() -> None:
    """Put it into moto's SNS; again is harmless."""
    if not hasattr(Subscription.publish, "__wrapped__"):
        Subscription.publish = _keeping_mail(Subscription.publish)  # type: ignore[method-assign]


def tell(delivery: Delivery) -> None:
    """Publish an event to a topic whose policy lets the rule in, as EventBridge does.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    _, _, _, region, account, name = delivery.target_arn.split(":", 5)
    topic = sns_backends[account][region].topics.get(delivery.target_arn)
    if topic is None:
        log.warning("rule %s: there is no topic %s", delivery.rule_arn, name)
    elif not roles.lets_in(topic.policy, "events.amazonaws.com", "sns:Publish", source_arn=delivery.rule_arn):
        log.warning("rule %s: the policy of topic %s does not let it publish", delivery.rule_arn, name)
    else:
        runtime.current().changes.note(saving.ALL)
        said = delivery.input if isinstance(delivery.input, str) else json.dumps(delivery.input)
        topic.publish(said)


def _keeping_mail(original: Callable[..., None]) -> Callable[..., None]:
    """moto lets what is for people fall silently."""

    @wraps(original)
    def publish(self: Any, message: str, message_id: str, subject: str | None = None, **more: Any) -> None:
        if self.protocol in ("email", "email-json"):
            _keep(self.topic, self.endpoint, subject or _SUBJECT, message)
        original(self, message, message_id, subject=subject, **more)

    return publish


def _keep(topic: Any, to: str, subject: str, message: str) -> None:
    if runtime.installed() is None:
        return
    now = datetime.datetime.fromtimestamp(runtime.current().clock(), datetime.UTC)
    head = f"From: {topic.display_name or 'AWS Notifications'} <{_SENDER}>\nTo: {to}\nSubject: {subject}"
    path = runtime.current().state_dir / record.MAIL
    _append(path, f"{head}\nDate: {now:%Y-%m-%d %H:%M:%S} UTC\n\n{message}\n\n")
    log.info("mail to %s, not sent but kept in %s: %s", to, path, message.partition("\n")[0])


def _append(path: Path, text: str) -> None:
    """What is too long begins anew."""
    too_long = path.exists() and path.stat().st_size > _LIMIT
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
    with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as file:
        file.write(text)
