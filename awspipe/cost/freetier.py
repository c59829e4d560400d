"""The developer tools one by one: what is free, when a charge begins, and what AWS says is used of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Service:
    """A service in words: what it does, what of it is free, when it charges, whether new accounts get it."""

    service: str
    what: str
    free: str
    charged: str
    state: str
    meters: tuple[str, ...]
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Allowance:
    """One line of AWS's own tracking: how much is used of how much."""

    service: str
    usage_type: str
    used: Decimal
    limit: Decimal
    unit: str
    kind: str

    @property
    def share(self) -> Decimal:
        """How much of it is used, 1 for all; 0 where there is no limit."""
        return self.used / self.limit if self.limit else Decimal(0)


@cache
def services() -> tuple[Service, ...]:
    """The developer tools, those first that awspipe uses."""
    text = resources.files("awspipe").joinpath("cost", "services.json").read_text(encoding="utf-8")
    return tuple(
        Service(**{**one, "meters": tuple(one["meters"]), "as_of": date.fromisoformat(one["as_of"])})
        for one in json.loads(text)
    )
