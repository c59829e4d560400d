"""What a month comes to: sums, the cheapest mix, and the words of `awspipe cost`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from awspipe.cli.views import cost as view
from awspipe.cli.views import costs as costs_view
from awspipe.cli.views import free_tier as free_tier_view
from awspipe.cli.views import prices as prices_view
from awspipe.cost.account import Legacy, Used
from awspipe.cost.bill import Bill
from awspipe.cost.freetier import Allowance, services
from awspipe.cost.meters import ActionRun, BuildRun, Month, PipelineUse
from awspipe.cost.prices import shipped
from awspipe.cost.refresh import Compared
from awspipe.cost.report import Report
from awspipe.cost.unknown import Unknown
from awspipe.cost.usage import Reading

PRICES = shipped()
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = Month.of(BEGIN + timedelta(days=15))


def use(
    name: str,
    minutes: int,
    type_: str = "V2",
    *,
    builds: tuple[BuildRun, ...] = (),
    region: str = "us-east-1",
) -> PipelineUse:
    """A pipeline whose source action took so many minutes."""
    began = BEGIN + timedelta(days=1)
    action = ActionRun(
        "e1", "Source", "Source", "Source", "AWS", "Succeeded", began, began + timedelta(minutes=minutes)
    )
    return PipelineUse(name, region, type_, BEGIN - timedelta(days=90), MONTH, (action,), builds)


def build(minutes: int, meter: str = "build-linux-small") -> BuildRun:
    return BuildRun(f"p:{minutes}", meter, BEGIN, BEGIN + timedelta(minutes=minutes))


def report(*uses: PipelineUse) -> Report:
    return Report(MONTH, uses, PRICES, "us-east-1")


NOTHING = Used({})


def shown(
    one: Report, *regions: str, unread: tuple[str, ...] = (), used: Used | Unknown = NOTHING
) -> list[str]:
    return list(view.lines(one, Reading(one.uses, regions or ("us-east-1",), unread), Legacy(), used))


def test_awss_own_count_stands_beside_ours() -> None:
    """It has what was deleted, and what is over the allowance costs."""
    counts = Used({"pipeline-v2": Decimal(120), "build-minutes": Decimal(5), "codecommit-user": Decimal(7)})
    lines = shown(report(use("a", 80)), used=counts)
    assert (
        "  free        80 of 100 action minutes and 0 of 100 build minutes used "
        "by pipelines that are still there" in lines
    )
    assert (
        "  AWS counts  120 of 100 action minutes ($0.04), 5 of 100 build minutes, 7 of 5 CodeCommit users "
        "($2.00); all regions and what was deleted, hours late" in lines
    )
    more = "  ! AWS counts more: of deleted pipelines, other regions, or builds that no pipeline started"
    assert more in lines
    assert more not in shown(report(use("a", 80)), used=Used({"pipeline-v2": Decimal(80)}))


def test_where_aws_may_not_be_asked_it_is_said() -> None:
    assert "  AWS counts  not known: denied" in shown(report(use("a", 1)), used=Unknown("denied"))


def test_roles_that_read_codecommit_are_users_of_it() -> None:
    both = [replace(use(name, 1), readers=frozenset({f"arn:{name}"})) for name in ("a", "b")]
    idle = PipelineUse("c", "us-east-1", "V2", BEGIN, MONTH, (), (), readers=frozenset({"arn:c"}))
    text = "\n".join(shown(report(*both, idle)))
    assert (
        "  CodeCommit  active users: 2 roles and all who push or clone (AWS alone knows); "
        "5 are free, then $1.00 a month each" in text
    )


def test_a_v1_pipeline_whose_day_31_comes_this_month_is_in_the_forecast() -> None:
    young = replace(use("a", 1, "V1"), created=MONTH.now - timedelta(days=20))
    one = report(young, use("b", 1, "V1"))
    assert (one.totals(forecast=False).v1, one.totals(forecast=True).v1) == (1, 2)
    assert "  forecast    $1.00 (pipelines $1.00, builds $0.00)" in "\n".join(shown(one))


def test_v2_minutes_and_small_builds_share_their_allowances() -> None:
    one = report(use("a", 80, builds=(build(90),)), use("b", 70, builds=(build(60),)))
    totals = one.totals(forecast=False)
    assert one.pipelines_usd(totals) == Decimal("0.100")
    assert one.builds_usd(totals) == (Decimal("0.250"), ())


def test_a_custom_action_is_free_however_long_it_takes() -> None:
    """A job worker of one's own. https://aws.amazon.com/codepipeline/pricing/"""
    began, ended = BEGIN, BEGIN + timedelta(hours=3)
    custom, third = (
        ActionRun("e1", "Build", "Jenkins", "Build", owner, "Succeeded", began, ended)
        for owner in ("Custom", "ThirdParty")
    )
    assert [(one.free, one.minutes(MONTH)) for one in (custom, third)] == [(True, 0), (False, 180)]


def test_lambda_builds_are_billed_by_the_second_with_an_allowance_of_their_own() -> None:
    """18,000 seconds on ARM: 6,000 are free, 12,000 cost $0.12; small machines have their own."""
    arm = BuildRun("p:1", "build-lambda-arm-1gb", BEGIN, BEGIN + timedelta(seconds=17_999.2))
    one = report(use("a", 1, builds=(arm, build(100))))
    totals = one.totals(forecast=False)
    assert totals.builds["us-east-1", "build-lambda-arm-1gb"] == 18_000
    assert one.builds_usd(totals) == (Decimal("0.12"), ())
    assert one.pooled_minutes(totals) == 100
    assert one.uses[0].build_minutes == {"build-lambda-arm-1gb": 300, "build-linux-small": 100}


def test_a_real_bill_is_reproduced() -> None:
    """Seoul, published by a team: 1.25 USD are 625 action minutes, 1.19 USD are 238 build minutes."""
    seoul = use("team", 725, builds=(build(338),), region="ap-northeast-2")
    one = Report(MONTH, (seoul,), PRICES, "ap-northeast-2")
    totals = one.totals(forecast=False)
    assert (one.pipelines_usd(totals), one.builds_usd(totals)[0]) == (Decimal("1.250"), Decimal("1.190"))


def test_a_forecast_doubles_what_half_a_month_used() -> None:
    one = report(use("a", 100))
    assert one.totals(forecast=True).v2_minutes == 200
    assert (
        "  forecast    $0.20 (pipelines $0.20, builds $0.00) at the month's end, if it goes on as it began"
        in shown(one)
    )


def test_the_cheapest_mix_is_named() -> None:
    one = report(*(use(name, minutes) for name, minutes in (("busy", 400), ("b", 50), ("c", 25), ("d", 25))))
    assert (
        "  V1 or V2    as they are $1.80, all V2 $1.80, all V1 $3.00 from day 31; "
        "cheapest $0.20: V1 busy; V2 b, c, d"
    ) in shown(one)


def test_pipelines_of_one_name_in_two_regions_are_told_apart() -> None:
    one = report(use("shop", 10), use("shop", 10, region="eu-west-1"))
    lines = shown(one, "eu-west-1", "us-east-1")
    assert lines[0].startswith("2026-11 so far, in 2 regions; ")
    assert [line.split("  ")[1] for line in lines[2:4]] == ["shop (us-east-1)", "shop (eu-west-1)"]


def test_an_unknown_price_is_said() -> None:
    lines = shown(report(use("a", 1, builds=(build(5, "build-windows-medium"),))))
    assert (
        "  so far      $0.00 (pipelines $0.00, builds $0.00 and build-windows-medium, "
        "whose price is not known)"
    ) in lines


def test_what_was_not_read_is_said() -> None:
    assert "  ! not counted: eu-west-1: denied" in shown(report(use("a", 1)), unread=("eu-west-1: denied",))


def test_no_pipeline_at_all() -> None:
    lines = shown(report())
    assert lines[0] == (
        "2026-11 so far, in us-east-1 only (--region all looks in every region); "
        "USD before tax, prices of 2026-11-22"
    )
    assert lines[1] == "  no pipeline"


def test_the_bill_is_summed() -> None:
    bill = Bill((("Amazon EC2", Decimal("7.5")), ("AWS CodePipeline", Decimal("0.25"))), more=True)
    lines = list(view.bill_lines(bill))
    assert lines[0] == "  bill        $7.75 so far, by Cost Explorer"
    assert lines[-1] == "  ! there are more services than one request tells: the sum is too small"


def test_a_price_that_aws_lists_otherwise_is_shown() -> None:
    older = PRICES.with_prices({("pipeline-v2", "us-east-1"): Decimal("0.001")}, date(2026, 1, 1))
    compared = (
        Compared(
            "pipeline-v2", "us-east-1", "USE1-actionExecutionMinute", Decimal("0.001"), Decimal("0.002")
        ),
        Compared("kms-key", "us-east-1", "us-east-1-KMS-Keys", Decimal(1), None),
    )
    assert list(prices_view.compared_lines(compared, older)) == [
        "METER        REGION     AWSPIPE  AWS    CHANGE  PER",
        "pipeline-v2  us-east-1  0.001    0.002  +100%   minute",
        "  ! kms-key in us-east-1: not in AWS's list as us-east-1-KMS-Keys",
        f"0 prices are as in AWS's list, 1 differ; {len(PRICES.rows) - 2} rows are not looked up",
        "AWS charges its own; awspipe computes with its file's until a version that has newer ones",
    ]


def test_a_list_with_costs_marks_what_others_made_and_what_may_be_forgotten() -> None:
    idle = PipelineUse("old", "us-east-1", "V1", BEGIN - timedelta(days=90), MONTH, (), ())
    one = report(use("shop", 10, builds=(build(3),)), idle)
    reading = Reading(one.uses, ("us-east-1",))
    assert list(costs_view.lines(one, reading, frozenset({("shop", "us-east-1")}))) == [
        "NAME  MADE BY  TYPE  AGE    EXECUTIONS  ACTION MIN  BUILD MIN  WITHOUT FREE",
        "shop  awspipe  V2    105 d  1           10          3          $0.035",
        "old   others   V1    105 d  0           0           0          $0.00         idle",
        "2026-11 so far in us-east-1: $0.00 with the free minutes (USD before tax, prices of 2026-11-22)",
        "this region only: --region all looks in every region",
        "pipelines deleted since are not in it: `awspipe cost` shows AWS's own count",
    ]


def test_the_free_tier_is_told_with_what_aws_counts() -> None:
    used = (
        Allowance(
            "CodeBuild", "Build-Min:Linux:g1.small", Decimal(3), Decimal(100), "Minutes", "Always Free"
        ),
        Allowance(
            "AWS CodePipeline", "actionExecutionMinute", Decimal(97), Decimal(100), "Minutes", "Always Free"
        ),
    )
    lines = list(free_tier_view.lines(services(), used, Legacy()))
    assert lines[0] == "CodePipeline: runs the stages; open"
    assert [line.split()[0] for line in lines if line.endswith("Always Free")] == ["AWS", "CodeBuild"]
    assert lines[-2] == (
        "account: made before 2025-07-15 (no plan): what exceeds the free allowances is charged"
    )
    denied = list(free_tier_view.lines(services(), Unknown("denied"), Unknown("denied")))
    assert denied[-3] == "used this month: not known: denied"
    names = {one.service for one in services()}
    assert {"CodeArtifact", "CodeCatalyst", "CodeGuru", "Cloud9", "CloudShell", "X-Ray", "FIS"} <= names


def test_every_service_has_its_source_and_its_meters_are_priced() -> None:
    for one in services():
        assert one.source.startswith(("https://aws.amazon.com/", "https://docs.aws.amazon.com/"))
        assert set(one.meters) <= set(PRICES.rows)
