"""Every name and ARN, as a pure function of pipeline, account, region and partition.

So the whole plan is known before the first write, and anything made can be found again by name.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

EXECUTION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id of an execution, which AWS makes."""

OWNER_TAG = "awspipe:pipeline"
"""The tag that makes a resource ours; its value is the pipeline's name. It is part of every create call."""

EXPIRES_TAG = "awspipe:expires"
"""The tag on a pipeline that says until when it is wanted, e.g. `2026-11-26T21:00:00Z`."""

ROLE_PATH_ROOT = "/awspipe/"

ACCOUNT_REGIONAL = "-an"
"""What the name of a bucket ends with that no other account can have."""

# Bahrain and the UAE have no account-regional bucket namespace.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
_NO_ACCOUNT_REGIONAL_BUCKETS = frozenset({"me-south-1", "me-central-1"})

_BUCKET_NAME_LIMIT = 63
_NOTICES = ("notify", "notify-approvals")
"""How the names of the rules that tell a topic end; those of no source's rule do."""
_BUCKET_PART_LIMIT = 12


def fit(text: str, limit: int, allowed: str = r"A-Za-z0-9._-") -> str:
    """`text` made of `allowed` characters only and at most `limit` long.

    A text that had to be changed gets seven hex digits of its hash, so that two texts stay two names.
    """
    clean = re.sub(f"[^{allowed}]", "-", text)
    return text if clean == text and len(text) <= limit else _marked(clean, text, limit)


def _fit_lower(text: str, limit: int) -> str:
    """As `fit`, for S3: small letters, digits and hyphens, with a letter or digit at each end.

    Letter case alone gets no mark: names that differ in nothing else meet in IAM too, and are refused there.
    """
    lowered = text.lower()
    clean = re.sub(r"[^a-z0-9-]", "-", lowered).strip("-")
    return lowered if clean == lowered and len(lowered) <= limit else _marked(clean, text, limit)


def _marked(clean: str, text: str, limit: int) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:7]
    return "-".join(filter(None, (clean[: limit - 8].strip("-."), digest)))


def part_of(stage: str, action: str) -> str:
    """What stands for an action in names: its stage, and its own name where the two differ."""
    return stage if stage == action else f"{stage}-{action}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a pipeline lives: enough to compute the name and ARN of everything that belongs to it."""

    pipeline: str
    account: str
    region: str
    partition: str = "aws"
    own_tags: tuple[tuple[str, str], ...] = ()
    """The user's own tags for all that is made."""

    @property
    def tags(self) -> dict[str, str]:
        """The user's own tags and the owner tag, as a mapping."""
        return {**dict(self.own_tags), OWNER_TAG: self.pipeline}

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def pipeline_arn(self) -> str:
        """CodePipeline's ARN has no type segment."""
        return self.arn("codepipeline", self.pipeline)

    @property
    def console_page(self) -> str:
        """The pipeline's address in the AWS console, without what is looked at of it."""
        domains = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}
        domain = domains.get(self.partition, "aws.amazon.com")
        return f"https://{self.region}.console.{domain}/codesuite/codepipeline/pipelines/{self.pipeline}"

    @property
    def project_prefix(self) -> str:
        """What the name of each of this pipeline's build projects begins with (never with a mark)."""
        return fit(self.pipeline, 100, "A-Za-z0-9_-").lstrip("_-") + "-"

    def project(self, part: str) -> str:
        """A build project's name: at most 150 characters."""
        return self.project_prefix + fit(part, 49, "A-Za-z0-9_-")

    def project_arn(self, name: str) -> str:
        """A build project's ARN."""
        return self.arn("codebuild", f"project/{name}")

    def report_group_arn(self, name: str) -> str:
        """The ARN of a group of test reports."""
        return self.arn("codebuild", f"report-group/{name}")

    def log_group_arn(self, name: str) -> str:
        """A log group's ARN, without the trailing `:*`."""
        return self.arn("logs", f"log-group:{name}")

    def repository_arn(self, name: str) -> str:
        """A CodeCommit repository's ARN."""
        return self.arn("codecommit", name)

    @property
    def application(self) -> str:
        """The CodeDeploy application: one a pipeline, with a deployment group for each deploy action."""
        return self.pipeline

    def application_arn(self, name: str) -> str:
        """A CodeDeploy application's ARN."""
        return self.arn("codedeploy", f"application:{name}")

    def deployment_group_arn(self, application: str, group: str) -> str:
        """A CodeDeploy deployment group's ARN."""
        return self.arn("codedeploy", f"deploymentgroup:{application}/{group}")

    @property
    def connection_prefix(self) -> str:
        """What the name of each connection made for this pipeline begins with."""
        return fit(self.pipeline, 22) + "-"

    def connection(self, provider: str) -> str:
        """A connection's name: at most 32 characters; `provider` is the spec's word, and ends it."""
        return self.connection_prefix + provider

    @property
    def rule_prefix(self) -> str:
        """What the name of each of this pipeline's event rules begins with."""
        return f"awspipe-{fit(self.pipeline, 32)}-"

    def rule(self, part: str) -> str:
        """The name of the rule that starts the pipeline on changes of a source: at most 64 characters."""
        fitted = fit(part, 23)
        return self.rule_prefix + (_marked(fitted, part, 23) if fitted in _NOTICES else fitted)

    @property
    def execution_rule(self) -> str:
        """The name of the rule that tells the topic of executions."""
        return self.rule_prefix + _NOTICES[0]

    @property
    def approval_rule(self) -> str:
        """The name of the rule that tells the topic of approvals."""
        return self.rule_prefix + _NOTICES[1]

    @property
    def topic(self) -> str:
        """The name of the SNS topic that tells of the pipeline: at most 108 characters."""
        return "awspipe-" + fit(self.pipeline, 100, "A-Za-z0-9_-")

    def topic_arn(self, name: str) -> str:
        """A topic's ARN."""
        return self.arn("sns", name)

    def rule_arn(self, name: str) -> str:
        """The ARN of a rule on the default event bus."""
        return self.arn("events", f"rule/{name}")

    @property
    def role_path(self) -> str:
        """The IAM path of this pipeline's roles in this region; IAM can list by it."""
        return f"{ROLE_PATH_ROOT}{self.region}/{self.pipeline}/"

    def role(self, part: str) -> str:
        """A role's name: at most 64 characters, and unique in the account whatever its path.

        The pipeline's own role has no part.
        """
        room = 64 - len(f"awspipe--{self.region}-")
        name = f"awspipe-{fit(self.pipeline, room - 16)}-{self.region}"
        return f"{name}-{fit(part, 16)}" if part else name

    def role_arn(self, name: str) -> str:
        """The ARN of a role of the pipeline's; IAM is not regional."""
        return self.any_role_arn(self.role_path[1:] + name)

    def any_role_arn(self, name: str) -> str:
        """The ARN of any role of the account, by its name with its path: `apps/deployer`."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    @property
    def account_regional_buckets(self) -> bool:
        """Whether the region has bucket names that only this account can own."""
        return self.region not in _NO_ACCOUNT_REGIONAL_BUCKETS

    @property
    def _bucket_suffix(self) -> str:
        suffix = f"-{self.account}-{self.region}"
        return suffix + ACCOUNT_REGIONAL if self.account_regional_buckets else suffix

    @property
    def bucket_prefix(self) -> str:
        """What the name of each of this pipeline's buckets begins with."""
        room = _BUCKET_NAME_LIMIT - len(self._bucket_suffix) - _BUCKET_PART_LIMIT - 1
        return _fit_lower(self.pipeline, room) + "-"

    def bucket(self, part: str) -> str:
        """A bucket's name: in the account-regional namespace, at most 63 characters of `a-z0-9-`."""
        return self.bucket_prefix + _fit_lower(part, _BUCKET_PART_LIMIT) + self._bucket_suffix

    def owns_bucket_name(self, name: str) -> bool:
        """Whether a bucket of this name could be this pipeline's."""
        return name.startswith(self.bucket_prefix) and name.endswith(self._bucket_suffix)

    def bucket_arn(self, name: str) -> str:
        """A bucket's ARN."""
        return f"arn:{self.partition}:s3:::{name}"


def log_stream_of(arn: str) -> tuple[str, str]:
    """Group and stream of a log stream's ARN: `arn:aws:logs:REGION:ACCOUNT:log-group:GROUP:log-stream:S`."""
    group, _, stream = arn.split(":", 6)[-1].partition(":log-stream:")
    return group, stream
