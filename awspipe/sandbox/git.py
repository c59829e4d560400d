"""Bare git repositories, through git's own commands and none of the user's configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

MODES = {"NORMAL": "100644", "EXECUTABLE": "100755", "SYMLINK": "120000"}
"""CodeCommit's file modes as git writes them."""

NOTHING = "0" * 40


class GitError(Exception):
    """git refused; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree. `kind` is blob, tree or commit (a submodule)."""

    mode: str
    kind: str
    object_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a commit, and when: seconds since the epoch, UTC."""

    name: str
    email: str
    time: int


def environment() -> dict[str, str]:
    """The environment of every git command here: no configuration of the user or the machine, no prompt."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": os.devnull,
        "LC_ALL": "C",
    }


def run(path: Path, *arguments: str, stdin: bytes = b"", extra: dict[str, str] | None = None) -> bytes:
    """Run git in a bare repository; its answer, or GitError."""
    done = subprocess.run(
        ["git", f"--git-dir={path}", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=environment() | (extra or {}),
    )
    if done.returncode != 0:
        raise GitError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
    return done.stdout


def create(path: Path) -> None:
    """Make an empty bare repository that accepts pushes over HTTP."""
    path.parent.mkdir(parents=True, exist_ok=True)
    run(path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    run(path, "config", "http.receivepack", "true")


def remove(path: Path) -> None:
    """Remove a repository; absent is fine."""
    shutil.rmtree(path, ignore_errors=True)


def directory(place: Path) -> Path:
    """Where a repository's git data lies: in itself, or in the `.git` of its working tree."""
    inner = place / ".git"
    return inner if inner.is_dir() else place


def has_commit(path: Path, commit: str) -> bool:
    """Whether a commit is there: one that a forced push left behind may be gone."""
    try:
        run(path, "cat-file", "-e", f"{commit}^{{commit}}")
    except GitError:
        return False
    return True


def changed_files(path: Path, old: str, new: str) -> frozenset[str]:
    """The files that differ between two commits."""
    out = run(path, "diff", "--name-only", "--no-renames", "-z", old, new, "--")
    return frozenset(out.decode(errors="replace").split("\0")) - {""}


def refs(path: Path) -> dict[str, str]:
    """Every ref of a repository and the commit it stands on."""
    form = "--format=%(refname) %(objectname) %(*objectname)"
    lines = run(path, "for-each-ref", form).decode().splitlines()
    return {name: ids[-1] for name, *ids in (line.split() for line in lines)}


def branches(path: Path) -> dict[str, str]:
    """The branches of a repository, by name."""
    prefix = "refs/heads/"
    return {name[len(prefix) :]: commit for name, commit in refs(path).items() if name.startswith(prefix)}


def set_head(path: Path, branch: str) -> None:
    """Make a branch the one that a clone checks out."""
    run(path, "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def is_branch_name(name: str) -> bool:
    """Whether git accepts a name as a branch's."""
    done = subprocess.run(
        ["git", "check-ref-format", f"refs/heads/{name}"], capture_output=True, check=False, env=environment()
    )
    return done.returncode == 0 and not name.startswith("-")


def commit_id(path: Path, specifier: str) -> str | None:
    """The full id of the commit that a branch, tag or id stands for, or None."""
    try:
        found = run(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{specifier}^{{commit}}")
    except GitError:
        return None
    return found.decode().strip()


def move(path: Path, branch: str, new: str | None, old: str | None) -> None:
    """Create, move or (with `new` None) delete a branch, if it still stands on `old`."""
    ref = f"refs/heads/{branch}"
    if new is None:
        run(path, "update-ref", "-d", ref, old or "")
    else:
        run(path, "update-ref", ref, new, old or NOTHING)


def tree_id(path: Path, commit: str, folder: str = "") -> str | None:
    """The id of the tree of a commit, or of a folder in it; None where that is no folder."""
    try:
        found = run(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{folder}")
        kind = run(path, "cat-file", "-t", found.decode().strip())
    except GitError:
        return None
    return found.decode().strip() if kind.strip() == b"tree" else None


def entries(path: Path, tree: str, *, recursive: bool = False) -> list[Entry]:
    """The lines of a tree; with `recursive`, every file below it."""
    options = ["-r"] if recursive else []
    out = run(path, "ls-tree", "-z", *options, tree).decode()
    return [_entry(line) for line in out.split("\0") if line]


def _entry(line: str) -> Entry:
    head, _, path = line.partition("\t")
    mode, kind, object_id = head.split()
    return Entry(mode, kind, object_id, path)


def blob(path: Path, object_id: str) -> bytes:
    """The content of a file."""
    return run(path, "cat-file", "blob", object_id)


def commit_text(path: Path, commit: str) -> str:
    """A commit object as git stores it: headers, an empty line, the message."""
    return run(path, "cat-file", "commit", commit).decode(errors="replace")


def store(path: Path, content: bytes) -> str:
    """Store a file's content; its blob id."""
    return run(path, "hash-object", "-w", "--stdin", stdin=content).decode().strip()


def write_tree(path: Path, base: str | None, changes: list[Entry]) -> str:
    """The tree that `base` becomes with these changes; a change with mode "0" removes its file."""
    with tempfile.TemporaryDirectory(prefix="awspipe-index-") as folder:
        extra = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if base is not None:
            run(path, "read-tree", base, extra=extra)
        lines = "".join(f"{change.mode} {change.object_id}\t{change.path}\0" for change in changes)
        run(path, "update-index", "-z", "--index-info", stdin=lines.encode(), extra=extra)
        return run(path, "write-tree", extra=extra).decode().strip()


def commit(path: Path, tree: str, parent: str | None, *, author: Person, message: str) -> str:
    """Store a commit; its id. No branch moves."""
    who = {}
    for role in ("AUTHOR", "COMMITTER"):
        who[f"GIT_{role}_NAME"] = author.name
        who[f"GIT_{role}_EMAIL"] = author.email
        who[f"GIT_{role}_DATE"] = f"@{author.time} +0000"
    parents = ["-p", parent] if parent else []
    return run(path, "commit-tree", tree, *parents, stdin=message.encode(), extra=who).decode().strip()
