"""CodeBuild's report groups and reports: made by builds, shown, deleted.

https://docs.aws.amazon.com/codebuild/latest/userguide/test-reporting.html
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import roles, tags
from awspipe.sandbox.builds.record import Build
from awspipe.sandbox.builds.reports import kept
from awspipe.sandbox.builds.reports.kept import NO_EXPORT, Report
from awspipe.sandbox.builds.reports.results import COVERAGE, TEST, Coverage, Results
from awspipe.sandbox.builds.world import PhaseError
from awspipe.sandbox.service import Answer, RefusalError, Request, page, unsupported, without_nothing

_INVALID = "InvalidInputException"
_PAGE = 100
_KEPT = 20
_PUT = {TEST: "codebuild:BatchPutTestCases", COVERAGE: "codebuild:BatchPutCodeCoverages"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,127}")

Group = dict[str, Any]


class Reports:
    """The operations on reports. A group is kept as the API shows it, by its ARN; reports by theirs."""

    report_groups: dict[str, Group]
    reports: dict[str, Report]
    """Oldest first."""

    if TYPE_CHECKING:

        def arn(self, resource: str) -> str:
            """An ARN of this service here."""

        def now(self) -> float:
            """The time."""

    def keep_report(self, build: Build, name: str, found: Results | Coverage) -> str:
        """Keep what a build's report says; the report's ARN. Called with the lock held.

        PhaseError where the build's role may not, or where there is no such group.
        """
        kind = TEST if isinstance(found, Results) else COVERAGE
        group = self._group_for(build, name, kind)
        for action in ("codebuild:CreateReport", _PUT[kind], "codebuild:UpdateReport"):
            _may(build, action, group["arn"])
        arn = self.arn(f"report/{group['name']}:{build.uuid}")
        self.reports[arn] = Report(arn, group["arn"], build.arn, self.now(), **kept.said(found))
        for old in self._reports_of(group["arn"])[:-_KEPT]:
            del self.reports[old.arn]
        return arn

    def _group_for(self, build: Build, name: str, kind: str) -> Group:
        """The group that a buildspec names, made if need be: `project-name`."""
        if name.startswith("arn:"):
            found = self.report_groups.get(name)
            if found is None:
                raise PhaseError("CLIENT_ERROR", f"there is no report group {name}")
        else:
            arn = self.arn(f"report-group/{build.project['name']}-{name}")
            found = self.report_groups.get(arn)
            if found is None:
                _may(build, "codebuild:CreateReportGroup", arn)
                found = self._made(f"{build.project['name']}-{name}", kind, NO_EXPORT, [])
        if found["type"] != kind:
            raise PhaseError("CLIENT_ERROR", f"the report group is of the type {found['type']}, not {kind}")
        return found

    def _made(self, name: str, kind: str, export: Mapping[str, Any], labels: list[dict[str, str]]) -> Group:
        now = self.now()
        arn = self.arn(f"report-group/{name}")
        self.report_groups[arn] = made = {
            "arn": arn,
            "name": name,
            "type": kind,
            "exportConfig": dict(export),
            "created": now,
            "lastModified": now,
            "tags": labels,
            "status": "ACTIVE",
        }
        return made

    def _reports_of(self, group: str) -> list[Report]:
        return [one for one in self.reports.values() if one.group == group]

    def op_create_report_group(self, request: Request) -> Answer:
        """Make a group; its reports are not exported to S3."""
        name = request["name"]
        if not _NAME.fullmatch(name):
            raise RefusalError(_INVALID, "Invalid report group name")
        if self.arn(f"report-group/{name}") in self.report_groups:
            raise RefusalError("ResourceAlreadyExistsException", f"Report group already exists: {name}")
        _check(request)
        made = self._made(name, request["type"], NO_EXPORT, list(request.get("tags") or ()))
        return {"reportGroup": copy.deepcopy(made)}

    def op_update_report_group(self, request: Request) -> Answer:
        """Change a group's tags."""
        found = self.report_groups.get(request["arn"])
        if found is None:
            raise _absent(request["arn"])
        _check(request)
        if "tags" in request:
            found["tags"] = list(request["tags"])
        found["lastModified"] = self.now()
        return {"reportGroup": copy.deepcopy(found)}

    def op_delete_report_group(self, request: Request) -> Answer:
        """Remove a group; one with reports only along with them. An absent one is no error."""
        arn = request["arn"]
        held = self._reports_of(arn)
        if held and not request.get("deleteReports"):
            text = "Report group contains reports: delete them first, or set deleteReports"
            raise RefusalError(_INVALID, text)
        for one in held:
            del self.reports[one.arn]
        self.report_groups.pop(arn, None)
        return {}

    def op_delete_report(self, request: Request) -> Answer:
        """Remove a report; an absent one is no error."""
        self.reports.pop(request["arn"], None)
        return {}

    def op_list_report_groups(self, request: Request) -> Answer:
        """The ARNs of all groups."""
        keys = {"CREATED_TIME": "created", "LAST_MODIFIED_TIME": "lastModified"}
        key = keys.get(request.get("sortBy") or "NAME", "name")
        found = sorted(self.report_groups.values(), key=lambda one: (one[key], one["name"]))
        if request.get("sortOrder") == "DESCENDING":
            found.reverse()
        return _listed("reportGroups", [one["arn"] for one in found], request)

    def op_batch_get_report_groups(self, request: Request) -> Answer:
        """Groups by ARN."""
        found = {arn: self.report_groups.get(arn) for arn in request["reportGroupArns"]}
        return {
            "reportGroups": [copy.deepcopy(one) for one in found.values() if one is not None],
            "reportGroupsNotFound": [arn for arn, one in found.items() if one is None],
        }

    def op_list_reports(self, request: Request) -> Answer:
        """The ARNs of all reports."""
        return self._ordered(list(self.reports.values()), request)

    def op_list_reports_for_report_group(self, request: Request) -> Answer:
        """The ARNs of a group's reports."""
        group = request["reportGroupArn"]
        if group not in self.report_groups:
            raise _absent(group)
        return self._ordered(self._reports_of(group), request)

    def _ordered(self, found: list[Report], request: Request) -> Answer:
        status = (request.get("filter") or {}).get("status")
        arns = [one.arn for one in found if status in (None, one.status)]
        return _listed("reports", arns if request.get("sortOrder") == "ASCENDING" else arns[::-1], request)

    def op_batch_get_reports(self, request: Request) -> Answer:
        """Reports by ARN."""
        found = {arn: self.reports.get(arn) for arn in request["reportArns"]}
        return {
            "reports": [one.api() for one in found.values() if one is not None],
            "reportsNotFound": [arn for arn, one in found.items() if one is None],
        }

    def op_describe_test_cases(self, request: Request) -> Answer:
        """The test cases of a report."""
        report = self._report(request["reportArn"])
        wanted = request.get("filter") or {}
        shown = [kept.case(report, one) for one in kept.cases(report, wanted)]
        return _listed("testCases", shown, request)

    def op_describe_code_coverages(self, request: Request) -> Answer:
        """The files of a coverage report."""
        report = self._report(request["reportArn"])
        least = request.get("minLineCoveragePercentage", 0)
        most = request.get("maxLineCoveragePercentage", 100)
        shown = [kept.coverage(report, one) for one in report.files]
        shown = [one for one in shown if least <= one["lineCoveragePercentage"] <= most]
        by_path = request.get("sortBy") == "FILE_PATH"
        key = "filePath" if by_path else "lineCoveragePercentage"
        shown.sort(key=lambda one: one[key], reverse=request.get("sortOrder") == "DESCENDING")
        return _listed("codeCoverages", shown, request)

    def _report(self, arn: str) -> Report:
        found = self.reports.get(arn)
        if found is None:
            raise RefusalError("ResourceNotFoundException", f"Report cannot be found: {arn}")
        return found


def _may(build: Build, action: str, resource: str) -> None:
    refused = roles.refusal(build.project["serviceRole"], action, resource, session="AWSCodeBuild")
    if refused is not None:
        raise PhaseError("CLIENT_ERROR", f"AccessDeniedException: {refused}")


def _check(request: Request) -> None:
    if (request.get("exportConfig") or NO_EXPORT).get("exportConfigType") == "S3":
        raise unsupported("codebuild", "the export of reports to S3")
    wrong = tags.problem(tags.from_list(request.get("tags")))
    if wrong is not None:
        raise RefusalError(_INVALID, wrong.value)


def _absent(arn: str) -> RefusalError:
    return RefusalError("ResourceNotFoundException", f"Report group cannot be found: {arn}")


def _listed(member: str, items: list[Any], request: Request) -> Answer:
    size = request.get("maxResults") or _PAGE
    found, token = page(items, request.get("nextToken"), size, code=_INVALID)
    return without_nothing(**{member: found, "nextToken": token})
