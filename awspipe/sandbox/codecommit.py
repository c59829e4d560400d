"""CodeCommit: repositories that are real bare git repositories under the sandbox's state directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import eventbus, git, runtime, tags
from awspipe.sandbox.codecommit_files import Commits
from awspipe.sandbox.service import (
    Answer,
    Backend,
    RefusalError,
    Request,
    new_id,
    page,
    response_class,
    unsupported,
    without_nothing,
)

_BAD_NAME = (
    "InvalidRepositoryNameException",
    "The repository name is not valid. Repository names can be any valid combination of letters, numbers, "
    "periods, underscores, and dashes between 1 and 100 characters in length. Names are case sensitive. "
    "For more information, see Limits in the AWS CodeCommit User Guide. ",
)
_BAD_BRANCH = ("InvalidBranchNameException", "The specified branch name is not valid.")
_TAG_CODES = {
    tags.TagProblem.SYSTEM: "InvalidSystemTagUsageException",
    tags.TagProblem.MANY: "TooManyTagsException",
}


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


class CodeCommitBackend(Commits, Backend):
    """CodeCommit in one account and region."""

    SERVICE_NAMESPACE: ClassVar[str] = "codecommit"
    REFUSALS: ClassVar[dict[tuple[str, bool], tuple[str, str]]] = {
        ("repositoryName", True): ("RepositoryNameRequiredException", "A repository name is required."),
        ("repositoryName", False): _BAD_NAME,
        ("repositoryNames", True): ("RepositoryNamesRequiredException", "Repository names are required."),
        ("repositoryNames", False): _BAD_NAME,
        ("repositoryDescription", False): (
            "InvalidRepositoryDescriptionException",
            "The repository description is not valid: at most 1,000 characters are allowed.",
        ),
        ("branchName", True): ("BranchNameRequiredException", "A branch name is required."),
        ("branchName", False): _BAD_BRANCH,
        ("defaultBranchName", True): ("BranchNameRequiredException", "A branch name is required."),
        ("defaultBranchName", False): _BAD_BRANCH,
        ("commitId", True): ("CommitIdRequiredException", "A commit id is required."),
        ("filePath", True): ("PathRequiredException", "A path is required."),
        ("folderPath", True): ("PathRequiredException", "A path is required."),
        ("fileContent", True): ("FileContentRequiredException", "The content of the file is required."),
        ("fileContent", False): (
            "FileContentSizeLimitExceededException",
            "The file is too large to be put with the API: 6 MB is the limit. Use git to push it.",
        ),
        ("fileMode", False): ("InvalidFileModeException", "The specified file mode is not valid."),
        ("resourceArn", True): ("ResourceArnRequiredException", "A resource ARN is required."),
        ("tags", True): ("TagsMapRequiredException", "A map of tags is required."),
        ("tags", False): ("InvalidTagsMapException", "The map of tags is not valid."),
        ("tagKeys", True): ("TagKeysListRequiredException", "A list of tag keys is required."),
        ("tagKeys", False): ("InvalidTagKeysListException", "The list of tag keys is not valid."),
        ("sortBy", False): ("InvalidSortByException", "The specified sort by value is not valid."),
        ("order", False): ("InvalidOrderException", "The specified sort order is not valid."),
    }

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.repositories: dict[str, Repository] = {}

    def reset(self) -> None:
        """As new: the git data goes too."""
        for name in self.repositories:
            git.remove(self.path(name))
        super().reset()

    def path(self, name: str) -> Path:
        """Where a repository's git data lies."""
        return runtime.current().state_dir / "git" / self.account_id / self.region_name / f"{name}.git"

    def repository(self, name: str | None) -> Repository:
        """The repository of a name, or AWS's error."""
        if name is None:
            raise RefusalError("RepositoryNameRequiredException", "A repository name is required.")
        found = self.repositories.get(name)
        if found is None:
            raise RefusalError("RepositoryDoesNotExistException", f"{name} does not exist")
        return found

    # Repositories

    def op_create_repository(self, request: Request) -> Answer:
        """Make a repository and its bare git repository."""
        name = request["repositoryName"]
        if name.endswith(".git"):
            raise RefusalError(*_BAD_NAME)
        if name in self.repositories:
            raise RefusalError("RepositoryNameExistsException", f"Repository named {name} already exists")
        if request.get("kmsKeyId"):
            raise unsupported("codecommit", "CreateRepository with kmsKeyId")
        new_tags = request.get("tags") or {}
        _check_tags(new_tags, {})
        now = self.now()
        made = Repository(name, new_id(), request.get("repositoryDescription"), now, now, tags=dict(new_tags))
        git.remove(self.path(name))
        git.create(self.path(name))
        self.repositories[name] = made
        return {"repositoryMetadata": self._metadata(made)}

    def op_get_repository(self, request: Request) -> Answer:
        """What is known of one repository."""
        return {"repositoryMetadata": self._metadata(self.repository(request["repositoryName"]))}

    def op_batch_get_repositories(self, request: Request) -> Answer:
        """What is known of several repositories."""
        names = request["repositoryNames"]
        if len(names) > 100:
            raise RefusalError(
                "MaximumRepositoryNamesExceededException",
                "At most 100 repositories can be asked for at once.",
            )
        return {
            "repositories": [self._metadata(self.repositories[n]) for n in names if n in self.repositories],
            "repositoriesNotFound": [n for n in names if n not in self.repositories],
            "errors": [],
        }

    def op_list_repositories(self, request: Request) -> Answer:
        """The names and ids of all repositories."""
        by_date = request.get("sortBy") == "lastModifiedDate"
        found = sorted(
            self.repositories.values(),
            key=lambda one: (one.modified, one.name) if by_date else (0.0, one.name),
            reverse=request.get("order") == "descending",
        )
        items, token = page(found, request.get("nextToken"), 1000, code="InvalidContinuationTokenException")
        names = [{"repositoryName": one.name, "repositoryId": one.id} for one in items]
        return without_nothing(repositories=names, nextToken=token)

    def op_delete_repository(self, request: Request) -> Answer:
        """Remove a repository for good; an absent one is no error, and has no id to answer."""
        gone = self.repositories.pop(request["repositoryName"], None)
        if gone is None:
            return {}
        git.remove(self.path(gone.name))
        return {"repositoryId": gone.id}

    def op_update_repository_description(self, request: Request) -> Answer:
        """Describe a repository anew; without a text the old one goes."""
        changed = self.repository(request["repositoryName"])
        changed.description = request.get("repositoryDescription")
        changed.modified = self.now()
        return {}

    def _metadata(self, one: Repository) -> Answer:
        endpoint = runtime.current().endpoint
        host = f"git-codecommit.{self.region_name}.amazonaws.com"
        served = f"{endpoint}/_awspipe/git/{self.region_name}/v1/repos/{one.name}"
        return without_nothing(
            accountId=self.account_id,
            repositoryId=one.id,
            repositoryName=one.name,
            repositoryDescription=one.description,
            defaultBranch=one.default_branch,
            creationDate=one.created,
            lastModifiedDate=one.modified,
            cloneUrlHttp=served if endpoint else f"https://{host}/v1/repos/{one.name}",
            # A served sandbox has no SSH, and must not send anybody's push to AWS.
            cloneUrlSsh=None if endpoint else f"ssh://{host}/v1/repos/{one.name}",
            Arn=self.arn(one.name),
        )

    # Branches

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
            raise RefusalError(*_BAD_BRANCH)
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
            raise RefusalError(*_BAD_BRANCH)
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

    # Tags

    def op_tag_resource(self, request: Request) -> Answer:
        """Put tags on a repository."""
        one = self._by_arn(request["resourceArn"])
        _check_tags(request["tags"], one.tags)
        one.tags |= request["tags"]
        return {}

    def op_untag_resource(self, request: Request) -> Answer:
        """Take tags off a repository."""
        one = self._by_arn(request["resourceArn"])
        for key in request["tagKeys"]:
            one.tags.pop(key, None)
        return {}

    def op_list_tags_for_resource(self, request: Request) -> Answer:
        """A repository's tags."""
        return {"tags": dict(self._by_arn(request["resourceArn"]).tags)}

    def _by_arn(self, arn: str) -> Repository:
        if not self.owns_arn(arn):
            raise RefusalError("InvalidResourceArnException", "The specified resource ARN is not valid.")
        return self.repository(arn.removeprefix(self.arn("")))

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the Resource Groups Tagging API."""
        for one in self.repositories.values():
            yield TaggedResource(self.arn(one.name), one.tags, "codecommit")

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """For the Resource Groups Tagging API."""
        self.op_tag_resource({"resourceArn": arn, "tags": tags})

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """For the Resource Groups Tagging API."""
        self.op_untag_resource({"resourceArn": arn, "tagKeys": tag_keys})


def _check_tags(new: dict[str, str], old: dict[str, str]) -> None:
    wrong = tags.problem(new, old)
    if wrong is not None:
        raise RefusalError(_TAG_CODES.get(wrong, "InvalidTagsMapException"), wrong.value)


def _first_branch(refs: dict[str, str]) -> str | None:
    """The branch that a first push makes the default: main or master where there is one."""
    names = sorted(ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/"))
    return next((name for name in ("main", "master") if name in names), names[0] if names else None)


codecommit_backends: BackendDict[CodeCommitBackend] = BackendDict(CodeCommitBackend, "codecommit")
Response = response_class("codecommit", codecommit_backends)


def repository_path(account: str, region: str, name: str) -> Path | None:
    """The bare git repository of a CodeCommit repository, or None when there is no such repository."""
    if account not in codecommit_backends or region not in codecommit_backends[account]:
        return None
    backend = codecommit_backends[account][region]
    return backend.path(name) if name in backend.repositories else None


def refs(path: Path) -> dict[str, str]:
    """Every ref of a bare repository and the commit it stands on."""
    return git.refs(path)


def refs_changed(account: str, region: str, name: str, before: dict[str, str], after: dict[str, str]) -> None:
    """What the git server tells after a push."""
    with runtime.current().lock:
        codecommit_backends[account][region].changed(name, before, after)
