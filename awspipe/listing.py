"""Our pipelines in a region."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from awspipe.aws import Aws, owner_of, refusal, threads
from awspipe.errors import AwsError
from awspipe.executions import Execution, executions_of
from awspipe.explain import DENIED, explained
from awspipe.naming import OWNER_TAG, Scope

_AT_ONCE = 4
"""Calls side by side: many at once are throttled, and take longer.
https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/351"""

_NOT_ASKED = "not asked: another one was denied"
_INDEX_LAG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A pipeline of ours in a list, with its latest execution.

    `unread` is why that could not be read, AWS's code; "" where it was, also where there is none.
    """

    name: str
    type: str
    version: int
    created: datetime | None
    updated: datetime | None
    latest: Execution | None = None
    unread: str = ""


def with_latest(aws: Aws, entries: Sequence[PipelineEntry]) -> tuple[PipelineEntry, ...]:
    """The pipelines with their latest executions: one call each, a few at a time.

    What AWS throttles or denies is told as not read; once it has denied one, the others are not asked for.
    """
    denied = threading.Event()

    def asked(one: PipelineEntry) -> PipelineEntry:
        if denied.is_set():
            return replace(one, unread=_NOT_ASKED)
        try:
            with explained(f"look at pipeline {one.name}"):
                return replace(one, latest=next(executions_of(aws, one.name, 1), None))
        except AwsError as error:
            if error.code in DENIED:
                denied.set()
            return replace(one, unread=error.code or "no answer")

    with threads(_AT_ONCE, "latest") as pool:
        return tuple(pool.map(asked, entries))


def names(aws: Aws) -> tuple[str, ...]:
    """Every pipeline in the region, whosever it is; none where they may not be listed."""
    found: list[str] = []

    def ask() -> None:
        pages = aws.client("codepipeline").get_paginator("list_pipelines").paginate()
        found.extend(one["name"] for page in pages for one in page["pipelines"])

    return () if refusal(ask, *DENIED) else tuple(found)


def pipelines(aws: Aws, now: datetime) -> tuple[PipelineEntry, ...]:
    """Our pipelines in the region by name: those in AWS's tag index, and new ones that carry our tag.

    The index is some seconds behind, so a pipeline made or changed in the last ten minutes is asked itself.
    """
    with explained("list pipelines"), threads(8, "list") as pool:
        indexed_later = pool.submit(_indexed, aws)
        pages = aws.client("codepipeline").get_paginator("list_pipelines").paginate()
        listed = [one for page in pages for one in page["pipelines"]]
        indexed = indexed_later.result()
        account = aws.identity
        unknown = [one for one in listed if one["name"] not in indexed and _is_new(one, now)]
        if indexed is _UNREADABLE:
            unknown = listed
        arns = {
            one["name"]: Scope(one["name"], account.account, aws.region, account.partition).pipeline_arn
            for one in unknown
        }
        ours = dict(zip(arns, pool.map(lambda arn: _is_ours(aws, arn), arns.values()), strict=True))
    return tuple(
        PipelineEntry(
            name=one["name"],
            type=one.get("pipelineType", "V1"),
            version=one["version"],
            created=one.get("created"),
            updated=one.get("updated"),
        )
        for one in sorted(listed, key=lambda one: str(one["name"]))
        if one["name"] in indexed or ours.get(one["name"])
    )


_UNREADABLE: frozenset[str] = frozenset({"\0"})


def _indexed(aws: Aws) -> frozenset[str]:
    """The pipelines of ours in AWS's tag index; `_UNREADABLE` where it may not be read.

    The whole service is asked for: a pipeline's ARN has no part that names its type.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    names: list[str] = []

    def ask() -> None:
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(TagFilters=[{"Key": OWNER_TAG}], ResourceTypeFilters=["codepipeline"]):
            owned = ((one["ResourceARN"], owner_of(one["Tags"])) for one in page["ResourceTagMappingList"])
            names.extend(name for arn, name in owned if name and name == arn.rpartition(":")[2])

    return _UNREADABLE if refusal(ask, *DENIED) else frozenset(names)


def _is_new(entry: dict[str, Any], now: datetime) -> bool:
    latest = entry.get("updated") or entry.get("created")
    return latest is None or now - latest.astimezone(UTC) < _INDEX_LAG


def _is_ours(aws: Aws, arn: str) -> bool:
    tags = aws.client("codepipeline").list_tags_for_resource(resourceArn=arn)["tags"]
    return owner_of(tags) == arn.rpartition(":")[2]
