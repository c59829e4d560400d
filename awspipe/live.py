"""What AWS has: everything read side by side, by name, and what carries our tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from awspipe import declared
from awspipe.aws import Aws, owner_of, refusal, threads
from awspipe.explain import DENIED, explained
from awspipe.graph import Graph, Source
from awspipe.naming import OWNER_TAG, Scope
from awspipe.plan import Plan, State
from awspipe.resources.base import Kept, Key, Live, Resource, Tagged, Untouchable, kinds
from awspipe.resources.late import late_keys
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.repository import DEFAULT_BRANCH, Repository
from awspipe.resources.role import Role

T = TypeVar("T")
K = TypeVar("K")

_READERS = 24
_MANY_READERS = 72
"""Most of them wait for what another one has asked."""
_OF_EVERY_PIPELINE = ("s3", "codepipeline")


@dataclass(frozen=True, slots=True)
class Inventory:
    """What belongs to a pipeline: every key, and why some of it would stay. `notes` limit what was seen.

    `unowned` have names as awspipe gives them and nobody's tag: somebody may have taken it off.
    """

    scope: Scope
    keys: tuple[Key, ...]
    kept: dict[Key, Kept]
    notes: tuple[str, ...] = ()
    unowned: tuple[Key, ...] = ()


def prefetch(aws: Aws, *pipelines: str, listings: Iterable[str] = (Role.kind,)) -> None:
    """Start the reads that need no account id, beside the question who is calling.

    `listings` are the kinds to list: all of them before a `scan`.
    """
    aws.about = frozenset(pipelines)
    aws.client("sts")
    aws.ask_who()  # first of all: listings that want the account wait for it in the same threads
    for name in pipelines:
        scope = draft(aws, name)
        for kind in listings:
            aws.submit(lambda kind=kind, scope=scope: _list_early(aws, scope, kinds()[kind]))  # type: ignore[misc]
        aws.submit(lambda name=name: _index(aws, name))  # type: ignore[misc]
    for service in _OF_EVERY_PIPELINE:
        aws.client(service)  # made on this thread, while those answers are on their way


def draft(aws: Aws, pipeline: str) -> Scope:
    """A pipeline's scope while the account is not known yet: enough for what is asked of any account."""
    return Scope(pipeline, account="0" * 12, region=aws.region)


def _list_early(aws: Aws, scope: Scope, kind: type[Resource]) -> None:
    if kind.worth_listing(aws, scope):
        kind.listed(aws, scope)


def read(aws: Aws, graph: Graph, *, adopt: bool = False) -> State:
    """All that a graph wants, all it refers to, and what is ours and no longer wanted.

    With `adopt`, also what has our names and no owner, in full.
    """
    (state,) = read_all(aws, (graph,), adopt=adopt)
    return state


def read_all(aws: Aws, graphs: Sequence[Graph], *, adopt: bool = False) -> tuple[State, ...]:
    """As `read`, of many graphs side by side; what AWS tells of many things in one call is asked so."""
    with threads(_READERS, "read") as pool:
        asked = _preload(aws, pool, graphs) if len(graphs) > 1 else ()
        readings = [_Reading(aws, graph, pool) for graph in graphs]
        for answer in asked:
            with explained("look at many resources at once"):
                answer.result()
        for one in readings:
            one.begin()
        return tuple([one.state(adopt=adopt) for one in readings])


def _preload(aws: Aws, pool: ThreadPoolExecutor, graphs: Sequence[Graph]) -> list[Future[None]]:
    names: dict[type[Resource], list[str]] = {}
    for resource in (one for graph in graphs for one in graph.resources):
        names.setdefault(type(resource), []).append(resource.name)
    return [pool.submit(kind.preload, aws, found) for kind, found in names.items()]


class _Reading:
    """The reads of one graph: those by name begin when what is asked of many at once has been answered."""

    def __init__(self, aws: Aws, graph: Graph, pool: ThreadPoolExecutor) -> None:
        self._aws, self._graph, self._pool = aws, graph, pool
        self._rest = pool.submit(_no_longer_wanted, aws, graph.scope, frozenset(graph.by_key))

    def begin(self) -> None:
        """Begin with all reads by name."""
        aws, graph, pool = self._aws, self._graph, self._pool
        pool.submit(_ask_ahead, aws, graph)
        self._live = {one.key: pool.submit(_read, aws, one) for one in graph.resources}
        self._there = {one: pool.submit(_exists, aws, graph.scope, one.key) for one in graph.references}

    def state(self, *, adopt: bool) -> State:
        """All answers, and the further questions that follow from them."""
        aws, scope = self._aws, self._graph.scope
        answers = {key: future.result() for key, future in self._live.items()}
        orphans = _map(self._pool, lambda key: _orphan(aws, scope, key), self._rest.result())
        unpushed = _map(self._pool, lambda one: _is_unpushed(aws, answers, one), self._graph.sources)
        return State(
            live=answers,
            orphans={key: orphan.kept for key, orphan in orphans.items() if orphan.ours},
            missing=tuple(one for one, future in self._there.items() if not future.result()),
            late=_arns(aws, scope, self._graph, answers),
            adoptable=self._adoptable(answers) if adopt else {},
            tags=self._tags(answers) if scope.own_tags else {},
            unpushed=tuple(one for one, is_so in unpushed.items() if is_so),
        )

    def _tags(self, answers: Mapping[Key, Live | None]) -> dict[Key, dict[str, str]]:
        """The tags of what is ours: most of them were asked for to see whose it is."""
        scope = self._graph.scope
        ours = [key for key, one in answers.items() if one and one.owner == scope.pipeline]
        found = _map(self._pool, lambda key: _tags(self._aws, scope, key), ours)
        return {key: tags for key, tags in found.items() if tags is not None}

    def _adoptable(self, answers: Mapping[Key, Live | None]) -> dict[Key, Live | Untouchable]:
        wanted = self._graph.by_key
        unowned = [key for key, one in answers.items() if _has_no_owner(one)]
        return _map(self._pool, lambda key: _adoptable(self._aws, wanted[key]), unowned)


def scan(aws: Aws, scope: Scope) -> Inventory:
    """Everything of the pipeline's in this account and region, found by name and by tag, with no spec."""
    (inventory,) = scan_all(aws, (scope,))
    return inventory


def _is_likely(aws: Aws, scope: Scope, kind: str) -> bool:
    with explained(f"look for any {kind}"):
        return kinds()[kind].worth_listing(aws, scope)


def scan_all(
    aws: Aws, scopes: Sequence[Scope], expected: Mapping[str, frozenset[Key]] | None = None
) -> tuple[Inventory, ...]:
    """As `scan`, of many pipelines side by side.

    `expected` is what the specs at hand want of some of them: where lists may be behind, it is asked for by
    its names.
    """
    searches = [
        _Search(
            scope,
            frozenset(kind for kind in kinds() if _is_likely(aws, scope, kind)),
            expected=(expected or {}).get(scope.pipeline, frozenset()),
        )
        for scope in scopes
    ]
    return _scan(aws, searches)


def scan_again(aws: Aws, *removed: Plan) -> tuple[Inventory, ...]:
    """Everything that is left after removals, but for what was to stay.

    By name in each kind of which something went, and in the tag index for all of them; what is asked for one
    by one only where lists of many still have it.
    """
    aws.forget()
    if len(removed) > 1:
        names = [one.scope.pipeline for one in removed]
        with explained("look at many resources at once"):
            aws.gather(lambda: Pipeline.preload(aws, names), lambda: Repository.preload(aws, names))
    return _scan(
        aws,
        [
            _Search(
                one.scope,
                by_name=frozenset(step.key.kind for step in one.work),
                but=frozenset(key for key, _ in one.kept),
            )
            for one in removed
        ],
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What to look for of one pipeline: which kinds by name, what is known to stay, and what may be there."""

    scope: Scope
    by_name: frozenset[str]
    but: frozenset[Key] = frozenset()
    expected: frozenset[Key] = frozenset()


def _scan(aws: Aws, searches: Sequence[_Search]) -> tuple[Inventory, ...]:
    with threads(min(_READERS * len(searches), _MANY_READERS), "scan") as pool:
        # The others list all there are, once, and ask for the pipeline: these two are asked for one by one.
        one_by_one = (Pipeline.kind, Repository.kind)
        others = sorted(kinds().keys() - {*one_by_one})
        order = [*product(one_by_one, searches), *((kind, one) for one in searches for kind in others)]
        asked = {(one.scope, kind): pool.submit(_found, aws, one, kind) for kind, one in order}
        found = [{kind: asked[one.scope, kind].result() for kind in sorted(kinds())} for one in searches]
        looked = [
            {
                Key(kind, name): pool.submit(_going, aws, search.scope, Key(kind, name))
                for kind, names in one.items()
                for name in names
            }
            for search, one in zip(searches, found, strict=True)
        ]
        kept = [{key: future.result() for key, future in one.items()} for one in looked]
    return tuple(
        Inventory(
            search.scope,
            tuple(one),
            {key: why for key, why in one.items() if why is not None},
            tuple(_notes(aws, search, frozenset(one))),
            tuple(_unowned(aws, search, frozenset(one))),
        )
        for search, one in zip(searches, kept, strict=True)
    )


def _notes(aws: Aws, search: _Search, found: frozenset[Key]) -> Iterator[str]:
    """What limits a search, and whose a pipeline of this name is."""
    name = search.scope.pipeline
    if _index(aws, name) is None:
        yield _NO_INDEX
    ours = Key(Pipeline.kind, name) in found
    if Pipeline.kind in search.by_name and not ours and Pipeline.listed(aws, search.scope):
        yield f"pipeline {name} is there, but awspipe did not make it: it stays"


def _unowned(aws: Aws, search: _Search, found: frozenset[Key]) -> Iterator[Key]:
    """What has a name of ours and no owner: each was asked whose it is already, and nothing more is asked."""
    for kind in (kinds()[one] for one in sorted(search.by_name)):
        for name in sorted(kind.named_by_us(aws, search.scope)):
            key = Key(kind.kind, name)
            if key not in found | search.but:
                tags = kind.tags(aws, search.scope, name)
                if tags is not None and OWNER_TAG not in tags:
                    yield key


_NO_INDEX = (
    "these credentials may not read the tag index (tag:GetResources): "
    "what was renamed by hand would not be found"
)


def _map(pool: ThreadPoolExecutor, call: Callable[[K], T], keys: Iterable[K]) -> dict[K, T]:
    futures = {key: pool.submit(call, key) for key in keys}
    return {key: future.result() for key, future in futures.items()}


def _ask_ahead(aws: Aws, graph: Graph) -> None:
    """Of what the tag index has: all that is asked of what is ours, beside whether it is there."""
    arns = _tagged(aws, graph.scope)
    known = {kind: arns.names(kind) for kind in {type(one) for one in graph.resources}}
    for one in graph.resources:
        if one.name in known[type(one)]:
            type(one).ask_ahead(aws, graph.scope, one.name, frozenset(one.body()))


def _read(aws: Aws, resource: Resource) -> Live | None:
    with explained(f"look at {resource.key}"):
        return type(resource).read(aws, resource.scope, resource.name, frozenset(resource.body()))


def _tags(aws: Aws, scope: Scope, key: Key) -> dict[str, str] | None:
    with explained(f"look at the tags of {key}"):
        return kinds()[key.kind].tags(aws, scope, key.name)


def _has_no_owner(live: Live | None) -> bool:
    return live is not None and live.owner is None and not live.instead


def _adoptable(aws: Aws, resource: Resource) -> Live | Untouchable:
    with explained(f"look at {resource.key}"):
        return resource.adoptable(aws)


def _exists(aws: Aws, scope: Scope, key: Key) -> bool:
    with explained(f"look at {key}"):
        return kinds()[key.kind].exists(aws, scope, key.name)


def _found(aws: Aws, search: _Search, kind: str) -> tuple[str, ...]:
    found, scope, but = kinds()[kind], search.scope, search.but
    tagged = _tagged(aws, scope)
    with explained(f"look for any {kind}"):
        seen = frozenset(_seen(aws, search, found))
        young = _young(aws, search, found, tagged) - seen if Pipeline.kind in search.by_name else ()
        ours = seen | {name for name in young if _is_ours(aws, scope, found, name)}
        return tuple(name for name in sorted(ours) if Key(kind, name) not in but)


def _seen(aws: Aws, search: _Search, kind: type[Resource]) -> Iterator[str]:
    """The names of a kind that are ours, by name and in the tag index, or in that alone."""
    scope, tagged = search.scope, _tagged(aws, search.scope)
    if kind.kind in search.by_name:
        yield from kind.owned(aws, scope, tagged)
        return
    for name in sorted(kind.in_index(aws, scope, tagged)):
        if Key(kind.kind, name) not in search.but and kind.owner(aws, scope, name) == scope.pipeline:
            yield name


def _young(aws: Aws, search: _Search, kind: type[Resource], tagged: Tagged) -> frozenset[str]:
    """Where the tag index has not heard of the pipeline yet, lists may not have heard of the rest either."""
    scope = search.scope
    expected = frozenset(key.name for key in search.expected if key.kind == kind.kind)
    if not Pipeline.listed(aws, scope):
        return expected | (kind.fixed(scope) if Role.listed(aws, scope) else frozenset())
    if scope.pipeline in tagged.names(Pipeline):
        return frozenset()
    names = frozenset(key.name for key in declared.keys(aws, scope) if key.kind == kind.kind)
    return expected | names


def _is_ours(aws: Aws, scope: Scope, kind: type[Resource], name: str) -> bool:
    live = kind.read(aws, scope, name, frozenset())
    return live is not None and live.owner == scope.pipeline


def _keep(aws: Aws, scope: Scope, key: Key) -> Kept | None:
    with explained(f"look into {key}"):
        return kinds()[key.kind].keep(aws, scope, key.name)


def _going(aws: Aws, scope: Scope, key: Key) -> Kept | None:
    """As `_keep`, where it is removed right away: what that asks is asked beside."""
    with explained(f"look into {key}"):
        kinds()[key.kind].ask_for_removal(aws, scope, key.name)
    return _keep(aws, scope, key)


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
    """The ARNs in the tag index; None where the credentials may not read it.

    A command about many pipelines asks for twenty of them in a call, which is as many as one call takes.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagFilter.html
    """
    names = sorted(aws.about | {pipeline})
    first = names.index(pipeline) // _INDEX_VALUES * _INDEX_VALUES
    asked = tuple(names[first : first + _INDEX_VALUES])
    found = aws.once(("index", *asked), lambda: _ask_index(aws, asked))
    return None if found is None else found.get(pipeline, frozenset())


_INDEX_VALUES = 20


def _ask_index(aws: Aws, pipelines: tuple[str, ...]) -> dict[str, frozenset[str]] | None:
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    arns: dict[str, set[str]] = {}

    def ask() -> None:
        for page in pages.paginate(TagFilters=[{"Key": OWNER_TAG, "Values": list(pipelines)}]):
            for one in page["ResourceTagMappingList"]:
                arns.setdefault(owner_of(one["Tags"]) or "", set()).add(one["ResourceARN"])

    return None if refusal(ask, *DENIED) else {name: frozenset(found) for name, found in arns.items()}
