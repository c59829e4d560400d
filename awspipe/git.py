"""git on this machine, for one job: getting a commit into a CodeCommit repository.

The user's own git does it, with their configuration; only the password comes from us, for CodeCommit's
addresses and nothing else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from botocore.credentials import Credentials

REMOTE = "awspipe"
"""The remote that `up` sets for later pushes."""

_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""What git sets for its hooks: it would lead away from the directory that is meant."""

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_IMPATIENT = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=45")
"""Give up where not a byte moves for so many seconds; git itself waits without end.

https://git-scm.com/docs/git-config#Documentation/git-config.txt-httplowSpeedLimit
"""


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that is checked out: its 40 hex digits, its first line, and whether files differ from it."""

    id: str
    subject: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class NoCommit:
    """There is nothing that could be pushed, and why."""

    why: str


def run(
    directory: Path, *arguments: str, check: bool = True, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git in a directory, never asking anybody anything.

    Raises AwspipeError with git's own words when it fails and `check` is set, UsageError without git.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if name not in _ELSEWHERE},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("git is not installed", hint="https://git-scm.com/downloads") from None
    if check and done.returncode:
        raise AwspipeError(f"git {_verb(arguments)}: {_reason(done.stderr) or 'failed'}")
    return done


def _reason(said: str) -> str:
    """The cause stands first, general advice last."""
    lines = (line.strip() for line in said.splitlines())
    return " / ".join([line for line in lines if line and not line.startswith("hint:")][:3])


def _verb(arguments: tuple[str, ...]) -> str:
    """The command among the arguments: options before it carry no meaning for a reader."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] == "-c" else 1]
    return rest[0] if rest else ""


def head(directory: Path) -> Commit | NoCommit:
    """The commit checked out around a directory."""
    try:
        shown = run(directory, "log", "-1", "--no-show-signature", "--format=%H%n%s", check=False)
    except UsageError as error:
        return NoCommit(error.message)
    if shown.returncode:
        return NoCommit(_why_none(directory, shown.stderr))
    commit, _, subject = shown.stdout.strip().partition("\n")
    dirty = bool(run(directory, "status", "--porcelain", check=False).stdout)
    return Commit(commit, subject, dirty)


def commit_id(directory: Path, name: str = "HEAD") -> str:
    """The id of a commit by any name git has for it; "" where there is none of this name, or no git."""
    try:
        found = run(directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
    except UsageError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


_PATIENCE = 5.0
"""Seconds that a question may take that only adds to an answer."""


def descendants(directory: Path, commit: str) -> frozenset[str]:
    """The commits around a directory that carry this one; none where git does not know it, or takes long."""
    try:
        asked = ("rev-list", "--all", "--ancestry-path", f"^{commit}")
        found = run(directory, *asked, check=False, timeout=_PATIENCE)
    except (UsageError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(found.stdout.split()) if found.returncode == 0 else frozenset()


def _why_none(directory: Path, said: str) -> str:
    if "not a git repository" in said:
        return f"{directory} is not in a git repository"
    if "does not have any commits" in said:
        return "the git repository has no commit yet"
    return next(iter(said.strip().splitlines()), "git log failed").removeprefix("fatal: ")


def start(directory: Path, message: str) -> bool:
    """Make a directory a repository with one commit of all its files; False where git is not installed.

    A machine without a git identity gets one for this commit only. A directory that is inside a repository
    already becomes one of its own. Hook scripts are marked executable, which Windows cannot say by itself.
    """
    if shutil.which("git") is None:
        return False
    run(directory, "-c", "init.defaultBranch=main", "init", "--quiet")
    run(directory, "add", "--all")
    scripts = [str(one.relative_to(directory)) for one in directory.rglob("*.sh") if ".git" not in one.parts]
    if scripts:
        run(directory, "update-index", "--chmod=+x", *scripts)
    run(
        directory,
        *_NO_HOOKS,
        *_identity(directory),
        "commit",
        "--quiet",
        "--no-gpg-sign",
        "--no-verify",
        "-m",
        message,
    )
    return True


def knows_author(directory: Path) -> bool:
    """Whether git knows who commits here: it refuses to commit else, or makes a name up."""
    asked = run(directory, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT", check=False)
    return asked.returncode == 0


INTRODUCE = (
    'git config --global user.name "Your Name"',
    "git config --global user.email you@example.com",
)
"""What tells git who commits."""


def _identity(directory: Path) -> tuple[str, ...]:
    nobody = ("-c", "user.name=awspipe", "-c", "user.email=awspipe@localhost")
    return () if knows_author(directory) else nobody


@dataclass(frozen=True, slots=True)
class Helper:
    """The credential helper for one repository address: the command git runs to get a password."""

    url: str
    command: tuple[str, ...]

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """git settings for the address, which nothing in the user's own configuration overrules.

        The empty helper resets inherited ones, which may hold a stale password; the address stands for
        itself, whatever shorter address the user has rewritten; no proxy reaches this machine's own.
        """
        section = f"credential.{self.url}"
        words = " ".join(shlex.quote(word.replace("\\", "/")) for word in self.command)
        proxy = ((f"http.{self.url}.proxy", ""),) if urlsplit(self.url).hostname == "127.0.0.1" else ()
        return (
            (f"{section}.helper", ""),
            (f"{section}.helper", f"!{words}"),
            (f"{section}.useHttpPath", "true"),
            (f"url.{self.url}.insteadOf", self.url),
            (f"url.{self.url}.pushInsteadOf", self.url),
            *proxy,
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The settings for one command."""
        return tuple(word for key, value in self.settings for word in ("-c", f"{key}={value}"))


_MAYBE_THERE = re.compile(r"\[remote rejected\]|RPC failed; (?!curl 28)")
"""What git says where another push of the same commit came first, or where the answer was lost (curl's 28: it
was waited for long enough).

Pushed once more, what is there already is no change, and whatever else is wrong is said again.
"""


def push(directory: Path, helper: Helper, branch: str) -> None:
    """Push the commit checked out to a branch of the helper's repository, and nothing else.

    Neither hooks nor signatures: they are for the user's own pushes, and CodeCommit takes no signed ones.
    """
    plain = ("--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no")
    settings = (*helper.options, *_NO_HOOKS, *_IMPATIENT, "-c", "push.pushOption=")
    pushing = (*settings, "push", "--quiet", *plain, helper.url, f"HEAD:refs/heads/{branch}")
    try:
        run(directory, *pushing)
    except AwspipeError as error:
        if not _MAYBE_THERE.search(error.message):
            raise
        run(directory, *pushing)


def is_repository(directory: Path) -> bool:
    """Whether the directory is in a git repository, and git is there to say so."""
    try:
        return run(directory, "rev-parse", "--git-dir", check=False).returncode == 0
    except UsageError:
        return False


def remote_url(directory: Path) -> str:
    """The address of this repository's remote of our name, whoever set it; "" where there is none."""
    return _local(directory, f"remote.{REMOTE}.url")


def is_ours(directory: Path, url: str) -> bool:
    """Whether `remember` has set an address in this repository."""
    return "git-credential" in _local(directory, f"credential.{url}.helper")


def remember(directory: Path, helper: Helper, branch: str) -> str:
    """Set the remote `awspipe` and its helper in this repository only: `git push awspipe` sends HEAD.

    A remote of that name which the user has set is left alone: its address is given back, else "".
    """
    known = remote_url(directory)
    if known and not is_ours(directory, known):
        return known
    for section in (f"remote.{REMOTE}", *_sections(known), *_sections(helper.url)):
        run(directory, "config", "--local", "--remove-section", section, check=False)
    for key, value in (
        (f"remote.{REMOTE}.url", helper.url),
        (f"remote.{REMOTE}.fetch", f"+refs/heads/*:refs/remotes/{REMOTE}/*"),
        (f"remote.{REMOTE}.push", f"HEAD:refs/heads/{branch}"),
        *helper.settings,
    ):
        run(directory, "config", "--local", "--add", key, value)
    return ""


def _sections(url: str) -> tuple[str, ...]:
    return tuple(f"{name}.{url}" for name in ("credential", "url", "http")) if url else ()


def _local(directory: Path, key: str) -> str:
    return run(directory, "config", "--local", "--get-all", key, check=False).stdout.strip()


def bundle(helper: Helper, target: Path, scratch: Path) -> None:
    """Save every ref of the helper's repository in one file that `git clone` can read."""
    mirror = scratch / "mirror.git"
    settings = (*helper.options, *_NO_HOOKS, *_IMPATIENT)
    run(scratch, *settings, "clone", "--quiet", "--mirror", helper.url, str(mirror))
    run(mirror, "bundle", "create", "--quiet", str(target.resolve()), "--all")


def credential(
    credentials: Credentials, url: str, region: str, now: datetime | None = None
) -> tuple[str, str]:
    """User name and password for one repository address: the password is a SigV4 signature.

    As AWS's own helper makes it:
    https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    frozen = credentials.get_frozen_credentials()
    parts = urlsplit(url)
    request = AWSRequest(method="GIT", url=url)
    request.context["timestamp"] = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
    signer = SigV4Auth(frozen, "codecommit", region)
    canonical = f"GIT\n{parts.path}\n\nhost:{parts.netloc}\n\nhost\n"
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    token = f"%{frozen.token}" if frozen.token else ""
    return f"{frozen.access_key}{token}", f"{request.context['timestamp']}Z{signature}"
