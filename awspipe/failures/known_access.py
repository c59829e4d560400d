"""Known causes: somebody may not do something.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"
_PIPELINE = "https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html"
_ANY = tuple(Where)
_WITHOUT_LOG = tuple(one for one in Where if one is not Where.LOG)

_SENTENCE = (
    r"User: (?P<principal>arn:\S+) is not authorized to perform: (?P<call>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<resource>[^\s\"]+)\"?)?(?P<why>[^\n]{0,200})"
)


def _denied(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    who, call = _who(match["principal"]), match["call"]
    resource = (match["resource"] or "*").rstrip(".,")
    why = match["why"] or ""
    on = "" if resource == "*" else f" on {resource}"
    return {"said": f"{who} may not {call}{on}", "way": _way(who, statement(call, resource), why)}


def _way(who: str, grant: str, why: str) -> str:
    """What makes a denied call allowed: a statement, unless somebody denies it on purpose."""
    policy = re.search(r"explicit deny in an? ([\w -]+?polic(?:y|ies))", why)
    if "explicit deny" in why:
        kind = policy[1] if policy else "policy"
        article = "an" if kind[0] in "aeio" else "a"
        return f"a statement of {article} {kind} denies it: change that one; to allow it would not help"
    for other in ("service control policy", "permissions boundary", "session policy", "VPC endpoint policy"):
        if f"no {other}" in why:
            return f"the {other} must allow it too: add {grant}"
    return f"add to {who}: {grant}"


def statement(call: str, resource: str) -> str:
    """The IAM statement that allows a call, as JSON on one line."""
    return json.dumps({"Effect": "Allow", "Action": call, "Resource": resource})


def _who(principal: str) -> str:
    """`role NAME` or `user NAME` of an ARN of either."""
    kind, _, rest = principal.split(":", 5)[-1].partition("/")
    if kind == "assumed-role":
        return f"role {rest.partition('/')[0]}"
    return f"{kind} {rest.rpartition('/')[2]}" if rest else principal


ROWS = (
    Row(
        name="role-denied",
        where=_ANY,
        text=_SENTENCE,
        line="{said}",
        fix="{way}",
        more=_denied,
        source=_IAM,
    ),
    Row(
        name="role-not-assumable",
        where=_WITHOUT_LOG,
        text=r"not authorized to perform:? (?:sts:)?AssumeRole on (?:role )?(?P<role>arn:[^\s.,]+)",
        line="the service cannot use role {role}: it is not there, or does not trust the service",
        fix="`awspipe up` makes its roles again; a role of yours must trust the service",
        source="https://github.com/hashicorp/terraform/issues/19264",
    ),
    Row(
        name="codecommit-denied",
        where=(Where.ACTION,),
        text=r"doesn.t have the permissions required to access the AWS CodeCommit repository "
        r"named (?P<name>\S+?)\. ",
        line="the pipeline's role may not read the CodeCommit repository {name}",
        fix="`awspipe up` gives its role that; a role of yours needs codecommit:GetBranch, GetCommit, "
        "UploadArchive, GetUploadArchiveStatus and CancelUploadArchive on it",
        source=_PIPELINE,
    ),
    Row(
        name="s3-denied",
        where=_WITHOUT_LOG,
        text=r"\bAccess ?Denied\b",
        provider="S3",
        line="S3 denies the pipeline's role the bucket {bucket}",
        fix="the role needs s3:PutObject on arn:aws:s3:::{bucket}/*, and no policy of the bucket may deny it",
        more=lambda failure, match: {
            "bucket": failure.configuration.get("BucketName") or failure.configuration.get("S3Bucket", "")
        },
        source="https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
    ),
)
