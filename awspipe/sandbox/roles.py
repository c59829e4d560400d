"""What AWS asks of a service role: to exist, trust the service, be old enough, and be allowed the thing."""

from __future__ import annotations

import datetime
from enum import Enum
from typing import Any

from moto.iam.models import iam_backends

from awspipe.sandbox import runtime
from awspipe.sandbox.policies import Context, Verdict, applies, listed, statements, verdict


class Standing(Enum):
    """How a role stands towards a service."""

    USABLE = "usable"
    MISSING = "missing"
    UNTRUSTING = "does not trust the service"
    YOUNG = "made a moment ago: IAM has not told every service yet"


def standing(role_arn: str, service: str, *, source_arn: str) -> Standing:
    """Whether `service` (`codebuild.amazonaws.com`) can assume a role on behalf of `source_arn`."""
    role = _role(role_arn)
    if role is None:
        return Standing.MISSING
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]}
    if not any(_trusts(one, service, context) for one in _statements(role.assume_role_policy_document)):
        return Standing.UNTRUSTING
    now = runtime.current()
    if now.role_delay and now.clock() - _epoch(role.create_date) < now.role_delay:
        return Standing.YOUNG
    return Standing.USABLE


def lends(role_arn: str, *, to: str) -> bool:
    """Whether a role can be assumed by who works with the role `to`: both must say so.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html
    """
    role = _role(role_arn)
    if role is None or not permits(to, "sts:AssumeRole", role_arn):
        return False
    account = to.split(":")[4]
    theirs = {to, account, f"{to.split(':iam:', maxsplit=1)[0]}:iam::{account}:root", "*"}
    return any(
        _is_for(one, theirs) and _allows_assuming(one) and not one.get("Condition")
        for one in _statements(role.assume_role_policy_document)
    )


def _is_for(statement: dict[str, Any], principals: set[str]) -> bool:
    principal = statement.get("Principal", {})
    named = listed(principal.get("AWS")) if isinstance(principal, dict) else listed(principal)
    return not principals.isdisjoint(named)


def lets_in(document: str, service: str, action: str, *, source_arn: str) -> bool:
    """Whether a resource's own policy lets a service do an action on behalf of `source_arn`."""
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]}
    found = _statements(document)
    return any(_names(one, service) and _allows(one, action) and applies(one, context) for one in found)


def permits(role_arn: str, action: str, resource: str) -> bool:
    """Whether a role's policies, inline and attached, allow an action on a resource."""
    return _verdict(role_arn, action, resource, {}) is Verdict.ALLOWED


def refusal(
    role_arn: str, action: str, resource: str, *, session: str, context: Context | None = None
) -> str | None:
    """IAM's sentence when a role may not do an action on a resource; None when it may.

    `context`: what the request says beside that, e.g. `aws:resourcetag/name`, in small letters.
    """
    found = _verdict(role_arn, action, resource, context or {})
    if found is Verdict.ALLOWED:
        return None
    head, _, name = role_arn.partition(":role/")
    who = f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/{session}"
    why = (
        "with an explicit deny in an identity-based policy"
        if found is Verdict.DENIED
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {who} is not authorized to perform: {action} on resource: {resource} {why}"


def _verdict(role_arn: str, action: str, resource: str, context: Context) -> Verdict:
    role = _role(role_arn)
    if role is None:
        return Verdict.UNSAID
    attached = (_in_force(policy) for policy in role.managed_policies.values())
    documents = [*role.policies.values(), *attached]
    return verdict(documents, action, resource, context)


def _in_force(policy: Any) -> str:
    """The document of a managed policy: its default version's."""
    return next(str(one.document) for one in policy.versions if one.is_default)


def _role(arn: str) -> Any:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[4] not in iam_backends:
        return None
    found = list(iam_backends[parts[4]][parts[1]].roles.values())
    return next((role for role in found if role.arn == arn), None)


def _statements(document: str) -> list[dict[str, Any]]:
    return [one for one in statements(document) if one.get("Effect") == "Allow"]


def _trusts(statement: dict[str, Any], service: str, context: dict[str, str]) -> bool:
    return _names(statement, service) and _allows_assuming(statement) and applies(statement, context)


def _names(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    services = listed(principal.get("Service")) if isinstance(principal, dict) else listed(principal)
    return service in services or "*" in services


def _allows_assuming(statement: dict[str, Any]) -> bool:
    return _allows(statement, "sts:AssumeRole")


def _allows(statement: dict[str, Any], action: str) -> bool:
    actions = {one.lower() for one in listed(statement.get("Action"))}
    return bool(actions & {action.lower(), f"{action.partition(':')[0].lower()}:*", "*"})


def _epoch(moment: datetime.datetime) -> float:
    return moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=datetime.UTC).timestamp()
