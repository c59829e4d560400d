"""What AWS did not allow, and the statement that would: from AWS's own words, else from the call.

Most services say the action and the resource; S3 often says "Access Denied" and nothing else.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_MARK = "awspipe:call"
_HAND_ON = re.compile("iam:PassRole", re.IGNORECASE)
_SAID = re.compile(
    r"not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<resource>arn:[^\s\"]+|\*|\w+ [^\s\"]+))?"
)
_CALLER = re.compile(r"User: (arn:[^\s\"]+)")
_FORBIDDEN = re.compile(
    r"with an explicit deny in an? (?P<by>[\w -]+?)(?=[.:;,]|$)"
    r"|because no (?P<limit>service control policy|resource control policy|permissions boundary"
    r"|session policy|VPC endpoint policy) allows"
    r"|(?P<block>BlockPublicPolicy)"
)

# S3's operations that are not named like the action they need, of those that awspipe makes.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_S3 = {
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_OF_OBJECTS = re.compile(r"s3:(Abort|(Get|Put|Delete)Object)\w*")
_PREFIXES = {"resourcegroupstaggingapi": "tag", "stepfunctions": "states"}


@dataclass(frozen=True, slots=True)
class Call:
    """The call behind an error, as botocore made it."""

    service: str
    operation: str
    params: Mapping[str, Any]
    partition: str


@dataclass(frozen=True, slots=True)
class Denial:
    """Something that was not allowed. `actions` are several where AWS does not say which one it lacked.

    `forbidden` says what forbids it, where no statement of the caller's own policy can allow it.
    """

    actions: tuple[str, ...]
    resource: str
    caller: str = ""
    service: str = ""
    forbidden: str = ""

    @property
    def statement(self) -> dict[str, Any]:
        """The statement that would allow it."""
        action = self.actions[0] if len(self.actions) == 1 else list(self.actions)
        found: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": self.resource}
        if _HAND_ON.fullmatch(self.actions[0]) and self.service:
            found["Condition"] = {"StringEquals": {"iam:PassedToService": f"{self.service}.amazonaws.com"}}
        return found


def remember(client: Any) -> None:
    """Keep each call's parameters with the error it may end in: botocore's errors lack them."""
    service, partition = client.meta.service_model.service_name, client.meta.partition

    def built(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[_MARK] = params

    def ended(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if "Error" in parsed and isinstance(context, dict):
            parsed[_MARK] = Call(service, model.name, context.get(_MARK, {}), partition)

    client.meta.events.register("before-parameter-build", built)
    client.meta.events.register("after-call", ended)


def denial(error: ClientError) -> Denial:
    """What an error with one of AWS's codes for "not allowed" was about."""
    answer: dict[str, Any] = dict(error.response)
    message = str(answer.get("Error", {}).get("Message", ""))
    return _understood(message, answer.get(_MARK) or Call("", error.operation_name, {}, "aws"))


def told(message: str) -> Denial | None:
    """What a sentence of AWS denies somebody; None where it names no action."""
    return _understood(message, Call("", "", {}, "aws")) if _SAID.search(message) else None


def _understood(message: str, call: Call) -> Denial:
    said, caller, forbidden = _SAID.search(message), _CALLER.search(message), _FORBIDDEN.search(message)
    actions = (said["action"],) if said else tuple(_actions(call))
    return Denial(
        actions=actions,
        resource=_resource(said["resource"] if said else None, call, actions, caller),
        caller=caller[1] if caller else "",
        service=call.service,
        forbidden=_by(forbidden) if forbidden else "",
    )


def _by(found: re.Match[str]) -> str:
    if found["block"]:
        return "S3 Block Public Access of the bucket or of the account"
    return found["by"] or found["limit"]


def _actions(call: Call) -> Iterator[str]:
    """The actions that a call needs, where AWS does not say."""
    if call.service != "s3":
        yield (
            f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
            if call.service
            else call.operation
        )
        return
    yield f"s3:{_S3.get(call.operation, call.operation)}"
    if call.operation == "CreateBucket" and call.params.get("CreateBucketConfiguration", {}).get("Tags"):
        yield "s3:TagResource"
    if call.operation == "DeleteObjects":
        yield "s3:DeleteObjectVersion"


def _resource(said: str | None, call: Call, actions: tuple[str, ...], caller: re.Match[str] | None) -> str:
    """An ARN; IAM says `role NAME` of one that is not there."""
    if said and (said.startswith("arn:") or said == "*"):
        return said
    if said and caller:
        kind, _, name = said.partition(" ")
        _, partition, _, _, account, *_ = caller[1].split(":")
        return f"arn:{partition}:iam::{account}:{kind}/{name}"
    bucket = call.params.get("Bucket")
    if call.service == "s3" and bucket:
        objects = "/*" if _OF_OBJECTS.fullmatch(actions[0]) else ""
        return f"arn:{call.partition}:s3:::{bucket}{objects}"
    return "*"
