"""A list of pipelines in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from awspipe.cli.views import columns
from awspipe.cli.views.moments import age
from awspipe.listing import PipelineEntry


def lines(found: Sequence[PipelineEntry], now: datetime) -> Iterator[str]:
    """A table: name, type, version, age, last change."""
    if not found:
        yield "no pipelines made by awspipe in this region"
        return
    rows = [("NAME", "TYPE", "VERSION", "AGE", "CHANGED")]
    rows += [
        (one.name, one.type, str(one.version), _age(one.created, now), _ago(one.updated, now))
        for one in found
    ]
    yield from columns.table(rows)


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
                "name": one.name,
                "type": one.type,
                "version": one.version,
                "created": one.created.isoformat() if one.created else None,
                "updated": one.updated.isoformat() if one.updated else None,
            }
            for one in found
        ],
    }
