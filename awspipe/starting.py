"""Starting an execution, with another revision or other values than it would take by itself.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html
"""

from __future__ import annotations

import difflib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from awspipe.aws import Aws, maybe, refusal
from awspipe.errors import AwspipeError, UsageError
from awspipe.explain import DENIED, explained

COMMIT = re.compile("[0-9a-f]{40}")
_TAKE_COMMITS = frozenset({"CodeCommit", "CodeStarSourceConnection", "GitHub"})
_ABSENT = ("CommitIdDoesNotExistException", "InvalidCommitIdException")
_LONGEST = 1000
"""The model's limit of a variable's value."""


@dataclass(frozen=True, slots=True)
class Start:
    """What an execution is started with: commits by source action, values by variable."""

    pipeline: str
    commits: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    def request(self) -> dict[str, Any]:
        """StartPipelineExecution's request, but for its token."""
        revisions = [
            {"actionName": action, "revisionType": "COMMIT_ID", "revisionValue": commit}
            for action, commit in self.commits
        ]
        variables = [{"name": name, "value": value} for name, value in self.variables]
        return {
            "name": self.pipeline,
            **({"sourceRevisions": revisions} if revisions else {}),
            **({"variables": variables} if variables else {}),
        }


def declaration(aws: Aws, name: str) -> dict[str, Any] | None:
    """The pipeline's structure; None where there is none of this name."""
    with explained(f"read pipeline {name}"):
        answer = maybe(
            lambda: aws.client("codepipeline").get_pipeline(name=name), "PipelineNotFoundException"
        )
    return dict(answer["pipeline"]) if answer else None


def plan(
    declared: Mapping[str, Any], commits: Iterable[tuple[str, str]], variables: Mapping[str, str]
) -> Start:
    """What to start, checked against what the pipeline declares.

    `commits` are pairs of a source action, or "" for the only one, and a commit's 40 digits.
    Raises UsageError for what AWS would refuse.
    """
    name, commits = declared["name"], tuple(commits)
    if (commits or variables) and declared.get("pipelineType", "V1") != "V2":
        raise UsageError(
            f"{name} is a V1 pipeline: it always takes the newest revision, and has no variables",
            hint="`type: V2` in the spec, then `awspipe up`",
        )
    sources = _sources(declared)
    chosen = tuple((_source(name, sources, action), commit) for action, commit in commits)
    if len(dict(chosen)) < len(chosen):
        raise UsageError("--commit names a source twice")
    known = [one["name"] for one in declared.get("variables", ())]
    return Start(name, chosen, tuple((key, _value(name, known, key, it)) for key, it in variables.items()))


def _sources(declared: Mapping[str, Any]) -> dict[str, str]:
    """Each source action's provider."""
    return {
        action["name"]: action["actionTypeId"]["provider"]
        for action in declared["stages"][0]["actions"]
        if action["actionTypeId"]["category"] == "Source"
    }


def _source(pipeline: str, sources: Mapping[str, str], action: str) -> str:
    """The source action that a commit is for."""
    takers = [name for name, provider in sources.items() if provider in _TAKE_COMMITS]
    if not takers:
        raise UsageError(
            f"no source of {pipeline} is a repository of commits: {', '.join(sorted(set(sources.values())))}",
            hint="without --commit it takes the newest revision",
        )
    if not action and len(takers) > 1:
        raise UsageError(
            f"{pipeline} has {len(takers)} sources: say which one the commit is for",
            hint=f"--commit ACTION=COMMIT, where ACTION is {' or '.join(takers)}",
        )
    if action and action not in takers:
        raise UsageError(
            f"{pipeline} has no source {action} that takes commits", hint=f"there are: {', '.join(takers)}"
        )
    return action or takers[0]


def _value(pipeline: str, known: list[str], name: str, value: str) -> str:
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        guess = f"did you mean {near[0]}? " if near else ""
        there = f"its variables are {', '.join(known)}" if known else "the pipeline declares none"
        raise UsageError(f"{pipeline} has no variable {name}", hint=f"{guess}{there}")
    if not 0 < len(value) <= _LONGEST or "\n" in value:
        raise UsageError(f"--var {name}: a value has 1 to {_LONGEST} characters, on one line")
    return value


def check_commits(aws: Aws, declared: Mapping[str, Any], start: Start) -> None:
    """Refuse a commit that CodeCommit does not have: the execution would fail. Other hosts are not asked."""
    actions = {one["name"]: one for one in declared["stages"][0]["actions"]}
    for name, commit in start.commits:
        if actions[name]["actionTypeId"]["provider"] != "CodeCommit":
            continue
        repository = actions[name]["configuration"]["RepositoryName"]
        if not _has(aws, repository, commit):
            raise AwspipeError(
                f"repository {repository} has no commit {commit[:7]}; nothing was started",
                hint="push it first (`git push awspipe`), or name another",
            )


def _has(aws: Aws, repository: str, commit: str) -> bool:
    """Whether a repository has a commit; yes where we may not ask."""
    codecommit = aws.client("codecommit")
    with explained(f"look for commit {commit[:7]} in repository {repository}"):
        refused = refusal(
            lambda: codecommit.get_commit(repositoryName=repository, commitId=commit), *_ABSENT, *DENIED
        )
    return refused not in _ABSENT


def start(aws: Aws, wanted: Start) -> str:
    """Start an execution; its id. Sent again after a cut line, the same token starts nothing twice."""
    token = str(uuid.uuid4())
    with explained(f"start an execution of {wanted.pipeline}"):
        answer = aws.client("codepipeline").start_pipeline_execution(
            **wanted.request(), clientRequestToken=token
        )
        return str(answer["pipelineExecutionId"])
