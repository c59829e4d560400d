"""Source from GitHub and its like through a connection: a local repository stands for theirs.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

from pathlib import Path

from awspipe.sandbox import clones, codeconnections, commits, git
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    REVISION_UNAVAILABLE,
    ActionError,
    ActionRun,
    Job,
    Revision,
)
from awspipe.sandbox.clones import CloneRef
from awspipe.sandbox.service import RefusalError


class ConnectionSource(Job):
    """Fetches a commit through a connection."""

    plays = (("Source", "AWS", "CodeStarSourceConnection"),)

    def start(self, run: ActionRun) -> None:
        """Write the commit's files as an artifact."""
        arn, name = run.configuration["ConnectionArn"], run.configuration["FullRepositoryId"]
        for service in codeconnections.NAMES:  # AWS asks for both, whichever the ARN has
            run.require(f"{service}:UseConnection", arn)
        path = _repository(run, arn, name)
        commit = commits.read(path, _commit(run, path))
        branch = (run.pushed and run.pushed.branch) or run.configuration["BranchName"]
        reference = CloneRef(run.account, name, path.as_uri(), commit.id, branch, arn)
        content = clones.artifact(run, path, commit, reference)
        for artifact in run.outputs:
            artifacts.write(run, artifact, content)
        variables = commits.variables(commit) | {
            "BranchName": branch,
            "ConnectionArn": arn,
            "FullRepositoryName": name,
        }
        run.succeed(
            variables=variables,
            external_id=commit.id,
            summary=commit.message,
            revision=Revision(commit.id, commit.message, created=commit.committed),
        )


def _repository(run: ActionRun, arn: str, name: str) -> Path:
    try:
        found = codeconnections.codeconnections_backends[run.account][run.region].connection(arn)
    except RefusalError as error:
        text = f"Could not find the connection {arn}."
        raise ActionError(CONFIGURATION_ERROR, text) from error
    if found.repositories is None:
        text = f"Connection {arn} is not available: complete it with `awspipe sandbox connect`."
        raise ActionError(CONFIGURATION_ERROR, text)
    path = found.repositories.get(name)
    if path is None or not Path(path).is_dir():
        text = f"The connection {found.name} does not lead to the repository {name}."
        raise ActionError(CONFIGURATION_ERROR, text)
    return git.directory(Path(path))


def _commit(run: ActionRun, path: Path) -> str:
    asked = run.overrides.get("COMMIT_ID") or (run.pushed.id if run.pushed else None)
    branch = run.configuration["BranchName"]
    found = git.commit_id(path, asked) if asked else git.branches(path).get(branch)
    if found is None:
        what = f"commit {asked}" if asked else f"branch named {branch}"
        text = f"No {what} was found in the repository {run.configuration['FullRepositoryId']}."
        raise ActionError(REVISION_UNAVAILABLE if asked else CONFIGURATION_ERROR, text)
    return found
