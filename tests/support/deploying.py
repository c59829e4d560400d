"""Deployments in the sandbox, in a test's own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from awspipe.sandbox.codedeploy import CodeDeployBackend, codedeploy_backends
from awspipe.sandbox.runtime import Runtime
from tests.support import revisions
from tests.support.sandbox import ACCOUNT, REGION, client, plain, role

FILTER = {"Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE"}
ROLLBACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
WHERE = {"applicationName": "shop", "deploymentGroupName": "web"}


class Deploying:
    """An application `shop` with a deployment group `web`, and a bucket for revisions."""

    def __init__(self, played: Runtime, **group: Any) -> None:
        self.played = played
        self.api = client("codedeploy")
        self._s3 = plain("s3")
        self._s3.create_bucket(Bucket="revisions", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.role = role("deploy", "codedeploy", allow=[("ec2:DescribeInstances", "*")])
        self.api.create_application(applicationName="shop")
        self.api.create_deployment_group(
            **WHERE, **{"serviceRoleArn": self.role, "ec2TagFilters": [FILTER], **group}
        )

    @property
    def backend(self) -> CodeDeployBackend:
        return codedeploy_backends[ACCOUNT][REGION]

    def only(self, *names: str) -> None:
        """Have these hosts and no others."""
        for name in list(self.backend.hosts):
            self.backend.remove_host(name)
        for name in names:
            self.backend.add_host(name, "ec2", {"app": "shop"})

    def revision(self, key: str, files: Mapping[str, str]) -> dict[str, Any]:
        """Put a revision into the bucket."""
        self._s3.put_object(Bucket="revisions", Key=key, Body=revisions.zipped(files))
        return {
            "revisionType": "S3",
            "s3Location": {"bucket": "revisions", "key": key, "bundleType": "zip"},
        }

    def script(self, key: str, text: str, event: str = "ApplicationStart") -> dict[str, Any]:
        """A revision with one script."""
        appspec = f"{revisions.HEAD}hooks:\n  {event}: [{{location: scripts/a.sh}}]\n"
        return self.revision(key, {"appspec.yml": appspec, "scripts/a.sh": f"#!/bin/sh\n{text}\n"})

    def deploy(self, revision: Mapping[str, Any], **members: Any) -> dict[str, Any]:
        """Deploy, and wait until it and what it brings about have ended; how it ended."""
        made = self.api.create_deployment(**WHERE, revision=revision, **members)["deploymentId"]
        self.played.drain()
        return self.info(made)

    def info(self, deployment: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get_deployment(deploymentId=deployment)["deploymentInfo"]
        return found

    def targets(self, deployment: str) -> dict[str, dict[str, Any]]:
        """The targets by the names of their hosts."""
        ids = self.api.list_deployment_targets(deploymentId=deployment)["targetIds"]
        found = self.api.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)
        names = {one.instance_id: one.name for one in self.backend.hosts.values()}
        all_ = [one["instanceTarget"] for one in found["deploymentTargets"]]
        return {names.get(one["targetId"], one["targetId"]): one for one in all_}
