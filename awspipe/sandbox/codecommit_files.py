"""CodeCommit's commits and files: what its API does in place of a push, with git's own plumbing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import git
from awspipe.sandbox.service import Answer, RefusalError, Request, unsupported, without_nothing

_MODE_NAMES = {mode: name for name, mode in git.MODES.items()}
_HEAD = re.compile(r"(?P<name>.*) <(?P<email>.*)> (?P<date>\d+ [+-]\d{4})")
_LARGEST = 6 * 1024 * 1024
_GONE = "0"


class Commits:
    """The operations on commits and files; the backend brings repositories and branches."""

    if TYPE_CHECKING:

        def repository(self, name: str | None) -> Any:
            """The repository of a name."""

        def path(self, name: str) -> Path:
            """Where its git data lies."""

        def branch(self, name: str, branch: str) -> str:
            """The commit that a branch stands on."""

        def move(self, name: str, branch: str, commit: str | None) -> None:
            """Move a branch and publish the event."""

        def now(self) -> float:
            """The time."""

    def op_create_commit(self, request: Request) -> Answer:
        """Commit several files to a branch; in an empty repository the branch is made."""
        name, branch = self.repository(request["repositoryName"]).name, request["branchName"]
        path = self.path(name)
        _check_files(request)
        parent = self._parent(name, branch, request.get("parentCommitId"))
        tree = git.tree_id(path, parent) if parent else None
        old = {entry.path: entry for entry in git.entries(path, tree, recursive=True)} if tree else {}
        changes = _puts(path, request, old) + _deletions(request, old) + _modes(request, old)
        commit, new_tree = self._commit(name, branch, parent, changes=changes, request=request)
        return {"commitId": commit, "treeId": new_tree, **_summary(changes, old)}

    def op_put_file(self, request: Request) -> Answer:
        """Commit one file to a branch."""
        name, branch = self.repository(request["repositoryName"]).name, request["branchName"]
        path = self.path(name)
        parent = self._parent(name, branch, request.get("parentCommitId"))
        old = self._entry(path, parent, request["filePath"]) if parent else None
        change = _put(path, request)
        if old is not None and (old.object_id, old.mode) == (change.object_id, change.mode):
            raise RefusalError("SameFileContentException", "The file has that very content already.")
        request = request | {"authorName": request.get("name")}
        commit, tree = self._commit(name, branch, parent, changes=[change], request=request)
        return {"commitId": commit, "blobId": change.object_id, "treeId": tree}

    def op_get_commit(self, request: Request) -> Answer:
        """A commit: parents, tree, people, message."""
        path = self.path(self.repository(request["repositoryName"]).name)
        commit = git.commit_id(path, self.full_id(request["commitId"], "InvalidCommitIdException"))
        if commit is None:
            raise RefusalError("CommitIdDoesNotExistException", f"{request['commitId']} does not exist.")
        head, _, message = git.commit_text(path, commit).partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.splitlines()]
        people = {key: _person(value) for key, value in fields if key in ("author", "committer")}
        return {
            "commit": {
                "commitId": commit,
                "treeId": next(value for key, value in fields if key == "tree"),
                "parents": [value for key, value in fields if key == "parent"],
                "message": message,
                "additionalData": "",
                **people,
            }
        }

    def op_get_file(self, request: Request) -> Answer:
        """A file's content at a commit; by default at the head of the default branch."""
        path, commit = self._at(request)
        entry = self._entry(path, commit, request["filePath"])
        if entry is None or entry.kind != "blob":
            raise RefusalError("FileDoesNotExistException", f"{request['filePath']} does not exist.")
        content = git.blob(path, entry.object_id)
        if len(content) > _LARGEST:
            raise RefusalError("FileTooLargeException", "The file is larger than 6 MB: use git to read it.")
        return {
            "commitId": commit,
            "blobId": entry.object_id,
            "filePath": entry.path,
            "fileMode": _MODE_NAMES.get(entry.mode, "NORMAL"),
            "fileSize": len(content),
            "fileContent": content,
        }

    def op_get_folder(self, request: Request) -> Answer:
        """What a folder holds at a commit."""
        path, commit = self._at(request)
        folder = request["folderPath"].strip("/")
        tree = git.tree_id(path, commit, folder)
        if tree is None:
            raise RefusalError("FolderDoesNotExistException", f"{request['folderPath']} does not exist.")
        answer: Answer = {"commitId": commit, "folderPath": folder, "treeId": tree}
        for member in ("subFolders", "files", "symbolicLinks", "subModules"):
            answer[member] = []
        for entry in git.entries(path, tree):
            member, described = _in_folder(entry, folder)
            answer[member].append(described)
        return answer

    def full_id(self, commit: str, code: str) -> str:
        """A commit's id if it is a full one, or AWS's error."""
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise RefusalError(code, f"{commit} is not a full commit id.")
        return commit

    def _parent(self, name: str, branch: str, given: str | None) -> str | None:
        """The commit to commit upon; None in an empty repository."""
        path = self.path(name)
        heads = git.branches(path)
        if not heads:
            if not git.is_branch_name(branch):
                raise RefusalError("InvalidBranchNameException", "The specified branch name is not valid.")
            return None
        head = self.branch(name, branch)
        if given is None:
            raise RefusalError("ParentCommitIdRequiredException", "The parent commit's id is required.")
        if git.commit_id(path, self.full_id(given, "InvalidParentCommitIdException")) is None:
            raise RefusalError("ParentCommitDoesNotExistException", f"{given} does not exist.")
        if given != head:
            text = f"{given} is not the head of the branch {branch}: {head} is."
            raise RefusalError("ParentCommitIdOutdatedException", text)
        return head

    def _commit(
        self, name: str, branch: str, parent: str | None, *, changes: list[git.Entry], request: Request
    ) -> tuple[str, str]:
        path = self.path(name)
        base = git.tree_id(path, parent) if parent else None
        try:
            tree = git.write_tree(path, base, changes)
        except git.GitError as error:
            raise RefusalError("InvalidPathException", f"A path is not valid: {error}") from error
        if tree == base:
            raise RefusalError("NoChangeException", "The commit would change nothing.")
        author = git.Person(
            request.get("authorName") or "root", request.get("email") or "root@localhost", int(self.now())
        )
        message = request.get("commitMessage") or _default_message(changes)
        commit = git.commit(path, tree, parent, author=author, message=message)
        self.move(name, branch, commit)
        return commit, tree

    def _at(self, request: Request) -> tuple[Path, str]:
        """The repository and commit that a reading request means."""
        one = self.repository(request["repositoryName"])
        path = self.path(one.name)
        specifier = request.get("commitSpecifier") or one.default_branch
        commit = git.commit_id(path, specifier) if specifier else None
        if commit is None:
            raise RefusalError("CommitDoesNotExistException", f"{specifier} does not exist.")
        return path, commit

    def _entry(self, path: Path, commit: str, file: str) -> git.Entry | None:
        wanted = _file_path(file)
        found = git.entries(path, commit, recursive=True)
        return next((entry for entry in found if entry.path == wanted), None)


def _check_files(request: Request) -> None:
    """The rules of CreateCommit about the list of files."""
    named = [
        one["filePath"]
        for key in ("putFiles", "deleteFiles", "setFileModes")
        for one in request.get(key) or ()
    ]
    if not named:
        raise RefusalError("FileEntryRequiredException", "The commit names no file.")
    if len(named) > 100:
        raise RefusalError("MaximumFileEntriesExceededException", "A commit can change 100 files at most.")
    if len(set(named)) != len(named):
        raise RefusalError("SamePathRequestException", "A path is named more than once.")
    if request.get("keepEmptyFolders"):
        raise unsupported("codecommit", "CreateCommit with keepEmptyFolders")


def _puts(path: Path, request: Request, old: dict[str, git.Entry]) -> list[git.Entry]:
    found: list[git.Entry] = []
    for one in request.get("putFiles") or ():
        if one.get("sourceFile"):
            raise unsupported("codecommit", "CreateCommit with sourceFile")
        if one.get("fileContent") is None:
            raise RefusalError(
                "SourceFileOrContentRequiredException",
                f"{one['filePath']} has neither content nor a source file.",
            )
        kept = old.get(one["filePath"])
        mode = one.get("fileMode") or (_MODE_NAMES.get(kept.mode) if kept else None)
        found.append(_put(path, one | {"fileMode": mode}))
    return found


def _put(path: Path, one: Request) -> git.Entry:
    content = one["fileContent"]
    blob = git.store(path, content if isinstance(content, bytes) else str(content).encode())
    return git.Entry(git.MODES[one.get("fileMode") or "NORMAL"], "blob", blob, _file_path(one["filePath"]))


def _deletions(request: Request, old: dict[str, git.Entry]) -> list[git.Entry]:
    paths = [_existing(one["filePath"], old) for one in request.get("deleteFiles") or ()]
    return [git.Entry(_GONE, "blob", git.NOTHING, path) for path in paths]


def _modes(request: Request, old: dict[str, git.Entry]) -> list[git.Entry]:
    found = []
    for one in request.get("setFileModes") or ():
        path = _existing(one["filePath"], old)
        found.append(git.Entry(git.MODES[one["fileMode"]], "blob", old[path].object_id, path))
    return found


def _existing(file: str, old: dict[str, git.Entry]) -> str:
    path = _file_path(file)
    if path not in old:
        raise RefusalError("FileDoesNotExistException", f"{file} does not exist.")
    return path


def _file_path(path: str) -> str:
    parts = path.strip("/").split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise RefusalError("InvalidPathException", f"The path {path} is not valid.")
    return "/".join(parts)


def _summary(changes: list[git.Entry], old: dict[str, git.Entry]) -> Answer:
    answer: Answer = {"filesAdded": [], "filesUpdated": [], "filesDeleted": []}
    for change in changes:
        before = old.get(change.path)
        verb = "filesDeleted" if change.mode == _GONE else "filesUpdated" if before else "filesAdded"
        shown = before if change.mode == _GONE and before else change
        answer[verb].append(
            {
                "absolutePath": shown.path,
                "blobId": shown.object_id,
                "fileMode": _MODE_NAMES.get(shown.mode, "NORMAL"),
            }
        )
    return answer


def _default_message(changes: list[git.Entry]) -> str:
    verb = "Deleted" if changes[0].mode == _GONE else "Added"
    return f"{verb} {changes[0].path}\n"


def _person(value: str) -> dict[str, str]:
    match = _HEAD.fullmatch(value)
    return match.groupdict() if match else {}


def _in_folder(entry: git.Entry, folder: str) -> tuple[str, dict[str, str]]:
    """Which list of GetFolder's answer an entry belongs to, and how it is described there."""
    where = {"absolutePath": f"{folder}/{entry.path}" if folder else entry.path, "relativePath": entry.path}
    if entry.kind == "tree":
        return "subFolders", where | {"treeId": entry.object_id}
    if entry.kind == "commit":
        return "subModules", where | {"commitId": entry.object_id}
    member = "symbolicLinks" if entry.mode == git.MODES["SYMLINK"] else "files"
    mode = _MODE_NAMES.get(entry.mode)
    return member, where | without_nothing(blobId=entry.object_id, fileMode=mode)
