"""The comparison of what is wanted with what is live, and the order of steps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.graph import Graph, Source
from awspipe.naming import Scope
from awspipe.plan import Change, Conflict, Plan, State, Verb, differences, plan, removal
from awspipe.resources.base import Kept, Key, Live, kinds
from awspipe.resources.policy import Document
from tests.support.core import SERVER, STATIC_SITE
from tests.unit.test_graph import WIDE, graph

NOTHING: dict[Key, Kept | None] = {}


def live(wants: Graph, owner: str | None = "shop") -> dict[Key, Live | None]:
    """As if all of it were made."""
    return {one.key: Live(one.body(), owner) for one in wants.resources}


def absent(wants: Graph) -> dict[Key, Live | None]:
    return dict.fromkeys(wants.by_key)


@pytest.mark.parametrize(
    ("wanted", "live", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"a": None}, {}, []),
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, ["a.b"]),
        ({"a": {"b": 1, "c": 2}}, {"a": None}, ["a"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a[0].b"]),
        ({"a": [{"name": "x", "b": 1}]}, {"a": [{"name": "x", "b": 2}]}, ["a[x].b"]),
        ({"a": [{"b": 1}]}, {"a": []}, ["a"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, []),
        ({"a": ["x", "y"]}, {"a": ["x"]}, ["a"]),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": False}, {"a": None}, ["a"]),
    ],
)
def test_only_what_is_wanted_counts(wanted: Any, live: Any, paths: list[str]) -> None:
    assert [change.path for change in differences(wanted, live)] == paths


@pytest.mark.parametrize(
    ("wanted", "live", "paths"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ["b"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ["a.c"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, ["a[0].c"]),
        ({}, {}, []),
    ],
)
def test_where_it_is_exact_a_key_too_many_counts(wanted: Any, live: Any, paths: list[str]) -> None:
    assert [change.path for change in differences(wanted, live, exact=True)] == paths


def test_a_change_says_what_was_and_what_will_be() -> None:
    assert list(differences({"a": {"b": 1}}, {"a": {"b": 2}})) == [Change("a.b", 2, 1)]


def statement(action: Any) -> Document:
    return {"Statement": [{"Action": action}]}


def test_iam_s_one_word_for_a_list_of_one_is_no_difference() -> None:
    assert not list(differences(statement(["s3:GetObject"]), statement("s3:GetObject"), exact=True))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.booleans())
def test_nothing_differs_from_itself(value: Any, exact: bool) -> None:
    assert not list(differences(value, value, exact=exact))


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, WIDE])
def test_what_is_as_wanted_stays(text: str) -> None:
    wants = graph(text)
    shown = plan(wants, State(live(wants), NOTHING), push=True)
    assert shown.work == ()
    assert shown.count(Verb.KEEP) == len(wants.resources)


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, WIDE])
def test_everything_waits_for_what_it_uses(text: str) -> None:
    wants = graph(text)
    shown = plan(wants, State(absent(wants), NOTHING), push=False)
    place = {step.key: index for index, step in enumerate(shown.steps)}
    for step in shown.steps:
        assert step.verb is Verb.CREATE
        assert all(place[key] < place[step.key] for key in step.waits_for)
        assert {key.kind for key in step.waits_for} <= kinds()[step.key.kind].uses
    assert shown.steps[-1].key == Key("pipeline", "shop")


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, WIDE])
def test_down_takes_what_uses_before_what_is_used(text: str) -> None:
    wants = graph(text)
    shown = removal(wants.scope, wants.by_key, {})
    place = {step.key: index for index, step in enumerate(shown.steps)}
    assert len(place) == len(wants.resources)
    for step in shown.steps:
        assert all(place[key] < place[step.key] for key in step.waits_for)
        if step.key.kind == "role":
            assert "pipeline" in {key.kind for key in step.waits_for}


def test_the_push_stands_between_the_repository_and_the_pipeline() -> None:
    wants = graph(STATIC_SITE)
    source = Source("shop", "main")
    shown = plan(wants, State(absent(wants), NOTHING, unpushed=(source,)), push=True)
    (push,) = [step for step in shown.steps if step.verb is Verb.PUSH]
    (made,) = [step for step in shown.steps if step.key.kind == "pipeline"]
    assert push.waits_for == {Key("repository", "shop")}
    assert push.key in made.waits_for
    assert str(push) == "push commit to repository shop (main)"


def test_without_a_commit_nothing_is_pushed() -> None:
    wants = graph(STATIC_SITE)
    state = State(absent(wants), NOTHING, unpushed=(Source("shop", "main"),))
    assert plan(wants, state, push=False).count(Verb.PUSH) == 0


def test_what_is_no_longer_wanted_goes_after_the_pipeline() -> None:
    wants = graph(STATIC_SITE)
    old = Key("build-project", "shop-Old")
    role = Key("role", "awspipe-shop-old")
    shown = plan(wants, State(live(wants), {old: None, role: None}), push=False)
    assert {step.key for step in shown.work} == {old, role}
    assert all(Key("pipeline", "shop") in step.waits_for for step in shown.work)


def test_what_stays_though_no_longer_wanted_is_told_with_its_reason() -> None:
    wants = graph(STATIC_SITE)
    shown = plan(wants, State(live(wants), {Key("repository", "old"): Kept("commits")}), push=False)
    assert shown.work == ()
    assert shown.kept == ((Key("repository", "old"), Kept("commits")),)


@pytest.mark.parametrize("owner", [None, "blog", "Shop", ""])
def test_what_another_owns_is_a_conflict(owner: str | None) -> None:
    wants = graph(SERVER)
    key = Key("application", "shop")
    state = State({**live(wants), key: Live({}, owner)}, NOTHING)
    assert plan(wants, state, push=False).conflicts == (Conflict(key, owner),)


@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, WIDE])
def test_one_field_off_is_one_update(text: str) -> None:
    wants = graph(text)
    for one in wants.resources:
        for field in one.body():
            body = {**one.body(), field: "off"}
            shown = plan(wants, State({**live(wants), one.key: Live(body, "shop")}, NOTHING), push=False)
            ((step),) = shown.work
            assert (step.verb, step.key, step.fields) == (Verb.UPDATE, one.key, {field})


def test_kept_keys_are_no_steps_of_a_removal() -> None:
    scope = Scope("shop", "123456789012", "ap-northeast-2")
    key, other = Key("repository", "shop"), Key("bucket", "b")
    shown = removal(scope, (key, other), {key: Kept("commits")})
    assert [step.key for step in shown.steps] == [other]
    assert shown.kept == ((key, Kept("commits")),)


def waves(shown: Plan) -> list[set[str]]:
    """Which kinds could run side by side, one wave after another."""
    done: set[Key] = set()
    found: list[set[str]] = []
    while left := [step for step in shown.steps if step.key not in done]:
        ready = [step for step in left if step.waits_for <= done]
        found.append({step.key.kind for step in ready})
        done |= {step.key for step in ready}
    return found


def test_nothing_waits_that_need_not() -> None:
    wants = graph(WIDE)
    assert waves(plan(wants, State(absent(wants), NOTHING), push=False)) == [
        {"application", "bucket", "log-group", "repository", "role"},
        {"build-project", "deployment-group", "rule"},
        {"pipeline"},
    ]
    order = waves(removal(wants.scope, wants.by_key, {}))
    assert order[0] == {"pipeline", "rule"}
    assert all(one.isdisjoint(other) for one, other in pairwise(order))
