"""Test reports of builds, as CodeBuild's API shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import box
from tests.support import sandbox
from tests.support.builds import ACCOUNT, ALL, REGION, World, statuses
from tests.support.sandbox import in_process
from tests.unit.test_builds_reports import JUNIT

GROUP = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/project-unit"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(box.ISOLATION, "process")
    with in_process(tmp_path):
        made = World()
        made.project()
        yield made


def spec(reports: str = "unit: {files: ['out/*.xml']}", build: str = "'true'") -> str:
    return f"version: 0.2\nphases:\n  build:\n    commands: [{build}]\nreports:\n  {reports}\n"


def built(world: World, text: str, **files: str) -> dict[str, Any]:
    return world.build({"buildspec.yml": text, "out/junit.xml": JUNIT, **files}, outputs=())


def test_a_report_is_kept_in_a_group_of_the_project(world: World) -> None:
    ended = built(world, spec(build="'false'"))
    assert statuses(ended)["UPLOAD_ARTIFACTS"] == "SUCCEEDED"
    (arn,) = ended["reportArns"]
    assert world.codebuild.list_report_groups()["reportGroups"] == [GROUP]
    assert world.codebuild.list_reports_for_report_group(reportGroupArn=GROUP)["reports"] == [arn]
    (report,) = world.codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert (report["type"], report["status"], report["reportGroupArn"]) == ("TEST", "FAILED", GROUP)
    assert report["executionId"] == ended["arn"]
    assert report["testSummary"] == {
        "total": 5,
        "statusCounts": {"SUCCEEDED": 2, "FAILED": 1, "ERROR": 1, "SKIPPED": 1, "UNKNOWN": 0},
        "durationInNanoSeconds": 1_000_750_000_000,
    }
    assert "Report unit: 5 tests: 2 passed, 1 failed, 1 with errors, 1 skipped" in world.lines()


def test_test_cases_are_described_and_filtered(world: World) -> None:
    (arn,) = built(world, spec())["reportArns"]
    cases = world.codebuild.describe_test_cases(reportArn=arn)["testCases"]
    assert [one["name"] for one in cases] == ["adds", "fails", "breaks", "later", "bare"]
    assert (cases[1]["message"], cases[1]["testRawDataPath"]) == ("1 != 2", "out/junit.xml")
    for wanted, names in (
        ({"status": "FAILED"}, ["fails"]),
        ({"keyword": "calc.Sub"}, ["later"]),
        ({"status": "ERROR", "keyword": "adds"}, []),
    ):
        found = world.codebuild.describe_test_cases(reportArn=arn, filter=wanted)["testCases"]
        assert [one["name"] for one in found] == names
    first = world.codebuild.describe_test_cases(reportArn=arn, maxResults=2)
    rest = world.codebuild.describe_test_cases(reportArn=arn, nextToken=first["nextToken"])
    assert len(first["testCases"]) + len(rest["testCases"]) == 5


def test_coverage_is_described(world: World) -> None:
    text = '{"RSpec": {"coverage": {"/a.rb": [1, 0], "/b.rb": [1, 1]}}}'
    reports = "cover: {files: [c.json], file-format: simplecov}"
    (arn,) = built(world, spec(reports), **{"c.json": text})["reportArns"]
    (report,) = world.codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert (report["type"], report["codeCoverageSummary"]["lineCoveragePercentage"]) == ("CODE_COVERAGE", 75)
    files = world.codebuild.describe_code_coverages(reportArn=arn)["codeCoverages"]
    assert [(one["filePath"], one["lineCoveragePercentage"]) for one in files] == [
        ("/a.rb", 50),
        ("/b.rb", 100),
    ]
    whole = world.codebuild.describe_code_coverages(reportArn=arn, minLineCoveragePercentage=60)
    assert [one["filePath"] for one in whole["codeCoverages"]] == ["/b.rb"]


def test_a_group_that_the_buildspec_names_by_arn_is_used(world: World) -> None:
    request = {"name": "mine", "type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}}
    mine = world.codebuild.create_report_group(**request)["reportGroup"]["arn"]
    built(world, spec(f'"{mine}": {{files: ["out/*.xml"]}}'))
    assert len(world.codebuild.list_reports_for_report_group(reportGroupArn=mine)["reports"]) == 1
    assert world.codebuild.list_report_groups()["reportGroups"] == [mine]
    assert sandbox.code(world.codebuild.create_report_group, **request) == "ResourceAlreadyExistsException"


@pytest.mark.parametrize(
    ("reports", "says"),
    [
        ("unit: {files: ['none/*.xml']}", "[unit: [report files not found in build]]"),
        (f'"{GROUP}": {{files: ["out/*.xml"]}}', f"[{GROUP}: [there is no report group {GROUP}]]"),
    ],
)
def test_a_report_that_is_not_there_fails_the_upload(world: World, reports: str, says: str) -> None:
    ended = built(world, spec(reports))
    assert (ended["buildStatus"], statuses(ended)["UPLOAD_ARTIFACTS"]) == ("FAILED", "FAILED")
    (upload,) = [one for one in ended["phases"] if one["phaseType"] == "UPLOAD_ARTIFACTS"]
    assert upload["contexts"][0]["message"] == f"Error in UPLOAD_ARTIFACTS phase: {says}"


@pytest.mark.parametrize("action", ["CreateReportGroup", "CreateReport", "BatchPutTestCases", "UpdateReport"])
def test_what_the_role_may_not_fails_the_upload(world: World, action: str) -> None:
    deny = {"Effect": "Deny", "Action": f"codebuild:{action}", "Resource": "*"}
    policy = {**ALL, "Statement": [*ALL["Statement"], deny]}
    world.iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=json.dumps(policy))
    ended = built(world, spec())
    (upload,) = [one for one in ended["phases"] if one["phaseType"] == "UPLOAD_ARTIFACTS"]
    assert (
        f"is not authorized to perform: codebuild:{action} on resource: {GROUP}"
        in (upload["contexts"][0]["message"])
    )
    assert "reportArns" not in ended or ended["reportArns"] == []


def test_an_unknown_format_is_said_to_be_one(world: World) -> None:
    ended = built(world, spec("unit: {files: ['out/*.xml'], file-format: TAP}"))
    assert ended["buildStatus"] == "SUCCEEDED"
    assert "reports: unit: files of the format TAP are not read" in world.lines()


def test_groups_and_reports_are_deleted(world: World) -> None:
    first = built(world, spec())["reportArns"]
    second = built(world, spec())["reportArns"]
    newest = world.codebuild.list_reports()["reports"]
    assert newest == [*second, *first]
    delete = world.codebuild.delete_report_group
    assert sandbox.code(delete, arn=GROUP) == "InvalidInputException"
    world.codebuild.delete_report(arn=first[0])
    assert world.codebuild.batch_get_reports(reportArns=first)["reportsNotFound"] == first
    delete(arn=GROUP, deleteReports=True)
    assert world.codebuild.list_report_groups()["reportGroups"] == []
    assert world.codebuild.list_reports()["reports"] == []
    delete(arn=GROUP)
    refused = sandbox.code(world.codebuild.list_reports_for_report_group, reportGroupArn=GROUP)
    assert refused == "ResourceNotFoundException"
