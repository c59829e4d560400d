"""CodeCommit: repositories that are real bare git repositories under the sandbox's state directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import git, runtime, tags
from awspipe.sandbox.codecommit_branches import BAD_BRANCH, Branches, Repository
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
_TAG_CODES = {
    tags.TagProblem.SYSTEM: "InvalidSystemTagUsageException",
    tags.TagProblem.MANY: "TooManyTagsException",
}


class CodeCommitBackend(Branches, Commits, Backend):
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
        ("branchName", False): BAD_BRANCH,
        ("defaultBranchName", True): ("BranchNameRequiredException", "A branch name is required."),
        ("defaultBranchName", False): BAD_BRANCH,
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
        return without_nothing(
            accountId=self.account_id,
            repositoryId=one.id,
            repositoryName=one.name,
            repositoryDescription=one.description,
            defaultBranch=one.default_branch,
            creationDate=one.created,
            lastModifiedDate=one.modified,
            cloneUrlHttp=clone_url(self.region_name, one.name),
            # A served sandbox has no SSH, and must not send anybody's push to AWS.
            cloneUrlSsh=None if endpoint else f"ssh://{_host(self.region_name)}/v1/repos/{one.name}",
            Arn=self.arn(one.name),
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


codecommit_backends: BackendDict[CodeCommitBackend] = BackendDict(CodeCommitBackend, "codecommit")
Response = response_class("codecommit", codecommit_backends)


def _host(region: str) -> str:
    return f"git-codecommit.{region}.amazonaws.com"


def clone_url(region: str, name: str) -> str:
    """The address for git over HTTP: the sandbox's own where it is served, else AWS's."""
    endpoint = runtime.current().endpoint
    if endpoint:
        return f"{endpoint}/_awspipe/git/{region}/v1/repos/{name}"
    return f"https://{_host(region)}/v1/repos/{name}"


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
