"""The commands about money: what they say, that none of their calls charges, and with weak credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.shell import SPEC, Shell

REGION = "us-west-1"
WHERE = ("--sandbox", "--region", REGION)

CHARGING = ("ce:", "freetier:Upgrade", "cloudwatch:GetMetric", "cur:", "bcm", "budgets:", "s3:GetObject")
"""The beginnings of calls that AWS charges for, or that change what is charged.
https://aws.amazon.com/aws-cost-management/pricing/ and https://aws.amazon.com/cloudwatch/pricing/"""
READS = ("Get", "List", "Describe", "BatchGet")


@pytest.fixture(scope="module")
def project(shell: Shell) -> Iterator[Path]:
    """A pipeline that is up in a region of its own."""
    made = shell.project("money")
    shell.done("up", *WHERE, "--ttl", "2d", cwd=made)
    yield made
    shell.done("down", "money", *WHERE, "--delete-data")


def test_up_says_until_when_the_pipeline_is_wanted_as_json(shell: Shell, project: Path) -> None:
    told, kept = (
        shell.done("up", *WHERE, *ttl, "--json", "--no-push", cwd=project).document["pipelines"][0]
        for ttl in (("--ttl", "3d"), ())
    )
    left = datetime.fromisoformat(told["wanted_until"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    assert kept["wanted_until"] == told["wanted_until"]


def test_several_pipelines_have_one_box_of_cost(shell: Shell) -> None:
    elsewhere = ("--sandbox", "--region", "us-east-2")
    names = [f"many-{number}" for number in range(8)]
    project = shell.project("many", "---\n".join(SPEC.format(name=name) for name in names))
    planned = shell.done("plan", *elsewhere, cwd=project).out
    made = shell.done("up", *elsewhere, "--no-push", cwd=project).out
    for said in (planned, made):
        assert said.count("\ncost ") == 1
        assert "\ncost of 8 pipelines in us-east-2 by the prices of us-east-1, on AWS only (USD " in said
        assert said.count(" fixed") == 8
        assert "\n  many-7  $0.00 fixed" in said
        assert re.search(
            r"\n  together    \$[\d.]+ a month at 20 executions each; they share what is free\n", said
        )
    one = shell.done("plan", *elsewhere, "--only", "many-3", "--json", cwd=project).document["plans"]
    assert [found["cost"]["executions_a_month"] for found in one] == [20]
    assert shell.refused(2, "plan", *elsewhere, "--only", "x", cwd=project) == (
        "awspipe: no spec has a pipeline x\n"
        "  try: there are: many-0, many-1, many-2, many-3, many-4 and 3 more\n"
    )
    shell.done("down", *elsewhere, cwd=project)


def test_every_command_about_money_reads_only_and_nothing_that_charges(shell: Shell, project: Path) -> None:
    answers = {}
    for words in (
        ("cost",),
        ("cost", "money"),
        ("cost", "refresh"),
        ("ls", "--cost"),
        ("leftovers",),
        ("free-tier",),
        ("down", "--expired"),
        ("down", "money", "--dry-run"),
    ):
        ran, calls = shell.recorded(*words, *WHERE)
        assert ran.code == 0, str(ran)
        assert calls
        assert [one for one in calls if one.startswith(CHARGING)] == []
        assert [one for one in calls if not one.partition(":")[2].startswith(READS)] == []
        answers[words] = ran.out
    assert "  money     V2    1 " in answers["cost",]
    assert "    Approve (free)  1 " in answers["cost", "money"]
    assert " prices are as in AWS's list, 0 differ; " in answers["cost", "refresh"]
    assert "money  awspipe  V2 " in answers["ls", "--cost"]
    assert answers["leftovers",] == (
        f"{REGION} (USD before tax, prices of 2026-11-22):\n  nothing is left of past pipelines\n"
    )
    assert "account: free plan: credits ($200.00 left) instead of money; " in answers["free-tier",]
    assert answers["down", "--expired"] == "no pipeline whose time has passed was found\n"
    assert (
        "what stops costing (USD before tax, prices of 2026-11-22):\n"
        in answers["down", "money", "--dry-run"]
    )


def test_prices_are_listed_without_a_call(shell: Shell) -> None:
    ran, calls = shell.recorded("cost", "prices", "--region", "ap-northeast-2")
    assert (ran.code, calls) == (0, [])
    assert ran.out.startswith("prices in ap-northeast-2, USD before tax, as of 2026-11-22\n")


def test_cost_explorer_is_asked_only_after_a_yes(shell: Shell, project: Path) -> None:
    ran, calls = shell.recorded("cost", "--bill", *WHERE)
    assert ran.code == 2
    assert "nobody is there to be asked: a request to Cost Explorer costs $0.01\n" in ran.err
    assert f"`awspipe cost --bill --yes --region {REGION} --sandbox` goes on without asking" in ran.err
    assert [one for one in calls if one.startswith(CHARGING)] == []
    ran, calls = shell.recorded("cost", "--bill", "--yes", *WHERE)
    assert [one for one in calls if one.startswith(CHARGING)] == ["ce:GetCostAndUsage"]
    assert "\n  bill        " in ran.out


def test_with_every_question_about_the_account_denied_a_plan_still_stands(shell: Shell) -> None:
    further = shell.project("poor")
    denied = "freetier:* codepipeline:ListPipelines"
    ran, _ = shell.recorded("plan", *WHERE, cwd=further, denied=denied)
    assert ran.code == 0, str(ran)
    assert "poor: 6 to create" in ran.out
    assert (
        " build minutes are left; these credentials may not ask for it (freetier:GetFreeTierUsage)\n"
        in ran.out
    )
    assert (
        "  account     its plan is not known: these credentials may not ask for it (freetier:Get" in ran.out
    )
    ran, calls = shell.recorded("up", *WHERE, "--max-cost", "0", cwd=further, denied=denied)
    assert ran.code == 3
    assert (
        "awspipe: more than --max-cost 0: poor stores artifacts, which S3 charges for by the amount"
        in ran.err
    )
    assert [one for one in calls if not one.partition(":")[2].startswith(READS)] == []


DENIED = "these credentials may not ask"


@pytest.mark.parametrize(
    ("words", "denied", "code", "said"),
    [
        (("cost",), "freetier:*", 0, f"  account     its plan is not known: {DENIED}"),
        (("cost",), "codepipeline:ListActionExecutions", 4, f"cannot be read: money ({REGION}): {DENIED}"),
        (("ls", "--cost"), "resourcegroupstaggingapi:*", 0, "money  awspipe  V2 "),
        (("status", "money"), "resourcegroupstaggingapi:*", 0, "money"),
        (("free-tier",), "freetier:*", 0, f"used this month: not known: {DENIED}"),
        (("leftovers",), "iam:*", 0, f"  ! not looked at: {DENIED} for it (iam:ListRoles)"),
        (("cost", "refresh"), "pricing:*", 4, "not allowed (AccessDeniedException)"),
        (("down", "--expired"), "resourcegroupstaggingapi:*", 4, f"passed cannot be read: {DENIED}"),
        (("cost", "--region", "all"), "ec2:*", 4, f"regions cannot be listed: {DENIED}"),
    ],
)
def test_what_credentials_lack_is_said(
    shell: Shell, project: Path, words: tuple[str, ...], denied: str, code: int, said: str
) -> None:
    where = ("--sandbox",) if "--region" in words else WHERE
    ran, _ = shell.recorded(*words, *where, denied=denied)
    assert (ran.code, said in ran.out + ran.err) == (code, True), str(ran)
