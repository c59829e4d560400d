"""The report groups that CodeBuild makes for a build project: where a buildspec has `reports:`.

They are called PROJECT-NAME, and CodeBuild leaves them when the project goes.
https://docs.aws.amazon.com/codebuild/latest/userguide/test-report-group-naming.html
"""

from __future__ import annotations

from collections.abc import Iterator

from awspipe.aws import Aws, batches

_BATCH = 100


def report_groups(aws: Aws, project: str) -> Iterator[str]:
    """The ARNs of those that builds of a project have made; none that somebody made with tags or an export.

    Of two projects whose names both begin a group's, the longer one's it is.
    """
    named = [arn for arn in every_group(aws) if _name(arn).startswith(f"{project}-")]
    if named:
        longer = [f"{one}-" for one in every_project(aws) if one.startswith(f"{project}-")]
        yield from _untouched(aws, [arn for arn in named if not _name(arn).startswith(tuple(longer))])


def every_project(aws: Aws) -> list[str]:
    """The names of all build projects of the region; asked for once a reading."""
    pages = aws.client("codebuild").get_paginator("list_projects")
    return aws.once(("projects",), lambda: [name for page in pages.paginate() for name in page["projects"]])


def every_group(aws: Aws) -> list[str]:
    """The ARNs of all report groups of the region; asked for once a reading."""
    pages = aws.client("codebuild").get_paginator("list_report_groups")
    return aws.once(
        ("report-groups",), lambda: [arn for page in pages.paginate() for arn in page["reportGroups"]]
    )


def _untouched(aws: Aws, arns: list[str]) -> Iterator[str]:
    """Those as a build makes them: it gives them no tag, and exports nothing."""
    for some in batches(arns, _BATCH):
        for group in aws.client("codebuild").batch_get_report_groups(reportGroupArns=list(some))[
            "reportGroups"
        ]:
            exported = group.get("exportConfig", {}).get("exportConfigType", "NO_EXPORT") != "NO_EXPORT"
            if not exported and not group.get("tags"):
                yield group["arn"]


def _name(arn: str) -> str:
    return arn.partition(":report-group/")[2]
