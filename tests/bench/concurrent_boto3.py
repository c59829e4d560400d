"""The yardstick: the same resources as `static-site`, by hand, as concurrently as boto3 allows.

`python -m tests.bench.concurrent_boto3 up|read|status|down NAME ENDPOINT REGION`, keys in the environment.
It checks nothing, owns nothing and proves nothing: it only makes the calls that cannot be avoided.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

SERVICES = ("iam", "s3", "codecommit", "events", "codebuild", "logs", "codepipeline")
Call = Callable[[], Any]


class Site:
    """The calls for one pipeline."""

    def __init__(self, name: str, endpoint: str, region: str) -> None:
        self.name = name
        self.region = region
        config = Config(max_pool_connections=24, retries={"mode": "standard", "total_max_attempts": 10})
        session = boto3.Session(region_name=region)
        clients = {one: session.client(one, endpoint_url=endpoint, config=config) for one in SERVICES}
        self.iam, self.s3, self.codecommit, self.events, self.codebuild, self.logs, self.codepipeline = (
            clients.values()
        )
        self.account = "123456789012"
        self.buckets = [f"{name}-{part}-{self.account}-{region}-an" for part in ("artifacts", "site")]
        self.roles = [f"{name}-{part}" for part in ("pipeline", "build", "events")]
        self.pool = ThreadPoolExecutor(24)

    def together(self, *calls: Call) -> None:
        """Run calls side by side."""
        for future in [self.pool.submit(call) for call in calls]:
            future.result()

    def role_arn(self, name: str) -> str:
        """A role's ARN."""
        return f"arn:aws:iam::{self.account}:role/{name}"

    def _role(self, name: str) -> None:
        service = {"pipeline": "codepipeline", "build": "codebuild", "events": "events"}[
            name.rpartition("-")[2]
        ]
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = {"Version": "2012-10-17", "Statement": [trust]}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.buckets[0]}/*"}
        self.iam.put_role_policy(
            RoleName=name,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
        )

    def _bucket(self, name: str) -> None:
        self.s3.create_bucket(
            Bucket=name,
            BucketNamespace="account-regional",
            CreateBucketConfiguration={"LocationConstraint": self.region},
        )

    def _site(self) -> None:
        name = self.buckets[1]
        self._bucket(name)
        self.s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True},
        )
        allow = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{name}/*",
        }
        self.together(
            lambda: self.s3.put_bucket_policy(
                Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            ),
            lambda: self.s3.put_bucket_website(
                Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
            ),
        )

    def _project(self) -> None:
        self._role(self.roles[1])
        self.codebuild.create_project(
            name=f"{self.name}-build",
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=self.role_arn(self.roles[1]),
        )

    def _rule(self) -> None:
        self._role(self.roles[2])
        pattern = {"source": ["aws.codecommit"], "detail": {"referenceName": ["main"]}}
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        target = {
            "Id": "1",
            "Arn": f"arn:aws:codepipeline:{self.region}:{self.account}:{self.name}",
            "RoleArn": self.role_arn(self.roles[2]),
        }
        self.events.put_targets(Rule=self.name, Targets=[target])

    def _log_group(self) -> None:
        group = f"/aws/codebuild/{self.name}-build"
        self.logs.create_log_group(logGroupName=group)
        self.logs.put_retention_policy(logGroupName=group, retentionInDays=14)

    def up(self) -> None:
        """Make everything, the pipeline last."""
        self.together(
            lambda: self.codecommit.create_repository(repositoryName=self.name),
            lambda: self._bucket(self.buckets[0]),
            self._site,
            lambda: self._role(self.roles[0]),
            self._project,
            self._rule,
            self._log_group,
        )
        self.codepipeline.create_pipeline(pipeline=self._declaration())

    def _declaration(self) -> dict[str, Any]:
        def action(
            category: str, provider: str, configuration: dict[str, str], **more: Any
        ) -> dict[str, Any]:
            kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
            return {"name": category, "actionTypeId": kind, "configuration": configuration, **more}

        source = {"RepositoryName": self.name, "BranchName": "main", "PollForSourceChanges": "false"}
        stages = [
            action("Source", "CodeCommit", source, outputArtifacts=[{"name": "S"}]),
            action(
                "Build",
                "CodeBuild",
                {"ProjectName": f"{self.name}-build"},
                inputArtifacts=[{"name": "S"}],
                outputArtifacts=[{"name": "B"}],
            ),
            action(
                "Deploy",
                "S3",
                {"BucketName": self.buckets[1], "Extract": "true"},
                inputArtifacts=[{"name": "B"}],
            ),
        ]
        return {
            "name": self.name,
            "roleArn": self.role_arn(self.roles[0]),
            "pipelineType": "V2",
            "artifactStore": {"type": "S3", "location": self.buckets[0]},
            "stages": [{"name": one["name"], "actions": [one]} for one in stages],
        }

    def read(self) -> None:
        """What a comparison cannot do without."""
        s3 = self.s3
        self.together(
            lambda: self.codecommit.get_repository(repositoryName=self.name),
            *(lambda b=b: s3.get_public_access_block(Bucket=b) for b in self.buckets),
            lambda: s3.get_bucket_policy(Bucket=self.buckets[1]),
            lambda: s3.get_bucket_website(Bucket=self.buckets[1]),
            *(lambda r=r: self.iam.get_role(RoleName=r) for r in self.roles),
            *(lambda r=r: self.iam.get_role_policy(RoleName=r, PolicyName="p") for r in self.roles),
            lambda: self.codebuild.batch_get_projects(names=[f"{self.name}-build"]),
            lambda: self.logs.describe_log_groups(logGroupNamePrefix=f"/aws/codebuild/{self.name}-build"),
            lambda: self.events.describe_rule(Name=self.name),
            lambda: self.events.list_targets_by_rule(Rule=self.name),
            lambda: self.codepipeline.get_pipeline(name=self.name),
        )

    def status(self) -> None:
        """The two calls of a status."""
        self.together(
            lambda: self.codepipeline.get_pipeline_state(name=self.name),
            lambda: self.codepipeline.list_pipeline_executions(pipelineName=self.name),
        )

    def down(self) -> None:
        """Remove everything; the buckets are empty."""
        group = f"/aws/codebuild/{self.name}-build"
        self.together(
            lambda: self.codepipeline.delete_pipeline(name=self.name),
            self._no_rule,
            lambda: self.codebuild.delete_project(name=f"{self.name}-build"),
            lambda: self.logs.delete_log_group(logGroupName=group),
            *(lambda b=b: self.s3.delete_bucket(Bucket=b) for b in self.buckets),
            lambda: self.codecommit.delete_repository(repositoryName=self.name),
        )
        self.together(*(lambda r=r: self._no_role(r) for r in self.roles))

    def _no_rule(self) -> None:
        self.events.remove_targets(Rule=self.name, Ids=["1"])
        self.events.delete_rule(Name=self.name)

    def _no_role(self, name: str) -> None:
        self.iam.delete_role_policy(RoleName=name, PolicyName="p")
        self.iam.delete_role(RoleName=name)


if __name__ == "__main__":
    verb, name, endpoint, region = sys.argv[1:]
    getattr(Site(name, endpoint, region), verb)()
