"""A list of pipelines in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.moments import age, iso
from awspipe.cli.views.status import execution_document
from awspipe.listing import PipelineEntry


def lines(found: Sequence[PipelineEntry], now: datetime) -> Iterator[str]:
    """A table: name, how its latest execution stands and since when, type, version, age, last change."""
    if not found:
        yield "no pipelines made by awspipe in this region"
        return
    rows = [("NAME", "LATEST", "SINCE", "TYPE", "VERSION", "AGE", "CHANGED")]
    rows += [
        (
            one.name,
            *_latest(one, now),
            one.type,
            str(one.version),
            _age(one.created, now),
            _ago(one.updated, now),
        )
        for one in found
    ]
    yield from columns.table(rows)


def notes(found: Sequence[PipelineEntry]) -> Iterator[str]:
    """What could not be read, and why."""
    unread = [one for one in found if one.unread]
    if unread:
        whys = ", ".join(dict.fromkeys(one.unread for one in unread))
        yield f"  ! the executions of {len(unread)} of {len(found)} could not be read: {whys}"


def _latest(one: PipelineEntry, now: datetime) -> tuple[str, str]:
    if one.unread:
        return "?", "?"
    if one.latest is None:
        return "never ran", "-"
    since = one.latest.started if one.latest.running else one.latest.updated
    return one.latest.state, _age(since, now)


def _age(moment: datetime | None, now: datetime) -> str:
    return age(moment, now) if moment else "?"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{_age(moment, now)} ago" if moment else "?"


def document(account: str, region: str, found: Sequence[PipelineEntry]) -> dict[str, Any]:
    """The list as JSON."""
    return {
        "account": account,
        "region": region,
        "pipelines": [
            {
                "pipeline": one.name,
                "type": one.type,
                "version": one.version,
                "created": iso(one.created),
                "updated": iso(one.updated),
                "latest": execution_document(one.latest) if one.latest else None,
                "unread": one.unread or None,
            }
            for one in found
        ],
    }
