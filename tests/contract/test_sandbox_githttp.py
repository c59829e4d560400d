"""git push and clone over HTTP against the sandbox's server, with real git."""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.server import REGION, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose user has a git configuration that must not matter."""
    folder = tmp_path_factory.mktemp("git")
    hook = folder / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    home = folder / "sandbox-home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {hook.parent}\n[http]\n\treceivepack = false\n")
    with Server(folder / "sandbox", environ={"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere"}) as running:
        yield running


class Work:
    """A clone's working directory, and a remote with its password in it."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        self.folder = folder
        self.url = url
        self.remote = url.replace("//", f"//{key}@")
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "http_proxy"))
        } | {
            "HOME": str(folder.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        for name in ("AUTHOR", "COMMITTER"):
            self._environ |= {f"GIT_{name}_NAME": "Kim", f"GIT_{name}_EMAIL": "kim@example.com"}
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=trunk")

    def git(self, *arguments: str, **environ: str) -> str:
        """Run git; its output, or the error that it ended with."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self._environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def commit(self, name: str = "file", content: bytes = b"text\n") -> str:
        """Commit a file; the commit's id."""
        (self.folder / name).write_bytes(content)
        self.git("add", name)
        self.git("commit", "--quiet", "--message", f"Add {name}")
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def work(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Work:
    """A work folder for a new repository of the test's name."""
    made = server.client("codecommit").create_repository(
        repositoryName=re.sub(r"\W+", "-", request.node.name)[:90]
    )
    key = f"{server.endpoint.access_key}:{server.endpoint.secret_key}"
    return Work(tmp_path / "work", made["repositoryMetadata"]["cloneUrlHttp"], key)


def ask(server: Server, work: Work, user: str, password: str) -> HTTPResponse:
    """Ask for the refs of a repository as git does."""
    path = work.url.partition(f":{server.port}")[2]
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    query = "/info/refs?service=git-receive-pack"
    return server.request("GET", path + query, {"Authorization": f"Basic {encoded}"})[0]


def test_what_is_pushed_is_in_codecommit_and_in_a_clone(server: Server, work: Work) -> None:
    head = work.commit()
    work.git("push", work.remote, "trunk")
    codecommit = server.client("codecommit")
    name = work.url.rpartition("/")[2]
    assert codecommit.get_repository(repositoryName=name)["repositoryMetadata"]["defaultBranch"] == "trunk"
    branch = codecommit.get_branch(repositoryName=name, branchName="trunk")["branch"]
    assert branch == {"branchName": "trunk", "commitId": head}
    work.git("clone", "--quiet", work.remote, "../clone")
    assert work.git("-C", "../clone", "log", "--format=%H %D").startswith(f"{head} HEAD -> trunk")


def test_a_shallow_clone_a_forced_push_and_a_deleted_branch(work: Work) -> None:
    work.commit()
    work.git("push", work.remote, "trunk")
    work.git("push", work.remote, "trunk:second", "trunk:refs/tags/v1")
    work.git("commit", "--amend", "--quiet", "--message", "Other")
    work.git("push", "--force", work.remote, "trunk")
    work.git("push", work.remote, ":second")
    head = work.git("rev-parse", "HEAD").strip()
    work.git("clone", "--quiet", "--depth=1", work.remote, "../clone")
    assert work.git("-C", "../clone", "rev-parse", "HEAD").strip() == head
    refs = {line.split()[1] for line in work.git("ls-remote", work.remote).splitlines()}
    assert refs == {"HEAD", "refs/heads/trunk", "refs/tags/v1"}


def test_a_push_of_30_mb_comes_in_chunks(work: Work) -> None:
    head = work.commit("big", os.urandom(30_000_000))
    said = work.git("push", work.remote, "trunk", GIT_CURL_VERBOSE="1")
    assert "transfer-encoding: chunked" in said.lower()
    assert work.git("ls-remote", work.remote, "trunk").split()[0] == head


def test_a_long_request_comes_gzipped(work: Work) -> None:
    for number in range(60):
        work.git("commit", "--quiet", "--allow-empty", "--message", str(number))
        work.git("branch", f"b{number}")
    work.git("push", "--quiet", "--all", work.remote)
    work.git("init", "--quiet", "../other")
    said = work.git("-C", "../other", "fetch", work.remote, "refs/heads/*:refs/heads/*", GIT_CURL_VERBOSE="1")
    assert "content-encoding: gzip" in said.lower()
    assert len(work.git("-C", "../other", "branch", "--list", "b*").split()) == 60


def test_a_push_that_breaks_off_leaves_the_repository_as_it_was(server: Server, work: Work) -> None:
    work.commit()
    key = f"{server.endpoint.access_key}:{server.endpoint.secret_key}"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST {work.url.partition(str(server.port))[2]}/git-receive-pack HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\nContent-Length: 1000\r\n"
            "Content-Type: application/x-git-receive-pack-request\r\n"
            f"Authorization: Basic {base64.b64encode(key.encode()).decode()}\r\n\r\n00".encode()
        )
    work.git("push", work.remote, "trunk")
    assert len(work.git("ls-remote", "--heads", work.remote).splitlines()) == 1


def test_a_push_that_git_refuses_says_why(work: Work) -> None:
    work.commit()
    work.git("push", work.remote, "trunk")
    with pytest.raises(AssertionError, match=r"remote rejected.*HEAD|deletion of the current branch"):
        work.git("push", work.remote, ":trunk")


@pytest.mark.parametrize("wrong", ["password", "user", "both"])
def test_a_wrong_password_is_asked_for_again(server: Server, work: Work, wrong: str) -> None:
    user = server.endpoint.access_key if wrong == "password" else "AKIAIOSFODNN7EXAMPLE"
    password = server.endpoint.secret_key if wrong == "user" else "guess"
    answer = ask(server, work, user, password)
    assert (answer.status, answer.getheader("WWW-Authenticate")) == (401, 'Basic realm="awspipe sandbox"')


def test_git_without_a_password_is_asked_for_one(work: Work) -> None:
    with pytest.raises(AssertionError, match="could not read Username"):
        work.git("ls-remote", work.url)


@pytest.mark.parametrize("url", ["{url}-not", "{other}", "{url}/more"])
def test_a_repository_that_is_not_there_is_not_found(work: Work, url: str) -> None:
    missing = url.format(url=work.remote, other=work.remote.replace(REGION, "us-east-1"))
    with pytest.raises(AssertionError, match="not found"):
        work.git("ls-remote", missing)


@pytest.mark.parametrize("rest", ["/HEAD", "/config", "/objects/info/packs", ""])
def test_files_of_the_repository_are_not_served(server: Server, work: Work, rest: str) -> None:
    key = f"{server.endpoint.access_key}:{server.endpoint.secret_key}".encode()
    path = work.url.partition(f":{server.port}")[2] + rest
    header = {"Authorization": f"Basic {base64.b64encode(key).decode()}"}
    assert server.request("GET", path, header)[0].status == 404


def codecommit_password(
    server: Server, url: str, *, keep_port: bool, age: timedelta = timedelta(0), region: str = REGION
) -> str:
    """As `aws codecommit credential-helper` (without port) and git-remote-codecommit make it."""
    signer = SigV4Auth(
        Credentials(server.endpoint.access_key, server.endpoint.secret_key), "codecommit", region
    )
    timestamp = (datetime.now(UTC) - age).strftime("%Y%m%dT%H%M%S")
    request = AWSRequest("GIT", url)
    request.context["timestamp"] = timestamp
    host, _, path = url.partition("://")[2].partition("/")
    if not keep_port:
        host = host.partition(":")[0]
    canonical = f"GIT\n/{path}\n\nhost:{host}\n\nhost\n"
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return f"{timestamp}Z{signature}"


@pytest.mark.parametrize("keep_port", [True, False])
@pytest.mark.parametrize("token", ["", "%a/session+token="])
def test_a_codecommit_password_opens_the_repository_it_was_made_for(
    server: Server, work: Work, keep_port: bool, token: str
) -> None:
    password = codecommit_password(server, work.url, keep_port=keep_port)
    user = server.endpoint.access_key + token
    assert ask(server, work, user, password).status == 200


def test_a_codecommit_password_is_good_for_pushing(server: Server, work: Work) -> None:
    work.commit()
    password = codecommit_password(server, work.url, keep_port=True)
    helper = f"!f() {{ echo username={server.endpoint.access_key}; echo password={password}; }}; f"
    work.git("-c", f"credential.helper={helper}", "push", work.url, "trunk")


def test_a_codecommit_password_opens_nothing_else(server: Server, work: Work) -> None:
    user = server.endpoint.access_key
    right = codecommit_password(server, work.url, keep_port=True)
    last = "0" if right[-1] != "0" else "1"
    for wrong in (
        codecommit_password(server, f"{work.url}2", keep_port=True),
        codecommit_password(server, work.url, keep_port=True, region="us-east-1"),
        codecommit_password(server, work.url, keep_port=True, age=timedelta(minutes=16)),
        codecommit_password(server, work.url, keep_port=True, age=timedelta(minutes=-16)),
        right[:-1] + last,
        right.replace("Z", ""),
        "20261399T999999Z" + "0" * 64,
    ):
        assert ask(server, work, user, wrong).status == 401, wrong
