"""The file that was most likely meant, among those that are there."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Sequence

_MOST = 5000


def nearest(wanted: str, names: Sequence[str]) -> str | None:
    """The name closest to a path that is not there: other case or ending, other folder, a slip of the pen."""
    wanted = posixpath.normpath(wanted).lstrip("/")
    candidates = [one for one in names[:_MOST] if one != wanted]
    folder, base = posixpath.split(wanted)
    stem = posixpath.splitext(base)[0].lower()
    beside = [one for one in candidates if posixpath.dirname(one) == folder]
    for among in (beside, candidates):
        same = [one for one in among if posixpath.basename(one).lower() == base.lower()]
        ending = [one for one in among if _stem(one) == stem]
        if same or ending:
            return min(same or ending, key=lambda one: (one.count("/"), one))
    bases = {posixpath.basename(one).lower(): one for one in reversed(candidates)}
    close = difflib.get_close_matches(base.lower(), bases, 1, cutoff=0.8)
    return bases[close[0]] if close else None


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name))[0].lower()
