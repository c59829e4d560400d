"""What commands say on its way to the log: lines, secrets, and the end of a command."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.sandbox.builds.logs import MASK, Log
from awspipe.sandbox.builds.output import Output
from tests.support.buildworld import FakeWorld

SECRET = "s3cr3t-value"


def logged(pieces: list[bytes], *secrets: str) -> list[str]:
    """The lines of a log into which pieces are written."""
    world = FakeWorld()
    log = Log(world.write, world.now)
    for secret in secrets:
        log.mask(secret)
    output = Output(log)
    for piece in pieces:
        os.write(output.descriptor, piece)
    output.close()
    log.flush()
    return world.lines


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"on", b"e\r\ntw", b"o"], ["one", "two"]),
        ([b"\n\nx"], ["", "", "x"]),
        ([b"\xff\xed\x95\x9c\n"], ["\ufffd한"]),
        ([b"\xed\x95", b"\x9c\n"], ["한"]),
        ([f"a {SECRET} b {SECRET[:6]}".encode(), f"{SECRET[6:]}\n".encode()], [f"a {MASK} b {MASK}"]),
    ],
)
def test_lines(pieces: list[bytes], lines: list[str]) -> None:
    assert logged(pieces, SECRET) == lines


@given(st.lists(st.integers(1, 40_000), max_size=12), st.lists(st.integers(0, 200_000), max_size=6))
def test_no_secret_is_shown_however_the_pieces_fall(cuts: list[int], places: list[int]) -> None:
    text = bytearray(b"x" * 200_000)
    for place in places:
        text[place : place + len(SECRET)] = SECRET.encode()
    pieces, start = [], 0
    for cut in cuts:
        pieces.append(bytes(text[start : start + cut]))
        start += cut
    pieces.append(bytes(text[start:]))
    shown = "".join(logged(pieces, SECRET))
    assert SECRET not in shown
    assert shown.replace(MASK, SECRET) == text.decode()


def test_every_line_of_a_secret_of_several_lines_is_masked() -> None:
    key = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n"
    shown = logged([key.encode(), b"x abcdefgh x\n"], key)
    assert shown == [MASK, MASK, MASK, MASK, f"x {MASK} x"]


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    assert logged([b"abcd abcdefgh\n"], "abcd", "abcdefgh") == [f"{MASK} {MASK}"]


def test_what_is_too_short_to_be_a_secret_is_shown() -> None:
    assert logged([b"axb abc\n"], "x", "abc") == [f"axb {MASK}"]


def test_the_end_of_a_command_is_not_the_end_of_the_pipe() -> None:
    world = FakeWorld()
    output = Output(Log(world.write, world.now))
    os.write(output.descriptor, b"first\nno end of line")
    assert output.settle() == "first\nno end of line"
    os.write(output.descriptor, b"from the background\n")
    assert output.settle() == "from the background"
    output.close()
