"""git on this machine: what it is told, and the password it is given."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from awspipe import git
from awspipe.errors import AwspipeError

URL = "https://git-codecommit.ap-northeast-2.amazonaws.com/v1/repos/shop"
NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _expected(secret: str) -> str:
    """The password as AWS's documents have it, with nothing of botocore's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    host = "git-codecommit.ap-northeast-2.amazonaws.com"
    request = f"GIT\n/v1/repos/shop\n\nhost:{host}\n\nhost\n"
    scope = "20261124/ap-northeast-2/codecommit/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = _hmac(f"AWS4{secret}".encode(), "20261124")
    for part in ("ap-northeast-2", "codecommit", "aws4_request"):
        key = _hmac(key, part)
    return _hmac(key, f"AWS4-HMAC-SHA256\n20261124T010203\n{scope}\n{digest}").hex()


@pytest.mark.parametrize(("token", "username"), [(None, "AKIAEXAMPLE"), ("T/k=", "AKIAEXAMPLE%T/k=")])
def test_the_password_is_a_signature_that_holds_the_time(token: str | None, username: str) -> None:
    credentials = Credentials("AKIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG", token)
    found = git.credential(credentials, URL, "ap-northeast-2", NOW)
    assert found == (username, f"20261124T010203Z{_expected('wJalrXUtnFEMI/K7MDENG')}")


def test_the_helper_is_the_only_one_asked_and_the_address_stands_for_itself() -> None:
    helper = git.Helper(URL, (r"C:\Program Files\py.exe", "-m", "awspipe", "git-credential"))
    assert helper.settings == (
        (f"credential.{URL}.helper", ""),
        (f"credential.{URL}.helper", "!'C:/Program Files/py.exe' -m awspipe git-credential"),
        (f"credential.{URL}.useHttpPath", "true"),
        (f"url.{URL}.insteadOf", URL),
        (f"url.{URL}.pushInsteadOf", URL),
    )
    here = git.Helper("http://127.0.0.1:1/x", ("awspipe",))
    assert ("http.http://127.0.0.1:1/x.proxy", "") in here.settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no git identity and no settings."""
    for name, value in {
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "none"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def project(home: Path) -> Path:
    found = home / "내 프로젝트 (1)"
    found.mkdir()
    (found / "a.txt").write_text("a", encoding="utf-8")
    return found


def test_a_project_is_started_where_git_knows_nobody(project: Path) -> None:
    assert git.start(project, "Begin")
    found = git.head(project)
    assert isinstance(found, git.Commit)
    assert (found.subject, found.dirty, len(found.id)) == ("Begin", False, 40)
    (project / "b.txt").write_text("b", encoding="utf-8")
    assert git.head(project) == git.Commit(found.id, "Begin", dirty=True)


def test_why_there_is_no_commit(project: Path) -> None:
    assert git.head(project) == git.NoCommit(f"{project} is not in a git repository")
    assert not git.is_repository(project)
    git.run(project, "init", "--quiet")
    assert git.head(project) == git.NoCommit("the git repository has no commit yet")
    assert git.is_repository(project)


def test_a_machine_without_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert git.head(project) == git.NoCommit("git is not installed")
    assert not git.is_repository(project)
    assert not git.start(project, "Begin")


def test_the_commits_that_carry_another_are_its_descendants(project: Path) -> None:
    git.start(project, "Begin")
    made = [_head(project)]
    for number in range(2):
        who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
        git.run(project, *who, "commit", "--allow-empty", "--quiet", "-m", str(number))
        made.append(_head(project))
    first, second, third = made
    assert git.descendants(project, first[:7]) == {second, third}
    assert git.descendants(project, third) == frozenset()
    assert git.descendants(project, "1234567") == frozenset()
    assert git.descendants(project.parent, first) == frozenset()


def _head(project: Path) -> str:
    found = git.head(project)
    assert isinstance(found, git.Commit)
    return found.id


def test_a_hook_that_starts_awspipe_does_not_lead_it_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.start(project, "Begin")
    monkeypatch.setenv("GIT_DIR", str(project / "elsewhere"))
    assert isinstance(git.head(project), git.Commit)


def test_git_says_why_it_failed(project: Path) -> None:
    git.start(project, "Begin")
    helper = git.Helper(str(project / "nowhere"), ("awspipe",))
    with pytest.raises(AwspipeError, match=r"^git push: fatal: '.*nowhere' does not appear to be a git"):
        git.push(project, helper, "main")


def repository(home: Path, hook: str) -> git.Helper:
    """A bare repository that runs a hook for each ref that is to be changed."""
    git.run(home, "init", "--quiet", "--bare", "theirs.git")
    script = home / "theirs.git" / "hooks" / "update"
    script.write_text(f"#!/bin/sh\n{hook}\n", encoding="utf-8")
    script.chmod(0o755)
    return git.Helper(str(home / "theirs.git"), ("awspipe",))


def test_a_push_that_came_first_with_the_same_commit_is_no_failure(home: Path, project: Path) -> None:
    git.start(project, "Begin")
    helper = repository(home, 'git update-ref "$1" "$3"')
    git.push(project, helper, "main")
    assert git.commit_id(home / "theirs.git", "main") == git.commit_id(project)


def test_a_push_that_is_refused_is_one_each_time(home: Path, project: Path) -> None:
    git.start(project, "Begin")
    helper = repository(home, "echo not here >&2; exit 1")
    with pytest.raises(AwspipeError, match="remote: not here"):
        git.push(project, helper, "main")


def test_the_remote_is_set_again_when_the_address_changes(project: Path) -> None:
    git.start(project, "Begin")
    first, second = git.Helper(URL, ("x", "git-credential")), git.Helper(f"{URL}-2", ("y", "git-credential"))
    assert git.remember(project, first, "main") == ""
    assert git.remember(project, first, "main") == ""
    assert git.remember(project, second, "live") == ""
    settings = _settings(project)
    assert settings["remote.awspipe.url"] == [f"{URL}-2"]
    assert settings["remote.awspipe.push"] == ["HEAD:refs/heads/live"]
    assert settings[f"credential.{URL}-2.helper"] == ["", "!y git-credential"]
    assert not [name for name in settings if name.startswith(f"credential.{URL}.")]


def test_a_remote_of_the_users_own_is_given_back(project: Path) -> None:
    git.start(project, "Begin")
    theirs = "https://github.com/somebody/awspipe"
    git.run(project, "remote", "add", "awspipe", theirs)
    before = _settings(project)
    assert git.remember(project, git.Helper(URL, ("x", "git-credential")), "main") == theirs
    assert _settings(project) == before
    assert not git.is_ours(project, theirs)


def _settings(directory: Path) -> dict[str, list[str]]:
    shown = subprocess.run(
        ["git", "config", "--local", "--list", "-z"],
        cwd=directory,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    found: dict[str, list[str]] = {}
    for entry in filter(None, shown.split("\0")):
        name, _, value = entry.partition("\n")
        found.setdefault(name, []).append(value)
    return found
