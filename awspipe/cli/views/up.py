"""What `up` says at its end: what stands, where to look, what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from awspipe.cli.planning import Prepared
from awspipe.cli.views import addresses, columns
from awspipe.cli.views import plan as plan_view
from awspipe.git import Commit
from awspipe.plan import Verb
from awspipe.resources.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Ended:
    """An `up` that is done. `later`: `git push awspipe` leads to the pipeline."""

    one: Prepared
    pushed: bool
    later: bool
    notes: tuple[str, ...]
    until: datetime | None = None
    """Until when it is wanted (`--ttl`)."""

    @property
    def created(self) -> bool:
        """Whether the pipeline is new: its creation has started an execution."""
        steps = self.one.plan.work
        return any(step.verb is Verb.CREATE and step.key.kind == Pipeline.kind for step in steps)


def lines(ended: Ended, cost: Iterable[str] = ()) -> Iterator[str]:
    """The end of an `up`, with what it costs."""
    one = ended.one
    yield _summary(ended) if one.plan.work else plan_view.counts(one.plan)
    yield from addresses.lines(one.target, one.plan.scope, one.graph.addresses)
    for note in ended.notes:
        yield f"  ! {note}"
    yield from cost
    yield from columns.next_commands(_next(ended))


def _summary(ended: Ended) -> str:
    words = {
        Verb.CREATE: "created",
        Verb.UPDATE: "updated",
        Verb.ADOPT: "adopted",
        Verb.DELETE: "deleted",
    }
    counted = ((ended.one.plan.count(verb), word) for verb, word in words.items())
    facts = [f"{count} {word}" for count, word in counted if count]
    if ended.pushed:
        facts.append(f"commit {ended.one.commit_id} pushed")
    return f"{ended.one.plan.scope.pipeline} is up: {', '.join(facts)}"


def _next(ended: Ended) -> Iterator[tuple[str, str]]:
    target, name = ended.one.target, ended.one.plan.scope.pipeline
    yield target.command_anywhere("status", name), "where it stands"
    if ended.later:
        yield "git push awspipe", "after a commit: runs the pipeline"
    yield from addresses.uploads(ended.one.graph.addresses, "sends a source: runs the pipeline")
    yield target.command_anywhere("down", name), "removes it; commits stay"


def document(ended: Ended) -> dict[str, Any]:
    """The end of an `up` as JSON."""
    one = ended.one
    return {
        **plan_view.document(one.plan),
        "pushed": one.commit.id if ended.pushed and isinstance(one.commit, Commit) else None,
        "wanted_until": ended.until.isoformat(timespec="seconds") if ended.until else None,
        "notes": list(ended.notes),
        "addresses": addresses.documents(one.target, one.plan.scope, one.graph.addresses),
    }
