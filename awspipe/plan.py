"""What must happen so that AWS has what the spec wants: a pure comparison, and its result as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from awspipe.graph import Graph, Source
from awspipe.naming import Scope
from awspipe.resources.base import TAGS, Body, Kept, Key, Live, Reference, Resource, Untouchable, kinds
from awspipe.resources.late import filled, late_keys, texts


class Verb(StrEnum):
    """What a step does to its resource."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    KEEP = "keep"
    DELETE = "delete"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. `path` is dotted, from the resource's body; None is absent."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One verb on one resource, and the steps it waits for."""

    verb: Verb
    key: Key
    changes: tuple[Change, ...] = ()
    resource: Resource | None = None
    source: Source | None = None
    waits_for: frozenset[Key] = frozenset()

    def __str__(self) -> str:
        if self.source is not None:
            return f"push commit to repository {self.source.repository} ({self.source.branch})"
        return f"{self.verb} {self.key}"

    @property
    def fields(self) -> frozenset[str]:
        """The top-level fields that differ."""
        return frozenset(change.path.split(".")[0].split("[")[0] for change in self.changes)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A name of ours that something of another owner has. `owner` is a pipeline, or None for no tag.

    `why` is what forbids to take it over, where that was asked for.
    """

    key: Key
    owner: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Several things of the user's would serve in the place of one of ours: the spec must say which."""

    key: Key
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """What AWS has of what a graph wants, and what it has of ours that the graph no longer wants."""

    live: Mapping[Key, Live | None]
    orphans: Mapping[Key, Kept | None]
    """What is ours and no longer wanted, and why it stays; None when it goes."""
    missing: tuple[Reference, ...] = ()
    unpushed: tuple[Source, ...] = ()
    """Repositories of ours that the pipeline would find without the branch it wants."""
    late: Mapping[Key, str] = dataclasses.field(default_factory=dict)
    """The ARNs that AWS made up, as far as they are known."""
    adoptable: Mapping[Key, Live | Untouchable] = dataclasses.field(default_factory=dict)
    """What has one of our names and no owner, where it is to be taken over, and whether it can be."""
    tags: Mapping[Key, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """The tags of what is ours, where the user has tags of their own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in an order in which they could run one by one, and what forbids running them."""

    scope: Scope
    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...]
    missing: tuple[Reference, ...]
    references: tuple[Reference, ...]
    kept: tuple[tuple[Key, Kept], ...] = ()
    choices: tuple[Choice, ...] = ()
    remarks: tuple[tuple[Key, str], ...] = ()
    """What somebody must still do for what is there already."""

    @property
    def work(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.verb is not Verb.KEEP)

    def count(self, verb: Verb) -> int:
        """How many steps have this verb."""
        return sum(step.verb is verb for step in self.steps)


def plan(graph: Graph, state: State, *, push: bool) -> Plan:
    """Compare what is wanted with what is live. `push`: whether there is a commit to push."""
    conflicts = tuple(_conflicts(graph, state))
    used = _used_instead(state)
    known = {**state.late, **{key: arn for key, (_, arn) in used.items()}}
    ours = [filled(resource, known) for resource in graph.resources if resource.key not in used]
    steps = [_compare(resource, state) for resource in ours]
    if push:
        steps += [Step(Verb.PUSH, Key("commit", one.repository), source=one) for one in state.unpushed]
    gone = [Step(Verb.DELETE, key) for key, kept in state.orphans.items() if kept is None]
    return Plan(
        scope=graph.scope,
        steps=tuple(ordered([*steps, *gone])),
        conflicts=conflicts,
        missing=state.missing,
        references=(*graph.references, *(Reference(key.kind, name) for key, (name, _) in used.items())),
        kept=tuple((key, kept) for key, kept in state.orphans.items() if kept is not None),
        choices=tuple(_choices(state, used)),
        remarks=tuple((key, live.remark) for key, live in state.live.items() if live and live.remark),
    )


def removal(scope: Scope, keys: Iterable[Key], kept: Mapping[Key, Kept]) -> Plan:
    """The plan of `down`: every key goes but the kept ones."""
    steps = [Step(Verb.DELETE, key) for key in keys if key not in kept]
    return Plan(scope, tuple(ordered(steps)), (), (), (), tuple(kept.items()))


def differences(wanted: Any, live: Any, path: str = "", *, exact: bool = False) -> Iterator[Change]:
    """Where `live` is not as `wanted`: only keys that `wanted` has count, unless `exact`."""
    match wanted, live:
        case dict(), dict():
            for key in sorted({*wanted, *live} if exact else wanted):
                inner = f"{path}.{key}" if path else str(key)
                yield from differences(wanted.get(key), live.get(key), inner, exact=exact)
        case list(), list() if len(wanted) == len(live) and not _all_text(wanted, live):
            for index, (left, right) in enumerate(zip(wanted, live, strict=True)):
                yield from differences(left, right, f"{path}[{_label(left, index)}]", exact=exact)
        case _:
            if _plain(wanted) != _plain(live):
                yield Change(path, live, wanted)


def ordered(steps: list[Step]) -> Iterator[Step]:
    """The steps with what each waits for, in one possible order."""
    pending = [_waiting(step, steps) for step in steps]
    done: set[Key] = set()
    while pending:
        ready = [step for step in pending if step.waits_for <= done]
        if not ready:
            raise AssertionError(f"kinds use each other in a ring: {[str(step) for step in pending]}")
        yield from ready
        done |= {step.key for step in ready}
        pending = [step for step in pending if step not in ready]


def _waiting(step: Step, steps: list[Step]) -> Step:
    late = late_keys(step.resource)
    waits = frozenset(
        other.key for other in steps if other is not step and (other.key in late or _waits(step, other))
    )
    return Step(step.verb, step.key, step.changes, step.resource, step.source, waits)


def _waits(step: Step, other: Step) -> bool:
    """Made after what it uses, removed before; what is no longer wanted goes when the pipeline has let go."""
    if step.verb is Verb.PUSH:
        return other.key == Key("repository", step.key.name)
    if step.verb is Verb.DELETE:
        if other.verb is Verb.DELETE:
            user = kinds()[other.key.kind]
            return step.key.kind in user.uses - user.frees
        return other.key.kind == "pipeline"
    if other.verb is Verb.PUSH:
        return step.key.kind == "pipeline"
    return other.verb is not Verb.DELETE and other.key.kind in kinds()[step.key.kind].uses


def _conflicts(graph: Graph, state: State) -> Iterator[Conflict]:
    for resource in graph.resources:
        live = state.live[resource.key]
        if live is None or live.owner == graph.scope.pipeline or live.instead:
            continue
        match state.adoptable.get(resource.key):
            case None:
                yield Conflict(resource.key, live.owner)
            case Untouchable(why):
                yield Conflict(resource.key, live.owner, why)


def _used_instead(state: State) -> dict[Key, tuple[str, str]]:
    """What of the user's is used in the place of ours: the only one that serves, or the one in use now."""
    in_use = frozenset(texts([live.body for live in state.live.values() if live]))
    used = {}
    for key, live in state.live.items():
        serving = live.instead if live else ()
        if len(serving) > 1:
            serving = tuple(one for one in serving if one[1] in in_use)
        if len(serving) == 1:
            used[key] = serving[0]
    return used


def _choices(state: State, used: Mapping[Key, object]) -> Iterator[Choice]:
    for key, live in state.live.items():
        if live and live.instead and key not in used:
            yield Choice(key, tuple(name for name, _ in live.instead))


def _compare(resource: Resource, state: State) -> Step:
    live, unowned = state.live[resource.key], state.adoptable.get(resource.key)
    if live is None or live.instead:
        return Step(Verb.CREATE, resource.key, resource=resource)
    if isinstance(unowned, Live):
        return Step(Verb.ADOPT, resource.key, tuple(_changes(resource, unowned.body)), resource)
    changes = (*_changes(resource, live.body), *_tag_changes(resource, state.tags.get(resource.key)))
    return Step(Verb.UPDATE if changes else Verb.KEEP, resource.key, changes, resource)


def _changes(resource: Resource, live: Body) -> Iterator[Change]:
    for field, value in resource.body().items():
        yield from differences(value, live.get(field), field, exact=field in resource.exact)


def _tag_changes(resource: Resource, live: Mapping[str, str] | None) -> Iterator[Change]:
    """The user's own tags that are missing or differ; others may be anybody's."""
    if live is None:
        return
    for name, value in resource.scope.own_tags:
        if live.get(name) != value:
            yield Change(f"{TAGS}.{name}", live.get(name), value)


def _label(value: Any, index: int) -> str:
    """`Build` says more than `1` where a list's entries have names."""
    return str(value["name"]) if isinstance(value, dict) and "name" in value else str(index)


def _all_text(*lists: list[Any]) -> bool:
    return all(isinstance(one, str) for entries in lists for one in entries)


def _plain(value: Any) -> Any:
    """IAM takes one word for a list of one, and the order of words means nothing."""
    if isinstance(value, list) and _all_text(value):
        return value[0] if len(value) == 1 else sorted(value)
    return value
