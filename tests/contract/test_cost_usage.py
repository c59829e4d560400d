"""Meters on executions really played: what awspipe counts, beside what the sandbox counts itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from awspipe.cli.views import cost as view
from awspipe.cost import usage
from awspipe.cost.account import Legacy, used
from awspipe.cost.meters import Month, PipelineUse
from awspipe.cost.prices import shipped
from awspipe.cost.report import Report
from tests.support import core, engine, modelcheck
from tests.support.denying import deny

DAY = 24 * 3600
USERS = {"codecommit-user": Decimal(2)}
"""The role that reads the repository, and whoever pushes."""


class Counted:
    """A sandbox in which a test plays executions, and awspipe's reading of it."""

    def __init__(self, stage: engine.Stage) -> None:
        self.stage = stage
        self.session = core.session()
        self.check = modelcheck.attach(self.session)
        self.aws = core.connect(self.session)

    @property
    def month(self) -> Month:
        return Month.of(self.stage.clock())

    def reading(self, month: Month | None = None) -> usage.Reading:
        return usage.uses(self.aws, month or self.month)

    def use(self, month: Month | None = None) -> PipelineUse:
        (one,) = self.reading(month).uses
        return one

    def told(self) -> Any:
        """What the account's free tier counts."""
        return used(self.aws)


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    with engine.playing(tmp_path) as stage:
        made = Counted(stage)
        yield made
        made.aws.close()
        assert not made.check.violations


def play(stage: engine.Stage, seconds: float = 30, *, error: str = "") -> None:
    """Source and Build of the oldest execution, so many seconds each."""
    stage.clock.advance(seconds)
    stage.end("Source")
    stage.clock.advance(seconds)
    stage.end("Build", error=error)


def test_each_action_is_rounded_up_by_itself(counted: Counted) -> None:
    counted.stage.create(engine.source(), engine.build())
    play(counted.stage, 61)
    use = counted.use()
    assert (use.executions, use.action_minutes) == (1, 4)
    assert counted.told().pools == {"pipeline-v2": Decimal(4), **USERS}


def test_approvals_are_free_however_long_they_wait(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.approval(), engine.build())
    stage.end("Source")
    stage.clock.advance(3 * DAY)
    stage.approve("Approve")
    stage.end("Build")
    assert counted.use().action_minutes == 2
    assert [one.free for one in counted.use().in_month] == [False, True, False]


def test_a_retry_is_a_try_of_its_own_and_failed_ones_are_counted_and_told(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.build())
    play(stage, 30, error="it broke")
    stage.retry("Build", 1)
    stage.clock.advance(90)
    stage.end("Build")
    use = counted.use()
    assert (use.action_minutes, use.minutes_that("Failed")) == (1 + 1 + 2, 1)
    assert counted.told().pools == {"pipeline-v2": Decimal(4), **USERS}
    report = Report(counted.month, (use,), shipped(), "us-east-1")
    shown = list(view.lines(report, counted.reading(), Legacy(), counted.told(), "shop"))
    assert "    Build   2      3        1          0" in shown
    assert "  . 1 action minute of failed or stopped tries counted: not verified on a bill" in shown


def test_a_stopped_execution_is_counted_as_abandoned(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.build())
    stage.clock.advance(70)
    stage.stop(1, abandon=True)
    use = counted.use()
    assert (use.action_minutes, use.minutes_that("Abandoned")) == (2, 2)


def test_what_still_runs_is_counted_until_now(counted: Counted) -> None:
    counted.stage.create(engine.source(), engine.build())
    counted.stage.clock.advance(150)
    use = counted.use()
    assert (use.action_minutes, use.in_month[0].ended) == (3, None)


def test_an_execution_over_the_end_of_a_month_is_clipped_to_each(counted: Counted) -> None:
    stage = counted.stage
    end = counted.month.end
    stage.clock.advance((end - stage.clock()).total_seconds() - 90)
    stage.create(engine.source(), engine.build())
    january = counted.month
    stage.clock.advance(90 + 190)
    stage.end("Source")
    stage.end("Build")
    whole = Month(january.begin, january.end, stage.clock())
    assert counted.use(whole).action_minutes == 2
    assert counted.use().action_minutes == 4 + 1
    assert counted.told().pools == {"pipeline-v2": Decimal(5), **USERS}


def test_last_months_executions_are_not_this_months(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.build())
    play(stage)
    stage.clock.advance(40 * DAY)
    use = counted.use()
    assert (use.executions, use.action_minutes, use.changed) == (0, 0, False)
    assert counted.told().pools == {}


def test_many_pages_are_read_as_far_as_the_month_needs_them(counted: Counted) -> None:
    """AWS gives a hundred action executions in a page: 25 executions of five actions are two pages."""
    stage = counted.stage
    builds = [engine.build_action(name) for name in ("Build", "Unit", "Lint", "Types")]
    stage.create(engine.source(), engine.build("Build", *builds))
    for number in range(25):
        if number:
            stage.start()
        stage.end("Source")
        for one in builds:
            stage.end(one["name"])
    use = counted.use()
    assert (use.executions, use.action_minutes) == (25, 125)


def test_v1_is_charged_from_day_31_and_only_where_a_change_ran(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.build(), pipelineType="V1")
    play(stage)
    prices = shipped()
    young = Report(counted.month, (counted.use(),), prices, "us-east-1")
    assert not young.charged_as_v1(young.uses[0])
    stage.clock.advance(40 * DAY)
    idle = Report(counted.month, (counted.use(),), prices, "us-east-1")
    assert not idle.charged_as_v1(idle.uses[0])
    stage.start()
    play(stage)
    active = Report(counted.month, (counted.use(),), prices, "us-east-1")
    assert active.charged_as_v1(active.uses[0])
    assert active.totals(forecast=False).v1 == 1
    assert active.pipelines_usd(active.totals(forecast=False)) == 0  # the account's one free V1 pipeline


def test_what_only_v2_has_is_found_in_the_declaration(counted: Counted) -> None:
    stage = counted.stage
    stage.create(engine.source(), engine.build(), executionMode="QUEUED")
    assert counted.use().needs_v2 == ("execution mode QUEUED",)


def test_builds_that_are_no_longer_known_are_said_to_be_missing(counted: Counted) -> None:
    counted.stage.create(engine.source(), engine.build())
    counted.stage.end("Source")
    counted.stage.end("Build", external_id="p:00000000-0000-4000-8000-000000000000")
    use = counted.use()
    assert (use.lost, use.builds) == (1, ())
    report = Report(counted.month, (use,), shipped(), "us-east-1")
    assert "  ! not known to CodeBuild any more, their minutes are missing: 1 build" in list(
        view.lines(report, counted.reading(), Legacy(), counted.told())
    )


@pytest.mark.parametrize("operation", ["GetPipeline", "ListActionExecutions", "ListPipelines"])
def test_what_may_not_be_read_is_said(counted: Counted, operation: str) -> None:
    counted.stage.create(engine.source(), engine.build())
    deny(counted.aws.session, {f"codepipeline:{operation}"})
    reading = counted.reading()
    assert reading.uses == ()
    assert "these credentials may not ask for it" in reading.unread[0]


def test_regions_are_looked_at_side_by_side(counted: Counted) -> None:
    counted.stage.create(engine.source(), engine.build())
    regions = usage.enabled_regions(counted.aws)
    assert isinstance(regions, tuple)
    assert {"us-east-1", core.REGION} <= set(regions)
    found = usage.everywhere(counted.aws, ["us-east-1", core.REGION], counted.month)
    assert [(one.name, one.region) for one in found.uses] == [("shop", core.REGION)]
    assert found.regions == ("us-east-1", core.REGION)


def test_a_forecast_goes_on_as_the_month_began() -> None:
    begin = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
    assert Month.of(begin + timedelta(days=10)).whole(30) == 90
    assert Month.of(begin + timedelta(minutes=1)).whole(3) == 90
