"""An execution that was started, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awspipe.cli.target import Target
from awspipe.cli.views import columns
from awspipe.starting import Start


def lines(target: Target, start: Start, execution: str, url: str) -> Iterator[str]:
    """Its id, what it was started with, its page, and how to follow it."""
    yield f"execution {execution} of {start.pipeline} has started"
    for action, commit in start.commits:
        yield f"  {action} takes commit {commit[:7]}"
    for name, value in start.variables:
        yield f"  {name} = {value}"
    if url:
        yield f"  Console     {url}"
    follow = target.command_anywhere("watch", start.pipeline, "--execution", execution[:8])
    yield from columns.next_commands([(follow, "follows it to its end")])


def document(target: Target, start: Start, execution: str, url: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "pipeline": start.pipeline,
        "account": target.aws.account,
        "region": target.aws.region,
        "execution_id": execution,
        "url": url or None,
        "commits": dict(start.commits),
        "variables": dict(start.variables),
    }
