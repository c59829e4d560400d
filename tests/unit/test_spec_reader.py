"""Bytes to values: encodings, guards, scalars as written, places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.errors import SpecError, UsageError
from awspipe.formats.nodes import Plain
from awspipe.formats.reader import read
from awspipe.spec.flow import resolve
from awspipe.spec.load import load_file, load_text
from awspipe.spec.models import Pipeline

GOOD = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop}
  - {name: Site, provider: s3, website: true}
"""


def first(data: bytes | str) -> str:
    with pytest.raises(SpecError) as caught:
        load_text(data, "awspipe.yml")
    problem = caught.value.problems[0]
    return f"{problem.where()} {problem.message}"


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        "%YAML 1.2\n---\n" + GOOD + "...\n",
        GOOD + "---\n",
        GOOD.replace("shop", "shop #コメント 댓글", 1),
        "title: 😀 e\u0301 쇼핑몰\n" + GOOD,
    ],
    ids=["str", "utf8", "bom", "bom-str", "crlf", "cr", "directive", "empty-last", "comment", "emoji"],
)
def test_a_text_is_read_however_it_was_saved(data: bytes | str) -> None:
    assert [one.name for one in load_text(data, "awspipe.yml")] == ["shop"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD.encode("utf-16"), "awspipe.yml:1:1 the file is UTF-16, not UTF-8"),
        (GOOD.encode("utf-16-le"), "awspipe.yml:1:1 the file is UTF-16, not UTF-8"),
        ("a: 이름".encode("utf-16-be"), "awspipe.yml:1:7 the file is not UTF-8 (it looks like UTF-16)"),
        (GOOD.encode("utf-32"), "awspipe.yml:1:1 the file is UTF-32, not UTF-8"),
        (b"\xfe\xff\x00n", "awspipe.yml:1:1 the file is UTF-16, not UTF-8"),
        (
            "name: shop\ntitle: 가게\n".encode("cp949"),
            "awspipe.yml:2:8 the file is not UTF-8 (it looks like CP949/EUC-KR)",
        ),
        (b"a: \xff\n", "awspipe.yml:1:4 the file is not UTF-8"),
        (b"a: \xc0\xff\n", "awspipe.yml:1:4 the file is not UTF-8"),
        (b"a: b\x00c\n", "awspipe.yml:1:5 an invisible character: \\x00"),
        ("a: b\n# \x1b[31m\n", "awspipe.yml:2:3 an invisible character: \\x1b"),
        ("a: b\x85c: d\n", "awspipe.yml:1:5 an invisible character: \\x85"),
        ("a: b\u2028c: d\n", "awspipe.yml:1:5 an invisible character: \\u2028"),
        ("a: b\ufeff\n", "awspipe.yml:1:5 an invisible character: \\ufeff"),
        ("a: \ud800\n", "awspipe.yml:1:4 an invisible character: \\ud800"),
        ("a: b\x07\n", "awspipe.yml:1:5 an invisible character: \\x07"),
        ("# " + "x" * 256 * 1024, "awspipe.yml the file is larger than 256 KiB"),
        (b"\x80" * 256 * 1024 + b"\x80", "awspipe.yml the file is larger than 256 KiB"),
        ("a: [" + "x," * 20_000 + "]", "awspipe.yml:1:39999 more than 20000 values in one file"),
        (b"", "awspipe.yml the file is empty"),
        (b"\xef\xbb\xbf", "awspipe.yml the file is empty"),
        (b"---\n...\n---\n", "awspipe.yml the file is empty"),
        ("\u00a0" + GOOD, 'awspipe.yml:1:1 unknown key "\\xa0name"'),
    ],
)
def test_what_is_no_spec_is_named(data: bytes | str, message: str) -> None:
    assert first(data) == message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3.10", Plain("3.10")),
        ("no", Plain("no")),
        ("012", Plain("012")),
        ("12:30:45", Plain("12:30:45")),
        ("2026-11-23", Plain("2026-11-23")),
        ("1e3", Plain("1e3")),
        (".inf", Plain(".inf")),
        ("=", Plain("=")),
        ("'3.10'", "3.10"),
        ('"\\u00e9"', "é"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("{a: 1}", {"a": Plain("1")}),
        ("[a, ]", [Plain("a")]),
    ],
)
def test_a_scalar_is_read_as_written(written: str, value: object) -> None:
    (root,) = read(f"key: {written}\n", "x").documents
    assert root.value == {"key": value}
    (found,) = (root.value[key] for key in root.value)
    assert type(found) is type(value)


def test_keys_are_words_even_where_they_look_like_something_else() -> None:
    (root,) = read("{1: a, true: b, null: c, ~: d, 1.0: e}", "x").documents
    assert root.value == {"1": "a", "true": "b", "null": "c", "~": "d", "1.0": "e"}


def test_an_own_key_wins_over_a_merged_one_wherever_it_stands() -> None:
    (root,) = read(
        "a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nc: {x: 5, <<: [*a, *b]}\nd: {<<: *a, x: 6}", "x"
    ).documents
    assert root.at(("c",)).value == {"x": "5", "y": "2", "z": "4"}
    assert root.at(("d",)).value == {"x": "6", "y": "2"}


def test_a_value_knows_its_place() -> None:
    (root,) = read("a:\n  - b: 가나\n    'c': d\n", "x").documents
    value, key = root.at(("a", 0, "b")).span, root.key_at(("a", 0, "c"))
    assert (value.line, value.column, value.length) == (2, 8, 2)
    assert (key.line, key.column, key.length) == (3, 5, 3)


def test_all_documents_are_judged_also_before_a_syntax_error() -> None:
    with pytest.raises(SpecError) as caught:
        load_text(GOOD.replace("website", "webiste") + "---\nname: [\n", "x")
    assert [problem.message for problem in caught.value.problems] == [
        'unknown key "webiste"',
        "a value is missing, or a bracket is too many",
    ]


def test_two_regions_may_have_a_pipeline_of_one_name() -> None:
    second = GOOD.replace("name: shop\n", "name: shop\nregion: us-east-1\n", 1)
    assert [one.region for one in load_text(GOOD + "---\n" + second, "x")] == [None, "us-east-1"]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file") as caught:
        load_file(tmp_path / "awspipe.yml")
    assert caught.value.hint == (
        "`awspipe init static-site` writes one; -f FILE names another, "
        "or name the pipeline where a command takes NAME"
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_file(tmp_path)


def test_more_problems_than_anybody_reads_are_counted() -> None:
    with pytest.raises(SpecError) as caught:
        load_text(GOOD + "".join(f"k{number}: x\n" for number in range(300)), "x")
    assert len(caught.value.problems) == 201
    assert caught.value.problems[-1].message == "and 100 more problems"


@pytest.mark.parametrize(
    "text",
    [
        "{" + ", ".join(f"k{number}: x" for number in range(9_000)) + "}",
        "{" + ", ".join("k: x" for _ in range(9_000)) + "}",
        "env: {" + ", ".join("k: x" for _ in range(9_000)) + "}",
        "a: '" + "x" * 250_000 + "'",
        "stages: [" + "{}, " * 19_000 + "]",
        "\n" * 250_000 + "a",
        "- " * 39 + "a\n" + "?" * 200_000,
        "a: &a [" + "x, " * 90 + "]\n" + "\n".join(f"b{number}: *a" for number in range(190)),
        "env: [" + "[" * 30 + "x" + "]" * 30 + "]",
        "#" * 250_000,
        "{" * 39 + '"' + "\\x41" * 60_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    with pytest.raises(SpecError):
        load_text(text, "x")
    assert time.process_time() - start < 5


YAML_TEXT = st.text(
    st.sampled_from(list("abn: -\n\t[]{},'\"#&*!|>%@`~<?\\=.0가\u00a0\u200b\x85\x1b\r\ufeff")), max_size=80
)
WORDS = st.sampled_from(
    [
        "name",
        "stages",
        "provider",
        "s3",
        "codebuild",
        "actions",
        "env",
        "secret",
        "true",
        "&a",
        "*a",
        "<<",
        "input",
    ]
)
LINES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["", "- "]),
        WORDS,
        st.sampled_from([": ", ":", " "]),
        WORDS | st.just(""),
    ),
    max_size=12,
).map(
    lambda lines: "\n".join(
        "  " * depth + dash + key + colon + value for depth, dash, key, colon, value in lines
    )
)


@given(st.one_of(YAML_TEXT, LINES, st.text(max_size=60), st.binary(max_size=60)))
def test_any_text_loads_or_is_explained(data: str | bytes) -> None:
    try:
        load_text(data, "x")
    except SpecError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message
            assert all(len(line) <= 175 for line in problem.frame.splitlines())


VALUES = st.recursive(
    st.none() | st.text(max_size=8) | st.sampled_from(["s3", "codebuild", "1", "true", "V2"]).map(Plain),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "stages",
                    "provider",
                    "actions",
                    "env",
                    "input",
                    "secret",
                    "ec2_tags",
                    "x",
                    "run_order",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(VALUES)
def test_any_value_is_judged_by_its_place_in_the_models(value: object) -> None:
    """Values are written as flow YAML, so that each has a place."""
    try:
        load_text(flow_yaml({"name": "x", "stages": [value, value]}), "x")
    except SpecError as error:
        assert all(problem.line == 1 for problem in error.problems)


def flow_yaml(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {flow_yaml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow_yaml, value)) + "]"
        case None:
            return "null"
        case Plain():
            return str(value)
    return (
        '"' + "".join(f"\\U{ord(char):08x}" for char in str(value) if not "\ud800" <= char <= "\udfff") + '"'
    )


WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.@_-]{0,11}", fullmatch=True)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, object]:
    """A source, then builds and tests and approvals in some order, then maybe a deploy."""
    names = draw(
        st.lists(
            WORD,
            min_size=2,
            max_size=6,
            unique_by=lambda name: "".join(c if c.isalnum() else "_" for c in name.casefold()),
        )
    )
    stages: list[dict[str, object]] = [
        {"name": names[0], "provider": "codecommit", "repository": draw(WORD).replace("@", "-") + "x"}
    ]
    for name in names[1:]:
        more = draw(
            st.sampled_from(
                [
                    {"provider": "codebuild", "timeout": Plain("15")},
                    {"provider": "codebuild", "category": "Test", "env": {"A": draw(st.text(max_size=5))}},
                    {"provider": "approval", "comment": "say #{codepipeline.PipelineExecutionId}"},
                    {"provider": "s3", "website": Plain("true")},
                    {"provider": "codedeploy", "on_premises_tags": {"a": "b"}},
                ]
            )
        )
        stages.append({"name": name, **more})
    return {"name": draw(WORD), "type": draw(st.sampled_from(["V1", "V2"])), "stages": stages}


@given(specs())
def test_a_valid_spec_loads_and_resolves(spec: dict[str, object]) -> None:
    (pipeline,) = load_text(flow_yaml(spec), "x")
    assert isinstance(pipeline, Pipeline)
    made: set[str] = set()
    for stage in resolve(pipeline):
        for one in stage.actions:
            assert set(one.inputs) <= made
            made |= set(one.outputs)
