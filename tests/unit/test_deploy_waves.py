"""Which hosts a deployment takes at a time, and what failures it bears: 4 hosts, 3 configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from awspipe.sandbox.codedeploy_configs import built_in
from awspipe.sandbox.deploy.waves import fleet

ONE, HALF, ALL = "OneAtATime", "HalfAtATime", "AllAtOnce"


def play(config: Mapping[str, Any], pattern: str) -> tuple[str, bool]:
    """Deploy to hosts that work (`.`) or fail (`x`): the waves as `2+1+1`, and whether it succeeded."""
    hosts = fleet(config, len(pattern))
    done = ""
    waves = []
    while number := hosts.wave(waiting=len(pattern) - len(done), failed=done.count("x")):
        waves.append(str(number))
        done = pattern[: len(done) + number]
    good = len(done) == len(pattern) and hosts.succeeded(good=done.count("."), failed=done.count("x"))
    return "+".join(waves), good


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        (ONE, "....", ("1+1+1+1", True)),
        (ONE, "x...", ("1", False)),
        (ONE, "...x", ("1+1+1+1", True)),
        (ONE, "xxxx", ("1", False)),
        (HALF, "....", ("2+2", True)),
        (HALF, "x...", ("2+1+1", True)),
        (HALF, "...x", ("2+2", True)),
        (HALF, "xxxx", ("2", False)),
        (ALL, "....", ("4", True)),
        (ALL, "x...", ("4", True)),
        (ALL, "...x", ("4", True)),
        (ALL, "xxxx", ("4", False)),
        (HALF, ".x.x", ("2+1+1", True)),
        (HALF, "..xx", ("2+2", True)),
        (HALF, ".xxx", ("2+1", False)),
        (ONE, "x", ("1", False)),
        (HALF, ".", ("1", True)),
        (HALF, ".....", ("2+2+1", True)),
        (ONE, "." * 200, ("+".join(["1"] * 200), True)),
    ],
)
def test_waves(name: str, pattern: str, expected: tuple[str, bool]) -> None:
    assert play(built_in()[f"CodeDeployDefault.{name}"], pattern) == expected


@pytest.mark.parametrize(
    ("healthy", "pattern", "expected"),
    [
        ({"type": "HOST_COUNT", "value": 1}, "....", ("3+1", True)),
        ({"type": "HOST_COUNT", "value": 1}, "xxx.", ("3", False)),
        ({"type": "HOST_COUNT", "value": 4}, "....", ("", False)),
        ({"type": "FLEET_PERCENT", "value": 75}, "....", ("1+1+1+1", True)),
        ({"type": "FLEET_PERCENT", "value": 99}, "..", ("1+1", True)),
        ({"type": "FLEET_PERCENT", "value": 1}, "....", ("3+1", True)),
    ],
)
def test_ones_own_configurations(healthy: dict[str, Any], pattern: str, expected: tuple[str, bool]) -> None:
    config = {"deploymentConfigName": "mine", "minimumHealthyHosts": healthy}
    assert play(config, pattern) == expected
