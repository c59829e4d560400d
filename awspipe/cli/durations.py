"""Lengths of time on the command line: `90`, `90s`, `10m`, `2h`, `1d`, `1h30m`."""

from __future__ import annotations

import re

from awspipe.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"(?:[0-9]{1,6}[smhd]){1,4}|[0-9]{1,9}")
_PART = re.compile(r"([0-9]+)([smhd]?)")


def seconds(option: str, text: str) -> float:
    """A length of time in seconds. Raises UsageError, which names the option."""
    if not _WHOLE.fullmatch(text):
        raise UsageError(f"{option}: {text!r} is no length of time", hint=f"{option} 90s, 10m, 2h, 1h30m")
    return float(sum(int(count) * _UNITS[unit or "s"] for count, unit in _PART.findall(text)))
