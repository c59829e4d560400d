"""A buildspec as values, however it was saved."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.errors import SpecError
from awspipe.formats.buildspec import (
    Artifacts,
    Buildspec,
    Cache,
    Env,
    OnFailure,
    Phase,
    Proxy,
    Report,
    parse,
)

CORPUS = Path(__file__).parent / "formats_corpus" / "buildspec"
LEAST = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"


def good(name: str) -> Buildspec:
    return parse((CORPUS / "good" / f"{name}.yml").read_bytes()).get()


def build(commands: str) -> Phase:
    return parse(f"version: 0.2\nphases:\n  build:\n    commands:{commands}\n").get().phases["build"]


def test_every_key_is_read() -> None:
    assert good("everything") == Buildspec(
        version="0.2",
        run_as="builder",
        env=Env(
            shell="bash",
            variables={
                "STAGE": "production",
                "EMPTY": "",
                "RETRIES": "3",
                "VERBOSE": "yes",
                "RELEASE": "1.10",
            },
            parameter_store={"DB_HOST": "/shop/db/host"},
            secrets_manager={"DB_PASSWORD": "shop/db:password:AWSCURRENT"},
            exported_variables=("IMAGE_TAG", "RELEASE"),
            git_credential_helper=True,
        ),
        proxy=Proxy(upload_artifacts=False, logs=True),
        phases={
            "install": Phase(
                commands=("npm ci",),
                finally_=("echo done",),
                on_failure=OnFailure("RETRY", 3, ".*"),
                run_as="root",
                runtime_versions={"nodejs": "20", "python": "3.10", "java": "corretto21", "ruby": "$RUBY"},
            ),
            "pre_build": Phase(commands=("npm test",), on_failure=OnFailure("RETRY", 5, ".*")),
            "build": Phase(
                commands=("npm run build",), on_failure=OnFailure("RETRY", 2, "ETIMEDOUT|ECONNRESET")
            ),
            "post_build": Phase(commands=("./notify.sh",), on_failure=OnFailure("CONTINUE")),
        },
        artifacts=Artifacts(
            files=("**/*", "appspec.yml"),
            name="shop-$(date +%Y-%m-%d)",
            base_directory="dist*",
            exclude_paths=("**/*.map",),
            enable_symlinks=True,
            s3_prefix="builds",
        ),
        secondary_artifacts={"docs": Artifacts(files=("**/*",), base_directory="docs", discard_paths=True)},
        reports={
            "shop-tests": Report(files=("**/junit.xml",), base_directory="reports"),
            "arn:aws:codebuild:ap-northeast-2:111122223333:report-group/shop-cover": Report(
                files=("clover.xml",), file_format="CLOVERXML"
            ),
        },
        cache=Cache(
            paths=("/root/.npm/**/*",),
            key="npm-$(codebuild-hash-files package-lock.json)",
            fallback_keys=("npm-",),
            action="restore",
        ),
    )


def test_scalars_stay_as_they_are_written() -> None:
    phases = good("scalars").phases
    assert phases["install"].commands == ()
    assert phases["pre_build"].commands == ("npm ci",)
    assert phases["build"].commands == ("npm run build\nnpm run pack\n",)
    assert phases["post_build"].commands == (
        "true",
        "1",
        "no",
        'echo "colon: in quotes"',
        "echo folded over two lines",
    )
    assert all(type(one) is str for phase in phases.values() for one in phase.commands)


def test_phases_come_in_the_order_in_which_they_run() -> None:
    text = "version: 0.2\nphases:\n" + "".join(
        f"  {name}: {{commands: [x]}}\n" for name in ("post_build", "build", "install", "pre_build")
    )
    assert [*parse(text).get().phases] == ["install", "pre_build", "build", "post_build"]


def test_version_one_has_its_own_words() -> None:
    old = good("old_version")
    assert (old.version, old.env.variables) == ("0.1", {"JAVA_HOME": "/usr/lib/jvm/java-8-openjdk-amd64"})


def test_a_batch_needs_no_phases() -> None:
    assert good("batch_only") == Buildspec(version="0.2", batch=True)


def test_anchors_and_merged_keys_are_followed() -> None:
    found = good("anchors")
    assert found.artifacts == Artifacts(files=("**/*",), base_directory="dist")
    assert found.phases["build"].commands == ("true",)
    assert found.phases["pre_build"].commands[0].startswith("aws ecr")


def test_secondary_artifacts_can_stand_alone() -> None:
    found = good("secondary_only")
    assert (found.artifacts, [*found.secondary_artifacts]) == (Artifacts(), ["Web", "Api"])


def test_json_is_read_too() -> None:
    assert good("json").phases["build"].commands == ('echo "a: b"', "echo é / \n")


@pytest.mark.parametrize("version", ["0.1", "0.2", "'0.2'", '"0.1"', "0.20", ".2", '" 0.2 "'])
def test_a_version_is_a_number_in_quotes_or_not(version: str) -> None:
    assert parse(LEAST.replace("0.2", version)).get().version in ("0.1", "0.2")


@pytest.mark.parametrize("version", ["0", "0.0", "0.3", "2", "0.2.1", "v0.2", "[0.2]", "''", "0,2", "latest"])
def test_any_other_version_is_refused(version: str) -> None:
    assert parse(LEAST.replace("0.2", version)).value is None


@pytest.mark.parametrize(
    "data",
    [
        LEAST,
        LEAST.encode(),
        b"\xef\xbb\xbf" + LEAST.encode(),
        LEAST.replace("\n", "\r\n"),
        LEAST.replace("\n", "\t\n"),
        LEAST.replace(": ", ":\t"),
        LEAST.replace("\n", " \t # 댓글\n"),
        LEAST + "...\n",
        "%YAML 1.1\n---\n" + LEAST,
        LEAST + "\n\n---\n",
        LEAST.replace("- make", "- make\n\n\n# end"),
    ],
    ids=[
        "str",
        "utf8",
        "bom",
        "crlf",
        "tabs",
        "tab-after-colon",
        "comments",
        "end",
        "yaml",
        "empty-last",
        "gaps",
    ],
)
def test_a_file_is_read_however_it_was_saved(data: bytes | str) -> None:
    parsed = parse(data)
    assert (parsed.problems, parsed.warnings) == ((), ())
    assert parsed.get().phases == {"build": Phase(commands=("make",))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "buildspec.yml: the file is empty"),
        ("# only a comment\n", "buildspec.yml: the file is empty"),
        ("---\n---\n" + LEAST, "buildspec.yml: the file is empty"),
        (LEAST.encode("utf-16"), "buildspec.yml:1:1: the file is UTF-16, not UTF-8"),
        (
            LEAST.replace("make", "echo 빌드").encode("cp949"),
            "buildspec.yml:5:14: the file is not UTF-8 (it looks like CP949/EUC-KR)",
        ),
        ("just text\n", "buildspec.yml:1:1: a buildspec is a mapping, not a text"),
    ],
)
def test_what_is_no_buildspec_is_named(data: bytes | str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(data).get()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("written", "commands"),
    [
        ("", ()),
        (" ~", ()),
        (" []", ()),
        (" make", ("make",)),
        (" 'a: b'", ("a: b",)),
        ("\n      - a\n      -\n      - ''\n      - b", ("a", "", "b")),
        ("\n    - a", ("a",)),
        ("\n      - |\n        if x\n        fi", ("if x\nfi\n",)),
    ],
)
def test_commands(written: str, commands: tuple[str, ...]) -> None:
    assert build(written).commands == commands


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", True),
        ("Yes", True),
        ("true", True),
        ("on", True),
        ("'yes'", True),
        ("no", False),
        ("NO", False),
        ("off", False),
        ("false", False),
        ("'no'", False),
        ("", False),
    ],
)
def test_flags_are_yaml_words_in_quotes_or_not(word: str, value: bool) -> None:
    found = parse(f"{LEAST}artifacts:\n  files: x\n  discard-paths: {word}\n").get().artifacts
    assert found is not None
    assert found.discard_paths is value


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("ABORT", OnFailure("ABORT")),
        ("CONTINUE", OnFailure("CONTINUE")),
        ("RETRY", OnFailure("RETRY", 3, ".*")),
        ("RETRY-0", OnFailure("RETRY", 0, ".*")),
        ("RETRY-100", OnFailure("RETRY", 100, ".*")),
        ("RETRY-exit.*1", OnFailure("RETRY", 3, "exit.*1")),
        ("RETRY-4-exit-1", OnFailure("RETRY", 4, "exit-1")),
        ("RETRY-4x", OnFailure("RETRY", 3, "4x")),
    ],
)
def test_on_failure(written: str, wanted: OnFailure) -> None:
    text = f"version: 0.2\nphases: {{build: {{on-failure: '{written}', commands: [x]}}}}"
    assert parse(text).get().phases["build"].on_failure == wanted


@pytest.mark.parametrize(
    "written", ["abort", "RETRY-", "RETRY-101", "RETRY-99999999999", "RETRY3", "[ABORT]"]
)
def test_another_on_failure_is_refused(written: str) -> None:
    assert parse(f"version: 0.2\nphases: {{build: {{on-failure: {written}, commands: [x]}}}}").value is None


def test_no_frame_shows_a_secret() -> None:
    parsed = parse(
        "version: 0.2\n"
        "env: {variables: {AWS_SECRET_ACCESS_KEY: hunter2, CODEBUILD_X: hunter2}}\n"
        "phases: {build: {comands: x, commands: [echo AKIAIOSFODNN7EXAMPLE]}}\n"
    )
    shown = "".join(warning.message + warning.hint + warning.frame for warning in parsed.warnings)
    assert "a secret stands in this file" in shown
    assert "hunter2" not in shown
    assert "AKIA" not in shown


def test_more_problems_than_anybody_reads_are_counted() -> None:
    parsed = parse(LEAST + "".join(f"      - a: {number}\n" for number in range(300)))
    assert len(parsed.problems) == 201
    assert parsed.problems[-1].message == "and 100 more"


@pytest.mark.parametrize(
    "text",
    [
        "{" + ", ".join(f"k{number}: x" for number in range(9_000)) + "}",
        "version: 0.2\nphases: {build: {commands: [" + "a: b, " * 6_000 + "]}}",
        "version: 0.2\nphases: {build: {commands: [" + "'AKIAIOSFODNN7EXAMPLE', " * 9_000 + "]}}",
        "version: 0.2\nphases: {build: {on-failure: RETRY-" + "9-" * 100_000 + "x}}",
        "version: " + "0" * 250_000,
        "a: &a [" + "x, " * 90 + "]\n" + "\n".join(f"b{number}: *a" for number in range(190)),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 5


WORDS = st.sampled_from(
    [
        *(
            "version",
            "0.2",
            "phases",
            "build",
            "install",
            "commands",
            "env",
            "variables",
            "artifacts",
            "files",
        ),
        *(
            "on-failure",
            "RETRY-1",
            "runtime-versions",
            "3.10",
            "reports",
            "cache",
            "batch",
            "yes",
            "&a",
            "*a",
        ),
        *(
            "<<",
            "exported-variables",
            "AWS_X",
            "secondary-artifacts",
            "finally",
            "[",
            "]",
            "{",
            "}",
            "!!str",
            "---",
        ),
    ]
)
LINES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["", "- "]),
        WORDS,
        st.sampled_from([": ", ":", " ", ":\t"]),
        WORDS | st.just(""),
    ),
    max_size=14,
).map(lambda rows: "\n".join("  " * depth + dash + "".join(words) for depth, dash, *words in rows))
VALUES = st.recursive(
    st.none() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)


@given(st.one_of(LINES, st.text(max_size=60), st.binary(max_size=60)))
def test_any_text_is_read_or_refused_with_a_reason(data: str | bytes) -> None:
    parsed = parse(data)
    assert (parsed.value is None) == bool(parsed.problems)


KEYS = ("version", "env", "phases", "artifacts", "reports", "cache", "batch", "proxy", "run-as")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.booleans())
def test_any_value_at_any_key_is_judged(value: dict[str, object], in_phase: bool) -> None:
    """JSON, so that each value is what it is."""
    import json

    document = {"version": "0.2", "phases": {"build": value}} if in_phase else {"version": 0.2, **value}
    parsed = parse(json.dumps(document))
    assert (parsed.value is None) == bool(parsed.problems)
    assert all(one.line for one in (*parsed.problems, *parsed.warnings))
