"""The price file: a fixture a row, the worked examples, and what is said of old and unknown prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from awspipe.cli.views import prices as prices_view
from awspipe.cost.prices import build_meter, shipped, usd

PRICES = shipped()
US, SEOUL = "us-east-1", "ap-northeast-2"

# (meter, quantity, us-east-1, ap-northeast-2); None: the reference region's price stands in.
FIXTURES = [
    ("pipeline-v1", 5, "4.00", "4.00"),
    ("pipeline-v2", 625, "1.050", "1.050"),
    ("build-linux-small", 238, "0.690", "0.690"),
    ("build-linux-medium", 60, "0.60", None),
    ("build-linux-large", 60, "1.20", None),
    ("build-linux-xlarge", 60, "4.788", None),
    ("build-linux-2xlarge", 60, "12.00", None),
    ("build-windows-large", 60, "2.16", None),
    ("build-arm-small", 300, "0.68", None),
    ("build-arm-large", 60, "0.90", None),
    ("build-lambda-arm-1gb", 18_000, "0.12", None),
    ("build-lambda-linux-1gb", 18_000, "0.24", None),
    ("codedeploy-on-premises", 30, "0.60", None),
    ("codecommit-user", 9, "4.00", "4.00"),
    ("s3-storage", 2, "0.046", "0.050"),
    ("s3-writes", 5_000, "0.025", "0.0225"),
    ("s3-reads", 100_000, "0.04", "0.035"),
    ("data-out", 150, "4.50", "6.30"),
    ("logs-written", 7, "1.00", "1.52"),
    ("logs-stored", 7, "0.06", "0.066"),
    ("kms-key", 1, "1.00", "1.00"),
    ("kms-requests", 30_000, "0.03", "0.03"),
    ("secret", 1, "0.40", "0.40"),
    ("secret-calls", 20_000, "0.10", "0.10"),
    ("codeartifact-storage", 4, "0.10", None),
    ("codeartifact-requests", 120_000, "0.10", None),
    ("sns-mail", 3_000, "0.04", None),
    ("server-t3-micro", 730, "7.592", "9.49"),
    ("server-ipv4", 730, "3.65", "3.65"),
    ("server-gp3", 8, "0.64", "0.7296"),
]


@pytest.mark.parametrize(("meter", "quantity", "us", "seoul"), FIXTURES)
def test_a_months_quantity_costs_this(meter: str, quantity: int, us: str, seoul: str | None) -> None:
    assert PRICES.cost(meter, quantity, US) == Decimal(us)
    price = PRICES.price(meter, SEOUL)
    assert price is not None
    assert price.reference == (seoul is None)
    assert PRICES.cost(meter, quantity, SEOUL) == Decimal(seoul or us)


def test_every_row_has_a_fixture_a_source_and_a_date() -> None:
    assert sorted(PRICES.rows) == sorted(meter for meter, *_ in FIXTURES)
    for row in PRICES.rows.values():
        assert row.source.startswith("https://aws.amazon.com/")
        assert PRICES.as_of <= row.as_of
        assert PRICES.reference_region in row.usd


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    assert PRICES.price("build-windows-medium", US) is None
    assert PRICES.cost("build-windows-medium", 1, US) is None


def test_another_regions_price_is_the_reference_regions_and_says_so() -> None:
    price = PRICES.price("s3-storage", "eu-west-1")
    assert price is not None
    assert (price.usd, price.region, price.reference) == (Decimal("0.023"), US, True)


def test_prices_are_stale_after_half_a_year() -> None:
    assert not PRICES.stale(date(2027, 5, 21))
    assert len(PRICES.stale(date(2027, 5, 22))) == sum(
        row.as_of == PRICES.as_of for row in PRICES.rows.values()
    )
    assert len(PRICES.stale(date(2027, 6, 1))) == len(PRICES.rows)


def test_an_allowance_that_ends_with_the_first_year_is_not_counted() -> None:
    assert PRICES.allowance("build-minutes") == 100
    assert PRICES.allowance("s3-storage") == 0


@pytest.mark.parametrize(
    ("environment", "compute", "meter"),
    [
        ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL", "build-linux-small"),
        ("ARM_CONTAINER", "BUILD_GENERAL1_SMALL", "build-arm-small"),
        ("WINDOWS_SERVER_2022_CONTAINER", "BUILD_GENERAL1_LARGE", "build-windows-large"),
        ("ARM_LAMBDA_CONTAINER", "BUILD_LAMBDA_1GB", "build-lambda-arm-1gb"),
        ("LINUX_GPU_CONTAINER", "BUILD_GENERAL1_SMALL", "build-linux_gpu_container-small"),
    ],
)
def test_a_builds_machine_has_a_meter_of_its_own(environment: str, compute: str, meter: str) -> None:
    assert build_meter(environment, compute) == meter


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.004", "$0.004"),
        ("0.00001", "under $0.0001"),
        ("0.0001", "$0.0001"),
        ("0.0034", "$0.0034"),
        ("0.01", "$0.01"),
        ("0.125", "$0.125"),
        ("2.175", "$2.18"),
        ("1234.5", "$1,234.50"),
    ],
)
def test_money_is_written_so_that_no_cost_looks_like_none(amount: str, text: str) -> None:
    assert usd(Decimal(amount)) == text


def cost(*parts: tuple[str, int | str], region: str = US) -> Decimal:
    """The worked examples: AWS's prices with every lasting allowance unused."""
    found = [PRICES.cost(meter, Decimal(quantity), region) for meter, quantity in parts]
    return sum((one for one in found if one is not None), Decimal(0))


def test_worked_example_of_a_server_pipeline_without_a_build() -> None:
    """Source and CodeDeploy, 30 executions a month: 90 minutes are free, 120 and 180 are not."""
    assert cost(("pipeline-v2", 30 * 3)) == 0
    assert cost(("pipeline-v2", 120)) == Decimal("0.04")
    assert cost(("pipeline-v2", 180)) == Decimal("0.16")
    server = cost(("server-t3-micro", 0), ("server-ipv4", 0)) + sum(
        price.cost(quantity)
        for meter, quantity in (("server-t3-micro", 730), ("server-ipv4", 730), ("server-gp3", 8))
        if (price := PRICES.price(meter, US))
    )
    assert usd(server) == "$11.88"


def test_worked_example_of_a_static_site_with_a_build() -> None:
    """Source, a build of 3 minutes, S3; 100 executions a month."""
    assert cost(("pipeline-v2", 500), ("build-linux-small", 300)) == Decimal("1.80")
    assert cost(("pipeline-v2", 600), ("build-linux-small", 300)) == Decimal("2.00")
    assert cost(("pipeline-v1", 1), ("build-linux-small", 300)) == Decimal("1.00")
    assert cost(("pipeline-v1", 1), ("build-lambda-arm-1gb", 18_000)) == Decimal("0.12")
    assert usd(cost(("s3-storage", 2), ("s3-writes", 5_000))) == "$0.071"


def test_the_list_says_whose_prices_it_shows_and_warns_when_they_are_old() -> None:
    lines = list(prices_view.lines(PRICES, SEOUL, date(2027, 6, 1)))
    assert lines[0] == "prices in ap-northeast-2, USD before tax, as of 2026-11-22"
    assert (
        "S3               storage                         0.025     GB-month         5 (12 months)" in lines
    )
    assert "* the price of us-east-1: this region's was not read" in lines
    assert lines[-1].startswith(
        f"  ! {len(PRICES.rows)} of {len(PRICES.rows)} prices are older than 180 days"
    )


def test_the_list_as_json_loses_no_digit() -> None:
    document = prices_view.document(PRICES, "", date(2026, 12, 1))
    assert (document["region"], document["stale"]) == (US, False)
    assert document["prices"][0]["usd"] == "1.00"
