"""The real command, interrupted, cut off, without credentials half-way, and answered by somebody else.

`make matrix` does each of these at every call; here every few calls.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import core, faulty, house
from tests.support.faulty import Harm
from tests.support.house import House, Met, Place

WHOLE = "AWSPIPE_WHOLE_MATRIX" in os.environ
CHANGES = {"up": 20, "down": 14}
STANDS = re.compile(r"(interrupted|\d+ steps? failed)(: |, )(\d+) steps? done, \d+ not started")
LIES = ("Traceback", "unexpected:")
_MINUTE = 90
"""Seconds: a minute, and half of one more for a machine that does much else."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house.opened(tmp_path_factory.mktemp("house") / "house") as opened:
        yield opened


def some(count: int, step: int) -> range:
    return range(1, count + 1, 1 if WHOLE else step)


def goes_on(met: Met, command: str, region: str) -> None:
    """What stands is said, and the command that goes on; one that was late finds every step done."""
    if "interrupted: every step is done" in met.ended.err:
        return
    words = "up --sandbox" if command == "up" else f"down shop --region {region} --sandbox"
    assert STANDS.search(met.ended.err), met
    assert f"  try: `awspipe {words}` goes on where this ended" in met.ended.err
    assert not any(lie in met.ended.err for lie in LIES)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("command", "region"), [("up", "eu-west-2"), ("down", "eu-west-3")])
def test_ctrl_c_says_what_stands_and_how_to_go_on(opened: House, command: str, region: str) -> None:
    place = opened.place(region, core.STATIC_SITE)
    before = place.inventory
    for nth in some(CHANGES[command], 5):
        if command == "down":
            place.well("up")
        met = place.run(command, Harm("interrupt", nth=nth))
        assert met.harmed
        if met.ended.code:  # else every step had begun already: they end, and so it is done
            assert met.ended.code == 130
            goes_on(met, command, region)
        place.well(command)
        place.well("down")
        assert place.inventory == before


def test_ctrl_c_while_only_looking_leaves_all_as_it_is(opened: House) -> None:
    place = opened.place("eu-north-1", core.STATIC_SITE)
    before = place.inventory
    for call in some(len(place.well("plan").calls) - 3, 5):
        met = place.run("up", Harm("interrupt", call=call))
        assert (met.ended.code, met.changes) == (130, []), met
        assert met.ended.err.splitlines()[-2:] == [
            "awspipe: interrupted: nothing was changed",
            "  try: `awspipe up --sandbox` begins again",
        ]
    assert place.inventory == before


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("command", "region"), [("up", "us-west-1"), ("down", "sa-east-1")])
def test_credentials_that_expire_half_way(opened: House, command: str, region: str) -> None:
    place = opened.place(region, core.STATIC_SITE)
    before = place.inventory
    place.well("up")
    undisturbed = core.lasting(place.inventory)
    if command == "up":
        place.well("down")
    for nth in some(CHANGES[command], 6):
        met = place.run(command, Harm("expire", nth=nth))
        assert (met.ended.code, met.harmed) == (4, True), met
        assert "the AWS credentials have expired (ExpiredToken" in met.ended.err
        assert "log in again (`aws login`, `aws sso login`) and run the same command" in met.ended.err
        goes_on(met, command, region)
        place.well("up")
        assert core.lasting(place.inventory) == undisturbed
        if command == "up":
            place.well("down")
    place.well("down")
    assert place.inventory == before


@pytest.mark.timeout(300)
def test_a_network_that_is_gone_ends_every_command(opened: House) -> None:
    """From the first call on, from the first change, and amid the changes: all of them at the same time."""
    regions = ("us-east-1", "us-east-2", "ca-central-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2")
    places = [opened.place(region, core.STATIC_SITE) for region in regions]
    for place in places[3:]:
        place.well("up")
    harms = [Harm("cut", call=1), Harm("cut", nth=1), Harm("cut", nth=8)]
    commands = ["up"] * 3 + ["down"] * 3
    begun = [
        place.start(command, harm) for place, command, harm in zip(places, commands, harms * 2, strict=True)
    ]
    for place, command, harm, (running, case) in zip(places, commands, harms * 2, begun, strict=True):
        met = place.met(running, case)
        assert (met.ended.code, met.harmed) == (1, True), met
        assert "check the network, --endpoint-url and AWS_ENDPOINT_URL" in met.ended.err
        assert not any(lie in met.ended.err for lie in LIES)
        if harm.nth:
            goes_on(met, command, place.region)
        place.well("down")
        assert not [name for name in place.inventory if place.region in name]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("command", "region"), [("up", "us-west-2"), ("down", "ap-northeast-3")])
def test_ctrl_c_while_nobody_answers_ends_within_seconds(opened: House, command: str, region: str) -> None:
    place = opened.place(region, core.STATIC_SITE)
    before = place.inventory
    for nth in some(CHANGES[command], 10):
        if command == "down":
            place.well("up")
        met = interrupted(place, command, Harm("hang", nth=nth))
        assert met.ended.code == 130, met
        assert "stopping: calls under way have 3 s to end; Ctrl-C again leaves at once" in met.ended.err
        assert ": no answer yet" in met.ended.err
        assert re.search(r"not started, \d+ without an answer: maybe done", met.ended.err)
        goes_on(met, command, region)
        place.well(command)
        place.well("down")
        assert place.inventory == before


def test_ctrl_c_while_nobody_answers_a_question_ends_within_seconds(opened: House) -> None:
    place = opened.place("me-south-1", core.STATIC_SITE)
    for command, undone in (("up", "nothing was changed"), ("down", "nothing was removed")):
        for call in some(len(place.well("plan").calls) - 3, 5):
            met = interrupted(place, command, Harm("hang", call=call))
            assert (met.ended.code, met.changes) == (130, []), met
            assert f"awspipe: interrupted: {undone}\n  try: `awspipe {command} " in met.ended.err


def interrupted(place: Place, command: str, harm: Harm) -> Met:
    """Ctrl-C as soon as a command waits for an answer that does not come."""
    running, case = place.start(command, harm)
    place.struck(case)
    os.kill(running.pid, signal.SIGINT)
    return place.met(running, case, within=20)  # a read's time-out is later


HANGING = [("up", nth) for nth in some(CHANGES["up"], 9)] + [
    ("down", nth) for nth in some(CHANGES["down"], 9)
]


@pytest.mark.timeout(900)
def test_where_nobody_answers_any_more_every_command_ends_within_a_minute(opened: House) -> None:
    """Really waited for: some at the same time, because each takes most of that minute."""
    regions = ("us-east-1", "us-east-2", "ca-central-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2")
    for first in range(0, len(HANGING), len(regions)):
        begun = []
        for region, (command, nth) in zip(regions, HANGING[first:], strict=False):
            place = opened.place(region, core.STATIC_SITE)
            if command == "down":
                place.well("up")
            begun.append((place, command, *place.start(command, Harm("hang", nth=nth))))
        for place, command, running, case in begun:
            met = place.met(running, case, within=_MINUTE)
            assert (met.ended.code, met.harmed) == (1, True), met
            assert "Read timeout on endpoint URL" in met.ended.err
            assert "check the network, --endpoint-url and AWS_ENDPOINT_URL" in met.ended.err
            goes_on(met, command, place.region)
            place.well("down")
            assert not [name for name in place.inventory if place.region in name]


@pytest.mark.timeout(300)
def test_a_push_that_nobody_answers_ends_within_a_minute(opened: House) -> None:
    """git's own calls, which wait without end when they are not told otherwise."""
    place = opened.place("me-central-1", core.STATIC_SITE)
    before = place.inventory
    place.commit()
    running, case = place.start("push", Harm("hang", at="POST /_awspipe/git"))
    met = place.met(running, case, within=_MINUTE)
    assert (met.ended.code, met.harmed) == (1, True), met
    assert "git push: " in met.ended.err
    assert STANDS.search(met.ended.err), met
    place.well("push")
    place.well("remove")
    assert place.inventory == before


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes no connection and refuses none: its queue is full, and nobody looks at it."""
    with contextlib.ExitStack() as open_:
        hole = open_.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(hole.getsockname())
        yield f"http://127.0.0.1:{hole.getsockname()[1]}"


SETTINGS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "ap-east-1"}


@pytest.mark.timeout(180)
def test_where_no_connection_is_made_a_command_ends_within_a_minute(opened: House) -> None:
    place = opened.place("ap-east-1", core.STATIC_SITE)
    with black_hole() as url:
        commands = (("up", "--yes"), ("down", "--yes"), ("status",), ("ls",))
        begun = [
            opened.commands.start(*words, "--endpoint-url", url, cwd=place.directory, **SETTINGS)
            for words in commands
        ]
        for one in begun:
            ended = one.wait(within=_MINUTE)
            assert (ended.code, ended.out) == (1, ""), ended
            assert f'Connect timeout on endpoint URL: "{url}' in ended.err
            assert "check the network, --endpoint-url and AWS_ENDPOINT_URL" in ended.err


WRONG = ("html", "empty", "part")
OF_USE = re.compile(r"the answer is not one of AWS's|cannot be read|could not be read|no answer|is not known")


SPECS = {"static-site": core.STATIC_SITE, "server": core.SERVER, "github": core.GITHUB}
LOOKING = [("plan", "static-site"), ("plan", "server"), ("plan", "github")]
LOOKING += [("up", "static-site"), ("status", "static-site"), ("ls", "static-site")]


def answered_wrongly(place: Place, command: str, known: Met, step: int) -> Iterator[Met]:
    """Run a command, once for each of its reads; that read is answered by somebody else, or by half."""
    reads = sorted({call for call in known.calls if not faulty.is_mutating(call.split()[0])})
    for number, read in list(enumerate(reads))[:: 1 if WHOLE else step]:
        for wrong in WRONG if WHOLE else (WRONG[number // step % 3],):
            met = place.run(command, Harm(wrong, at=read))
            assert met.harmed, read
            lied(met, known, command)
            yield met


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("command", "kind"), LOOKING)
def test_a_wrong_answer_is_never_read_as_nothing(opened: House, command: str, kind: str) -> None:
    place = opened.place("ap-northeast-2", SPECS[kind])
    place.well("up")
    place.rest("shop")
    there = place.inventory
    for met in answered_wrongly(place, command, place.well(command), 5 if command == "up" else 3):
        assert met.changes == []
    assert place.inventory == there
    place.well("down")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", SPECS)
def test_down_never_takes_a_wrong_answer_for_clean(opened: House, kind: str) -> None:
    place = opened.place("eu-central-1", SPECS[kind])
    before = place.inventory
    place.well("up")
    known = place.well("down")
    place.well("up")
    for met in answered_wrongly(place, "down", known, 3):
        assert met.ended.code == 1 or place.inventory == before
        if met.changes:
            place.well("up")
    place.well("down")


def lied(met: Met, known: Met, command: str) -> None:
    """Where it does not say what came, it found out the truth all the same: by asking again or elsewhere."""
    said = met.ended.out + met.ended.err
    assert not any(lie in said for lie in LIES), met
    assert met.ended.code in (0, 1), met
    if met.ended.code == 1 or OF_USE.search(said):
        assert OF_USE.search(said), met
    elif command in ("plan", "up", "ls"):
        assert plain(met.ended.out) == plain(known.ended.out)


def plain(text: str) -> str:
    """What a command says, without times."""
    return re.sub(r"\d+ (s|min)", "TIME", text)
