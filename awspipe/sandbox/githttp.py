"""git push, fetch and clone over HTTP, by git's own `git http-backend`.

The address of a repository is `/_awspipe/git/<region>/v1/repos/<name>`; CodeCommit's own is the same from
`/v1/` on. The user name is the sandbox's access key, and the password one of

- its secret key;
- a CodeCommit password, `<timestamp>Z<signature>`, as `aws codecommit credential-helper` and
  git-remote-codecommit make it: the path that is signed is the whole path of the remote's URL with its
  leading slash, i.e. `/` + what git gives as `path=` where `credential.useHttpPath` is set; the host is the
  one in the URL, `127.0.0.1:PORT` (git's `host=`), or the same without the port (as the AWS CLI signs it);
  the region is the one in the path; the timestamp may be 15 minutes old.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import logging
import re
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from wsgiref.util import FileWrapper

from awspipe.sandbox import answers, git, signing
from awspipe.sandbox.answers import Headers, StartResponse
from awspipe.sandbox.signing import Environ

log = logging.getLogger("awspipe.sandbox")

PREFIX = "/_awspipe/git/"
_ADDRESS = re.compile(
    r"(?P<path>/_awspipe/git/(?P<region>[a-z0-9-]+)/v1/repos/(?P<name>[A-Za-z0-9._-]{1,100}))(?P<rest>/.*)?"
)
_SERVICES = frozenset({("GET", "/info/refs"), ("POST", "/git-upload-pack"), ("POST", "/git-receive-pack")})
_BLOCK = 64 * 1024
_CONFIGURATION = {
    # a push that makes git tidy up waits for it: nothing of git's runs on behind the answer
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "gc.autoDetach",
    "GIT_CONFIG_VALUE_0": "false",
}

Answer = tuple[str, Headers, Iterable[bytes]]
"""Status, headers and body."""


class Repositories(Protocol):
    """What git over HTTP needs of CodeCommit; the module `codecommit` is one."""

    def repository_path(self, account: str, region: str, name: str) -> Path | None:
        """The bare repository of a name, or None."""

    def refs(self, path: Path) -> dict[str, str]:
        """Every ref and its commit."""

    def refs_changed(
        self, account: str, region: str, name: str, before: dict[str, str], after: dict[str, str]
    ) -> None:
        """Hear that a push moved refs."""


@dataclass(frozen=True, slots=True)
class Address:
    """A repository's address, taken apart. `path` is what a password signs; `rest` is git's own."""

    path: str
    region: str
    name: str
    rest: str


def address(path: str) -> Address | None:
    """The repository that a request's path is about, or None."""
    found = _ADDRESS.fullmatch(path)
    return Address(found["path"], found["region"], found["name"], found["rest"] or "") if found else None


class GitHttp:
    """The WSGI application that plays CodeCommit's git endpoint."""

    def __init__(
        self,
        repositories: Repositories,
        *,
        account: str,
        access_key: str,
        secret_key: str,
    ) -> None:
        self._repositories = repositories
        self._account = account
        self._access_key = access_key
        self._secret_key = secret_key
        self._locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request of git."""
        where = address(environ.get("PATH_INFO", ""))
        if where is None:
            return answers.text(environ, start_response, "404 Not Found", "there is no repository here")
        if not self._is_allowed(environ, where):
            headers = [("WWW-Authenticate", 'Basic realm="awspipe sandbox"'), ("Content-Length", "0")]
            start_response("401 Unauthorized", headers)
            return []
        path = self._repositories.repository_path(self._account, where.region, where.name)
        if path is None or (environ["REQUEST_METHOD"], where.rest) not in _SERVICES:
            message = f"repository '{where.name}' does not exist in {where.region}"
            return answers.text(environ, start_response, "404 Not Found", message)
        if where.rest == "/git-receive-pack":
            status, headers, body = self._receive(environ, where, path)
        else:
            status, headers, body = _run(environ, where, path)
        start_response(status, headers)
        return body

    def _is_allowed(self, environ: Environ, where: Address) -> bool:
        user, password = _basic(environ.get("HTTP_AUTHORIZATION", ""))
        access_key = user.partition("%")[0]  # a session token may follow
        if not hmac.compare_digest(access_key.encode(), self._access_key.encode()):
            return False
        host = environ["HTTP_HOST"]
        return signing.is_git_password(
            password,
            hosts=(host, host.rpartition(":")[0]),
            path=where.path,
            region=where.region,
            secret_key=self._secret_key,
            now=time.time(),
        )

    def _receive(self, environ: Environ, where: Address, path: Path) -> Answer:
        """Take a push; who pushed hears of its success after the sandbox has."""
        with self._locks[path]:
            before = self._repositories.refs(path)
            answer = _run(environ, where, path)
            after = self._repositories.refs(path)
            if after != before:
                self._repositories.refs_changed(self._account, where.region, where.name, before, after)
        return answer


def _basic(header: str) -> tuple[str, str]:
    """User and password of an Authorization header; two empty ones when there are none."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _run(environ: Environ, where: Address, path: Path) -> Answer:
    """Let git answer a request.

    git writes into a file and not into a pipe, so that it never waits for us while it is fed.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the server has sent it
    variables = _variables(environ, where, path)
    with subprocess.Popen(
        ["git", "http-backend"], stdin=subprocess.PIPE, stdout=out, env=variables
    ) as process:
        _feed(process, _request_blocks(environ))
    if process.returncode != 0:
        log.warning("git http-backend on %s ended with %s", where.name, process.returncode)
    out.seek(0)
    status, headers = _head(out)
    return status, headers, FileWrapper(out, _BLOCK)


def _variables(environ: Environ, where: Address, path: Path) -> dict[str, str]:
    """The CGI variables of `git http-backend`; nothing of the user's own git configuration."""
    asked = {
        "GIT_PROJECT_ROOT": str(path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", ""),
        "HTTP_CONTENT_ENCODING": environ.get("HTTP_CONTENT_ENCODING", ""),
        "PATH_INFO": f"/{path.name}{where.rest}",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": "sandbox",
        **_CONFIGURATION,
    }
    # Not CONTENT_LENGTH: with it git waits for ever, and busily, for the rest of a body that broke off.
    names = ("REQUEST_METHOD", "QUERY_STRING", "CONTENT_TYPE")
    return git.environment() | asked | {name: environ[name] for name in names if environ.get(name)}


def _feed(process: subprocess.Popen[bytes], blocks: Iterator[bytes]) -> None:
    """Give git the request's body.

    What git does not want any more is read all the same: only then does the client hear the answer.
    """
    with contextlib.suppress(BrokenPipeError), _pipe(process) as stdin:
        for block in blocks:
            stdin.write(block)
    for _ in blocks:
        pass


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise RuntimeError("git http-backend was started without a pipe")
    return process.stdin


def _request_blocks(environ: Environ) -> Iterator[bytes]:
    """The body of a request, of known length or chunked (git does so for large pushes)."""
    source = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        yield from iter(lambda: _read(source, _BLOCK), b"")
        return
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left:
        block = _read(source, min(left, _BLOCK))
        if not block:
            raise ConnectionResetError("the client went away")
        left -= len(block)
        yield block


def _read(source: IO[bytes], size: int) -> bytes:
    try:
        return source.read(size)
    except OSError as error:  # as werkzeug tells that a chunked body breaks off
        raise ConnectionResetError("the client went away") from error


def _head(out: IO[bytes]) -> tuple[str, Headers]:
    """Read the CGI header of git's answer."""
    headers = []
    while line := out.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    status = next((value for name, value in headers if name.lower() == "status"), "")
    if not headers:
        status = "500 Internal Server Error"
    return status or "200 OK", [(name, value) for name, value in headers if name.lower() != "status"]
