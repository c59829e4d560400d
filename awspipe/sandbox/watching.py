"""Sees pushes to the repositories that stand for GitHub's: the user's own, in which nothing is installed.

What a repository's refs were is kept with its connection, so a push made while the sandbox did not run is
seen when it does. Looking costs a few `stat` calls while nothing has changed.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from awspipe.sandbox import codeconnections, codepipeline, git, runtime
from awspipe.sandbox.triggers import BRANCH, TAG, Push

log = logging.getLogger("awspipe.sandbox")

_PAUSE = 0.5
_KINDS = {"refs/heads/": BRANCH, "refs/tags/": TAG}

Mark = frozenset[tuple[str, int, int]]
"""What can be seen of a repository's refs without reading them."""


class Watch:
    """Looks at every repository that a connection leads to."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], Mark] = {}
        self._told: dict[tuple[str, str], str] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Look again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            self.look()

    def look(self) -> None:
        """See what was pushed since the last look, and start what it starts."""
        for backend in list(codeconnections.every_backend()):
            for one in list(backend.connections.values()):
                for name, place in list((one.repositories or {}).items()):
                    self._try_to_look_at(backend, one, name, Path(place))

    def _try_to_look_at(
        self,
        backend: codeconnections.CodeConnectionsBackend,
        one: codeconnections.Connection,
        name: str,
        place: Path,
    ) -> None:
        """Whatever is wrong with one repository of the user's is told once, and hides no other."""
        try:
            self._look_at(backend, one, name, git.directory(place))
        except Exception as error:
            key, told = (one.arn, f"{name} {place}"), str(error)
            if self._told.get(key) != told:
                self._told[key] = told
                log.exception("looking at the connected repository %s failed", place)

    def _look_at(
        self,
        backend: codeconnections.CodeConnectionsBackend,
        one: codeconnections.Connection,
        name: str,
        path: Path,
    ) -> None:
        mark, key = _mark(path), f"{name} {path}"
        if self._marks.get((one.arn, key)) == mark or not path.is_dir():
            return
        after = git.refs(path)
        with runtime.current().lock:
            before = one.heads.setdefault(key, after)  # the first look at a repository tells nothing
            failed: dict[str, Exception] = {}
            for ref, push in _pushes(one.arn, name, path, before=before, after=after):
                try:
                    codepipeline.start_by_push(backend.account_id, backend.region_name, push)
                except Exception as error:
                    failed[ref] = error
            again = {ref: before[ref] for ref in failed if ref in before}
            told = {ref: commit for ref, commit in after.items() if ref not in failed}
            one.heads[key] = told | again
        if failed:
            raise next(iter(failed.values()))
        self._marks[one.arn, key] = mark


def _pushes(
    arn: str, name: str, path: Path, *, before: dict[str, str], after: dict[str, str]
) -> Iterator[tuple[str, Push]]:
    """What a repository's refs tell, by ref."""
    for ref, commit in sorted(after.items()):
        prefix = next((one for one in _KINDS if ref.startswith(one)), None)
        old = before.get(ref)
        if prefix and commit != old:
            yield (
                ref,
                Push(
                    connection=arn,
                    repository=name,
                    kind=_KINDS[prefix],
                    name=ref.removeprefix(prefix),
                    commit=commit,
                    files=partial(_files, path, old, commit),
                ),
            )


def _files(path: Path, old: str | None, new: str) -> frozenset[str] | None:
    return git.changed_files(path, old, new) if old and git.has_commit(path, old) else None


def _mark(path: Path) -> Mark:
    """Refs lie in files of their own, in `packed-refs`, or with git's newer format in `reftable`."""
    return frozenset(_stats(path))


def _stats(path: Path) -> Iterator[tuple[str, int, int]]:
    files = [path / "packed-refs", path / "reftable" / "tables.list"]
    for folder, _, names in os.walk(path / "refs"):
        files += [Path(folder, name) for name in names]
    for file in files:
        try:
            found = file.stat()
        except OSError:
            continue
        yield str(file), found.st_mtime_ns, found.st_ino
