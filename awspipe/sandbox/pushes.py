"""Which revision an event is about: a pipeline that a push starts runs with that push's commit.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from typing import Any

from awspipe.sandbox.actions.base import Revision


def revisions(declaration: dict[str, Any], event: Any) -> dict[str, Revision]:
    """By source action: the revision that an event tells of. An event of something else names none."""
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        return {}
    found = {}
    for action in declaration["stages"][0]["actions"]:
        revision = _revision(action["actionTypeId"]["provider"], action["configuration"], detail)
        if revision:
            found[action["name"]] = Revision(revision)
    return found


def _revision(provider: str, configuration: dict[str, str], detail: dict[str, Any]) -> str | None:
    match provider:
        case "CodeCommit":
            here = (configuration["RepositoryName"], configuration["BranchName"])
            same = (detail.get("repositoryName"), detail.get("referenceName")) == here
            return _text(detail.get("commitId")) if same else None
        case "S3":
            place, what = _dict(detail.get("bucket")), _dict(detail.get("object"))
            here = (configuration["S3Bucket"], configuration["S3ObjectKey"])
            same = (place.get("name"), what.get("key")) == here
            return _text(what.get("version-id")) if same else None
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
