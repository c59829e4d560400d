"""The prices that come with awspipe, as plain data: the sandbox's price list and free tier use them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

Row = dict[str, Any]


@cache
def rows() -> tuple[Row, ...]:
    """The rows of the file, a meter each."""
    text = resources.files("awspipe").joinpath("cost", "prices.json").read_text(encoding="utf-8")
    return tuple(json.loads(text)["rows"])


def lasting(row: Row) -> float:
    """How much of it is free a month for ever; 0 where nothing is."""
    free = row.get("free")
    return float(free["amount"]) if free and free["expires"] == "never" else 0.0
