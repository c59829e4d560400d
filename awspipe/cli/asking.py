"""Asking before something is changed or removed."""

from __future__ import annotations

from collections.abc import Callable

from awspipe.cli.console import Console
from awspipe.errors import AwspipeError, StoppedError, UsageError


def go_on(console: Console, question: str, accepted: Callable[[str], bool], *, otherwise: str) -> None:
    """Come back only after the right answer.

    Raises AwspipeError with `otherwise` after another one, StoppedError after Ctrl-C.
    """
    try:
        answer = console.ask(question)
    except KeyboardInterrupt:
        raise StoppedError(f"interrupted: {otherwise}") from None
    if not accepted(answer):
        raise AwspipeError(otherwise)


def number(console: Console, question: str, most: int) -> int:
    """A number from 1 to `most`. Raises AwspipeError after another answer, StoppedError after Ctrl-C."""
    answered = ""

    def accepted(answer: str) -> bool:
        nonlocal answered
        answered = answer
        return answer.isascii() and answer.isdigit() and 1 <= int(answer) <= most

    go_on(console, question, accepted, otherwise="nothing was changed")
    return int(answered)


def nobody(otherwise: str, command: str) -> UsageError:
    """Nobody can answer, and it is not for us to decide; `command` is what decides it."""
    return UsageError(f"nobody is there to be asked: {otherwise}", hint=f"`{command}` goes on without asking")


def is_yes(answer: str) -> bool:
    """Whether an answer is a yes."""
    return answer.lower() in ("y", "yes")
