"""CodeCommit in the sandbox answers what AWS answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import codecommit, git
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, refusal

ARN = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:shop"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path):
        yield client("codecommit")


@pytest.fixture
def shop(aws: Any) -> Any:
    aws.create_repository(repositoryName="shop")
    return aws


def commit(aws: Any, branch: str = "main", parent: str | None = None, **files: bytes) -> str:
    puts = [{"filePath": name.replace("__", "/"), "fileContent": text} for name, text in files.items()]
    more = {"parentCommitId": parent} if parent else {}
    made = aws.create_commit(repositoryName="shop", branchName=branch, putFiles=puts, **more)
    return str(made["commitId"])


def test_a_new_repository_has_no_default_branch(aws: Any) -> None:
    made = aws.create_repository(repositoryName="shop", repositoryDescription="가게", tags={"a": "b"})
    metadata = made["repositoryMetadata"]
    assert metadata["Arn"] == ARN
    assert metadata["accountId"] == ACCOUNT
    assert metadata["repositoryDescription"] == "가게"
    assert metadata["cloneUrlHttp"] == f"https://git-codecommit.{REGION}.amazonaws.com/v1/repos/shop"
    assert metadata["cloneUrlSsh"] == f"ssh://git-codecommit.{REGION}.amazonaws.com/v1/repos/shop"
    assert "defaultBranch" not in metadata
    assert aws.list_tags_for_resource(resourceArn=ARN)["tags"] == {"a": "b"}


def test_a_served_sandbox_never_sends_a_push_to_aws(tmp_path: Path) -> None:
    with in_process(tmp_path, endpoint="http://127.0.0.1:4711"):
        metadata = client("codecommit").create_repository(repositoryName="shop")["repositoryMetadata"]
    assert metadata["cloneUrlHttp"] == f"http://127.0.0.1:4711/_awspipe/git/{REGION}/v1/repos/shop"
    assert "cloneUrlSsh" not in metadata


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("create_repository", {"repositoryName": "shop"}, "RepositoryNameExistsException"),
        ("create_repository", {"repositoryName": "shop.git"}, "InvalidRepositoryNameException"),
        ("create_repository", {"repositoryName": "a shop"}, "InvalidRepositoryNameException"),
        ("create_repository", {"repositoryName": "가게"}, "InvalidRepositoryNameException"),
        ("create_repository", {"repositoryName": "x" * 101}, "InvalidRepositoryNameException"),
        (
            "create_repository",
            {"repositoryName": "x", "repositoryDescription": "x" * 1001},
            "InvalidRepositoryDescriptionException",
        ),
        (
            "create_repository",
            {"repositoryName": "x", "tags": {"aws:x": "y"}},
            "InvalidSystemTagUsageException",
        ),
        (
            "create_repository",
            {"repositoryName": "x", "tags": {str(n): "" for n in range(51)}},
            "TooManyTagsException",
        ),
        ("get_repository", {"repositoryName": "Shop"}, "RepositoryDoesNotExistException"),
        ("get_repository", {"repositoryName": "a/b"}, "InvalidRepositoryNameException"),
        ("update_repository_description", {"repositoryName": "no"}, "RepositoryDoesNotExistException"),
        ("list_branches", {"repositoryName": "no"}, "RepositoryDoesNotExistException"),
        ("get_branch", {"branchName": "main"}, "RepositoryNameRequiredException"),
        ("get_branch", {"repositoryName": "shop"}, "BranchNameRequiredException"),
        ("get_branch", {"repositoryName": "shop", "branchName": "main"}, "BranchDoesNotExistException"),
        ("get_branch", {"repositoryName": "shop", "branchName": "a..b"}, "InvalidBranchNameException"),
        (
            "update_default_branch",
            {"repositoryName": "shop", "defaultBranchName": "x"},
            "BranchDoesNotExistException",
        ),
        ("get_commit", {"repositoryName": "shop", "commitId": "abc"}, "InvalidCommitIdException"),
        ("get_commit", {"repositoryName": "shop", "commitId": "a" * 40}, "CommitIdDoesNotExistException"),
        ("get_file", {"repositoryName": "shop", "filePath": "a"}, "CommitDoesNotExistException"),
        ("list_repositories", {"nextToken": "x"}, "InvalidContinuationTokenException"),
        ("list_repositories", {"sortBy": "size"}, "InvalidSortByException"),
        ("list_tags_for_resource", {"resourceArn": "arn:aws:s3:::shop"}, "InvalidResourceArnException"),
        ("list_tags_for_resource", {"resourceArn": f"{ARN}x"}, "RepositoryDoesNotExistException"),
        ("create_pull_request", {"title": "t", "targets": []}, "UnsupportedOperationInSandbox"),
    ],
)
def test_refusals(shop: Any, operation: str, arguments: dict[str, Any], expected: str) -> None:
    assert code(getattr(shop, operation), **arguments) == expected


def test_texts_that_are_known(shop: Any) -> None:
    assert refusal(shop.get_repository, repositoryName="no")[1] == "no does not exist"
    text = refusal(shop.create_repository, repositoryName="shop")[1]
    assert text == "Repository named shop already exists"


def test_names_are_case_sensitive(shop: Any) -> None:
    shop.create_repository(repositoryName="Shop")
    names = [one["repositoryName"] for one in shop.list_repositories()["repositories"]]
    assert names == ["Shop", "shop"]


def test_batch_get_names_what_is_absent(shop: Any) -> None:
    answer = shop.batch_get_repositories(repositoryNames=["shop", "no"])
    assert [one["repositoryName"] for one in answer["repositories"]] == ["shop"]
    assert answer["repositoriesNotFound"] == ["no"]


def test_deleting_takes_the_git_data_and_absent_is_fine(shop: Any) -> None:
    path = codecommit.repository_path(ACCOUNT, REGION, "shop")
    assert path is not None
    assert (path / "HEAD").exists()
    assert shop.delete_repository(repositoryName="shop")["repositoryId"]
    assert "repositoryId" not in shop.delete_repository(repositoryName="shop")
    assert not path.exists()
    assert codecommit.repository_path(ACCOUNT, REGION, "shop") is None


def test_there_is_no_path_to_a_repository_elsewhere(shop: Any) -> None:
    assert codecommit.repository_path(ACCOUNT, "us-east-1", "shop") is None
    assert codecommit.repository_path("111111111111", REGION, "shop") is None


def test_the_first_commit_makes_the_default_branch(shop: Any) -> None:
    first = commit(shop, branch="trunk", readme=b"1")
    assert shop.get_repository(repositoryName="shop")["repositoryMetadata"]["defaultBranch"] == "trunk"
    assert shop.get_branch(repositoryName="shop", branchName="trunk")["branch"]["commitId"] == first
    assert shop.list_branches(repositoryName="shop")["branches"] == ["trunk"]


def test_a_commit_can_be_read_again(shop: Any) -> None:
    made = shop.create_commit(
        repositoryName="shop",
        branchName="main",
        authorName="김",
        email="kim@example.com",
        commitMessage="처음\n\nbody\n",
        putFiles=[
            {"filePath": "bin/run", "fileContent": b"#!", "fileMode": "EXECUTABLE"},
            {"filePath": "a", "fileContent": b"\x00\xff"},
        ],
    )
    assert [(one["absolutePath"], one["fileMode"]) for one in made["filesAdded"]] == [
        ("bin/run", "EXECUTABLE"),
        ("a", "NORMAL"),
    ]
    found = shop.get_commit(repositoryName="shop", commitId=made["commitId"])["commit"]
    assert found["message"] == "처음\n\nbody\n"
    assert found["parents"] == []
    assert found["treeId"] == made["treeId"]
    assert (found["author"]["name"], found["author"]["email"]) == ("김", "kim@example.com")
    file = shop.get_file(repositoryName="shop", filePath="/bin/run", commitSpecifier="main")
    assert (file["fileContent"], file["fileMode"], file["fileSize"]) == (b"#!", "EXECUTABLE", 2)
    assert shop.get_file(repositoryName="shop", filePath="a")["fileContent"] == b"\x00\xff"
    folder = shop.get_folder(repositoryName="shop", folderPath="/")
    assert [one["relativePath"] for one in folder["subFolders"]] == ["bin"]
    inner = shop.get_folder(repositoryName="shop", folderPath="bin")
    assert [one["absolutePath"] for one in inner["files"]] == ["bin/run"]


def test_a_commit_changes_moves_modes_and_deletes(shop: Any) -> None:
    first = commit(shop, a=b"1", b=b"2", c=b"3")
    made = shop.create_commit(
        repositoryName="shop",
        branchName="main",
        parentCommitId=first,
        putFiles=[{"filePath": "a", "fileContent": b"new"}],
        deleteFiles=[{"filePath": "b"}],
        setFileModes=[{"filePath": "c", "fileMode": "EXECUTABLE"}],
    )
    assert [one["absolutePath"] for one in made["filesUpdated"]] == ["a", "c"]
    assert [one["absolutePath"] for one in made["filesDeleted"]] == ["b"]
    assert code(shop.get_file, repositoryName="shop", filePath="b") == "FileDoesNotExistException"
    assert shop.get_file(repositoryName="shop", filePath="c")["fileMode"] == "EXECUTABLE"
    assert shop.get_file(repositoryName="shop", filePath="b", commitSpecifier=first)["fileContent"] == b"2"


def test_put_file_adds_one_commit(shop: Any) -> None:
    first = commit(shop, a=b"1")
    where = {"repositoryName": "shop", "branchName": "main", "filePath": "a"}
    made = shop.put_file(**where, fileContent=b"2", parentCommitId=first, name="kim")
    found = shop.get_commit(repositoryName="shop", commitId=made["commitId"])["commit"]
    assert found["parents"] == [first]
    assert found["author"]["name"] == "kim"
    same = {"fileContent": b"2", "parentCommitId": made["commitId"]}
    assert code(shop.put_file, **where, **same) == "SameFileContentException"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "FileEntryRequiredException"),
        ({"putFiles": [{"filePath": "a"}]}, "SourceFileOrContentRequiredException"),
        ({"putFiles": [{"filePath": "../a", "fileContent": b""}]}, "InvalidPathException"),
        ({"putFiles": [{"filePath": ".git/config", "fileContent": b""}]}, "InvalidPathException"),
        ({"putFiles": [{"filePath": "a", "fileContent": b"1"}]}, "NoChangeException"),
        ({"deleteFiles": [{"filePath": "z"}]}, "FileDoesNotExistException"),
        (
            {"putFiles": [{"filePath": "z", "fileContent": b""}], "deleteFiles": [{"filePath": "z"}]},
            "SamePathRequestException",
        ),
        (
            {"putFiles": [{"filePath": str(n), "fileContent": b""} for n in range(101)]},
            "MaximumFileEntriesExceededException",
        ),
        ({"branchName": "other", "deleteFiles": [{"filePath": "a"}]}, "BranchDoesNotExistException"),
    ],
)
def test_commits_that_are_refused(shop: Any, changes: dict[str, Any], expected: str) -> None:
    head = commit(shop, a=b"1")
    request = {"repositoryName": "shop", "branchName": "main", "parentCommitId": head} | changes
    assert code(shop.create_commit, **request) == expected


def test_a_commit_must_stand_on_the_head(shop: Any) -> None:
    first = commit(shop, a=b"1")
    commit(shop, parent=first, a=b"2")
    files = {"putFiles": [{"filePath": "a", "fileContent": b"3"}]}
    where = {"repositoryName": "shop", "branchName": "main"}
    assert code(shop.create_commit, **where, **files) == "ParentCommitIdRequiredException"
    assert (
        code(shop.create_commit, **where, **files, parentCommitId=first) == "ParentCommitIdOutdatedException"
    )
    gone = "a" * 40
    assert (
        code(shop.create_commit, **where, **files, parentCommitId=gone) == "ParentCommitDoesNotExistException"
    )


def test_branches_live_and_die(shop: Any) -> None:
    head = commit(shop, a=b"1")
    shop.create_branch(repositoryName="shop", branchName="feature/x", commitId=head)
    assert shop.list_branches(repositoryName="shop")["branches"] == ["feature/x", "main"]
    again = {"repositoryName": "shop", "branchName": "feature/x", "commitId": head}
    assert code(shop.create_branch, **again) == "BranchNameExistsException"
    absent = {"repositoryName": "shop", "branchName": "y", "commitId": "a" * 40}
    assert code(shop.create_branch, **absent) == "CommitDoesNotExistException"
    default = {"repositoryName": "shop", "branchName": "main"}
    assert code(shop.delete_branch, **default) == "DefaultBranchCannotBeDeletedException"
    gone = shop.delete_branch(repositoryName="shop", branchName="feature/x")
    assert gone["deletedBranch"] == {"branchName": "feature/x", "commitId": head}
    assert "deletedBranch" not in shop.delete_branch(repositoryName="shop", branchName="feature/x")


def test_a_default_branch_is_what_a_clone_checks_out(shop: Any, tmp_path: Path) -> None:
    head = commit(shop, a=b"1")
    shop.create_branch(repositoryName="shop", branchName="live", commitId=head)
    shop.update_default_branch(repositoryName="shop", defaultBranchName="live")
    path = codecommit.repository_path(ACCOUNT, REGION, "shop")
    assert path is not None
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(path), str(clone)], check=True, env=git.environment())
    assert (clone / ".git" / "HEAD").read_text() == "ref: refs/heads/live\n"
    assert (clone / "a").read_bytes() == b"1"


def test_tags_come_and_go(shop: Any) -> None:
    shop.tag_resource(resourceArn=ARN, tags={"a": "1", "b": "2"})
    shop.untag_resource(resourceArn=ARN, tagKeys=["a", "z"])
    assert shop.list_tags_for_resource(resourceArn=ARN)["tags"] == {"b": "2"}
    assert code(shop.tag_resource, resourceArn=ARN, tags={"AWS:x": "1"}) == "InvalidSystemTagUsageException"


def test_a_push_told_by_the_git_server_sets_default_branch_and_date(shop: Any, tmp_path: Path) -> None:
    path = codecommit.repository_path(ACCOUNT, REGION, "shop")
    assert path is not None
    before = codecommit.refs(path)
    made = git.commit(
        path, git.write_tree(path, None, []), None, author=git.Person("k", "k@x", 1), message="m"
    )
    git.run(path, "update-ref", "refs/heads/master", made)
    git.run(path, "update-ref", "refs/heads/a", made)
    codecommit.refs_changed(ACCOUNT, REGION, "shop", before, codecommit.refs(path))
    metadata = shop.get_repository(repositoryName="shop")["repositoryMetadata"]
    assert metadata["defaultBranch"] == "master"
    assert metadata["lastModifiedDate"] > metadata["creationDate"]


def test_the_users_git_configuration_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[init]\n\tdefaultBranch = evil\n[core]\n\thooksPath = /nowhere\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    bare = tmp_path / "x.git"
    git.create(bare)
    assert (bare / "HEAD").read_text() == "ref: refs/heads/main\n"
