"""Reading what test tools write: each format, and files that mean harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from awspipe.sandbox.builds.reports import markup, read
from awspipe.sandbox.builds.reports.results import Case, Coverage, Covered, ReportError, Results

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
 <testsuite name="calc" tests="5">
  <testcase classname="calc.Add" name="adds" time="0.25"/>
  <testcase classname="calc.Add" name="fails" time="1,000.5">
    <failure message="1 != 2">Traceback</failure><system-out>x</system-out></testcase>
  <testcase classname="calc.Add" name="breaks"><error>NameError: x</error></testcase>
  <testsuite name="inner"><testcase classname="calc.Sub" name="later"><skipped/></testcase></testsuite>
  <testsuite><testcase name="bare"/></testsuite>
 </testsuite>
</testsuites>"""
NUNIT = """<test-results name="x"><test-suite><results>
 <test-case name="A.Ok" executed="True" result="Success" success="True" time="0.016"/>
 <test-case name="A.Bad" executed="True" result="Failure" time="0.5">
  <failure><message>no</message></failure></test-case>
 <test-case name="A.Old" executed="True" success="False"/>
 <test-case name="A.Off" executed="False">
  <reason><message>off</message></reason></test-case>
</results></test-suite></test-results>"""
NUNIT3 = """<test-run><test-suite><test-suite>
 <test-case name="Ok" classname="A" result="Passed" duration="0.5"/>
 <test-case name="Bad" classname="A" result="Failed">
  <failure><message>no</message></failure></test-case>
 <test-case name="Err" classname="A" result="Failed" label="Error"/>
 <test-case name="Off" classname="A" result="Skipped" label="Ignored">
  <reason><message>off</message></reason></test-case>
 <test-case name="Hm" classname="A" result="Inconclusive"/>
</test-suite></test-suite></test-run>"""
TRX = """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
 <UnitTestResult testId="1" testName="Ok" outcome="Passed" duration="00:00:01.5000000"/>
 <UnitTestResult testId="2" testName="Bad" outcome="Failed" duration="01:00:00.0000000"><Output><ErrorInfo>
   <Message>no</Message></ErrorInfo></Output></UnitTestResult>
 <UnitTestResult testId="3" testName="Off" outcome="NotExecuted"/>
</Results><TestDefinitions>
 <UnitTest id="1"><TestMethod className="A" name="Ok"/></UnitTest>
</TestDefinitions></TestRun>"""
TESTNG = """<testng-results><suite name="S"><test name="T"><class name="A">
 <test-method name="setUp" status="PASS" is-config="true" duration-ms="1"/>
 <test-method name="ok" status="PASS" duration-ms="12"/>
 <test-method name="bad" status="FAIL" duration-ms="1">
  <exception><message><![CDATA[no]]></message></exception></test-method>
 <test-method name="off" status="SKIP" duration-ms="0"/>
</class></test></suite></testng-results>"""
CUCUMBER = """[{"name": "Login", "elements": [
 {"type": "background", "name": "", "steps": []},
 {"type": "scenario", "name": "ok", "steps": [{"result": {"status": "passed", "duration": 5}}]},
 {"type": "scenario", "name": "bad", "before": [{"result": {"status": "passed", "duration": 1}}],
  "steps": [{"result": {"status": "failed", "error_message": "no"}}, {"result": {"status": "skipped"}}]},
 {"type": "scenario", "name": "new", "steps": [{"result": {"status": "undefined"}}]},
 {"type": "scenario", "name": "off", "steps": [{"result": {"status": "pending"}}]}]}]"""


def said(tmp_path: Path, format_: str, *texts: str) -> tuple[Results | Coverage, list[str]]:
    files = {}
    for index, text in enumerate(texts):
        path = tmp_path / f"{index}.xml"
        path.write_text(text)
        files[path.name] = path
    wrong: list[str] = []
    return read.read(format_, files, wrong.append), wrong


@pytest.mark.parametrize(
    ("format_", "text", "ends"),
    [
        ("JUNITXML", JUNIT, "adds SUCCEEDED, fails FAILED, breaks ERROR, later SKIPPED, bare SUCCEEDED"),
        ("NUNITXML", NUNIT, "A.Ok SUCCEEDED, A.Bad FAILED, A.Old FAILED, A.Off SKIPPED"),
        ("NUNIT3XML", NUNIT3, "Ok SUCCEEDED, Bad FAILED, Err ERROR, Off SKIPPED, Hm UNKNOWN"),
        ("VISUALSTUDIOTRX", TRX, "Ok SUCCEEDED, Bad FAILED, Off SKIPPED"),
        ("TESTNGXML", TESTNG, "ok SUCCEEDED, bad FAILED, off SKIPPED"),
        ("CUCUMBERJSON", CUCUMBER, "ok SUCCEEDED, bad FAILED, new UNKNOWN, off SKIPPED"),
    ],
)
def test_how_tests_ended(tmp_path: Path, format_: str, text: str, ends: str) -> None:
    found, wrong = said(tmp_path, format_, text)
    assert isinstance(found, Results)
    assert ", ".join(f"{one.name} {one.status}" for one in found.cases) == ends
    assert wrong == []
    bad = next((one for one in found.cases if one.name.endswith(("Bad", "bad"))), None)
    assert bad is None or bad.message == "no"


def test_all_that_junit_says(tmp_path: Path) -> None:
    found, _ = said(tmp_path, "JUNITXML", JUNIT)
    assert isinstance(found, Results)
    assert found.cases[1] == Case(
        name="fails",
        status="FAILED",
        suite="calc",
        prefix="calc.Add",
        nanoseconds=1_000_500_000_000,
        message="1 != 2",
        path="0.xml",
    )
    assert [one.suite for one in found.cases] == ["calc", "calc", "calc", "inner", "calc"]
    assert found.cases[2].message == "NameError: x"
    assert found.line() == "5 tests: 2 passed, 1 failed, 1 with errors, 1 skipped"
    assert found.counts()["UNKNOWN"] == 0
    assert not found.passed


@pytest.mark.parametrize(
    ("format_", "text", "nanoseconds"),
    [
        ("NUNITXML", NUNIT, 516_000_000),
        ("NUNIT3XML", NUNIT3, 500_000_000),
        ("VISUALSTUDIOTRX", TRX, 3_601_500_000_000),
        ("TESTNGXML", TESTNG, 13_000_000),
        ("CUCUMBERJSON", CUCUMBER, 6),
    ],
)
def test_how_long_tests_took(tmp_path: Path, format_: str, text: str, nanoseconds: int) -> None:
    found, _ = said(tmp_path, format_, text)
    assert isinstance(found, Results)
    assert found.nanoseconds == nanoseconds


def one(file: str, *numbers: int) -> Covered:
    lines, missed, branches, missed_branches = (*numbers, 0, 0)[:4]
    return Covered(
        file=file, lines=lines, missed_lines=missed, branches=branches, missed_branches=missed_branches
    )


@pytest.mark.parametrize(
    ("format_", "text", "files"),
    [
        (
            "COBERTURAXML",
            '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd"><coverage>'
            '<packages><package><classes><class filename="a.py"><methods/><lines><line number="1" hits="2"/>'
            '<line number="2" hits="0" branch="true" condition-coverage="50% (1/2)"/></lines></class>'
            '<class filename="a.py"><lines><line number="9" hits="1"/></lines></class>'
            "</classes></package></packages></coverage>",
            (one("a.py", 2, 1, 1, 1),),
        ),
        (
            "CLOVERXML",
            '<coverage><project><package><file name="a.js" path="/src/a.js"><metrics statements="4"'
            ' coveredstatements="3" conditionals="2" coveredconditionals="2"/></file></package>'
            '<file name="b.js"><metrics statements="1" coveredstatements="0"/></file></project></coverage>',
            (one("/src/a.js", 3, 1, 2, 0), one("b.js", 0, 1)),
        ),
        (
            "JACOCOXML",
            '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report><group><package'
            ' name="com/x"><sourcefile name="A.java"><counter type="LINE" missed="1" covered="3"/>'
            '<counter type="BRANCH" missed="2" covered="0"/></sourcefile></package></group></report>',
            (one("com/x/A.java", 3, 1, 0, 2),),
        ),
        (
            "SIMPLECOV",
            '{"RSpec": {"coverage": {"/a.rb": [1, 0, null, 2], "/b.rb": {"lines": [0, null],'
            ' "branches": {"if": {"then": 1, "else": 0}}}}}}',
            (one("/a.rb", 2, 1), one("/b.rb", 0, 1, 1, 1)),
        ),
    ],
)
def test_coverage(tmp_path: Path, format_: str, text: str, files: tuple[Covered, ...]) -> None:
    assert said(tmp_path, format_, text) == (Coverage(files), [])


def test_coverage_as_a_line() -> None:
    assert Coverage((one("a", 3, 1), one("b", 0, 0))).line() == "2 files: 75.0% of 4 lines"


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><testsuites>&y;</testsuites>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuites>&x;</testsuites>'


@pytest.mark.parametrize(
    ("format_", "text", "says"),
    [
        ("JUNITXML", BOMB, "it declares entities, which are not read"),
        ("JUNITXML", OUTSIDE, "it declares entities, which are not read"),
        ("JUNITXML", "<a" * 10, "it is no XML: "),
        ("JUNITXML", "", "it is no XML: "),
        ("JUNITXML", "<html/>", "its first element is html, not testsuites or testsuite"),
        ("JUNITXML", "<a>" * 200 + "</a>" * 200, "it has too many elements to be a report"),
        ("NUNIT3XML", "<test-results/>", "its first element is test-results, not test-run"),
        ("CUCUMBERJSON", "{", "it is no JSON of Cucumber's: "),
        ("CUCUMBERJSON", "[" * 100_000, "it is no JSON of Cucumber's: "),
        ("CUCUMBERJSON", "[1]", "it is no JSON of Cucumber's: "),
        ("SIMPLECOV", '{"a": 1}', "it is no result set of SimpleCov's: "),
    ],
)
def test_a_file_that_is_none_is_told_of_and_the_others_count(
    tmp_path: Path, format_: str, text: str, says: str
) -> None:
    found, wrong = said(tmp_path, format_, text)
    assert found in (Results(()), Coverage(()))
    (told,) = wrong
    assert told.startswith(f"0.xml is not read: {says}")
    good, _ = said(tmp_path, "JUNITXML", JUNIT, BOMB, JUNIT)
    assert isinstance(good, Results)
    assert len(good.cases) == 10


def test_long_texts_are_cut_and_many_elements_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    root = markup.parsed(b"<a>" + b"x" * 1_000_000 + b"</a>")
    assert len(root.text) == 10_000
    monkeypatch.setattr(markup, "_ELEMENTS", 10)
    with pytest.raises(ReportError, match="too many elements"):
        markup.parsed(b"<a>" + b"<b/>" * 10 + b"</a>")
