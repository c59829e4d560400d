"""Which word was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_SHORT = 3


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that was probably meant; "" where none is near.

    Of a short word, e.g. `s4`, one letter may be wrong, where only one known word is so.
    """
    by_fold = {one.casefold(): one for one in known}
    given = word[:100].casefold()
    found = difflib.get_close_matches(given, by_fold, n=1, cutoff=0.6)
    if not found and 1 < len(given) <= _SHORT:
        found = [one for one in by_fold if len(one) == len(given) and _differing(one, given) == 1]
    return by_fold[found[0]] if len(found) == 1 else ""


def _differing(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))
