"""`awspipe cost`: what pipelines cost, and the prices that this is computed from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from awspipe.cli import expiring
from awspipe.cli.console import Console
from awspipe.cli.options import Options, Yes, given

if TYPE_CHECKING:
    from awspipe.cost.usage import Reading


class ShowByDefault(TyperGroup):
    """`awspipe cost` and `awspipe cost NAME` are `awspipe cost show`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before what is no command of the group."""
        first = next((word for word in args if not word.startswith("-")), None)
        if not {"-h", "--help"} & set(args[:1]) and first not in self.commands:
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="cost",
    cls=ShowByDefault,
    short_help="What pipelines cost, from calls that are free.",
    help="What pipelines cost, computed from calls that are free themselves. "
    "`awspipe cost` and `awspipe cost NAME` are `awspipe cost show`.",
)


@app.command()
def show(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One pipeline, with its actions; by default all.")
    ] = None,
    bill: Annotated[
        bool,
        typer.Option("--bill", help="Also ask Cost Explorer for the bill: AWS charges $0.01 for it."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Show what this month's executions cost so far, and where that leads.

    Computed from the executions and builds themselves: each try of an action rounded up to a minute, builds
    by their machine. All pipelines count that are still there, also those that awspipe did not make; AWS's
    own count, with what was deleted since, is beside it. --region all looks in every region of the account.
    """
    from awspipe.cli.regions import begin
    from awspipe.cli.views import cost as view
    from awspipe.cost.account import account_plan, used
    from awspipe.cost.bill import bill as ask_bill
    from awspipe.cost.meters import Month
    from awspipe.cost.prices import shipped
    from awspipe.cost.report import Report
    from awspipe.cost.usage import everywhere

    options = given(context)
    console = Console(json=options.json)
    target, regions = begin(options, console)
    if bill and not yes:
        _agree_to_pay(console, options)
    expiring.warn_everywhere(context, console, target, regions)
    asked = target.aws.submit(lambda: account_plan(target.aws))
    counted = target.aws.submit(lambda: used(target.aws))
    month = Month.of(datetime.now(UTC))
    reading = everywhere(target.aws, regions, month, name or "")
    _check(reading, name)
    report = Report(month, reading.uses, shipped(), target.aws.region)
    charged = ask_bill(target.aws, month) if bill else None
    bills = {} if charged is None else {"bill": view.bill_document(charged)}
    console.document({**view.document(report, reading, asked.result(), counted.result()), **bills})
    console.answer(view.lines(report, reading, asked.result(), counted.result(), name or ""))
    if charged is not None:
        console.answer(view.bill_lines(charged))


def _agree_to_pay(console: Console, options: Options) -> None:
    """The one request that AWS charges for is made only after a yes."""
    from awspipe.cli import asking

    if not console.interactive:
        raise asking.nobody(
            "a request to Cost Explorer costs $0.01", options.command("cost", "--bill", "--yes")
        )
    question = "A request to Cost Explorer costs $0.01. Go on? [y/N] "
    asking.go_on(console, question, asking.is_yes, otherwise="Cost Explorer was not asked")


def _check(reading: Reading, name: str | None) -> None:
    """Raise where there is nothing to show: because nothing can be read, or the one pipeline is not there."""
    from awspipe.cost.unknown import Unknown
    from awspipe.errors import AwspipeError

    if not reading.uses and reading.unread:
        raise Unknown("; ".join(reading.unread), reading.denied).error("the executions cannot be read")
    if name and not reading.uses:
        where = ", ".join(reading.regions) if len(reading.regions) < 4 else f"{len(reading.regions)} regions"
        raise AwspipeError(
            f"there is no pipeline {name} in {where}", hint="`awspipe cost` shows which there are"
        )


@app.command()
def prices(context: typer.Context) -> None:
    """List the prices and free allowances that awspipe computes with; no call is made.

    Each row has its source and the day it was read; --region says whose prices are shown.
    """
    from awspipe.cli.views import prices as view
    from awspipe.cost.prices import shipped

    options = given(context)
    console = Console(json=options.json)
    listed, region = shipped(), options.region or ""
    today = datetime.now(UTC).date()
    console.document(view.document(listed, region, today))
    console.answer(view.lines(listed, region, today))


@app.command()
def refresh(context: typer.Context) -> None:
    """Compare the prices that awspipe computes with to AWS's public price list.

    Asks the price list in us-east-1, which is free and needs pricing:GetProducts; shows what differs, and
    changes nothing: awspipe goes on to compute with its own prices.
    """
    from awspipe.cli.target import connect
    from awspipe.cli.views import prices as view
    from awspipe.cost.prices import shipped
    from awspipe.cost.refresh import compare

    options = given(context)
    console = Console(json=options.json)
    target = connect(options, console, "us-east-1")
    console.say(target.first_line())
    compared = compare(target.aws, shipped())
    console.document(view.compared_document(compared))
    console.answer(view.compared_lines(compared, shipped()))
