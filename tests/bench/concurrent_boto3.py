"""The yardstick: what `awspipe` makes of `static-site`, by hand, as concurrently as boto3 allows.

`python -m tests.bench.concurrent_boto3 up|read|status|down ENDPOINT REGION NAME...`, keys in the environment.
With ALIKE=1 it sends no more calls of a service at a time than awspipe, and asks what `awspipe status` asks.
The same resources with the same settings, for all pipelines at once, in as few waves as AWS allows; it
looks for nothing that is there already, proves nothing afterwards, and shows nothing.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
SERVICES = {
    "up": ("iam", "s3", "codecommit", "events", "codebuild", "logs", "codepipeline"),
    "status": ("codepipeline",),
}
WORKERS = 32
"""Past so many, at 60 ms a call, Python is the limit and not the network."""

ALIKE = "ALIKE" in os.environ
IN_FLIGHT = {"codecommit": 8, "codepipeline": 8, "events": 8, "iam": 8, "s3": 16}
"""What awspipe keeps to, because AWS throttles these soonest."""

Call = Callable[[], Any]
Wave = Iterator[Call]


class Clients:
    """One session, one client a service, one pool of connections each."""

    def __init__(self, verb: str, endpoint: str, region: str) -> None:
        self.region = region
        config = Config(max_pool_connections=WORKERS, retries={"mode": "standard", "total_max_attempts": 10})
        session = boto3.Session(region_name=region)
        for service in SERVICES.get(verb, SERVICES["up"]):
            client = session.client(service, endpoint_url=endpoint, config=config)
            if ALIKE and service in IN_FLIGHT:
                _limit(client.meta.events, threading.BoundedSemaphore(IN_FLIGHT[service]))
            setattr(self, service, client)

    def __getattr__(self, service: str) -> Any:
        raise AttributeError(f"{service} was not asked for")


def _limit(events: Any, places: threading.BoundedSemaphore) -> None:
    def take(**_: Any) -> None:  # what it gave back would be taken for an answer
        places.acquire()

    events.register_first("before-send", take)
    events.register_last("response-received", lambda **_: places.release())


class Site:
    """The calls for one pipeline, in waves: those of a wave wait for nothing but the wave before."""

    def __init__(self, aws: Clients, name: str) -> None:
        self.aws, self.name, self.region = aws, name, aws.region
        self.artifacts, self.site = (
            f"{name}-{part}-{ACCOUNT}-{self.region}-an" for part in ("artifacts", "site")
        )
        self.roles = {service: f"{name}-{service}" for service in ("codepipeline", "codebuild", "events")}
        self.group = f"/aws/codebuild/{name}-build"
        self.tags = {"owner": name}

    def up(self) -> Iterator[Wave]:
        """Everything, the pipeline last."""
        yield self._things()
        yield self._settings()
        yield iter(
            [
                lambda: self.aws.codepipeline.create_pipeline(
                    pipeline=self._declaration(), tags=self._tags("key", "value")
                )
            ]
        )

    def _tags(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        return [{key: name, value: text} for name, text in self.tags.items()]

    def _role_arn(self, service: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{self.roles[service]}"

    def _things(self) -> Wave:
        aws = self.aws
        yield lambda: aws.codecommit.create_repository(repositoryName=self.name, tags=self.tags)
        for bucket in (self.artifacts, self.site):
            yield lambda bucket=bucket: aws.s3.create_bucket(  # type: ignore[misc]
                Bucket=bucket,
                BucketNamespace="account-regional",
                CreateBucketConfiguration={"LocationConstraint": self.region, "Tags": self._tags()},
            )
        for service, name in self.roles.items():
            trust = {
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
            yield lambda name=name, trust=trust: aws.iam.create_role(  # type: ignore[misc]
                RoleName=name, AssumeRolePolicyDocument=_policy(trust), Tags=self._tags()
            )
        pattern = {"source": ["aws.codecommit"], "detail": {"referenceName": ["main"]}}
        yield lambda: aws.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern), Tags=self._tags())
        yield lambda: aws.logs.create_log_group(logGroupName=self.group, tags=self.tags)

    def _settings(self) -> Wave:
        aws = self.aws
        objects = f"arn:aws:s3:::{self.artifacts}/*"
        for name in self.roles.values():
            allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": objects}
            yield lambda name=name, allow=allow: aws.iam.put_role_policy(  # type: ignore[misc]
                RoleName=name, PolicyName="p", PolicyDocument=_policy(allow)
            )
        yield lambda: aws.s3.put_bucket_policy(
            Bucket=self.artifacts, Policy=_policy(_tls_only(self.artifacts))
        )
        yield lambda: aws.s3.put_bucket_lifecycle_configuration(
            Bucket=self.artifacts, LifecycleConfiguration={"Rules": [_expiry()]}
        )
        yield self._published
        yield lambda: aws.s3.put_bucket_website(
            Bucket=self.site, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
        )
        yield self._project
        yield lambda: aws.events.put_targets(
            Rule=self.name,
            Targets=[
                {
                    "Id": "1",
                    "Arn": f"arn:aws:codepipeline:{self.region}:{ACCOUNT}:{self.name}",
                    "RoleArn": self._role_arn("events"),
                }
            ],
        )
        yield lambda: aws.logs.put_retention_policy(logGroupName=self.group, retentionInDays=14)

    def _published(self) -> None:
        """A policy for everybody is refused until the block is gone: one after the other."""
        self.aws.s3.put_public_access_block(
            Bucket=self.site,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True},
        )
        read = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.site}/*",
        }
        self.aws.s3.put_bucket_policy(Bucket=self.site, Policy=_policy(read))

    def _project(self) -> None:
        self.aws.codebuild.create_project(
            name=f"{self.name}-build",
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=self._role_arn("codebuild"),
            tags=self._tags("key", "value"),
        )

    def _declaration(self) -> dict[str, Any]:
        source = {"RepositoryName": self.name, "BranchName": "main", "PollForSourceChanges": "false"}
        built = {"inputArtifacts": [{"name": "S"}], "outputArtifacts": [{"name": "B"}]}
        site = {"BucketName": self.site, "Extract": "true"}
        actions = [
            _action("Source", "CodeCommit", source, outputArtifacts=[{"name": "S"}]),
            _action("Build", "CodeBuild", {"ProjectName": f"{self.name}-build"}, **built),
            _action("Deploy", "S3", site, inputArtifacts=[{"name": "B"}]),
        ]
        return {
            "name": self.name,
            "roleArn": self._role_arn("codepipeline"),
            "pipelineType": "V2",
            "artifactStore": {"type": "S3", "location": self.artifacts},
            "stages": [{"name": one["name"], "actions": [one]} for one in actions],
        }

    def read(self) -> Iterator[Wave]:
        """What a comparison of all that was made cannot do without."""
        yield self._reads()

    def _reads(self) -> Wave:
        aws = self.aws
        yield lambda: aws.codecommit.get_repository(repositoryName=self.name)
        for bucket in (self.artifacts, self.site):
            yield lambda bucket=bucket: aws.s3.get_public_access_block(Bucket=bucket)  # type: ignore[misc]
            yield lambda bucket=bucket: aws.s3.get_bucket_policy(Bucket=bucket)  # type: ignore[misc]
            yield lambda bucket=bucket: aws.s3.get_bucket_tagging(Bucket=bucket)  # type: ignore[misc]
        yield lambda: aws.s3.get_bucket_lifecycle_configuration(Bucket=self.artifacts)
        yield lambda: aws.s3.get_bucket_website(Bucket=self.site)
        for role in self.roles.values():
            yield lambda role=role: aws.iam.get_role(RoleName=role)  # type: ignore[misc]
            yield lambda role=role: aws.iam.get_role_policy(RoleName=role, PolicyName="p")  # type: ignore[misc]
        yield lambda: aws.codebuild.batch_get_projects(names=[f"{self.name}-build"])
        yield lambda: aws.logs.describe_log_groups(logGroupNamePrefix=self.group)
        yield lambda: aws.events.describe_rule(Name=self.name)
        yield lambda: aws.events.list_targets_by_rule(Rule=self.name)
        yield lambda: aws.codepipeline.get_pipeline(name=self.name)

    def status(self) -> Iterator[Wave]:
        """Two calls: where each stage stands, and which execution is the latest; with ALIKE four."""
        aws, newest = self.aws.codepipeline, []
        yield iter(
            [
                lambda: aws.get_pipeline_state(name=self.name),
                lambda: newest.append(aws.list_pipeline_executions(pipelineName=self.name)),
                *([lambda: aws.get_pipeline(name=self.name)] if ALIKE else ()),
            ]
        )
        yield iter([lambda: self._actions(newest[0])] if ALIKE else ())

    def _actions(self, listed: dict[str, Any]) -> None:
        one = {"pipelineExecutionId": listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"]}
        self.aws.codepipeline.list_action_executions(pipelineName=self.name, filter=one)

    def down(self) -> Iterator[Wave]:
        """Everything; the buckets are empty."""
        yield self._first_to_go()
        yield self._then_to_go()

    def _first_to_go(self) -> Wave:
        aws = self.aws
        yield lambda: aws.codepipeline.delete_pipeline(name=self.name)
        yield lambda: aws.events.remove_targets(Rule=self.name, Ids=["1"])
        yield lambda: aws.codebuild.delete_project(name=f"{self.name}-build")
        yield lambda: aws.logs.delete_log_group(logGroupName=self.group)
        for bucket in (self.artifacts, self.site):
            yield lambda bucket=bucket: aws.s3.delete_bucket(Bucket=bucket)  # type: ignore[misc]
        yield lambda: aws.codecommit.delete_repository(repositoryName=self.name)
        for role in self.roles.values():
            yield lambda role=role: aws.iam.delete_role_policy(RoleName=role, PolicyName="p")  # type: ignore[misc]

    def _then_to_go(self) -> Wave:
        yield lambda: self.aws.events.delete_rule(Name=self.name)
        for role in self.roles.values():
            yield lambda role=role: self.aws.iam.delete_role(RoleName=role)  # type: ignore[misc]


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _tls_only(bucket: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": insecure,
    }


def _expiry() -> dict[str, Any]:
    aborted = {"DaysAfterInitiation": 1}
    return {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
        "AbortIncompleteMultipartUpload": aborted,
    }


def _action(category: str, provider: str, configuration: dict[str, str], **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": category, "actionTypeId": kind, "configuration": configuration, **more}


def main() -> None:
    """Run one verb for all the pipelines named."""
    verb, endpoint, region, *names = sys.argv[1:]
    clients = Clients(verb, endpoint, region)
    sites = [Site(clients, name) for name in names]
    with ThreadPoolExecutor(WORKERS) as pool:
        for waves in zip(*(getattr(site, verb)() for site in sites), strict=True):
            for future in [pool.submit(call) for wave in waves for call in wave]:
                future.result()


if __name__ == "__main__":
    main()
