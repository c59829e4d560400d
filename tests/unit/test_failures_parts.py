"""The parts that causes are found with: near names, plain text, the end of a zip, a build's lines."""

from __future__ import annotations

import io
import zipfile
from types import SimpleNamespace
from typing import Any, cast

import pytest

from awspipe.failures import artifact, plain
from awspipe.failures.builds import command_lines
from awspipe.failures.cause import Failure, Place
from awspipe.failures.near import nearest
from awspipe.formats.secrets import redacted

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("wanted", "names", "near"),
    [
        ("buildspec.yml", ["src/buildspec.yml", "buildspec.yaml"], "buildspec.yaml"),
        ("buildspec.yml", ["Buildspec.yml"], "Buildspec.yml"),
        ("buildspec.yml", ["a/b/buildspec.yml", "a/buildspec.yml"], "a/buildspec.yml"),
        ("buildspec.yml", ["buildspecs.yml"], "buildspecs.yml"),
        ("./scripts/start.sh", ["script/start.sh"], "script/start.sh"),
        ("appspec.yml", ["index.html", "main.css"], None),
        ("appspec.yml", [], None),
    ],
)
def test_the_name_that_was_most_likely_meant(wanted: str, names: list[str], near: str | None) -> None:
    assert nearest(wanted, names) == near


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key AKIA" + "B" * 16, "key ***"),
        (f"token {TOKEN}.", "token ***."),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nafter", "***\nafter"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "***"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "aws_secret_access_key = ***"),
        ('"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCY"', '"SecretAccessKey": "***"'),
        ("clone https://me:hunter2@example.com/a.git", "clone https://me:***@example.com/a.git"),
        ("see https://example.com/a:b@c", "see https://example.com/a:b@c"),
        ("nothing of that", "nothing of that"),
    ],
)
def test_known_secrets_are_masked_to_their_ends(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_line_is_one_line_without_control_characters() -> None:
    assert plain.line("\x1b[31mred\x1b[0m\n  and\tmore\x07 \u202eover") == "red and more? ?over"
    assert plain.line("\x1b]0;title\x07said") == "said"


def test_the_tail_is_the_last_lines_as_a_terminal_ends_with_them() -> None:
    pieces = ["one\n", "10%\r50%\r100%\n", "\n", "  two\r\n", "three"]
    assert plain.tail(pieces) == ["one", "100%", "  two", "three"]
    assert plain.tail([f"{n}\n" for n in range(30)], 3) == ["27", "28", "29"]
    assert plain.tail([]) == []


def test_a_key_over_several_lines_is_masked_in_the_tail() -> None:
    assert plain.tail(["a\n", "-----BEGIN PRIVATE KEY-----\n", "MII\n", "-----END PRIVATE KEY-----\n"]) == [
        "a",
        "***",
    ]


LINES = [
    "[Container] 2026/01/05 09:00:00.0 Running command echo one\n",
    "one\n",
    "[Container] 2026/01/05 09:00:01.0 Running command make\n",
    "cc: no\n",
    "[Container] 2026/01/05 09:00:02.0 Command did not exit successfully make exit status 2\n",
    "[Container] 2026/01/05 09:00:02.0 Phase complete: BUILD State: FAILED\n",
    "[Container] 2026/01/05 09:00:02.0 Running command echo after\n",
    "after\n",
]


def test_the_lines_of_the_command_that_failed() -> None:
    assert command_lines(LINES, "BUILD") == ["cc: no\n"]
    assert command_lines(LINES[3:], "BUILD") == ["cc: no\n"]
    assert (
        command_lines([LINES[6], "[Container] 2026/01/05 09:00:03.0 Entering phase POST_BUILD\n"], "BUILD")
        == []
    )
    assert command_lines(LINES[:4], "BUILD") == ["cc: no\n"]
    assert command_lines([], "BUILD") == []


class Bucket:
    """As much of S3 as an artifact is read with: it counts what is read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.read: list[int] = []

    def get_object(self, **asked: str) -> dict[str, Any]:
        assert asked["ExpectedBucketOwner"] == "123456789012"
        first, _, last = asked["Range"].removeprefix("bytes=").partition("-")
        part = self.content[int(first) : int(last) + 1] if first else self.content[-int(last) :]
        self.read.append(len(part))
        return {"Body": io.BytesIO(part)}


def listed(content: bytes) -> tuple[list[str], list[int]]:
    bucket = Bucket(content)
    aws = SimpleNamespace(client=lambda service: bucket, account="123456789012")
    failure = Failure(
        pipeline="shop",
        stage="S",
        action="A",
        category="Build",
        provider="CodeBuild",
        status="Failed",
        configuration={},
        inputs=(Place("artifacts", "k"),),
    )
    return list(artifact.names(cast(Any, aws), failure)), bucket.read


def zipped(names: list[str], size: int = 1, comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * size)
        archive.comment = comment
    return made.getvalue()


def test_the_names_in_an_artifact_are_read_from_its_end() -> None:
    names, read = listed(zipped(["a.txt", "dir/", "dir/한글.txt"], size=200_000))
    assert names == ["a.txt", "dir/한글.txt"]
    assert read == [64 * 1024]
    assert listed(zipped(["a"], comment=b"PK and more"))[0] == ["a"]


def test_a_long_directory_takes_a_second_read() -> None:
    many = [f"folder/{n:05}-{'x' * 40}" for n in range(2000)]
    names, read = listed(zipped(many))
    assert names == many
    assert len(read) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", b"PK\x05\x06", zipped([]), zipped(["a"])[:-30], b"PK\x05\x06" + b"\xff" * 18],
    ids=["nothing", "text", "an end alone", "an empty zip", "a broken zip", "a zip64"],
)
def test_what_is_no_zip_has_no_names(content: bytes) -> None:
    assert listed(content)[0] == []
