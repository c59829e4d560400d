"""Every error a user can meet, and the exit code it ends with.

    AwspipeError                1
    ├── UsageError              2   the command line is wrong
    ├── SpecError               2   a file is wrong; carries every problem found in it
    ├── RefusedError            3   stopped for safety: a foreign resource, the wrong account
    ├── CredentialsError        4   missing, expired, or not allowed to do anything
    ├── AwsError                1   AWS refused a call; carries its code and request id
    │   └── DeniedError         4   the credentials may not do it; carries the statement that would allow it
    ├── PendingError            8   it is not there yet, and may come by itself
    │   └── HandshakeError      8   a connection waits for the person who completes it
    ├── ApplyError              1   steps of `up` or `down` failed, or something of ours is left
    └── StoppedError          130   Ctrl-C

An error says what, where, why and what to do next (`hint`). Only `awspipe.cli.main` prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awspipe.formats.secrets import redacted


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file a user wrote.

    `line` and `column` count from 1 as editors do; 0 means "the whole file".
    `length` is the width of the mark in characters. `frame` is the code frame, already made, or "".
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    length: int = 1
    hint: str = ""
    frame: str = ""
    warning: bool = False

    def where(self) -> str:
        """`file:line:column`, as terminals and editors make it clickable."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class AwspipeError(Exception):
    """Something a user must be told. `hint` is what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(redacted(message))
        self.message = redacted(message)
        self.hint = redacted(hint)


class UsageError(AwspipeError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class SpecError(AwspipeError):
    """A spec, buildspec or appspec that cannot be used, with every problem found in it."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(f"{p.where()}: {p.message}" for p in problems))
        self.problems = problems


class RefusedError(AwspipeError):
    """Refused for safety: nothing was changed."""

    exit_code = 3


class CredentialsError(AwspipeError):
    """AWS does not know who is calling, or no longer."""

    exit_code = 4


class AwsError(AwspipeError):
    """AWS refused a call. `code` and `request_id` are AWS's own; `operation` is `service:Operation`."""

    def __init__(
        self, message: str, *, code: str = "", operation: str = "", request_id: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.operation = operation
        self.request_id = request_id


class PendingError(AwspipeError):
    """What was asked for is not there yet, and may come by itself: the same command may work later."""

    exit_code = 8


class DeniedError(AwsError):
    """The credentials may not do something. `statement` would allow it; None where no statement can."""

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        operation: str = "",
        request_id: str = "",
        hint: str = "",
        statement: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, operation=operation, request_id=request_id, hint=hint)
        self.statement = statement


class ApplyError(AwspipeError):
    """Steps failed, or something of ours is left. `causes` are the errors that were not consequences."""

    def __init__(self, message: str, *, causes: tuple[AwspipeError, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.causes = causes


class HandshakeError(PendingError):
    """A connection waits for the person who completes it; `name` is the connection's."""

    def __init__(self, message: str, *, name: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name


class StoppedError(AwspipeError):
    """Ctrl-C: what was running has ended, nothing new was started. `causes` are the errors met until then."""

    exit_code = 130

    def __init__(self, message: str, *, causes: tuple[AwspipeError, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.causes = causes
