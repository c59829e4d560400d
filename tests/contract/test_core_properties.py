"""For any small spec: up, then nothing to do; whatever is lost, up again; whatever was made, down."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awspipe.apply import apply
from awspipe.plan import Plan, Verb
from tests.contract.test_core_drift import delete
from tests.support import core

quick = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SOURCE = st.sampled_from(
    [{"provider": "codecommit", "repository": "code"}, {"provider": "github", "repository": "me/code"}]
)
BUILD = st.fixed_dictionaries(
    {"provider": st.just("codebuild")},
    optional={
        "image": st.sampled_from(["aws/codebuild/standard:6.0", "example.com/own:1"]),
        "compute": st.sampled_from(["small", "large"]),
        "timeout": st.integers(5, 480),
        "env": st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["1", ""]), max_size=2),
        "cache": st.sampled_from(["none", "source"]),
    },
)
APPROVE = st.fixed_dictionaries(
    {"provider": st.just("approval")}, optional={"comment": st.just("Look"), "timeout": st.integers(5, 99)}
)
SITE = st.fixed_dictionaries(
    {"provider": st.just("s3"), "website": st.just(True)}, optional={"error": st.just("404.html")}
)
FILES = st.fixed_dictionaries({"provider": st.just("s3")}, optional={"key": st.just("docs")})
SERVERS = st.fixed_dictionaries(
    {
        "provider": st.just("codedeploy"),
        "ec2_tags": st.dictionaries(st.sampled_from("ab"), st.just("1"), min_size=1),
    },
    optional={"rollback": st.booleans(), "config": st.sampled_from(["all-at-once", "one-at-a-time"])},
)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Source, perhaps builds, perhaps an approval, and somewhere to deploy to."""
    stages: list[dict[str, Any]] = [draw(SOURCE)]
    stages += draw(st.lists(BUILD | APPROVE, max_size=2))
    stages += draw(st.lists(SITE | FILES | SERVERS, min_size=1, max_size=2))
    for place, stage in enumerate(stages):
        stage["name"] = f"S{place}"
    spec = {"name": "shop", "type": draw(st.sampled_from(["V1", "V2"])), "stages": stages}
    return yaml.safe_dump(spec)


def made(shown: Plan) -> list[Any]:
    """What can be deleted by hand one by one: an application takes its groups with it."""
    return [step.key for step in shown.steps if step.key.kind != "application"]


@quick
@given(specs(), st.data())
def test_what_is_lost_is_made_again(text: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        core.up(world.aws, text)
        shown = core.planned(world.aws, text)
        assert shown.work == ()
        before = core.lasting(world.inventory)
        lost = data.draw(st.lists(st.sampled_from(made(shown)), unique=True))
        for key in lost:
            delete(world, key)
        again = core.planned(world.aws, text)
        assert {(step.verb, step.key) for step in again.work} == {(Verb.CREATE, key) for key in lost}
        core.up(world.aws, text)
        assert core.lasting(world.inventory) == before


@quick
@given(specs(), specs())
def test_one_spec_becomes_another(text: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        core.up(world.aws, other)
        direct = core.lasting(world.inventory)
        core.down(world.aws)
        core.up(world.aws, text)
        core.up(world.aws, other)
        assert core.planned(world.aws, other).work == ()
        assert core.lasting(world.inventory) == direct


@quick
@given(specs(), st.data())
def test_down_after_any_beginning_of_up_leaves_nothing(text: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        shown = core.planned(world.aws, text)
        count = data.draw(st.integers(0, len(shown.steps)))
        first = Plan(shown.scope, shown.steps[:count], (), (), ())
        core.done(apply(world.aws, first))
        assert len(world.inventory) == count
        assert core.down(world.aws).left == ()
        assert world.inventory == {}
