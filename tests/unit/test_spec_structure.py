"""Each rule of the structure has a case in the corpus; lengths hold after our own naming."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.formats.reader import read
from awspipe.naming import Scope
from awspipe.providers.approval import Approval
from awspipe.spec.load import load_text
from awspipe.spec.models import Pipeline
from awspipe.spec.structure import RULES, broken_rules

CORPUS = Path(__file__).parent / "spec_corpus" / "loader"

APPROVAL = """\
name: shop
type: {type}
stages:
  - {{name: Source, provider: codecommit, repository: shop}}
  - {{name: Ask, provider: approval}}
"""


def rules_broken_in_the_corpus() -> set[str]:
    found = set()
    for file in CORPUS.glob("*.yml"):
        for root in read(file.read_bytes(), file.name).documents:
            try:
                pipeline = Pipeline.model_validate(root.value)
            except ValueError:
                continue
            found |= {word for word, _ in broken_rules(pipeline)}
    return found


def test_every_rule_has_a_case() -> None:
    # No provider of today writes a configuration that is too long.
    assert {*RULES, "artifact-known"} - rules_broken_in_the_corpus() == {"configuration-lengths"}


def test_every_rule_names_its_source() -> None:
    own = {"own-names"}
    for word, rule in RULES.items():
        assert word in own or "https://docs.aws.amazon.com/" in (rule.__doc__ or ""), word


def test_a_v2_action_is_refused_in_a_v1_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Approval, "v2_only", True)
    (v1,) = (Pipeline.model_validate(root.value) for root in read(APPROVAL.format(type="V1"), "x").documents)
    assert [(word, broken.message) for word, broken in broken_rules(v1)] == [
        ("only-v2", "approval needs a pipeline of type V2")
    ]
    load_text(APPROVAL.format(type="V2"), "x")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"CustomData": "x" * 1001}, "CustomData has 1001 characters; CodePipeline takes 1 to 1000"),
        ({"CustomData": ""}, "CustomData has 0 characters; CodePipeline takes 1 to 1000"),
        ({"k" * 51: "x"}, f'the configuration key "{"k" * 51}" has more than 50 characters'),
    ],
)
def test_a_configuration_that_is_too_long(
    monkeypatch: pytest.MonkeyPatch, configuration: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(Approval, "configuration", lambda self, place: configuration)
    (pipeline,) = (
        Pipeline.model_validate(one.value) for one in read(APPROVAL.format(type="V2"), "x").documents
    )
    assert [(word, broken.message) for word, broken in broken_rules(pipeline)] == [
        ("configuration-lengths", message)
    ]


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.@_-]{0,99}", fullmatch=True)
PARTS = st.from_regex(r"[A-Za-z0-9.@_-]{1,100}", fullmatch=True)
REGIONS = st.sampled_from(["us-east-1", "ap-northeast-2", "ap-southeast-4", "us-gov-west-1"])


@given(pipeline=NAMES, part=PARTS, region=REGIONS)
def test_every_name_we_make_fits(pipeline: str, part: str, region: str) -> None:
    scope = Scope(pipeline, "123456789012", region)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}", scope.project(part))
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", scope.role(part))
    assert re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", scope.rule(part))
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", scope.bucket(part))
