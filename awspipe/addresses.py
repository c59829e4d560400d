"""What a user may want to open of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from awspipe.naming import Scope
from awspipe.providers.base import Address
from awspipe.providers.s3_source import UPLOAD
from awspipe.resources.bucketnames import is_site, is_source, website_url
from awspipe.resources.repository import Repository


def scope_of(arn: str) -> Scope:
    """Where the pipeline of an ARN is."""
    _, partition, _, region, account, name = arn.split(":", 5)
    return Scope(name, account, region, partition)


def addresses(scope: Scope, declaration: Mapping[str, Any]) -> Iterator[Address]:
    """What the pipeline's own declaration tells of sites and repositories."""
    for stage in declaration["stages"]:
        for action in stage["actions"]:
            configuration = action.get("configuration", {})
            match action["actionTypeId"]["category"], action["actionTypeId"]["provider"]:
                case "Source", "CodeCommit":
                    name = configuration["RepositoryName"]
                    yield Address("Repository", Repository.https_url(scope, name), name)
                case "Source", "S3" if is_source(scope, configuration["S3Bucket"]):
                    name = configuration["S3Bucket"]
                    yield Address(UPLOAD, f"s3://{name}/{configuration['S3ObjectKey']}", name)
                case "Deploy", "S3" if is_site(scope, configuration["BucketName"]):
                    name = configuration["BucketName"]
                    yield Address("Site", website_url(scope, name), name)


def console_url(scope: Scope) -> str:
    """The pipeline's page in the AWS console."""
    return f"{scope.console_page}/view?region={scope.region}"


def execution_url(scope: Scope, execution: str) -> str:
    """An execution's page in the AWS console."""
    return f"{scope.console_page}/executions/{execution}/timeline?region={scope.region}"
