"""How a plan reads, before it is carried out and while it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from awspipe.cli.progress import line, now_running
from awspipe.cli.views import down as down_view
from awspipe.cli.views import plan as view
from awspipe.cost.account import PipelineFacts
from awspipe.cost.prices import shipped
from awspipe.cost.stops import Facts, stops
from awspipe.errors import AwsError, AwspipeError
from awspipe.events import StepDone, StepFailed, StepLeft, StepSkipped, StepStarted, Waiting
from awspipe.graph import Source
from awspipe.live import Inventory
from awspipe.plan import Change, Plan, Step, Verb, removal
from awspipe.resources.base import Kept, Key, Reference
from tests.unit.views import NOW, SCOPE

REPOSITORY = Key("repository", "shop")
PROJECT = Key("build-project", "shop-Build")
KEPT = Kept("it holds commits; --delete-data removes it too")


def _plan(
    *steps: Step, references: tuple[Reference, ...] = (), kept: tuple[tuple[Key, Kept], ...] = ()
) -> Plan:
    return Plan(SCOPE, steps, (), (), references, kept)


def test_a_plan_has_a_row_for_each_resource_and_the_fields_that_differ_below() -> None:
    plan = _plan(
        Step(Verb.CREATE, REPOSITORY),
        Step(Verb.PUSH, Key("commit", "shop"), source=Source("shop", "main")),
        Step(
            Verb.UPDATE,
            PROJECT,
            (
                Change("image", "aws/codebuild/standard:6.0", "aws/codebuild/standard:7.0"),
                Change("env", None, {"A": "가\n나"}),
                Change("buildspec", "x" * 100, ""),
            ),
        ),
        Step(Verb.KEEP, Key("role", "kept")),
        Step(Verb.DELETE, Key("deployment-group", "old")),
        references=(Reference("bucket", "site"),),
        kept=((Key("repository", "old"), KEPT),),
    )
    assert list(view.lines(plan, "d0aedeb")) == [
        "  + repository       shop",
        "  + commit           d0aedeb to branch main of repository shop",
        "  ~ build-project    shop-Build",
        "      image: aws/codebuild/standard:6.0 -> aws/codebuild/standard:7.0",
        '      env: (none) -> {"A": "가\\n나"}',
        f'      buildspec: {"x" * 57}... -> ""',
        "  - deployment-group old",
        "  = bucket           site (yours: used as it is, never changed or removed)",
        "  = repository       old (no longer in the spec; stays: it holds commits; "
        "--delete-data removes it too)",
        "shop: 1 to create, 1 to update, 1 to delete, 1 to push",
    ]


READS = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": ["arn:aws:s3:::b/*"],
}
BUILDS = {"Effect": "Allow", "Action": ["codebuild:StartBuild"], "Resource": ["arn:aws:codebuild:r:1:p/b"]}
ALL = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:*"], "Resource": ["b/*"]}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            [READS],
            [READS, BUILDS],
            '["..."] -> ["...", {"Effect": "Allow", "Action": ["codebuild:StartBu...',
        ),
        (
            [ALL, BUILDS],
            [READS, BUILDS],
            '...tObjectVersion", "s3:*"], "Resource": ["b/*"]}] -> '
            '...tObjectVersion"], "Resource": ["arn:aws:s3:::b/*"]}]',
        ),
        ("a" * 100 + "1", "a" * 100 + "2", f"...{'a' * 15}1 -> ...{'a' * 15}2"),
        (["a", "b"], ["b", "c"], '["a", "b"] -> ["b", "c"]'),
        (
            [BUILDS, READS],
            [READS, BUILDS],
            '[{"Effect": "Allow", "Action": ["codebuild:StartBuild"], ... -> ',
        ),
    ],
)
def test_of_long_values_what_differs_is_shown(before: object, after: object, told: str) -> None:
    step = Step(Verb.UPDATE, Key("role", "r"), (Change("Policy.Statement", before, after),))
    line = list(view.lines(_plan(step)))[1]
    assert line.startswith(f"      Policy.Statement: {told}")


def test_a_plan_without_work_says_so() -> None:
    assert list(view.lines(_plan(Step(Verb.KEEP, REPOSITORY)))) == ["shop: no changes"]


def test_what_happens_is_said_a_line_each() -> None:
    denied = AwsError("create role r: not allowed (AccessDenied)", code="AccessDenied")
    assert [
        line(StepStarted("create role r")),
        line(StepDone("create role r", 0.34)),
        line(StepDone("push commit to repository shop (main)", 1.0)),
        line(StepDone("update bucket b", 61.0)),
        line(StepDone("delete rule r", 0.0)),
        line(StepFailed("create role r", denied)),
        line(StepFailed("push commit to repository shop (main)", AwspipeError("git push: no"))),
        line(StepSkipped("create pipeline shop")),
        line(StepLeft("create bucket b")),
        line(Waiting("the new role is not usable yet (up to 60 s)")),
    ] == [
        "",
        "  + role             r (0.3 s)",
        "  + commit           to repository shop (main) (1.0 s)",
        "  ~ bucket           b (61.0 s)",
        "  - rule             r (0.0 s)",
        "  ! failed: create role r: not allowed (AccessDenied)",
        "  ! failed: push commit to repository shop (main): git push: no",
        "  . create pipeline shop: not started",
        "  . create bucket b: no answer yet",
        "  . the new role is not usable yet (up to 60 s)",
    ]


def test_what_is_running_is_one_line() -> None:
    assert now_running(0, 7, []) == "  0 of 7 done"
    assert now_running(2, 7, [("create role r", 3.2)]) == "  2 of 7 done; create role r (3 s)"
    assert (
        now_running(2, 7, [("create role r", 3.2), ("create bucket b", 1.0)])
        == "  2 of 7 done; create role r (3 s) and 1 more"
    )


def test_a_removal_says_what_goes_what_stays_and_what_stops_costing() -> None:
    keys = (Key("pipeline", "shop"), Key("bucket", "shop-artifacts"), Key("role", "r"), REPOSITORY)
    inventory = Inventory(SCOPE, keys, {REPOSITORY: KEPT}, ("the tag index was not read",))
    plan = removal(SCOPE, inventory.keys, inventory.kept)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    there = Facts(tuple(PipelineFacts(name, "V1", created) for name in ("shop", "blog")), {})
    found = stops([step.key for step in plan.work], there, shipped(), SCOPE, NOW)
    assert list(down_view.lines(plan, inventory, found)) == [
        "  - pipeline         shop",
        "  - bucket           shop-artifacts",
        "  - role             r",
        "  = repository       shop stays: it holds commits; --delete-data removes it too",
        "  ! the tag index was not read",
        "shop: 3 to delete, 1 to keep",
        "what stops costing (USD before tax, prices of 2026-11-22):",
        "  $1.00 a month  pipeline shop          V1, in months in which a code change runs through it",
        "  by use         bucket shop-artifacts  $0.025 a GB-month (storage)",
        "  $1.00 a month  in all                 and what is charged by use",
    ]
    assert list(down_view.proof(plan, Inventory(SCOPE, (), {}))) == [
        "shop is gone: 3 deleted",
        "searched again by name and tag in account 123456789012, ap-northeast-2: "
        "nothing is left but what was kept",
        "  = repository       shop stays: it holds commits; --delete-data removes it too",
        "1 resource left that awspipe made, for its data: "
        "$1.00 a user-month (active users), of which 5 are free",
        "what ran this month stays on the bill, which AWS shows up to a day late",
    ]
    waits = {Key("subscription", "me@example.com"): Kept("nobody has confirmed it")}
    told = removal(SCOPE, (Key("role", "r"), *waits), waits)
    assert list(down_view.proof(told, Inventory(SCOPE, (), {})))[-2] == (
        "1 resource left that awspipe made; nothing of it can charge"
    )
    whole = removal(SCOPE, (Key("role", "r"),), {})
    assert list(down_view.proof(whole, Inventory(SCOPE, (), {})))[-2:] == [
        "0 resources left that awspipe made; nothing of it can charge",
        "what ran this month stays on the bill, which AWS shows up to a day late",
    ]
    stripped = Inventory(SCOPE, (), {}, unowned=(Key("bucket", "b"), Key("rule", "awspipe-shop-Source")))
    assert list(down_view.proof(whole, Inventory(SCOPE, (), {}), stripped.unowned))[1:] == [
        "searched again by name and tag in account 123456789012, ap-northeast-2: nothing is left",
        "  ! bucket b has a name as awspipe gives it, but not its tag: it stays, and may go on costing",
        "    if it is this pipeline's: tag it awspipe:pipeline=shop, and `down` removes it",
        "  ! rule awspipe-shop-Source has a name as awspipe gives it, but not its tag: it stays",
        "    if it is this pipeline's: tag it awspipe:pipeline=shop, and `down` removes it",
        "what ran this month stays on the bill, which AWS shows up to a day late",
    ]
    assert list(down_view.nothing(Inventory(SCOPE, (), {}))) == [
        "nothing of shop is left in account 123456789012, ap-northeast-2",
        "  --region R looks in another region",
    ]
