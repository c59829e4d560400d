"""What `up` says at its end: what stands, where to look, what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awspipe.cli.planning import Prepared
from awspipe.cli.views import addresses
from awspipe.cli.views import plan as plan_view
from awspipe.plan import Verb


def lines(one: Prepared) -> Iterator[str]:
    """The end of an `up`."""
    name = one.plan.scope.pipeline
    if one.plan.work:
        made, changed, removed = (one.plan.count(v) for v in (Verb.CREATE, Verb.UPDATE, Verb.DELETE))
        yield f"{name} is up: {made} created, {changed} updated, {removed} deleted"
    else:
        yield plan_view.counts(one.plan)
    yield from addresses.lines(one.target, one.plan.scope, one.graph.addresses)
    yield from _next(one)


def _next(one: Prepared) -> Iterator[str]:
    sandbox = " --sandbox" if one.target.sandbox else ""
    name = one.plan.scope.pipeline
    if one.commit is None and one.graph.sources:
        source = one.graph.sources[0]
        yield f"  ! nothing was pushed: the pipeline waits for branch {source.branch} of {source.repository}"
    yield f"next: awspipe status{sandbox}"
    yield f"      awspipe down {name}{sandbox}   (removes all of it)"


def document(one: Prepared) -> dict[str, Any]:
    """The end of an `up` as JSON."""
    return {
        **plan_view.document(one.plan),
        "addresses": addresses.documents(one.target, one.plan.scope, one.graph.addresses),
    }
