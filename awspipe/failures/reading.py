"""Reads that may be refused: less is then known, and the permission that would tell more is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from awspipe.errors import AwsError, DeniedError
from awspipe.explain import explained
from awspipe.failures.cause import Failure

T = TypeVar("T")


def allowed(failure: Failure, permission: str, call: Callable[[], T], *absent: str) -> T | None:
    """The answer of a read; None where AWS denies it (noted), or says with a code of `absent` that nothing is
    there. Raises AwsError for anything else: a failed read is never taken for "no cause".
    """
    try:
        with explained(f"ask why {failure.stage}/{failure.action} failed ({permission})"):
            return call()
    except DeniedError:
        failure.denied.append(permission)
    except AwsError as error:
        if error.code not in absent:
            raise
    return None
