"""For any small spec: up, then nothing to do; whatever is lost, up again; whatever was made, down."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awspipe.apply import apply
from awspipe.plan import Plan, Verb
from awspipe.resources.late import late_keys
from tests.contract.test_core_drift import delete
from tests.support import core

quick = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SOURCE = st.sampled_from(
    [
        {"provider": "codecommit", "repository": "code"},
        {"provider": "github", "repository": "me/code"},
        {"provider": "gitlab", "repository": "me/a/code", "detect_changes": False},
        {"provider": "s3", "object": "source.zip"},
        {"provider": "ecr", "repository": "me/image", "tag": "live"},
    ]
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
# What AWS takes in pipelines of type V2 only.
COMMANDS = st.fixed_dictionaries(
    {"provider": st.just("commands"), "commands": st.sampled_from(["ls", ["make", "make test"]])},
    optional={
        "env": st.dictionaries(st.sampled_from("AB"), st.just({"secret": "shop/a"}), max_size=2),
        "files": st.just("dist/**/*"),
    },
)
INSTANCES = st.fixed_dictionaries(
    {"provider": st.just("ec2"), "ec2_tag": st.just({"app": "shop"}), "deploy_spec": st.just("d.yml")},
    optional={"max_batch": st.sampled_from(["1", "50%"])},
)
FUNCTION = st.fixed_dictionaries(
    {"provider": st.just("lambda"), "function": st.just("shop")}, optional={"alias": st.just("live")}
)
SERVICE = st.fixed_dictionaries(
    {"provider": st.just("ecs"), "cluster": st.just("web"), "service": st.just("shop")},
    optional={"family": st.just("shop"), "timeout": st.integers(1, 60)},
)
OWN = st.fixed_dictionaries(
    {
        "provider": st.just("custom"),
        "declaration": st.just(
            {
                "actionTypeId": {"category": "Invoke", "provider": "Lambda"},
                "configuration": {"FunctionName": "shop"},
            }
        ),
    },
    optional={"statements": st.just([{"actions": "lambda:InvokeFunction", "resources": "*"}])},
)
GATES = st.fixed_dictionaries(
    {},
    optional={
        "on_failure": st.sampled_from(["retry", "retry-all", "rollback"]),
        "before_entry": st.just({"rules": [{"cron": "* * 9-17 ? * *"}]}),
    },
)
TAGS = st.dictionaries(st.sampled_from(["team", "팀"]), st.sampled_from(["web", "웹"]), max_size=2)
AROUND = st.fixed_dictionaries(
    {},
    optional={
        "notify": st.fixed_dictionaries(
            {"email": st.sampled_from(["a@example.com", ["a@example.com", "b@example.com"]])},
            optional={"events": st.sampled_from(["failed", ["started", "approval"]])},
        ),
    },
)
NEW = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["QUEUED", "SUPERSEDED"]),
        "variables": st.dictionaries(st.sampled_from(["A", "B"]), st.just("1"), max_size=2),
    },
)


@st.composite
def specs(draw: st.DrawFn, *, tagged: bool = True) -> str:
    """Source, perhaps builds, perhaps an approval, and somewhere to deploy to; with all its type may have."""
    new = draw(st.booleans())
    middle, end = BUILD | APPROVE | OWN, SITE | FILES | SERVERS | SERVICE
    if new:
        middle, end = middle | COMMANDS, end | INSTANCES | FUNCTION
    stages: list[dict[str, Any]] = [draw(SOURCE)]
    stages += draw(st.lists(middle, max_size=2))
    stages += draw(st.lists(end, min_size=1, max_size=2))
    for place, stage in enumerate(stages):
        stage["name"] = f"S{place}"
        if new and place:
            stage.update(draw(GATES))
    spec = {"name": "shop", "type": "V2" if new else "V1", "stages": stages, **draw(AROUND)}
    spec |= draw(NEW) if new else {}
    spec |= {"tags": draw(TAGS)} if tagged else {}
    return yaml.safe_dump(spec, allow_unicode=True)


def made(shown: Plan) -> list[Any]:
    """What can be deleted by hand one by one: an application takes its groups along, a topic who is told."""
    return [step.key for step in shown.steps if step.key.kind not in ("application", "topic")]


GITHUB = (
    "name: shop\nstages:\n- {name: S, provider: github, repository: me/code}\n- {name: D, provider: s3}\n"
)


def test_what_names_a_lost_connection_changes_with_it() -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        core.up(world.aws, GITHUB)
        before = steady(world.inventory)
        (lost,) = [one for one in made(core.planned(world.aws, GITHUB)) if one.kind == "connection"]
        delete(world, lost)
        again = core.planned(world.aws, GITHUB)
        assert {one.kind for one in holders(again, [lost])} == {"pipeline", "role"}
        assert core.verbs(again)["pipeline"] == {Verb.UPDATE}
        core.up(world.aws, GITHUB)
        assert steady(world.inventory) == before


@quick
@given(specs(), st.data())
def test_what_is_lost_is_made_again(text: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        core.up(world.aws, text)
        shown = core.planned(world.aws, text)
        assert shown.work == ()
        before = steady(world.inventory)
        lost = data.draw(st.lists(st.sampled_from(made(shown)), unique=True))
        for key in lost:
            delete(world, key)
        again = core.planned(world.aws, text)
        renamed = {key for key in holders(again, lost) if key not in lost}
        expected = {(Verb.CREATE, key) for key in lost} | {(Verb.UPDATE, key) for key in renamed}
        assert {(step.verb, step.key) for step in again.work} == expected
        core.up(world.aws, text)
        assert steady(world.inventory) == before


def holders(shown: Plan, lost: list[Any]) -> list[Any]:
    """What names a connection that is lost: AWS gives the new one another ARN, so they change with it."""
    bodies = [(step.key, step.resource.body()) for step in shown.steps if step.resource is not None]
    return [key for key, body in bodies if set(late_keys(body)) & set(lost)]


def steady(found: dict[str, Any]) -> Any:
    """An inventory in which connections have one id: AWS draws it."""
    text = json.dumps(core.lasting(found), default=str, sort_keys=True)
    return json.loads(re.sub(r"connection/[0-9a-f-]{36}", "connection/id", text))


@quick
@given(specs(tagged=False), specs(tagged=False))
def test_one_spec_becomes_another(text: str, other: str) -> None:
    """All but a tag of the user's: one that is taken out of the spec may be anybody's by then, and stays."""
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        core.up(world.aws, other)
        direct = steady(world.inventory)
        core.down(world.aws)
        core.up(world.aws, text)
        core.up(world.aws, other)
        assert core.planned(world.aws, other).work == ()
        assert steady(world.inventory) == direct


@quick
@given(specs(), st.data())
def test_down_after_any_beginning_of_up_leaves_nothing(text: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch, core.world(Path(scratch)) as world:
        shown = core.planned(world.aws, text)
        count = data.draw(st.integers(0, len(shown.steps)))
        first = Plan(shown.scope, shown.steps[:count], (), (), ())
        core.done(apply(world.aws, first))
        things = [step for step in first.steps if step.key.kind != "subscription"]  # listed with its topic
        assert len(world.inventory) == len(things)
        assert core.down(world.aws).left == ()
        assert world.inventory == {}
