"""Which pipelines a push through a connection starts: by change detection, or by their triggers' filters.

Pull requests are not played: a local repository has none.
https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from awspipe.sandbox.globs import matches

BRANCH, TAG = "branches", "tags"
PROVIDER = "CodeStarSourceConnection"


@dataclass(frozen=True, slots=True)
class Push:
    """A branch or a tag that was made or moved in a repository that a connection leads to.

    `files` are those that changed; None for a branch that is new, because AWS has no list of them then.
    """

    connection: str
    repository: str
    kind: str
    name: str
    commit: str
    files: Callable[[], frozenset[str] | None]


def started_by(declaration: dict[str, Any], push: Push) -> tuple[str, str] | None:
    """The source action with which a push starts a pipeline, and AWS's word for how."""
    for action in declaration["stages"][0]["actions"]:
        if _is_from(action, push):
            git = _trigger(declaration, action["name"])
            if git is not None and (git.get("push") or git.get("pullRequest")):
                if any(_lets_through(one, push) for one in git.get("push") or ()):
                    return action["name"], "WebhookV2"
            elif _is_detected(action["configuration"], push):
                return action["name"], "WebhookV2" if git else "Webhook"
    return None


def _is_from(action: dict[str, Any], push: Push) -> bool:
    given = action["configuration"]
    arn = given.get("ConnectionArn", "").replace(":codestar-connections:", ":codeconnections:", 1)
    here = (action["actionTypeId"]["provider"], arn, given.get("FullRepositoryId"))
    return here == (PROVIDER, push.connection, push.repository)


def _trigger(declaration: dict[str, Any], action: str) -> dict[str, Any] | None:
    every = (one["gitConfiguration"] for one in declaration.get("triggers") or ())
    return next((git for git in every if git["sourceActionName"] == action), None)


def _is_detected(configuration: dict[str, str], push: Push) -> bool:
    detects = configuration.get("DetectChanges", "true") != "false"
    return detects and (push.kind, push.name) == (BRANCH, configuration["BranchName"])


def _lets_through(criteria: dict[str, Any], push: Push) -> bool:
    """All parts of a filter must let a push through."""
    if push.kind not in criteria or not _passes(criteria[push.kind], push.name):
        return False
    if "filePaths" not in criteria:
        return True
    return any(_passes(criteria["filePaths"], file) for file in push.files() or ())


def _passes(patterns: dict[str, list[str]], text: str) -> bool:
    """One of those included (all are, where none is named) and none of those excluded."""
    included = patterns.get("includes")
    return (not included or any(matches(one, text) for one in included)) and not any(
        matches(one, text) for one in patterns.get("excludes") or ()
    )
