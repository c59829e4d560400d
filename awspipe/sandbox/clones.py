"""A source that is handed on as a reference to a clone: CODEBUILD_CLONE_REF.

The artifact is no zip but a JSON document, and a build clones the repository by it, with its own role.
https://docs.aws.amazon.com/codepipeline/latest/userguide/tutorials-codecommit-gitclone.html
https://github.com/thii/aws-codebuild-extras/issues/3 shows one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moto.utilities.utils import get_partition

from awspipe.sandbox import codecommit, codeconnections, git
from awspipe.sandbox.actions.artifacts import zipped
from awspipe.sandbox.actions.base import ActionRun
from awspipe.sandbox.commits import Commit, files
from awspipe.sandbox.service import RefusalError

FORMAT = "CODEBUILD_CLONE_REF"
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class CloneRef:
    """What to clone. `ConnectionArn` is empty for CodeCommit."""

    AccountId: str
    FullRepositoryName: str
    CloneUrl: str
    CommitId: str
    BranchName: str
    ConnectionArn: str = ""

    def artifact(self) -> bytes:
        """As the source action writes it."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}).encode()

    def rights(self, region: str) -> list[tuple[str, str]]:
        """What the role of a build must be allowed: (action, resource)."""
        if self.ConnectionArn:
            return [(f"{one}:UseConnection", self.ConnectionArn) for one in codeconnections.NAMES]
        where = f"arn:{get_partition(region)}:codecommit:{region}:{self.AccountId}:{self.FullRepositoryName}"
        return [("codecommit:GitPull", where)]


def artifact(run: ActionRun, path: Path, commit: Commit, reference: CloneRef) -> bytes:
    """What a source action makes of a commit: its files in a zip, or the reference by which to clone it."""
    if run.configuration.get("OutputArtifactFormat") == FORMAT:
        return reference.artifact()
    return zipped(files(path, commit.tree))


def read(content: bytes) -> CloneRef | None:
    """The reference in an artifact; None where it is something else."""
    if not content.startswith(b"{") or len(content) > _LONGEST:
        return None
    try:
        found: Any = json.loads(content)
        return CloneRef(**found)
    except (ValueError, TypeError):
        return None


def repository(found: CloneRef, region: str) -> Path | None:
    """The repository of this machine that stands for it; None where there is none any more."""
    if not found.ConnectionArn:
        return codecommit.repository_path(found.AccountId, region, found.FullRepositoryName)
    backends = codeconnections.codeconnections_backends[found.AccountId]
    try:
        known = backends[region].connection(found.ConnectionArn).repositories or {}
    except RefusalError:
        return None
    path = known.get(found.FullRepositoryName)
    return git.directory(Path(path)) if path else None


def clone(found: CloneRef, path: Path, target: Path) -> None:
    """Clone a repository of this machine with all its history, its commit checked out. GitError."""
    shutil.rmtree(target)
    _git("clone", "--quiet", "--no-checkout", "--no-hardlinks", str(path), str(target))
    _git("-C", str(target), "checkout", "--quiet", "--detach", found.CommitId)
    _git("-C", str(target), "remote", "set-url", "origin", found.CloneUrl)


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False, env=git.environment())
    if done.returncode != 0:
        raise git.GitError(done.stderr.decode(errors="replace").strip())
