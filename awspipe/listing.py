"""Our pipelines in a region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from awspipe.aws import Aws, owner_of, refusal, threads
from awspipe.explain import DENIED, explained
from awspipe.naming import OWNER_TAG, Scope

_INDEX_LAG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A pipeline of ours in a list."""

    name: str
    type: str
    version: int
    created: datetime | None
    updated: datetime | None


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
    names: list[str] = []

    def ask() -> None:
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(
            TagFilters=[{"Key": OWNER_TAG}], ResourceTypeFilters=["codepipeline:pipeline"]
        ):
            names.extend(one["ResourceARN"].rpartition(":")[2] for one in page["ResourceTagMappingList"])

    return _UNREADABLE if refusal(ask, *DENIED) else frozenset(names)


def _is_new(entry: dict[str, Any], now: datetime) -> bool:
    latest = entry.get("updated") or entry.get("created")
    return latest is None or now - latest.astimezone(UTC) < _INDEX_LAG


def _is_ours(aws: Aws, arn: str) -> bool:
    tags = aws.client("codepipeline").list_tags_for_resource(resourceArn=arn)["tags"]
    return owner_of(tags) == arn.rpartition(":")[2]
