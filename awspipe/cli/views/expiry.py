"""That a pipeline's time (`up --ttl`) has passed, in a line."""

from __future__ import annotations

from datetime import datetime


def wanted_until(end: datetime, command: str) -> str:
    """Until when it is wanted, and what removes it then."""
    return f"  . wanted until {end:%Y-%m-%d %H:%M} UTC: then commands warn, and `{command}` removes it"


def warning(name: str, end: datetime, command: str = "") -> str:
    """When it ended, and the command that removes it; none where that is what is being done."""
    what = f": `{command}` removes it" if command else ""
    return f"  ! the time of {name} ended {end:%Y-%m-%d %H:%M} UTC{what}"
