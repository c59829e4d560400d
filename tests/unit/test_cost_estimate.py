"""What a pipeline will cost: by its spec, by what is left free, by what the account has already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from awspipe.cli import money
from awspipe.cli.money import Priced
from awspipe.cli.views import money as view
from awspipe.cli.views import money_together as of_several
from awspipe.cost.account import Account, AccountPlan, FreePlan, Legacy, PaidPlan, PipelineFacts, Used
from awspipe.cost.consequence import standing
from awspipe.cost.estimate import NOTHING_LEFT, Estimate, Left, RunUse, run_use
from awspipe.cost.prices import PriceList, shipped
from awspipe.cost.unknown import Unknown
from awspipe.errors import RefusedError, UsageError
from awspipe.graph import wanted
from awspipe.plan import State, plan
from awspipe.spec.load import load_text
from tests.support.core import GITHUB, SERVER, STATIC_SITE
from tests.unit.views import NOW, SCOPE, target

PRICES = shipped()
WHOLE = Left.whole(PRICES)
LARGE = STATIC_SITE.replace("provider: codebuild", "provider: codebuild\n    compute: xlarge")
UNPRICED = PriceList(
    {meter: row for meter, row in PRICES.rows.items() if meter != "build-linux-xlarge"}, "us-east-1"
)
"""As if a machine had come out whose price was not read."""
LEGACY = Legacy()
OTHER = PipelineFacts("blog", "V1", NOW - timedelta(days=90))


def graph(text: str) -> Any:
    (spec,) = load_text(text, "awspipe.yml")
    return wanted(spec, SCOPE)


def estimate(text: str, runs: int = 20, other_v1: int = 0, region: str = "us-east-1") -> Estimate:
    return Estimate(run_use(graph(text)), region, runs, PRICES, other_v1)


def v1(text: str) -> str:
    return text.replace("stages:", "type: V1\nstages:", 1)


def test_a_site_uses_five_action_minutes_and_three_build_minutes() -> None:
    use = run_use(graph(STATIC_SITE))
    assert (use.type, use.action_minutes, use.build_minutes) == ("V2", 5, {"build-linux-small": 3})
    assert use.most_build_minutes == {"build-linux-small": 15}


def test_commands_use_build_minutes_of_the_machine_that_they_ask_for() -> None:
    text = STATIC_SITE.replace(
        "    provider: codebuild\n    buildspec: buildspec.yml\n",
        ("    provider: commands\n    commands: make\n    files: '**/*'\n    compute: medium\n"),
    )
    use = run_use(graph(text))
    assert (use.action_minutes, use.build_minutes) == (4, {"build-linux-medium": 2})
    assert use.most_build_minutes == {"build-linux-medium": 55}


def test_worked_example_of_a_site_in_a_month_of_a_hundred_executions() -> None:
    month = estimate(STATIC_SITE, 100).month(WHOLE)
    assert (month.actions, month.builds, month.usd) == (Decimal("0.80"), Decimal("1.00"), Decimal("1.80"))
    assert estimate(v1(STATIC_SITE), 100).month(WHOLE).usd == Decimal("1.00")
    assert estimate(v1(STATIC_SITE), 100, other_v1=1).month(WHOLE).usd == Decimal("2.00")


def test_worked_example_of_a_server_without_a_build() -> None:
    assert estimate(SERVER, 30).month(WHOLE).usd == 0
    assert estimate(SERVER, 40).month(WHOLE).usd == Decimal("0.04")


def test_the_worst_month_has_nothing_free_and_builds_that_hang() -> None:
    worst = estimate(STATIC_SITE, 10).worst
    assert worst.actions == 10 * (1 + 15 + 1) * Decimal("0.002")
    assert worst.builds == 10 * 15 * Decimal("0.005")


def test_an_approval_costs_nothing() -> None:
    with_approval = STATIC_SITE.replace(
        "  - name: Deploy", "  - name: Ok\n    provider: approval\n  - name: Deploy"
    )
    assert run_use(graph(with_approval)).action_minutes == 5


def test_an_update_of_an_on_premises_instance_costs_two_cents() -> None:
    text = SERVER.replace("ec2_tags", "on_premises_tags")
    assert estimate(text, 30).month(WHOLE).usd == Decimal("0.60")


def test_a_machine_without_a_known_price_is_never_free() -> None:
    known = estimate(LARGE)
    assert known.run.usd == 5 * Decimal("0.002") + 3 * Decimal("0.0798")
    unpriced = replace(known, prices=UNPRICED)
    assert unpriced.run.unknown == ("build-linux-xlarge",)
    assert "more than $0.01 if not free" in view._execution(unpriced)


def test_free_build_minutes_are_shared_by_machines() -> None:
    use = RunUse("V1", run_use(graph(STATIC_SITE)).actions * 2)
    assert Estimate(use, "us-east-1", 20, PRICES).month(WHOLE).builds == (120 - 100) * Decimal("0.005")


def priced(
    text: str, plan_: AccountPlan = LEGACY, *others: PipelineFacts, used: Any = None, **given: Any
) -> Priced:
    wants = graph(text)
    shown = plan(wants, State({one.key: None for one in wants.resources}, {}), push=False)
    account = Account(plan_, Used({}) if used is None else used, others)
    place = standing(account, "shop", NOW)
    one = cast(Any, type("One", (), {"plan": shown, "graph": wants, "target": target(sandbox=False)}))
    prices = given.get("prices", PRICES)
    made = Estimate(
        run_use(wants), SCOPE.region, given.get("runs", 20), prices, len(place.other_v1 if place else ())
    )
    return Priced(one, made, account, place, NOW)


def box(one: Priced) -> list[str]:
    return list(view.lines(one))


def test_the_box_of_a_first_pipeline() -> None:
    plan_ = FreePlan(Decimal(140), datetime(2027, 5, 27, tzinfo=UTC))
    assert box(priced(STATIC_SITE, plan_)) == [
        "cost in ap-northeast-2 (USD before tax, prices of 2026-11-22)",
        "  fixed       $0.00 a month; S3 and logs by the amount",
        "  execution   $0.025 if not free: about 5 action, 3 build minutes (Linux small)",
        "  20 a month  $0.00; still free: 100 of 100 action, 100 of 100 build minutes",
        "  at worst    $2.18 a month: nothing is free, each build hangs for 15 minutes",
        "  account     free plan: credits ($140.00 left) instead of money; "
        "it closes when they end or 2027-05-27 comes",
    ]


def test_what_is_free_is_free_once_for_several_pipelines() -> None:
    one = priced(STATIC_SITE)
    assert [*of_several.together([one])] == []
    assert [*of_several.together([one] * 3)] == [
        "cost of the 3 pipelines together: $0.80 a month at 20 executions each; they share what is free"
    ]
    large = priced(LARGE, prices=UNPRICED)
    assert [*of_several.together([one, large])] == [
        "cost of the 2 pipelines together: more than $0.20 a month at 20 executions each; "
        "they share what is free"
    ]


def test_several_pipelines_have_one_box_with_a_line_each() -> None:
    one, large = priced(STATIC_SITE), priced(v1(LARGE), LEGACY, OTHER, prices=UNPRICED)
    assert [*of_several.box([one])] == []
    assert [*of_several.box([one, large])] == [
        "cost of 2 pipelines in ap-northeast-2 (USD before tax, prices of 2026-11-22)",
        "  shop  $0.00 fixed                  $0.025 an execution if not free           "
        "at worst $2.18 a month",
        "  shop  $1.00 fixed from 2026-12-24  more than $0.00 an execution if not free  "
        "at worst more than $1.00 a month",
        "  together    more than $1.00 a month at 20 executions each; they share what is free",
        "  at worst    more than $3.18 a month: nothing is free, each build hangs",
        "  type V1     1 of them: one V1 pipeline of an account is free, each other one costs $1.00 a month "
        "from its day 31 on",
        "  type V2     1 of them: no monthly price; all V2 ones of the account share 100 free action minutes",
        "  account     made before 2025-07-15 (no plan): what exceeds the free allowances is charged",
        "  besides     S3 and logs by the amount; `--json` has the minutes that are assumed of each",
    ]


def test_several_pipelines_are_asked_about_once() -> None:
    second = priced(STATIC_SITE, LEGACY, OTHER)
    assert of_several.once_more([second]) == (
        "This is pipeline #2 of this account and region; shop costs $0.00 a month at 20 executions."
    )
    assert of_several.once_more([second] * 3) == (
        "3 of these are made beside other pipelines; 3 pipelines cost $0.80 a month at 20 executions each."
    )


def test_the_box_of_a_second_v1_pipeline_names_the_day() -> None:
    shown = box(priced(v1(STATIC_SITE), PaidPlan(None), OTHER))
    assert shown[1] == (
        "  fixed       $1.00 a month from 2026-12-24 (day 31), "
        "in months in which a code change runs through it; S3 and logs by the amount"
    )
    assert shown[5] == (
        "  pipeline #2 of this region (others were not looked at), besides V1 blog: from 2026-12-24 (day 31) "
        "it costs $1.00 a month; one V1 pipeline of an account is free"
    )
    assert shown[6] == "  account     paid plan: credits first, then money"


def test_the_box_warns_where_roles_and_people_may_be_more_than_five() -> None:
    """Each pipeline's role reads the repository, and so does who pushes."""
    others = tuple(PipelineFacts(f"p{number}", "V2", NOW - timedelta(days=90)) for number in range(4))
    row = (
        "  CodeCommit  each role that reads or clones and each person is an active user: "
        "5 are free, then $1.00 a month each"
    )
    assert row in box(priced(STATIC_SITE, LEGACY, *others))
    assert row not in box(priced(STATIC_SITE, LEGACY, *others[:3]))
    assert row not in box(priced(GITHUB, LEGACY, *others))


@pytest.mark.parametrize(
    ("plan_", "words"),
    [
        (Legacy(), "made before 2025-07-15 (no plan): what exceeds the free allowances is charged"),
        (PaidPlan(Decimal(12)), "paid plan: credits first ($12.00 left), then money"),
        (FreePlan(None, None, expired=True), "its free plan has ended: AWS closes it unless you upgrade"),
        (Unknown("denied"), "its plan is not known: denied"),
    ],
)
def test_each_plan_of_an_account_has_its_words(plan_: AccountPlan, words: str) -> None:
    assert view.plan_words(plan_) == words


def test_what_cannot_be_read_is_said_and_not_guessed() -> None:
    line = box(priced(STATIC_SITE, used=Unknown("these credentials may not ask for it (x)")))[3]
    assert line == (
        "  20 a month  $0.00 if all 100 free action and 100 build minutes are left; "
        "these credentials may not ask for it (x)"
    )


def test_what_is_used_already_is_not_free_again() -> None:
    one = priced(STATIC_SITE, used=Used({"pipeline-v2": Decimal(97), "build-minutes": Decimal(300)}))
    assert one.left == Left(Decimal(3), Decimal(0))
    assert one.estimate.month(one.left).usd == Decimal(97) * Decimal("0.002") + 60 * Decimal("0.005")


@pytest.mark.parametrize(
    ("one", "asks"),
    [
        (priced(STATIC_SITE), False),
        (priced(STATIC_SITE, Legacy(), OTHER), True),
        (priced(STATIC_SITE, runs=21), True),
        (priced(SERVER, runs=33), False),
    ],
)
def test_what_is_asked_once_more(one: Priced, asks: bool) -> None:
    assert one.asks_once_more == asks


@pytest.mark.parametrize(
    ("one", "most", "refused"),
    [
        (priced(STATIC_SITE), "2.17", "at worst $2.18 a month at 20 executions each"),
        (priced(STATIC_SITE), "2.18", ""),
        (priced(STATIC_SITE, runs=0), "0", "shop stores artifacts, which S3 charges for by the amount"),
        (priced(STATIC_SITE, Unknown("denied")), "0", "shop stores artifacts"),
        (priced(STATIC_SITE, FreePlan(None, None)), "0", ""),
        (
            priced(LARGE, prices=UNPRICED),
            "1000",
            "shop uses build-linux-xlarge, whose price is not known",
        ),
    ],
)
def test_the_limit_of_max_cost(one: Priced, most: str, refused: str) -> None:
    amount = money.limit(most)
    assert amount is not None
    if not refused:
        return money.refuse_above([one], amount)
    with pytest.raises(RefusedError) as error:
        money.refuse_above([one], amount)
    assert error.value.exit_code == 3
    assert refused in error.value.message
    return None


@pytest.mark.parametrize("text", ["x", "-1", "NaN", "Infinity", ""])
def test_a_limit_that_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError):
        money.limit(text)


def test_the_estimate_as_json() -> None:
    document = view.document(priced(v1(STATIC_SITE), Legacy(), OTHER))
    assert document["fixed_a_month"] == "1.00"
    assert document["charged_from"] == "2026-12-24"
    assert document["pipeline_number"] == 2
    assert document["account_plan"] == {"type": "LEGACY"}
    assert NOTHING_LEFT.action_minutes == 0


def test_what_the_same_file_makes_first_counts() -> None:
    account = Account(LEGACY, Used({}), ())
    first = PipelineFacts("first", "V1", NOW)
    place = standing(account, "shop", NOW, (first,))
    assert place is not None
    assert (place.number, place.further, place.other_v1) == (2, True, ("first",))
    assert standing(Account(LEGACY, Used({}), Unknown("denied")), "shop", NOW) is None


def test_a_pipeline_that_is_there_keeps_its_number_and_its_day() -> None:
    own = PipelineFacts("shop", "V1", NOW - timedelta(days=20))
    newer = PipelineFacts("new", "V1", NOW - timedelta(days=3))
    place = standing(Account(LEGACY, Used({}), (own, newer)), "shop", NOW)
    assert place is not None
    assert (place.number, place.further) == (1, False)
    assert place.charged_from == NOW + timedelta(days=10)
