"""The sandbox's own state in lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awspipe.sandbox.control import Status


def lines(found: Status, directory: str) -> Iterator[str]:
    """Whether it runs and where, what it holds, and what to do about it."""
    if found.running:
        yield f"the sandbox runs at {found.url} (process {found.pid}, for {duration(found.uptime_seconds)})"
        yield f"  account    {found.account}"
    else:
        yield "the sandbox does not run: --sandbox starts it when it is needed"
    yield f"  state      {size(found.state_bytes)} in {directory}"
    if found.not_kept:
        yield f"  ! not kept over a restart: {', '.join(found.not_kept)}"
    for note in found.notes:
        yield f"  ! {note}"


def size(count: int) -> str:
    """Bytes in the unit that a reader can picture."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """A length of time in its two largest units: `40 s`, `5 min 3 s`, `3 h 20 min`, `12 d 1 h`."""
    whole = max(0, int(seconds))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    first = next((index for index, (_, length) in enumerate(units) if whole >= length), 3)
    shown: list[str] = []
    for unit, length in units[first : first + 2]:
        count, whole = divmod(whole, length)
        if count or not shown:
            shown.append(f"{count} {unit}")
    return " ".join(shown)
