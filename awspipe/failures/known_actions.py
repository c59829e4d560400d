"""Known causes of the failure of a source, an approval, a deployment to S3, and of any action.

https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row

_DOCS = "https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_APPROVALS = "https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html"
_CONNECTIONS = "https://docs.aws.amazon.com/dtconsole/latest/userguide/connections-update.html"
_ACTION = (Where.ACTION,)


def _rejection(failure: Failure, match: re.Match[str]) -> Mapping[str, str] | None:
    """By whom, and their comment; None where nobody has answered, so that something else failed."""
    who = failure.facts.get("by", "")
    comment = failure.facts.get("comment", "")
    if not who and "reject" not in match.string.lower():
        return None
    return {"said": (f" by {who}" if who else "") + (f": {comment}" if comment else "")}


def _settings(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """The action's configuration under its own names, and the bucket it means."""
    bucket = failure.configuration.get("BucketName") or failure.configuration.get("S3Bucket", "")
    repository = failure.configuration.get("RepositoryName") or failure.configuration.get(
        "FullRepositoryId", ""
    )
    return {**failure.configuration, "bucket": bucket, "repository": repository}


ROWS = (
    Row(
        name="approval-timed-out",
        where=_ACTION,
        category="Approval",
        text=r"not answered within|timed? ?out|expired",
        line="nobody answered the approval within its time",
        fix="retry the stage to ask again; `timeout:` at the approval says how many minutes it waits",
        source=_APPROVALS,
        verified=False,
    ),
    Row(
        name="approval-topic",
        where=_ACTION,
        category="Approval",
        text=r"\b(?:topic|SNS|notif\w+)\b",
        line="the approval could not tell its topic, so nobody was asked: {topic}",
        fix="make the topic in the pipeline's region, or leave NotificationArn out",
        more=lambda failure, match: {"topic": failure.configuration.get("NotificationArn", "")},
        source="https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-action-add.html",
        verified=False,
    ),
    Row(
        name="approval-rejected",
        where=_ACTION,
        category="Approval",
        provider="Manual",
        line="rejected{said}",
        fix="push a commit that answers this, or retry the stage to ask again",
        more=_rejection,
        means="somebody rejected it; who, and their comment",
        source=_APPROVALS,
        verified=False,
    ),
    Row(
        name="branch-missing",
        where=_ACTION,
        text=r"no branch named (?P<branch>\S+) was found",
        line="the repository {repository} has no branch {branch}",
        fix="push to that branch, or mend `branch:` and run `awspipe up`; then retry the stage",
        more=_settings,
        source=_DOCS,
    ),
    Row(
        name="repository-missing",
        where=_ACTION,
        text=r"repository \S+ could not be found|does not lead to the repository",
        category="Source",
        line="there is no repository {repository} that this pipeline can see",
        fix="mend `repository:`, or make it; a connection must be allowed to see it",
        more=_settings,
        source=_DOCS,
    ),
    Row(
        name="commit-missing",
        where=_ACTION,
        category="Source",
        text=r"(?:commit|revision) (?P<commit>[0-9a-f]{7,64})\b.*?(?:could not be found|was found|not exist)",
        line="the repository {repository} has no commit {commit}",
        fix="push it first, or start an execution with a commit that is there",
        more=_settings,
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="connection-pending",
        where=_ACTION,
        provider="CodeStarSourceConnection",
        text=r"connection .*?(?:is not available|not in (?:an )?available|pending)",
        line="the connection to the repository's host is not complete: somebody must still allow it there",
        fix="finish it in the console (Developer Tools, Settings, Connections); in the sandbox: "
        "`awspipe sandbox connect`",
        source=_CONNECTIONS,
        verified=False,
    ),
    Row(
        name="connection-missing",
        where=_ACTION,
        provider="CodeStarSourceConnection",
        text=r"(?:could not find|cannot find|no) .*?connection|connection .*?(?:not found|does not exist)",
        line="the connection {ConnectionArn} is no longer there",
        fix="make a connection and name it at the Source stage, then run `awspipe up`",
        more=_settings,
        source=_CONNECTIONS,
        verified=False,
    ),
    Row(
        name="bucket-missing",
        where=_ACTION,
        text=r"The specified bucket does not exist|NoSuchBucket",
        line="a bucket is not there: {bucket}",
        fix="`awspipe up` makes its buckets again; one of yours must be made first, in the pipeline's region",
        more=lambda failure, match: {
            "bucket": _settings(failure, match)["bucket"] or "the pipeline's artifact bucket"
        },
        source=_S3,
    ),
    Row(
        name="object-missing",
        where=_ACTION,
        text=r"The specified key does not exist|NoSuchKey|The object with key \S+ does not exist",
        category="Source",
        line="the bucket {bucket} has no object {S3ObjectKey}",
        fix="upload it, or mend its name at the Source stage",
        more=_settings,
        source=_S3,
    ),
    Row(
        name="artifact-gone",
        where=_ACTION,
        text=r"The specified key does not exist|NoSuchKey",
        line="an artifact is no longer in its bucket",
        fix="start a new execution: artifacts expire after 30 days",
        source=_S3,
    ),
    Row(
        name="bucket-unversioned",
        where=_ACTION,
        text=r"versioning (?:is not )?enabled",
        provider="S3",
        line="the bucket {bucket} keeps no versions, and a source must",
        fix="`aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`",
        more=_settings,
        source="https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html",
        verified=False,
    ),
    Row(
        name="acl-refused",
        where=_ACTION,
        text=r"AccessControlListNotSupported|does not allow ACLs",
        line="the bucket {bucket} takes no ACLs, as every new bucket",
        fix="leave CannedACL out of the action; a bucket policy makes objects public",
        more=_settings,
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    ),
    Row(
        name="not-a-zip",
        where=_ACTION,
        text=r"is not a zip|(?:unzip|extract|zip file).*?(?:fail|invalid|corrupt|error|cannot)"
        r"|(?:fail|invalid|corrupt|cannot).*?(?:unzip|extract|zip file)",
        line="the artifact is no zip file, so it cannot be unpacked",
        fix="upload a zip as the source, or deploy it as one object: `extract: false`",
        source="https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3Deploy.html",
        verified=False,
    ),
    Row(
        name="variable-unresolved",
        where=_ACTION,
        text=r"one or more variables could not be resolved",
        line="a variable in the configuration of {action} has no value: {variables}",
        fix="mend its namespace and name: the action before must have made it",
        more=lambda failure, match: {
            "action": failure.action,
            "variables": " ".join(re.findall(r"#\{[^}]*\}", " ".join(failure.configuration.values()))),
        },
        source="https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html",
    ),
    Row(
        name="sandbox-failed",
        where=_ACTION,
        code="^InternalError$",
        text=r"The sandbox failed in this action: (?P<said>[^\n]*)",
        line="the sandbox itself failed: {said}",
        fix="this is a mistake in awspipe: please report it",
        source="awspipe.sandbox.launch",
    ),
    Row(
        name="internal-error",
        where=(Where.ACTION, Where.DEPLOYMENT, Where.PHASE),
        code="^(?:InternalError|INTERNAL_ERROR|INTERNAL_SERVICE_ERROR)$",
        text=r"(?P<said>[^\n]*)",
        line="AWS failed of itself: {said}",
        fix="retry the stage; where it fails again, look at the artifact bucket's region and key",
        source="https://raw.githubusercontent.com/aws/agent-toolkit-for-aws/main/skills/core-skills/"
        "aws-deployment/references/troubleshooting.md",
    ),
    Row(
        name="sandbox-stopped",
        where=_ACTION,
        code="^SandboxStopped$",
        line="the sandbox was stopped while this ran",
        fix="retry the stage",
        source="awspipe.sandbox.outcomes",
    ),
    Row(
        name="sandbox-does-not-play",
        where=_ACTION,
        code="^ActionNotPlayedInSandbox$",
        text=r"(?P<said>[^\n]+)",
        line="{said}",
        fix="on AWS this runs; here, leave it out",
        means="the sandbox does not play this",
        source="awspipe.sandbox.launch",
    ),
)
