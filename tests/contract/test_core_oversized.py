"""A role's policy that IAM would not take is refused before anything is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from awspipe.graph import oversized, wanted
from awspipe.naming import Scope
from awspipe.resources.role import POLICY_LIMIT, Role
from awspipe.spec.load import load_text
from tests.support import core
from tests.support.core import STATIC_SITE, World
from tests.support.steering import Commands

LIMIT = "IAM takes 10240 for a role, white space not counted"
ROLE = "awspipe-shop-ap-northeast-2"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def builds(count: int) -> str:
    name = "      - {{name: a-rather-long-name-that-an-action-has-{}, provider: codebuild}}\n"
    return f"{STATIC_SITE}  - name: Many\n    actions:\n" + "".join(map(name.format, range(count)))


def secrets(count: int) -> str:
    env = ", ".join(f"S{number}: {{secret: shop/a-rather-long-name-{number}}}" for number in range(count))
    return STATIC_SITE.replace("provider: codebuild\n", f"provider: codebuild\n    env: {{{env}}}\n", 1)


def roles(text: str) -> dict[str, Role]:
    (spec,) = load_text(text, "awspipe.yml")
    graph = wanted(spec, Scope("shop", core.ACCOUNT, core.REGION))
    return {one.name: one for one in graph.resources if isinstance(one, Role)}


def test_a_policy_is_as_large_as_what_iam_is_sent_without_white_space() -> None:
    role = roles(STATIC_SITE)[ROLE]
    sent = json.dumps(role.body()["Policy"], separators=(",", ":"))
    assert role.size == len(sent)
    assert " " not in sent


EACH_ACTION = "each action adds what the role must be allowed: make two pipelines of it"
EACH_NAME = "each secret and parameter that its action names must be allowed by itself: name fewer of them"


@pytest.mark.parametrize(
    ("text", "hint"),
    [(builds(50), EACH_ACTION), (secrets(120), EACH_NAME)],
    ids=["the pipeline's", "a build's"],
)
@pytest.mark.parametrize("command", ["validate", "plan", "up --yes"])
def test_what_iam_would_not_take_is_refused_first(
    world: World, tmp_path: Path, text: str, hint: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "awspipe.yml"
    spec.write_text(f"region: {core.REGION}\n{text}", encoding="utf-8")
    (large,) = [one for one in roles(text).values() if one.size > POLICY_LIMIT]
    said = Commands(capsys)(*command.split(), "-f", str(spec))
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[-5:] == [
        f"error: shop: the policy of role {large.name} would have {large.size} characters; {LIMIT}",
        f"  --> {spec}",
        f"   hint: {hint}",
        "",
        "awspipe: 1 problem",
    ]
    assert world.inventory == {}


def test_what_iam_takes_is_not_refused() -> None:
    assert POLICY_LIMIT * 0.7 < roles(builds(32))[ROLE].size < POLICY_LIMIT
    (spec,) = load_text(builds(32), "awspipe.yml")
    assert not list(oversized(wanted(spec, Scope("shop", core.ACCOUNT, core.REGION)), "awspipe.yml"))
