"""What a commit holds, read from a bare repository: its facts and its files, whatever .gitattributes say."""

from __future__ import annotations

import datetime
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from awspipe.sandbox import git
from awspipe.sandbox.actions.artifacts import File

_WHEN = re.compile(r"> (\d+) [+-]\d{4}$")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's facts; times in seconds since the epoch."""

    id: str
    tree: str
    message: str
    authored: float
    committed: float


def read(path: Path, commit: str) -> Commit:
    """A commit of a repository, by its full id."""
    head, _, message = git.commit_text(path, commit).partition("\n\n")
    fields = dict(line.partition(" ")[::2] for line in reversed(head.splitlines()))
    return Commit(
        commit, fields["tree"], message.strip(), _when(fields["author"]), _when(fields["committer"])
    )


def _when(person: str) -> float:
    found = _WHEN.search(person)
    return float(found[1]) if found else 0.0


def variables(commit: Commit) -> dict[str, str]:
    """What every source from git tells of its commit. A variable is never empty."""
    found = {
        "AuthorDate": _iso(commit.authored),
        "CommitId": commit.id,
        "CommitMessage": commit.message,
        "CommitterDate": _iso(commit.committed),
    }
    return {key: value for key, value in found.items() if value}


def _iso(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def files(path: Path, tree: str) -> Iterator[File]:
    """Every file of a tree. Submodules are left out, as CodePipeline does."""
    entries = [entry for entry in git.entries(path, tree, recursive=True) if entry.kind == "blob"]
    command = ["git", f"--git-dir={path}", "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=git.environment()
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("git cat-file was started without pipes")
        for entry in entries:
            process.stdin.write(f"{entry.object_id}\n".encode())
            process.stdin.flush()
            size = int(process.stdout.readline().split()[2])
            content = process.stdout.read(size + 1)[:size]
            yield File(entry.path, content, int(entry.mode, 8))
