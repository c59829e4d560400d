"""What `awspipe build` gives a build: files, variables, a way to the sandbox, a place; and waiting for it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awspipe import git
from awspipe.cli.options import Options
from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.formats.buildspec_model import Buildspec
    from awspipe.sandbox.builds.record import Build
    from awspipe.sandbox.builds.run import Runner
    from awspipe.sandbox.control import Endpoint

_MINUTES = 2160
"""The longest time that CodeBuild lets a build have."""
_LOOK = 0.2

_NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What keeps the commands of a build away from the user's own AWS."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be built: the buildspec's text, what it says, and the variables of the command line."""

    text: str
    spec: Buildspec
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a build's commands get: to the sandbox if it runs, else to no AWS at all."""

    region: str
    environment: Mapping[str, str]
    endpoint: Endpoint | None


def reach(options: Options) -> Reach:
    """The running sandbox, if there is one; none is started."""
    from awspipe.sandbox import control

    region = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = region or control.DEFAULT_REGION
    endpoint = control.running(control.state_dir(os.environ))
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if endpoint is not None:
        where = control.environment(endpoint, region=region)
    return Reach(region, {**_NOBODY, **where}, endpoint)


def values(reach: Reach, wanted: Wanted) -> dict[str, str]:
    """The values of parameters and secrets by their references, where --env does not give the variable.

    UsageError, which names the variable, where one cannot be had.
    """
    found: dict[str, str] = {}
    env = wanted.spec.env
    for kind, named in (("parameter", env.parameter_store), ("secret", env.secrets_manager)):
        for variable, reference in named.items():
            if variable not in wanted.variables:
                found[reference] = _value(reach, kind, variable, reference)
    return found


def _value(reach: Reach, kind: str, variable: str, reference: str) -> str:
    hint = f"--env {variable}=VALUE gives it"
    if reach.endpoint is None:
        says = f"{variable} comes from the {kind} {reference}, and no sandbox runs that could have it"
        raise UsageError(says, hint=f"{hint}; AWS itself is not asked")
    from botocore.exceptions import ClientError

    from awspipe.cli.target import sandbox_session
    from awspipe.sandbox.builds.world import MissingValueError

    session: Any = sandbox_session(reach.endpoint, reach.region)
    look: Callable[[Any, str, str], str] = _parameter if kind == "parameter" else _secret
    try:
        return look(session, reach.endpoint.url, reference)
    except (ClientError, MissingValueError) as error:
        says = (
            f"{variable} comes from the {kind} {reference}, which the sandbox does not have in {reach.region}"
        )
        raise UsageError(f"{says}: {error}", hint=hint) from error


def _parameter(session: Any, url: str, name: str) -> str:
    client = session.client("ssm", endpoint_url=url)
    return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _secret(session: Any, url: str, reference: str) -> str:
    from awspipe.sandbox.builds.references import secret_parts, secret_value

    name, key, stage, version = secret_parts(reference)
    which = {"VersionStage": stage, "VersionId": version}
    client = session.client("secretsmanager", endpoint_url=url)
    asked = {member: value for member, value in which.items() if value}
    return secret_value(name, str(client.get_secret_value(SecretId=name, **asked)["SecretString"]), key)


def files(folder: Path, into: Path | None) -> tuple[Sequence[Path], str]:
    """The files of a source, by their paths in it, and a line that says which they are.

    What git ignores would not be in a repository either, and so not in a build on AWS.
    """
    found = _of_git(folder)
    words = "what git ignores is left out"
    if found is None:
        found, words = _all(folder), "everything in it"
    kept = [one for one in found if into is None or not (folder / one).absolute().is_relative_to(into)]
    count = "1 file" if len(kept) == 1 else f"{len(kept)} files"
    return kept, f"source: {count} of {folder} ({words})"


def _of_git(folder: Path) -> list[Path] | None:
    """None where the folder is in no repository, or in one that ignores it."""
    with contextlib.suppress(UsageError):
        done = git.run(folder, "ls-files", "-z", "-co", "--exclude-standard", check=False)
        names = [Path(one) for one in dict.fromkeys(done.stdout.split("\0")) if one]
        if done.returncode == 0 and names:
            return [one for one in names if os.path.lexists(folder / one)]
    return None


def _all(folder: Path) -> list[Path]:
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one != ".git")
        links = [one for one in folders if Path(where, one).is_symlink()]
        found += [Path(where, name).relative_to(folder) for name in sorted([*names, *links])]
    return found


def record(folder: Path, wanted: Wanted, region: str) -> Build:
    """A build of a folder as CodeBuild would know it."""
    from awspipe.sandbox.builds.environment import GIVEN, PLAINTEXT
    from awspipe.sandbox.builds.record import THIS_MACHINE, Build, Place
    from awspipe.sandbox.record import ACCOUNT

    project = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.absolute().name).strip("-") or "build"
    name = str(uuid.uuid4())
    secret = {**wanted.spec.env.parameter_store, **wanted.spec.env.secrets_manager}
    head = git.head(folder) if git.run(folder, "rev-parse", check=False).returncode == 0 else None
    return Build(
        uuid=name,
        number=1,
        arn=f"arn:aws:codebuild:{region}:{ACCOUNT}:build/{project}:{name}",
        project={
            "name": project,
            "source": {},
            "environment": {"image": THIS_MACHINE},
            "serviceRole": "",
            "timeoutInMinutes": _MINUTES,
        },
        initiator="awspipe",
        start=time.time(),
        inputs=(Place("source", "", ""),),
        overrides=tuple(
            (name, value, GIVEN if name in secret else PLAINTEXT) for name, value in wanted.variables.items()
        ),
        buildspec=wanted.text if "\n" in wanted.text else f"{wanted.text}\n",
        revision=head.id if isinstance(head, git.Commit) else "",
    )


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """A directory for a build's box; those that commands left which were killed are cleared first."""
    from awspipe.sandbox import box, process
    from awspipe.sandbox.control import state_dir

    usual = state_dir(os.environ)
    top = usual.with_name(f"{usual.name}-builds")
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):  # the last build has just removed it
        for one in top.iterdir():
            pid, _, start = one.name.partition("-")
            if not pid.isdigit() or start != _start(process.started(int(pid))):
                box.discard(one)
    mine = top / f"{os.getpid()}-{_start(process.started(os.getpid()))}"
    try:
        yield mine
    finally:
        box.discard(mine)
        with contextlib.suppress(OSError):  # another build runs
            top.rmdir()


def _start(said: str) -> str:
    """When a process started, as a word."""
    return f"{zlib.crc32(said.encode()):x}" if said else ""


def until_end(runner: Runner) -> None:
    """Run a build. Ctrl-C and SIGTERM end it with all that runs in it, and are then passed on as Ctrl-C."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            runner.run()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="awspipe-build")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_LOOK)
    except KeyboardInterrupt:
        runner.stop()
        thread.join()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if failed:
        raise failed[0]
