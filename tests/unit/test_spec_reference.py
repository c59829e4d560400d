"""The reference page and the schema say all that the models take."""

from __future__ import annotations

import pytest

from awspipe.providers.base import providers
from awspipe.spec.load import load_text
from awspipe.spec.reference import markdown
from awspipe.spec.schema import json_schema

PAGE = markdown()
SCHEMA = json_schema()


@pytest.mark.parametrize("word", sorted(providers()))
def test_every_provider_and_key_is_on_the_page(word: str) -> None:
    assert f"\n## `provider: {word.replace(' with ', '` with `')}`\n" in PAGE
    for name, field in providers()[word].model_fields.items():
        assert f"\n| `{field.alias or name}` | " in PAGE


def test_what_is_said_to_be_below_is_below() -> None:
    keys = [line.split("`")[1] for line in PAGE.splitlines() if "| mapping, see below" in line]
    titles = [line for line in PAGE.splitlines() if line.startswith("## ")]
    assert len(keys) > 10
    assert [key for key in keys if not any(f"`{key}`" in title for title in titles)] == []


def test_every_model_is_on_the_page() -> None:
    told = {"Secret", "Parameter", "Variable"}  # in a sentence, where they may stand
    providers_and_stage = {*(model.__name__ for model in providers().values()), "Stage"}
    for name in {*SCHEMA["definitions"]} - told - providers_and_stage:
        for key in SCHEMA["definitions"][name]["properties"]:
            assert f"\n| `{key}` | " in PAGE, (name, key)


def test_the_example_of_conditions_is_taken() -> None:
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    begin = "name: shop\nvariables: {STAGE: prod}\nstages:\n"
    source = "  - {name: Source, provider: codecommit, repository: shop}\n"
    (spec,) = load_text(f"{begin}{source}{example}", "awspipe.yml")
    assert [*spec.stages[1].gates()] == ["beforeEntry", "onSuccess", "onFailure"]


def test_the_page_is_one_table_row_a_line() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_every_key_is_described_for_an_editor() -> None:
    for name, definition in SCHEMA["definitions"].items():
        assert definition["additionalProperties"] is False
        for key, field in definition["properties"].items():
            assert name in ("Secret", "Parameter") or field.get("description"), (name, key)


def test_the_schema_speaks_draft_7_only() -> None:
    text = repr(SCHEMA)
    for word in ("$defs", "prefixItems", "discriminator", "x-one-of", "'ge'", "'le'"):
        assert word not in text


def test_defaults_are_there_to_complete() -> None:
    build = SCHEMA["definitions"]["CodeBuild"]["properties"]
    assert (build["image"]["default"], build["timeout"]["default"], build["privileged"]["default"]) == (
        "aws/codebuild/standard:7.0",
        15,
        False,
    )
    assert "default" not in build["namespace"]
