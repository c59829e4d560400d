"""What AWS has: everything read side by side, by name, and what carries our tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from awspipe import declared
from awspipe.aws import Aws, refusal, threads
from awspipe.explain import DENIED, explained
from awspipe.graph import Graph, Source
from awspipe.naming import OWNER_TAG, Scope
from awspipe.plan import Plan, State
from awspipe.resources.base import Kept, Key, Live, Resource, Tagged, kinds
from awspipe.resources.late import late_keys
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.repository import DEFAULT_BRANCH, Repository
from awspipe.resources.role import Role

T = TypeVar("T")
K = TypeVar("K")

_READERS = 24


@dataclass(frozen=True, slots=True)
class Inventory:
    """What belongs to a pipeline: every key, and why some of it would stay. `notes` limit what was seen."""

    scope: Scope
    keys: tuple[Key, ...]
    kept: dict[Key, Kept]
    notes: tuple[str, ...] = ()


def prefetch(aws: Aws, pipeline: str, *, listings: Iterable[str] = (Role.kind,)) -> None:
    """Start the reads that need no account id, beside the question who is calling.

    `listings` are the kinds to list: all of them before a `scan`.
    """
    scope = Scope(pipeline, account="0" * 12, region=aws.region)
    aws.client("sts")
    aws.submit(lambda: aws.identity)
    for kind in listings:
        aws.submit(lambda kind=kind: _list_early(aws, scope, kinds()[kind]))  # type: ignore[misc]
    aws.submit(lambda: _index(aws, pipeline))


def _list_early(aws: Aws, scope: Scope, kind: type[Resource]) -> None:
    if kind.worth_listing(aws, scope):
        kind.listed(aws, scope)


def read(aws: Aws, graph: Graph) -> State:
    """All that a graph wants, all it refers to, and what is ours and no longer wanted."""
    scope = graph.scope
    with threads(_READERS, "read") as pool:
        live = {one.key: pool.submit(_read, aws, one) for one in graph.resources}
        there = {one: pool.submit(_exists, aws, scope, one.key) for one in graph.references}
        rest = pool.submit(_no_longer_wanted, aws, scope, frozenset(graph.by_key))
        answers = {key: future.result() for key, future in live.items()}
        orphans = _map(pool, lambda key: _orphan(aws, scope, key), rest.result())
        unpushed = _map(pool, lambda one: _is_unpushed(aws, answers, one), graph.sources)
        return State(
            live=answers,
            orphans={key: orphan.kept for key, orphan in orphans.items() if orphan.ours},
            missing=tuple(one for one, future in there.items() if not future.result()),
            late=_arns(aws, scope, graph, answers),
            unpushed=tuple(one for one, is_so in unpushed.items() if is_so),
        )


def scan(aws: Aws, scope: Scope) -> Inventory:
    """Everything of the pipeline's in this account and region, found by name and by tag, with no spec."""
    likely = frozenset(name for name in kinds() if _is_likely(aws, scope, name))
    return _scan(aws, scope, likely, frozenset())


def _is_likely(aws: Aws, scope: Scope, kind: str) -> bool:
    with explained(f"look for any {kind}"):
        return kinds()[kind].worth_listing(aws, scope)


def scan_again(aws: Aws, removed: Plan) -> Inventory:
    """Everything that is left after a removal, but for what was to stay.

    By name in each kind of which something went, and in the tag index for all of them.
    """
    aws.forget()
    went = frozenset(step.key.kind for step in removed.work)
    return _scan(aws, removed.scope, went, frozenset(key for key, _ in removed.kept))


def _scan(aws: Aws, scope: Scope, by_name: frozenset[str], but: frozenset[Key]) -> Inventory:
    with threads(_READERS, "scan") as pool:
        found = _map(
            pool, lambda kind: _found(aws, scope, kind, by_name=kind in by_name, but=but), sorted(kinds())
        )
        keys = tuple(Key(kind, name) for kind, names in found.items() for name in names)
        kept = _map(pool, lambda key: _keep(aws, scope, key), keys)
    notes = [] if _index(aws, scope.pipeline) is not None else [_NO_INDEX]
    if Pipeline.kind in by_name and not found[Pipeline.kind] and Pipeline.listed(aws, scope):
        notes.append(f"pipeline {scope.pipeline} is there, but awspipe did not make it: it stays")
    return Inventory(scope, keys, {key: why for key, why in kept.items() if why is not None}, tuple(notes))


_NO_INDEX = (
    "these credentials may not read the tag index (tag:GetResources): "
    "what was renamed by hand would not be found"
)


def _map(pool: ThreadPoolExecutor, call: Callable[[K], T], keys: Iterable[K]) -> dict[K, T]:
    futures = {key: pool.submit(call, key) for key in keys}
    return {key: future.result() for key, future in futures.items()}


def _read(aws: Aws, resource: Resource) -> Live | None:
    with explained(f"look at {resource.key}"):
        return type(resource).read(aws, resource.scope, resource.name, frozenset(resource.body()))


def _exists(aws: Aws, scope: Scope, key: Key) -> bool:
    with explained(f"look at {key}"):
        return kinds()[key.kind].exists(aws, scope, key.name)


def _found(
    aws: Aws, scope: Scope, kind: str, *, by_name: bool, but: frozenset[Key] = frozenset()
) -> tuple[str, ...]:
    found, tagged = kinds()[kind], _tagged(aws, scope)
    with explained(f"look for any {kind}"):
        if by_name:
            seen = frozenset(found.owned(aws, scope, tagged))
            young = _young(aws, scope, found, tagged) - seen
            ours = seen | {name for name in young if _is_ours(aws, scope, found, name)}
            return tuple(name for name in sorted(ours) if Key(kind, name) not in but)
        names = [name for name in sorted(found.in_index(aws, scope, tagged)) if Key(kind, name) not in but]
        return tuple(name for name in names if found.owner(aws, scope, name) == scope.pipeline)


def _young(aws: Aws, scope: Scope, kind: type[Resource], tagged: Tagged) -> frozenset[str]:
    """Where the tag index has not heard of the pipeline yet, lists may not have heard of the rest either."""
    if scope.pipeline in tagged.names(Pipeline) or not Pipeline.listed(aws, scope):
        return frozenset()
    return frozenset(key.name for key in declared.keys(aws, scope) if key.kind == kind.kind)


def _is_ours(aws: Aws, scope: Scope, kind: type[Resource], name: str) -> bool:
    live = kind.read(aws, scope, name, frozenset())
    return live is not None and live.owner == scope.pipeline


def _keep(aws: Aws, scope: Scope, key: Key) -> Kept | None:
    with explained(f"look into {key}"):
        return kinds()[key.kind].keep(aws, scope, key.name)


@dataclass(frozen=True, slots=True)
class _Orphan:
    ours: bool
    kept: Kept | None = None


def _orphan(aws: Aws, scope: Scope, key: Key) -> _Orphan:
    """The tag index may be behind: what it lists counts only if the thing itself says the same."""
    with explained(f"look at {key}"):
        live = kinds()[key.kind].read(aws, scope, key.name, frozenset())
    if live is None or live.owner != scope.pipeline:
        return _Orphan(ours=False)
    return _Orphan(ours=True, kept=_keep(aws, scope, key))


def _no_longer_wanted(aws: Aws, scope: Scope, wanted: frozenset[Key]) -> tuple[Key, ...]:
    """What may be ours and is not wanted: whose it is, each is asked itself."""
    tagged = _tagged(aws, scope)
    keys: set[Key] = set()
    for kind in kinds().values():
        with explained(f"look for any {kind.kind}"):
            names = kind.in_index(aws, scope, tagged) if kind.indexed else kind.listed(aws, scope)
        keys |= {Key(kind.kind, name) for name in names}
    return tuple(sorted(keys - wanted))


def _arns(aws: Aws, scope: Scope, graph: Graph, live: Mapping[Key, Live | None]) -> dict[Key, str]:
    """The ARNs that AWS made up, of what is there of the graph's."""
    known = {key: there.arn for key, there in live.items() if there and there.arn}
    for key in late_keys(graph.resources) - live.keys():
        with explained(f"look at {key}"):
            if arn := kinds()[key.kind].made_up_arn(aws, scope, key.name):
                known[key] = arn
    return known


def _is_unpushed(aws: Aws, live: Mapping[Key, Live | None], source: Source) -> bool:
    """A repository yet to be made, an empty one, or one that a new pipeline would find without its branch."""
    repository = live[Key(Repository.kind, source.repository)]
    if repository is None or repository.body.get(DEFAULT_BRANCH, "") is None:
        return True
    if any(there for key, there in live.items() if key.kind == Pipeline.kind):
        return False
    with explained(f"look into repository {source.repository}"):
        return source.branch not in (Repository.branches(aws, source.repository) or ())


def _tagged(aws: Aws, scope: Scope) -> Tagged:
    return Tagged(scope, lambda: _index(aws, scope.pipeline) or frozenset())


def _index(aws: Aws, pipeline: str) -> frozenset[str] | None:
    """The ARNs in the tag index; None where the credentials may not read it."""
    return aws.once(("index", pipeline), lambda: _ask_index(aws, pipeline))


def _ask_index(aws: Aws, pipeline: str) -> frozenset[str] | None:
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    arns: list[str] = []

    def ask() -> None:
        for page in pages.paginate(TagFilters=[{"Key": OWNER_TAG, "Values": [pipeline]}]):
            arns.extend(one["ResourceARN"] for one in page["ResourceTagMappingList"])

    return None if refusal(ask, *DENIED) else frozenset(arns)
