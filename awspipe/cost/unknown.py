"""What could not be read, where a command goes on without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from awspipe.errors import AwsError, AwspipeError, DeniedError
from awspipe.explain import DENIED, explained

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read, and why. `denied`: the credentials may not."""

    why: str
    denied: bool = False

    def error(self, doing: str) -> AwsError:
        """The error of a command that cannot do without it."""
        kind = DeniedError if self.denied else AwsError
        return kind(f"{doing}: {self.why}")


def known(read: Callable[[], T], operation: str) -> T | Unknown:
    """What `read` gives, or why it is not known."""
    try:
        with explained(f"ask for {operation}"):
            return read()
    except AwsError as error:
        if error.code in DENIED:
            return Unknown(f"these credentials may not ask for it ({operation})", denied=True)
        return Unknown(f"{operation} failed: {error.code or error.message.partition(': ')[2]}")
    except AwspipeError as error:
        return Unknown(f"{operation}: {error.message}")
