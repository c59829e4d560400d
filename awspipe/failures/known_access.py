"""Known causes: somebody may not do something.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from awspipe.denials import told
from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"
_PIPELINE = "https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html"
_ANY = tuple(Where)
_WITHOUT_LOG = tuple(one for one in Where if one is not Where.LOG)

_SENTENCE = r"User: (?P<principal>arn:\S+) is not authorized to perform: [\w-]+:\w+[^\n]*"


def _denied(failure: Failure, match: re.Match[str]) -> Mapping[str, str] | None:
    found = told(match[0])
    if found is None:
        return None
    who, call = _who(match["principal"]), found.actions[0]
    on = "" if found.resource == "*" else f" on {found.resource}"
    way = f"add to {who}: {json.dumps(found.statement)}"
    if found.forbidden:
        way = f"the {found.forbidden} forbids it: change that; a statement for {who} cannot allow it"
    return {"said": f"{who} may not {call}{on}", "way": way}


def statement(call: str, resource: str) -> str:
    """The IAM statement that allows a call, as JSON on one line."""
    return json.dumps({"Effect": "Allow", "Action": call, "Resource": resource})


def _who(principal: str) -> str:
    """`role NAME` or `user NAME` of an ARN of either."""
    kind, _, rest = principal.split(":", 5)[-1].partition("/")
    if kind == "assumed-role":
        return f"role {rest.partition('/')[0]}"
    return f"{kind} {rest.rpartition('/')[2]}" if rest else principal


def _bucket(failure: Failure) -> str:
    return failure.configuration.get("BucketName") or failure.configuration.get("S3Bucket", "")


def _objects(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    grant = statement("s3:PutObject", f"arn:aws:s3:::{_bucket(failure)}/*")
    return {"bucket": _bucket(failure), "grant": grant}


def _connection(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    return {"grant": statement("codestar-connections:UseConnection", failure.configuration["ConnectionArn"])}


ROWS = (
    Row(
        name="role-denied",
        where=_ANY,
        text=_SENTENCE,
        line="{said}",
        fix="{way}",
        more=_denied,
        means="a role may not do something that it needs to",
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
        name="connection-denied",
        where=(Where.ACTION,),
        provider="CodeStarSourceConnection",
        text=r"provided role .{0,200}?does not have sufficient permissions",
        line="the pipeline's role may not use the connection",
        fix="`awspipe up` gives its role that; to a role of yours add: {grant}",
        more=_connection,
        source="https://github.com/hashicorp/terraform-provider-aws/issues/11389",
    ),
    Row(
        name="artifact-denied",
        where=(Where.ACTION,),
        text=r"Unable to access the artifact|provided role .{0,200}?does not have sufficient permissions",
        line="the pipeline's role may not use the artifact bucket",
        fix="`awspipe up` gives its role that; a role of yours needs s3:GetObject and s3:PutObject there",
        source=_PIPELINE,
        verified=False,
    ),
    Row(
        name="s3-denied",
        where=_WITHOUT_LOG,
        text=r"\bAccess ?Denied\b|sufficient permissions to call s3\.\w+",
        provider="S3",
        line="S3 denies the pipeline's role the bucket {bucket}",
        fix="no policy of the bucket may deny it, and the role needs: {grant}",
        more=_objects,
        source="https://github.com/awslabs/aws-deployment-framework/issues/202",
    ),
)
