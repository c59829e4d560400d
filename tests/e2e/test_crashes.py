"""The real command, killed at each of its changes: then `up` ends as if nothing had been, and so does `down`.

Each case kills an `up` at one of its changing calls, runs `up` to its end and compares all that AWS has with
an undisturbed run; then kills a `down` at one of its calls, runs `down` and compares with what there was
before. Here each call is met once for the first kind of pipeline and every second one for the others, in turn
before and after it is carried out; `make matrix` meets each call of all kinds both ways. The processes are
forked from one that has everything imported (`tests/support/commands.py`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.support import core, house
from tests.support.faulty import Harm
from tests.support.house import House, Place

WHOLE = "AWSPIPE_WHOLE_MATRIX" in os.environ
SPECS = {
    "static-site": (core.STATIC_SITE, 20, 14),
    "server": (core.SERVER, 15, 13),
    "github": (core.GITHUB, 9, 6),
}
"""The spec, and how many changing calls its `up` and its `down` make."""
REGIONS = iter(("ap-northeast-2", "us-west-2", "eu-west-1", "ap-northeast-1", "eu-central-1", "us-east-2"))
CASES = [
    (kind, part, next(REGIONS))
    for kind, part in itertools.product(SPECS, (0, 1))
    if WHOLE or part == 0 or kind == "static-site"
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house.opened(tmp_path_factory.mktemp("house") / "house") as opened:
        yield opened


def harms(changes: list[str], part: int) -> list[Harm]:
    """The kills of one half of a matrix: every second call's, `before` and after in turn."""
    every = enumerate(sorted(changes))
    both = [Harm("kill", at=at, before=before) for number, at in every for before in _moments(number)]
    return both[part::2]


def _moments(number: int) -> tuple[bool, ...]:
    return (False, True) if WHOLE else (number // 2 % 2 == 0,)


def killed(place: Place, command: str, harm: Harm | None) -> None:
    if harm is None:  # there are more calls in the other command
        return
    met = place.run(command, harm)
    assert (met.ended.code, met.harmed) == (-9, True), (harm, met)


def neighbour(opened: House, region: str) -> None:
    """A pipeline whose every name begins like ours: it must stay as it is, to the last byte."""
    other = opened.place(region, core.template("static-site", "shop-2"))
    other.well("up")
    other.rest("shop-2")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "part", "region"), CASES)
def test_whatever_call_is_the_last_up_and_down_end_well(
    opened: House, kind: str, part: int, region: str
) -> None:
    text, ups, downs = SPECS[kind]
    neighbour(opened, region)
    place = opened.place(region, text)
    before = place.inventory
    made = place.well("up").changes
    undisturbed = core.lasting(place.inventory)
    removed = place.well("down").changes
    assert place.inventory == before
    assert (len(set(made)), len(set(removed))) == (len(made), len(removed)) == (ups, downs)
    for of_up, of_down in itertools.zip_longest(harms(made, part), harms(removed, part)):
        killed(place, "up", of_up)
        place.well("up")
        assert core.lasting(place.inventory) == undisturbed, of_up
        killed(place, "down", of_down)
        place.well("down")
        assert place.inventory == before, (of_up, of_down)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", SPECS)
def test_down_removes_all_that_a_killed_up_has_made(opened: House, kind: str) -> None:
    """Every call is met so in one process (tests/contract/test_core_repeat.py): here some of them."""
    place = opened.place("sa-east-1", SPECS[kind][0])
    before = place.inventory
    made = place.well("up").changes
    place.well("down")
    for harm in [*harms(made, 0), *harms(made, 1)][:: 1 if WHOLE else 5]:
        killed(place, "up", harm)
        place.well("down")
        assert place.inventory == before, harm


@pytest.mark.parametrize("before", [True, False], ids=["before it arrives", "after"])
def test_an_up_that_is_killed_while_git_pushes_goes_on(opened: House, before: bool) -> None:
    place = opened.place("ca-central-1", core.STATIC_SITE)
    gone = place.inventory
    place.commit()
    killed(place, "push", Harm("kill", at="POST /_awspipe/git", before=before))
    assert not any(name.startswith("codepipeline/") for name in place.inventory)
    place.well("push")
    repository = place.inventory["codecommit/shop"]
    assert set(repository["heads"]) == {"main"}
    place.well("remove")
    assert place.inventory == gone
