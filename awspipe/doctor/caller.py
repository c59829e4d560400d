"""The caller: credentials, clock, and what IAM lets them do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from awspipe.aws import Aws, maybe
from awspipe.doctor.findings import Case, Finding, State, ok, problem
from awspipe.errors import AwspipeError, CredentialsError
from awspipe.explain import explained
from awspipe.rights import Grant, Job, grants

ACCOUNT = "account"
"""The line that is there once it is known who is calling."""
_SKEW = timedelta(minutes=4)
"""AWS refuses a signature that is more than five minutes old or ahead."""
_SOON = timedelta(minutes=10)
_KINDS = {
    "env": "of the environment",
    "shared-credentials-file": "of ~/.aws/credentials",
    "config-file": "of ~/.aws/config",
    "assume-role": "of a role that the profile names",
    "assume-role-with-web-identity": "of a role, by a web identity",
    "sso": "of aws sso login",
    "login": "of aws login",
    "custom-process": "of the profile's credential_process",
    "container-role": "of this container's role",
    "iam-role": "of this machine's role",
}


def credentials(case: Case) -> Iterator[Finding]:
    """Whose they are, of what kind, until when; and whether this machine's clock is right."""
    with explained("find credentials"):
        found = case.aws.session.get_credentials()
        kind = _KINDS.get(str(getattr(found, "method", "")), "") if found else ""
    try:
        with explained("ask AWS who is calling"):
            answer = case.aws.client("sts").get_caller_identity()
    except CredentialsError:
        raise
    except AwspipeError as error:
        yield problem("network", error)
        return
    yield _told(case, answer["Arn"], kind, getattr(found, "_expiry_time", None))
    yield ok(ACCOUNT, f"{answer['Account']}, {case.aws.region}")
    yield clock(answer["ResponseMetadata"]["HTTPHeaders"].get("date"), case.now())


def _told(case: Case, arn: str, kind: str, ends: datetime | None) -> Finding:
    whose = "the sandbox's own" if case.sandbox else f"{kind}: {arn}" if kind else arn
    if ends is None:
        return ok("credentials", whose)
    left = ends - case.now()
    if left < _SOON:
        says = f"{whose}; they end in {max(0, int(left.total_seconds()))} s"
        return Finding("credentials", State.PROBLEM, says, "log in again", 4)
    return ok("credentials", f"{whose}; until {ends.astimezone():%Y-%m-%d %H:%M}")


def clock(date: str | None, now: datetime) -> Finding:
    """This machine's clock against the time in AWS's answer.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    if not date:
        return Finding("clock", State.UNKNOWN, "the answer carries no date")
    off = now - parsedate_to_datetime(date)
    seconds = int(abs(off).total_seconds())
    if abs(off) < _SKEW:
        return ok("clock", "right" if seconds < 5 else f"{seconds} s off, which AWS tolerates")
    way = "ahead" if off > timedelta() else "behind"
    says = f"this machine is {seconds} s {way}: AWS refuses signatures that are five minutes off"
    return Finding("clock", State.PROBLEM, says, "set the clock, or switch on network time")


def permissions(case: Case) -> Iterator[Finding]:
    """Whether the caller may do all that the spec needs, as IAM's own simulator says."""
    name = "permissions"
    if case.sandbox:
        yield ok(name, "the sandbox judges what roles may do, not what you may")
        return
    if not case.graphs:
        return
    source = _policy_source(case.aws)
    if not source:
        yield Finding(name, State.UNKNOWN, "IAM's simulator knows no policy of such a caller", _PRINTS)
        return
    wanted = grants(case.graphs, frozenset(Job))
    lacking = sorted({one for found in case.aws.gather(*_asks(case.aws, source, wanted)) for one in found})
    if not lacking:
        yield ok(name, "all that up, status and down of this spec need")
        return
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    yield Finding(name, State.PROBLEM, f"not allowed: {', '.join(lacking[:3])}{more}", _PRINTS, 4)


_PRINTS = "`awspipe policy` prints all that this spec needs"


def _asks(aws: Aws, source: str, wanted: Iterable[Grant]) -> Iterator[Callable[[], tuple[str, ...]]]:
    for grant in wanted:
        yield lambda grant=grant: tuple(_lacking(aws, source, grant))  # type: ignore[misc]


def _lacking(aws: Aws, source: str, grant: Grant) -> Iterator[str]:
    """Those of a statement's actions that IAM would not allow."""
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for keys in grant.statement.condition.values()
        for key, value in keys.items()
    ]
    with explained("ask IAM what these credentials may do"):
        pages = aws.client("iam").get_paginator("simulate_principal_policy")
        for page in pages.paginate(
            PolicySourceArn=source,
            ActionNames=sorted(grant.statement.actions),
            ResourceArns=sorted(grant.statement.resources),
            **({"ContextEntries": entries} if entries else {}),
        ):
            for result in page["EvaluationResults"]:
                if result["EvalDecision"] != "allowed":
                    yield result["EvalActionName"]


def _policy_source(aws: Aws) -> str:
    """The user, or the role behind a session; "" where there is none (the root user, a federated one)."""
    _, partition, _, _, account, resource = aws.identity.arn.split(":", 5)
    kind, _, rest = resource.partition("/")
    if kind == "user":
        return aws.identity.arn
    if kind != "assumed-role":
        return ""
    role = rest.partition("/")[0]
    with explained("look at the role of these credentials"):
        found = maybe(lambda: aws.client("iam").get_role(RoleName=role), "NoSuchEntity")
    return str(found["Role"]["Arn"]) if found else f"arn:{partition}:iam::{account}:role/{role}"
