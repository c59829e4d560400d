"""Until when a pipeline is wanted: a tag on it, which deletes nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from awspipe.aws import Aws, tags_of
from awspipe.cost.unknown import Unknown, known
from awspipe.naming import EXPIRES_TAG, OWNER_TAG, Scope
from awspipe.resources.pipeline import Pipeline

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def written(moment: datetime) -> str:
    """A moment as the tag has it."""
    return moment.astimezone(UTC).strftime(_FORM)


def end_of(tags: dict[str, str] | None) -> datetime | None:
    """The moment that a pipeline's tags name; None where there is none, or one that cannot be read."""
    try:
        return datetime.strptime((tags or {}).get(EXPIRES_TAG, ""), _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def ends(aws: Aws, names: Sequence[str] = ()) -> dict[str, datetime] | Unknown:
    """The pipelines of ours in the region that have an end, by AWS's tag index: one call, seconds behind.

    `names`: only these. The index knows them without the account's id, so it need not be known first.
    """
    return known(lambda: dict(_ends(aws, names)), "tag:GetResources")


_VALUES = 20
"""As many values a filter takes.
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagFilter.html"""


def _ends(aws: Aws, names: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    filters: list[dict[str, Any]] = [{"Key": EXPIRES_TAG}]
    if 0 < len(names) <= _VALUES:
        filters.append({"Key": OWNER_TAG, "Values": list(names)})
    for page in pages.paginate(TagFilters=filters, ResourceTypeFilters=["codepipeline"]):
        for one in page["ResourceTagMappingList"]:
            tags = tags_of(one["Tags"])
            name, end = one["ResourceARN"].rpartition(":")[2], end_of(tags)
            if end is not None and tags.get(OWNER_TAG) == name and (not names or name in names):
                yield name, end


def passed(found: dict[str, datetime] | Unknown, now: datetime) -> Iterator[tuple[str, datetime]]:
    """The pipelines whose end has passed, with it; none where that is not known."""
    ended = {} if isinstance(found, Unknown) else found
    yield from ((name, end) for name, end in sorted(ended.items()) if end <= now)


def expired(aws: Aws, now: datetime) -> tuple[str, ...] | Unknown:
    """The pipelines whose end has passed, by their own tags: the index alone removes nothing."""
    found = ends(aws)
    if isinstance(found, Unknown):
        return found
    identity = aws.identity
    candidates = sorted(name for name, end in found.items() if end <= now)
    scopes = [Scope(name, identity.account, aws.region, identity.partition) for name in candidates]
    own = [(scope.pipeline, end_of(Pipeline.tags(aws, scope, scope.pipeline))) for scope in scopes]
    return tuple(name for name, end in own if end is not None and end <= now)
