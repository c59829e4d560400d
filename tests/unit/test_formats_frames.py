"""Code frames, to the letter."""

from __future__ import annotations

import pytest

from awspipe.errors import SpecError
from awspipe.formats.frames import Lines, escaped, quoted, report, width
from awspipe.spec.load import load_text


@pytest.mark.parametrize(
    ("text", "at", "frame"),
    [
        ("a: b\n", (1, 4, 1), "    1 | a: b\n      |    ^"),
        ("\n\n  key: x\n", (3, 3, 3), "    3 |   key: x\n      |   ^^^"),
        ("이름: 가게 x\n", (1, 5, 2), "    1 | 이름: 가게 x\n      |       ^^^^"),
        ("a: 가\u0301x\n", (1, 6, 1), "    1 | a: 가\u0301x\n      |      ^"),
        ("a\tb\n", (1, 3, 1), "    1 | a\\tb\n      |    ^"),
        ("a\x1bb\n", (1, 2, 1), "    1 | a\\x1bb\n      |  ^^^^"),
        ("a\u202eb\n", (1, 3, 1), "    1 | a\\u202eb\n      |        ^"),
        ("a\u00a0b\n", (1, 1, 3), "    1 | a\\xa0b\n      | ^^^^^^"),
        ("abc\n", (1, 4, 9), "    1 | abc\n      |    ^"),
        ("abc\n", (1, 99, 9), "    1 | abc\n      |    ^"),
        ("abc\r\ndef", (2, 1, 99), "    2 | def\n      | ^^^"),
        ("\n", (1, 1, 1), "    1 |\n      | ^"),
        ("a\n", (7, 1, 1), ""),
        ("a\n", (0, 0, 1), ""),
    ],
)
def test_the_mark_stands_under_its_place(text: str, at: tuple[int, int, int], frame: str) -> None:
    assert Lines(text).frame(*at) == frame


def test_a_long_line_is_shown_around_the_mark() -> None:
    frame = Lines("a" * 500 + "KEY" + "b" * 500).frame(1, 501, 3)
    line, mark = frame.splitlines()
    assert len(line) <= 160 + len("    1 | ")
    assert line[len(mark.rstrip("^")) :].startswith("KEY")
    assert mark.endswith("^^^")
    assert line.startswith("    1 | ...aaa")
    assert line.endswith("bbb...")


def test_a_mark_longer_than_what_is_shown_ends_with_it() -> None:
    line, mark = Lines("x" * 1000).frame(1, 1, 1000).splitlines()
    assert len(mark) <= len(line) <= 168


def test_what_is_hidden_is_a_mask_and_the_mark_still_fits() -> None:
    lines = Lines("{A: one, B: two, C: three}")
    for start, end in ((5, 8), (13, 16), (21, 26)):
        lines.hide(1, start, end)
    assert lines.frame(1, 10, 1) == "    1 | {A: ***, B: ***, C: ***}\n      |          ^"
    assert lines.frame(1, 13, 3) == "    1 | {A: ***, B: ***, C: ***}\n      |             ^^^"
    assert lines.frame(1, 14, 1) == "    1 | {A: ***, B: ***, C: ***}\n      |             ^^^"


def test_a_problem_is_printed_with_all_that_helps() -> None:
    with pytest.raises(SpecError) as caught:
        load_text("name: shop\nstages: []\ndeploy: s3\ntyp: V1\n", "awspipe.yml")
    assert "\n\n".join(map(report, caught.value.problems)) == (
        'error: "stages" needs at least 2 entries, and has 0\n'
        "  --> awspipe.yml:2:1\n"
        "    2 | stages: []\n"
        "      | ^^^^^^\n"
        "   hint: a source, and something that is done with it\n"
        "\n"
        'error: unknown key "deploy"\n'
        "  --> awspipe.yml:3:1\n"
        "    3 | deploy: s3\n"
        "      | ^^^^^^\n"
        "   hint: known here: title, region, account, tags, type, mode, variables, notify\n"
        "\n"
        'error: unknown key "typ"\n'
        "  --> awspipe.yml:4:1\n"
        "    4 | typ: V1\n"
        "      | ^^^\n"
        '   hint: did you mean "type"?'
    )


def test_words_in_messages_are_escaped_and_short() -> None:
    assert quoted("a\x1b[31m\u202e") == '"a\\x1b[31m\\u202e"'
    assert quoted("x" * 100) == '"' + "x" * 57 + '..."'
    assert escaped("한글 é\t\n\U000e0001") == "한글 é\\t\\n\\U000e0001"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("한글", 4), ("e\u0301", 1), ("\u1112\u1161\u11ab", 2), ("Ａ", 2)]
)
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns
