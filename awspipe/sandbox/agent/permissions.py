"""Which of the deployed files and folders an entry of an appspec's `permissions` means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache

from awspipe.formats.appspec import Permission
from awspipe.sandbox.agent.order import AgentError

_FAILED = "The deployment failed because the application specification file"
_MEND = "Correct the permissions section of the AppSpec file, and then try again."


def matches(permission: Permission, files: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """The paths that a permission is for: the object itself where it is a file, else what lies below it."""
    listed = list(files)
    wanted = _clean(permission.object)
    if wanted in listed:
        if "file" in permission.types:
            _check_file(permission)
            yield wanted
        return
    if "file" in permission.types:
        if any(acl.startswith("d") for acl in permission.acls):
            text = "The deployment failed because the -d parameter has been specified to apply an acl setting"
            raise AgentError(f"{text} to a file. This parameter is supported for directories only.")
        yield from (one for one in listed if _is_meant(permission, one))
    if "directory" in permission.types:
        yield from (one for one in folders if _is_meant(permission, one))


def _check_file(permission: Permission) -> None:
    if permission.pattern != "**":
        text = f"{_FAILED} includes an object ({permission.object}) with an invalid pattern"
        text += f" ({permission.pattern}), such as a pattern for a file applied to a directory."
        raise AgentError(f"{text} {_MEND}")
    if permission.except_:
        text = "The deployment failed because the except parameter for a pattern in the permissions section"
        text += f" ({', '.join(permission.except_)}) for the object named {permission.object} contains an"
        raise AgentError(f"{text} invalid format. {_MEND}")


def _is_meant(permission: Permission, path: str) -> bool:
    base = _clean(permission.object).rstrip("/") + "/"
    if not path.startswith(base):
        return False
    name = path.removeprefix(base)
    if permission.pattern != "**" and not _fits(name, permission.pattern):
        return False
    return not any(_fits(name, one) for one in permission.except_)


def _fits(name: str, pattern: str) -> bool:
    """The agent's own simple patterns: `*` stands for anything, and only direct children are looked at."""
    return "/" not in name and _compiled(pattern).fullmatch(name) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path).replace("//", "/")
