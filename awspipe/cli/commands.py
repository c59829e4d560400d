"""The commands by name. A module is imported when its command is called: a start pays for one."""

from __future__ import annotations

import importlib

import typer

_PLACES = {
    "init": "init:init",
    "validate": "validate:validate",
    "plan": "plan:plan",
    "up": "up:up",
    "status": "status:status",
    "run": "run:run",
    "watch": "watch:watch",
    "logs": "logs:logs",
    "approve": "approve:approve",
    "reject": "approve:reject",
    "retry": "retry:retry",
    "rollback": "rollback:rollback",
    "stop": "stop:stop",
    "disable": "transitions:disable",
    "enable": "transitions:enable",
    "history": "history:history",
    "ls": "ls:ls",
    "down": "down:down",
    "leftovers": "leftovers:leftovers",
    "free-tier": "free_tier:free_tier",
    "build": "build:build",
    "deploy": "deploy:deploy",
    "policy": "policy:policy",
    "doctor": "doctor:doctor",
    "schema": "validate:schema",
    "open": "open:open_",
    "git-credential": "git_credential:git_credential",
    "cost": "cost:app",
    "sandbox": "sandbox:app",
}
"""In the order of `--help`: the function, or the group of commands, in awspipe.cli."""
_HIDDEN = frozenset({"git-credential"})


def add(app: typer.Typer, called: str) -> None:
    """Let `app` have the command that is called; where it is none of ours, all of them."""
    for name in [called] if called in _PLACES else _PLACES:
        module, _, attribute = _PLACES[name].partition(":")
        found = getattr(importlib.import_module(f"awspipe.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, hidden=name in _HIDDEN)(found)
