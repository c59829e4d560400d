"""Reads that may be refused: less is then known, and what would tell more is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from awspipe.errors import AwsError, DeniedError
from awspipe.explain import explained
from awspipe.failures.cause import Failure

T = TypeVar("T")


def allowed(failure: Failure, permission: str, call: Callable[[], T], *absent: str) -> T | None:
    """The answer of a read; None where AWS refuses it (noted), or says with a code of `absent` that nothing
    is there. Raises AwsError where nobody answers, or something else than AWS: that never means "no cause".
    """
    try:
        with explained(f"ask why {failure.stage}/{failure.action} failed ({permission})"):
            return call()
    except DeniedError:
        failure.unread.append(f"{permission} would tell more: these credentials may not")
    except AwsError as error:
        if not error.code:
            raise
        if error.code not in absent:
            failure.unread.append(f"{permission} would tell more: AWS answers {error.code}")
    return None
