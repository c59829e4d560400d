"""Source from CodeCommit: a branch's commit becomes a zip.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
"""

from __future__ import annotations

from pathlib import Path

from awspipe.sandbox import clones, codecommit, commits, git
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    PERMISSION_ERROR,
    REVISION_UNAVAILABLE,
    ActionError,
    ActionRun,
    Job,
    Revision,
)
from awspipe.sandbox.clones import CloneRef

_CALLS = ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")


class CodeCommitSource(Job):
    """Fetches a commit of a CodeCommit repository."""

    plays = (("Source", "AWS", "CodeCommit"),)

    def start(self, run: ActionRun) -> None:
        """Write the commit's files as an artifact."""
        name, branch = run.configuration["RepositoryName"], run.configuration["BranchName"]
        _check_role(run, name)
        path = codecommit.repository_path(run.account, run.region, name)
        if path is None:
            text = f"The action failed because the AWS CodeCommit repository {name} could not be found."
            text += " Make sure you are using the correct repository name, and then try again."
            raise ActionError(CONFIGURATION_ERROR, text)
        commit = commits.read(path, _commit(run, path))
        url = codecommit.clone_url(run.region, name)
        content = clones.artifact(run, path, commit, CloneRef(run.account, name, url, commit.id, branch))
        for artifact in run.outputs:
            artifacts.write(run, artifact, content)
        run.succeed(
            variables=commits.variables(commit) | {"BranchName": branch, "RepositoryName": name},
            external_id=commit.id,
            summary=commit.message,
            revision=Revision(commit.id, commit.message, created=commit.committed),
        )


def _check_role(run: ActionRun, name: str) -> None:
    arn = run.arn("codecommit", name)
    try:
        for call in _CALLS:
            run.require(f"codecommit:{call}", arn)
    except ActionError as error:
        text = "The service role or action role doesn't have the permissions required to access the AWS"
        text += f" CodeCommit repository named {name}. Update the IAM role permissions, and then try again."
        raise ActionError(PERMISSION_ERROR, f"{text} Error: {error.message}") from error


def _commit(run: ActionRun, path: Path) -> str:
    """The commit to fetch: the one asked for, else the one pushed, else the branch's newest."""
    asked = run.overrides.get("COMMIT_ID") or (run.pushed.id if run.pushed else None)
    if asked is not None:
        found = git.commit_id(path, asked)
        if found is None:
            text = f"The commit {asked} could not be found in the AWS CodeCommit repository "
            raise ActionError(REVISION_UNAVAILABLE, f"{text}{run.configuration['RepositoryName']}.")
        return found
    branch = run.configuration["BranchName"]
    newest = git.branches(path).get(branch)
    if newest is None:
        text = f"The action failed because no branch named {branch} was found in the selected AWS CodeCommit"
        text += f" repository {run.configuration['RepositoryName']}. Make sure you are using the correct"
        raise ActionError(CONFIGURATION_ERROR, f"{text} branch name, and then try again. Error: null")
    return newest
