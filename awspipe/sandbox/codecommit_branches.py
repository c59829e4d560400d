"""CodeCommit's branches, and what a push changes: the default branch, the date, an event for each ref."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from awspipe.sandbox import eventbus, git
from awspipe.sandbox.service import Answer, RefusalError, Request, page, without_nothing

BAD_BRANCH = ("InvalidBranchNameException", "The specified branch name is not valid.")


@dataclass
class Repository:
    """What CodeCommit knows of a repository beside its git data."""

    name: str
    id: str
    description: str | None
    created: float
    modified: float
    default_branch: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Branches:
    """The operations on branches; the backend brings the repositories."""

    repositories: dict[str, Repository]

    if TYPE_CHECKING:
        account_id: str
        region_name: str
        partition: str

        def repository(self, name: str | None) -> Repository:
            """The repository of a name."""

        def path(self, name: str) -> Path:
            """Where its git data lies."""

        def arn(self, resource: str) -> str:
            """An ARN of CodeCommit."""

        def now(self) -> float:
            """The time."""

        def full_id(self, commit: str, code: str) -> str:
            """A commit's id if it is a full one."""

    def op_get_branch(self, request: Request) -> Answer:
        """The commit that a branch stands on."""
        branch = request.get("branchName")
        one = self.repository(request.get("repositoryName"))
        if branch is None:
            raise RefusalError("BranchNameRequiredException", "A branch name is required.")
        return {"branch": {"branchName": branch, "commitId": self.branch(one.name, branch)}}

    def op_list_branches(self, request: Request) -> Answer:
        """The names of all branches."""
        found = sorted(git.branches(self.path(self.repository(request["repositoryName"]).name)))
        items, token = page(found, request.get("nextToken"), 1000, code="InvalidContinuationTokenException")
        return without_nothing(branches=items, nextToken=token)

    def op_create_branch(self, request: Request) -> Answer:
        """Make a branch on a commit."""
        one, branch = self.repository(request["repositoryName"]), request["branchName"]
        path = self.path(one.name)
        if not git.is_branch_name(branch):
            raise RefusalError(*BAD_BRANCH)
        if branch in git.branches(path):
            raise RefusalError("BranchNameExistsException", f"Branch {branch} already exists.")
        commit = git.commit_id(path, self.full_id(request["commitId"], "InvalidCommitIdException"))
        if commit is None:
            raise RefusalError("CommitDoesNotExistException", f"{request['commitId']} does not exist.")
        self.move(one.name, branch, commit)
        return {}

    def op_delete_branch(self, request: Request) -> Answer:
        """Remove a branch; an absent one is no error, the default branch stays."""
        one, branch = self.repository(request["repositoryName"]), request["branchName"]
        if branch == one.default_branch:
            raise RefusalError(
                "DefaultBranchCannotBeDeletedException",
                f"{branch} is the default branch and cannot be deleted.",
            )
        commit = git.branches(self.path(one.name)).get(branch)
        if commit is None:
            return {}
        self.move(one.name, branch, None)
        return {"deletedBranch": {"branchName": branch, "commitId": commit}}

    def op_update_default_branch(self, request: Request) -> Answer:
        """Make another branch the default one."""
        one, branch = self.repository(request["repositoryName"]), request["defaultBranchName"]
        self.branch(one.name, branch)
        self._set_default(one, branch)
        return {}

    def branch(self, name: str, branch: str) -> str:
        """The commit that a branch stands on, or AWS's error."""
        if not git.is_branch_name(branch):
            raise RefusalError(*BAD_BRANCH)
        commit = git.branches(self.path(name)).get(branch)
        if commit is None:
            raise RefusalError("BranchDoesNotExistException", f"Branch {branch} does not exist.")
        return commit

    def move(self, name: str, branch: str, commit: str | None) -> None:
        """Create, move or delete a branch, and tell the world as a push would."""
        path = self.path(name)
        before = git.refs(path)
        git.move(path, branch, commit, before.get(f"refs/heads/{branch}"))
        self.changed(name, before, git.refs(path))

    def changed(self, name: str, before: dict[str, str], after: dict[str, str]) -> None:
        """Note what a push changed, and publish an event for each ref."""
        one = self.repositories.get(name)
        if one is None or before == after:
            return
        one.modified = self.now()
        if one.default_branch is None and (first := _first_branch(after)):
            self._set_default(one, first)
        for ref in sorted(before.keys() | after.keys()):
            if before.get(ref) != after.get(ref):
                self._publish(one, ref, old=before.get(ref), new=after.get(ref))

    def _set_default(self, one: Repository, branch: str) -> None:
        one.default_branch = branch
        git.set_head(self.path(one.name), branch)

    def _publish(self, one: Repository, ref: str, *, old: str | None, new: str | None) -> None:
        verb = "Deleted" if new is None else "Created" if old is None else "Updated"
        kind, name = (
            ("tag", ref[10:]) if ref.startswith("refs/tags/") else ("branch", ref.removeprefix("refs/heads/"))
        )
        detail = without_nothing(
            event=f"reference{verb}",
            repositoryName=one.name,
            repositoryId=one.id,
            referenceType=kind,
            referenceName=name,
            referenceFullName=ref,
            commitId=new,
            oldCommitId=old,
            callerUserArn=f"arn:{self.partition}:iam::{self.account_id}:root",
        )
        eventbus.publish(
            self.account_id,
            self.region_name,
            eventbus.Event(
                "aws.codecommit", "CodeCommit Repository State Change", detail, (self.arn(one.name),)
            ),
        )


def _first_branch(refs: dict[str, str]) -> str | None:
    """The branch that a first push makes the default: main or master where there is one."""
    names = sorted(ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/"))
    return next((name for name in ("main", "master") if name in names), names[0] if names else None)
