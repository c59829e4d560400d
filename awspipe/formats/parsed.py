"""What reading a file gives: the value, and what is wrong with the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from awspipe.errors import Problem, SpecError

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Value_co]):
    """A file as AWS would take it. `value` is None where AWS would refuse the file: `problems` say why.

    `warnings` are what AWS takes and probably nobody meant.
    """

    value: Value_co | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def get(self) -> Value_co:
        """The value; SpecError with every problem where there is none."""
        if self.value is None:
            raise SpecError(self.problems)
        return self.value
