"""What past pipelines still hold in a region: ours, and well-known remains of those that the console made.

Ours are found by tag and by the path of their roles; what they hold, as `down` finds it. Of the console's:
its artifact buckets that no pipeline uses, log groups of builds without a project, and service roles of
pipelines and projects that are gone. https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-delete.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from awspipe.aws import Aws, maybe, owner_of, threads
from awspipe.cost.account import pipelines
from awspipe.cost.prices import PriceList, number
from awspipe.cost.unknown import Unknown, known
from awspipe.errors import AwsError
from awspipe.live import Inventory, scan_all
from awspipe.naming import OWNER_TAG, ROLE_PATH_ROOT, Scope
from awspipe.resources.log_group import LogGroup

T = TypeVar("T")

_GB = Decimal(1024**3)


@dataclass(frozen=True, slots=True)
class Remain:
    """Something that awspipe did not make and nothing seems to use. `usd` a month; None where by use."""

    what: str
    name: str
    usd: Decimal | None
    how: str


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is left in a region: `ours` by past pipeline, `remains` of others; and what could not be read."""

    region: str
    ours: tuple[Inventory, ...]
    remains: tuple[Remain, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _There:
    """What was read of a region; Unknown where it may not be."""

    pipelines: tuple[dict[str, Any], ...] | Unknown
    tagged: frozenset[str] | Unknown
    role_paths: tuple[str, ...] | Unknown
    roles: tuple[str, ...] | Unknown
    projects: frozenset[str] | Unknown
    groups: tuple[dict[str, Any], ...] | Unknown
    buckets: tuple[str, ...] | Unknown

    @property
    def unread(self) -> Iterator[str]:
        """Why something was not read."""
        found = (getattr(self, name) for name in self.__slots__)
        yield from dict.fromkeys(one.why for one in found if isinstance(one, Unknown))

    @property
    def names(self) -> frozenset[str] | None:
        """The pipelines that there are; None where they may not be listed."""
        if isinstance(self.pipelines, Unknown):
            return None
        return frozenset(str(one["name"]) for one in self.pipelines)


_REGIONS = 6
"""As many are looked at side by side."""


def everywhere(aws: Aws, regions: Sequence[str], prices: PriceList) -> tuple[Leftovers, ...]:
    """What past pipelines hold in each of some regions, in their order."""
    with threads(_REGIONS, "regions") as pool:
        return tuple(pool.map(lambda region: leftovers(aws.at(region), prices), regions))


def leftovers(aws: Aws, prices: PriceList) -> Leftovers:
    """Everything of a region that past pipelines still hold."""
    there = _read(aws)
    identity = aws.identity
    gone = sorted(_past(there))
    scopes = [Scope(name, identity.account, aws.region, identity.partition) for name in gone]
    found = scan_all(aws, scopes) if scopes else ()
    return Leftovers(
        aws.region,
        tuple(one for one in found if one.keys),
        tuple(_remains(there, prices, aws.region)),
        tuple(there.unread),
    )


def owners(aws: Aws) -> tuple[frozenset[str], tuple[str, ...]]:
    """The pipelines that tags and role paths of the region name, gone or not; what was not read, and why."""
    tagged, paths = (
        known(lambda: _owners(aws), "tag:GetResources"),
        known(lambda: _paths(aws), "iam:ListRoles"),
    )
    names = frozenset() if isinstance(tagged, Unknown) else tagged
    named = frozenset() if isinstance(paths, Unknown) else frozenset(path.split("/")[3] for path in paths)
    unread = dict.fromkeys(one.why for one in (tagged, paths) if isinstance(one, Unknown))
    return names | named, tuple(unread)


def _read(aws: Aws) -> _There:
    """Seven questions side by side; each pipeline's artifact store is asked for too."""
    with threads(7, "leftovers") as pool:
        asked = [pool.submit(question, aws) for question in _QUESTIONS]
        return _There(*(one.result() for one in asked))  # type: ignore[arg-type]


def _asks(operation: str, read: Callable[[Aws], T]) -> Callable[[Aws], T | Unknown]:
    return lambda aws: known(lambda: read(aws), operation)


def _declared(aws: Aws) -> tuple[dict[str, Any], ...]:
    listed = pipelines(aws)
    if isinstance(listed, Unknown):
        raise AwsError(listed.why, code="AccessDenied")
    get = aws.client("codepipeline").get_pipeline
    found = (maybe(lambda name=one.name: get(name=name), "PipelineNotFoundException") for one in listed)  # type: ignore[misc]
    return tuple(one["pipeline"] for one in found if one)


def _owners(aws: Aws) -> frozenset[str]:
    """The pipelines that tags name, of whatever resource."""
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = (
        one
        for page in pages.paginate(TagFilters=[{"Key": OWNER_TAG}])
        for one in page["ResourceTagMappingList"]
    )
    return frozenset(filter(None, (owner_of(one["Tags"]) for one in found)))


def _paths(aws: Aws) -> tuple[str, ...]:
    pages = (
        aws.client("iam").get_paginator("list_roles").paginate(PathPrefix=f"{ROLE_PATH_ROOT}{aws.region}/")
    )
    return tuple(role["Path"] for page in pages for role in page["Roles"])


def _service_roles(aws: Aws) -> tuple[str, ...]:
    pages = aws.client("iam").get_paginator("list_roles").paginate(PathPrefix="/service-role/")
    return tuple(role["RoleName"] for page in pages for role in page["Roles"])


def _projects(aws: Aws) -> frozenset[str]:
    pages = aws.client("codebuild").get_paginator("list_projects").paginate()
    return frozenset(name for page in pages for name in page["projects"])


def _groups(aws: Aws) -> tuple[dict[str, Any], ...]:
    pages = aws.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=_BUILDS)
    return tuple(group for page in pages for group in page["logGroups"])


def _console_buckets(aws: Aws) -> tuple[str, ...]:
    pages = aws.client("s3").get_paginator("list_buckets")
    found = pages.paginate(Prefix=f"codepipeline-{aws.region}-", BucketRegion=aws.region)
    return tuple(bucket["Name"] for page in found for bucket in page["Buckets"])


_BUILDS = "/aws/codebuild/"
_QUESTIONS = (
    _asks("codepipeline:GetPipeline", _declared),
    _asks("tag:GetResources", _owners),
    _asks("iam:ListRoles", _paths),
    _asks("iam:ListRoles", _service_roles),
    _asks("codebuild:ListProjects", _projects),
    _asks("logs:DescribeLogGroups", _groups),
    _asks("s3:ListAllMyBuckets", _console_buckets),
)


def _past(there: _There) -> Iterator[str]:
    """The pipelines that tags and role paths name, and that are gone."""
    if there.names is None:
        return
    tagged = frozenset() if isinstance(there.tagged, Unknown) else there.tagged
    paths = () if isinstance(there.role_paths, Unknown) else there.role_paths
    yield from (tagged | {path.split("/")[3] for path in paths}) - there.names


def _remains(there: _There, prices: PriceList, region: str) -> Iterator[Remain]:
    """The console's remains. Nothing is called one where what might use it could not be read."""
    if there.names is None or isinstance(there.pipelines, Unknown):
        return
    used = {name for one in there.pipelines for name in _buckets(one)}
    if not isinstance(there.buckets, Unknown):
        how = _by_use(prices, "s3-storage", region)
        yield from (Remain("bucket", name, None, how) for name in there.buckets if name not in used)
    if not isinstance(there.projects, Unknown):
        yield from _orphan_groups(there, there.projects, prices, region)
        yield from _orphan_roles(there, there.projects, there.names, region)


def _buckets(pipeline: dict[str, Any]) -> Iterator[str]:
    """The buckets that a pipeline uses: for its artifacts, as a source, to deploy to."""
    if "artifactStore" in pipeline:
        yield pipeline["artifactStore"]["location"]
    yield from (store["location"] for store in pipeline.get("artifactStores", {}).values())
    for action in (action for stage in pipeline["stages"] for action in stage["actions"]):
        given = action.get("configuration", {})
        yield from (given[key] for key in _BUCKET_KEYS if key in given)


_BUCKET_KEYS = ("BucketName", "S3Bucket")
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3Deploy.html and -S3.html"""


def _by_use(prices: PriceList, meter: str, region: str) -> str:
    price = prices.price(meter, region)
    return f"${price.usd:f} {price.row.each}" if price else "price not known"


def _orphan_groups(
    there: _There, projects: frozenset[str], prices: PriceList, region: str
) -> Iterator[Remain]:
    """Log groups of builds whose project is gone; those of our past pipelines are listed with these."""
    if isinstance(there.groups, Unknown):
        return
    price = prices.price(LogGroup.meter, region)
    for group in there.groups:
        name = group["logGroupName"]
        if name.removeprefix(_BUILDS) not in projects:
            size = Decimal(group.get("storedBytes", 0)) / _GB
            for_ever = "" if group.get("retentionInDays") else ", kept for ever"
            how = f"{number(round(size, 3))} GB{for_ever}"
            yield Remain("log-group", name, price.cost(size) if price else None, how)


_PIPELINE_ROLES = ("AWSCodePipelineServiceRole-{region}-", "cwe-role-{region}-")


def _orphan_roles(
    there: _There, projects: frozenset[str], names: frozenset[str], region: str
) -> Iterator[Remain]:
    """The console's service roles, which it names after what they are for (and cuts short at 64 letters)."""
    for role in () if isinstance(there.roles, Unknown) else sorted(there.roles):
        for form in _PIPELINE_ROLES:
            prefix = form.format(region=region)
            rest = role.removeprefix(prefix)
            if role.startswith(prefix) and not any(name.startswith(rest) for name in names):
                yield Remain("role", role, Decimal(0), f"free; there is no pipeline {rest}")
        project = role.removeprefix("codebuild-").removesuffix("-service-role")
        if role == f"codebuild-{project}-service-role" and project not in projects:
            yield Remain(
                "role", role, Decimal(0), f"free; there is no build project {project} in this region"
            )


def without_ours(found: Leftovers) -> tuple[Remain, ...]:
    """The remains that are not listed among ours already."""
    ours = {(key.kind, key.name) for one in found.ours for key in one.keys}
    return tuple(one for one in found.remains if (one.what, one.name) not in ours)
