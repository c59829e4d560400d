"""What Typer says of a wrong command line, in our words: with the option or command that was meant."""

from __future__ import annotations

import difflib
from typing import Any

from awspipe.cli.options import FLAGS, VALUED
from awspipe.errors import UsageError

_OTHERWISE = {("awspipe up", "--dry-run"): "`awspipe plan` shows what `up` would do, and changes nothing"}
"""What does what an option of ours would do, if we had it."""


def is_typers(error: Exception) -> bool:
    """Whether Typer found the command line wrong. Its own copy of click, or click: both look like this."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def help_shown(error: Exception) -> str:
    """The help that was asked for by giving no command; "" where that is not what happened."""
    return str(error) if type(error).__name__ == "NoArgsIsHelpError" else ""


def explained(error: Any) -> UsageError:
    """A usage error of Typer's as ours."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "awspipe"
    option = getattr(error, "option_name", "")
    words = error.message if option else error.format_message()
    message, _, guess = words.partition(". Did you mean ")
    if option and "no such" in message.lower():
        guess = _near_option(option, context)
    meant = f"did you mean {guess.rstrip('?')}? " if guess else ""
    if (path, option) in _OTHERWISE:
        meant = f"{_OTHERWISE[path, option]}; "
    return UsageError(_as_ours(message), hint=f"{meant}`{path} --help` shows what there is")


def _near_option(option: str, context: Any) -> str:
    parameters = context.command.params if context else ()
    known = {name for one in parameters for name in one.opts if name.startswith("-")} | FLAGS | VALUED
    near = difflib.get_close_matches(option, sorted(known), 1)
    return near[0] if near else ""


def _as_ours(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
