"""Which word was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that was probably meant; "" where none is near."""
    by_fold = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(word[:100].casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else ""
