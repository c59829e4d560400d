"""The Install event: what the last deployment copied goes, what this one's appspec lists comes.

First everything is planned, so that a file in the way fails the event before anything is copied.
"""

from __future__ import annotations

import json
import os
import posixpath
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from awspipe.formats.appspec import FileMapping, Permission, ServerAppspec
from awspipe.sandbox.agent import permissions
from awspipe.sandbox.agent.layout import Layout
from awspipe.sandbox.agent.order import AgentError, Order
from awspipe.sandbox.agent.owners import Warn, change

_FAILED = "The deployment failed because"
_MEND = "from the AppSpec file, and then try again."


@dataclass
class Plan:
    """What is to be done, with every path as the host has it."""

    folders: dict[str, None] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    permissions: dict[str, Permission] = field(default_factory=dict)

    def folder(self, path: str) -> None:
        """Make a folder, once."""
        if path in self.files:
            text = (
                f"{_FAILED} the application specification file includes an mkdir command more than once for"
            )
            raise AgentError(f"{text} the same destination path ({path}) from ({self.files[path]}).")
        if path not in self.folders:
            self.folders[path] = None
            self.order.append(path)

    def file(self, source: Path, path: str) -> None:
        """Copy a file; two to one place are a mistake."""
        if path in self.files:
            text = f"{_FAILED} the application specification file specifies two source files named {source}"
            text += f" and {self.files[path]} for the same destination ({path}). Remove one of the source"
            raise AgentError(f"{text} file paths {_MEND}")
        if path in self.folders:
            text = f"{_FAILED} the application specification file calls for installing the file {source}, but"
            raise AgentError(f"{text} a file with that name already exists at the location ({path}).")
        self.files[path] = source
        self.order.append(path)

    def permit(self, path: str, permission: Permission) -> None:
        """Set permissions, once for each path."""
        if path in self.permissions:
            text = f"{_FAILED} the permissions setting for ({path}) is specified more than once in the"
            raise AgentError(f"{text} application specification file.")
        self.permissions[path] = permission

    def document(self) -> dict[str, object]:
        """As the agent keeps it."""
        done: list[dict[str, str]] = [
            {"type": "copy", "source": str(self.files[path]), "destination": path}
            if path in self.files
            else {"type": "mkdir", "directory": path}
            for path in self.order
        ]
        for path, one in self.permissions.items():
            if one.mode is not None:
                done.append({"type": "chmod", "mode": f"{one.mode:o}", "file": path})
        return {"instructions": done}


class Installer:
    """Installs one revision on one host."""

    def __init__(self, layout: Layout, order: Order, appspec: ServerAppspec) -> None:
        self._layout = layout
        self._group = order.group_id
        self._archive = layout.archive(order)
        self._appspec = appspec
        self._behavior = appspec.file_exists_behavior or order.file_exists_behavior

    def install(self, warn: Warn) -> None:
        """Remove, plan, copy, set permissions."""
        self._layout.instructions.mkdir(parents=True, exist_ok=True)
        self._remove_last()
        plan = self.plan()
        text = json.dumps(plan.document())
        self._layout.install_file(self._group).write_text(text, encoding="utf-8")
        with self._layout.cleanup_file(self._group).open("w", encoding="utf-8") as made:
            for path in plan.order:
                self._make(plan, path, made)
        for path, permission in plan.permissions.items():
            change(path, self._at(path), permission, warn=warn, root=self._layout.root)

    def _remove_last(self) -> None:
        """What the last deployment of the group made, in reverse; what scripts made stays."""
        path = self._layout.cleanup_file(self._group)
        if not path.exists():
            return
        written = path.read_text(encoding="utf-8")
        whole = written[: written.rfind("\n") + 1]  # a line that was not finished is not believed
        for line in reversed(whole.splitlines()):
            _remove(self._at(line))
        path.unlink()

    def plan(self) -> Plan:
        """All that the appspec lists."""
        plan = Plan()
        for mapping in self._appspec.files:
            self._plan_mapping(plan, mapping)
        for permission in self._appspec.permissions:
            for path in permissions.matches(permission, plan.files, plan.folders):
                plan.permit(path, permission)
        return plan

    def _plan_mapping(self, plan: Plan, mapping: FileMapping) -> None:
        source = self._archive / mapping.source.lstrip("/")
        if not os.path.normpath(source).startswith(os.path.normpath(self._archive)):
            raise AgentError(f"the source {mapping.source} leads out of the revision")
        if not source.exists() and not source.is_symlink():
            raise AgentError(f"No such file or directory - {source}")
        destination = _clean(mapping.destination)
        if _is_real_folder(source):
            self._plan_ancestors(plan, destination)
            self._plan_folder(plan, source, destination)
        else:
            target = posixpath.join(destination, source.name)
            self._plan_ancestors(plan, target)
            self._plan_file(plan, source, target)

    def _plan_ancestors(self, plan: Plan, path: str) -> None:
        for folder in _parents(path):
            if not os.path.lexists(self._at(folder)):
                plan.folder(folder)

    def _plan_folder(self, plan: Plan, source: Path, destination: str) -> None:
        if not self._at(destination).is_dir():
            plan.folder(destination)
        for entry in sorted(source.iterdir()):
            target = posixpath.join(destination, entry.name)
            if _is_real_folder(entry):
                self._plan_folder(plan, entry, target)
            else:
                self._plan_file(plan, entry, target)

    def _plan_file(self, plan: Plan, source: Path, path: str) -> None:
        there = os.path.lexists(self._at(path))
        if there and self._behavior == "DISALLOW":
            text = "The deployment failed because a specified file already exists at this location:"
            raise AgentError(f"{text} {path}")
        if not (there and self._behavior == "RETAIN"):
            plan.file(source, path)

    def _make(self, plan: Plan, path: str, made: TextIO) -> None:
        place = self._at(path)
        made.write(f"{path}\n")
        made.flush()
        if path in plan.folders:
            place.mkdir(exist_ok=True)
            return
        source = plan.files[path]
        if place.is_symlink() or place.is_file():
            place.unlink()
        if source.is_symlink():
            place.symlink_to(source.readlink())
        else:
            shutil.copy2(source, place)

    def _at(self, path: str) -> Path:
        return self._layout.on_host(path)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        try:
            path.rmdir()
        except OSError:  # somebody else's files are in it: they stay, and so does the folder
            return


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _parents(path: str) -> Iterator[str]:
    """The folders above a path, from the outermost one."""
    folders: list[str] = []
    while (path := posixpath.dirname(path)) != "/":
        folders.append(path)
    return reversed(folders)
