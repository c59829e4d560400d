"""Two real commands at the same time: two times `up`, `up` and `down`, two times `down`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import core, house
from tests.support.house import House, Met, Place


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house.opened(tmp_path_factory.mktemp("house") / "house") as opened:
        yield opened


def together(place: Place, *commands: str) -> list[Met]:
    begun = [place.start(command) for command in commands]
    met = [place.met(*one) for one in begun]
    for one in met:
        assert one.ended.code in (0, 1), one  # what the other changed at that moment may be refused
        assert not any(lie in one.ended.err for lie in ("Traceback", "unexpected:")), one
    return met


@pytest.mark.parametrize("text", [core.STATIC_SITE, core.SERVER], ids=["static-site", "server"])
def test_whatever_runs_at_once_the_next_command_ends_well(opened: House, text: str) -> None:
    place = opened.place("ap-northeast-2", text)
    before = place.inventory
    place.well("up")
    undisturbed = core.lasting(place.inventory)
    place.well("down")

    assert [one.ended.code for one in together(place, "up", "up")] == [0, 0]
    assert core.lasting(place.inventory) == undisturbed

    together(place, "up", "down")
    place.well("up")
    assert core.lasting(place.inventory) == undisturbed

    together(place, "down", "up")
    place.well("down")
    assert place.inventory == before

    place.well("up")
    assert [one.ended.code for one in together(place, "down", "down")] == [0, 0]
    assert place.inventory == before
