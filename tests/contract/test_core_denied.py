"""From no permission at all to a pipeline that is up, by nothing but the statements that the messages hold.

So each thing that awspipe asks for is denied once, in turn, and allowed by the very words that are shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.apply import apply
from awspipe.cli.planning import check
from awspipe.cli.views.errors import lines
from awspipe.errors import AwspipeError, DeniedError
from awspipe.explain import explained
from awspipe.live import scan
from awspipe.plan import removal
from awspipe.resources.base import Resource
from awspipe.rights import Job, document, grants
from awspipe.status import status
from tests.contract.test_core_policy import guarded
from tests.support import core
from tests.support.core import World
from tests.support.guard import Guard

TEXT = (
    core.STATIC_SITE
    + "  - {name: Files, provider: s3, input: Build}\n"
    + "  - {name: Servers, provider: codedeploy, ec2_tags: {a: b}, input: Build}\n"
    + "notify: {email: me@example.com}\n"
)
"""All that both starter projects have, and mail."""
NO_INDEX = {"tag:GetResources"}
"""Where it is denied, `up` goes on and `down` says what it could not see."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def up(world: World) -> list[AwspipeError]:
    """`awspipe up`: the errors it ends with."""
    try:
        shown = core.planned(world.aws, TEXT)
        check([shown])
    except AwspipeError as error:
        return [error]
    return [error for _, error in apply(world.aws, shown).failed]


def repair(world: World) -> list[AwspipeError]:
    """What `awspipe up` does where every field differs: the errors it ends with."""
    errors = []
    for one in core.graph(world.aws, TEXT).resources:
        if type(one).update is not Resource.update:
            try:
                with explained(f"update {one.key}"):
                    one.update(world.aws, frozenset(one.body()))
            except AwspipeError as error:
                errors.append(error)
    return errors


def down(world: World) -> list[AwspipeError]:
    """`awspipe down --delete-data`: the errors it ends with."""
    world.aws.forget()
    try:
        found = scan(world.aws, core.scope(world.aws))
    except AwspipeError as error:
        return [error]
    return [error for _, error in apply(world.aws, removal(found.scope, found.keys, {})).failed]


def look(world: World) -> list[AwspipeError]:
    """`awspipe status`: the errors it ends with."""
    try:
        status(world.aws, "shop")
    except AwspipeError as error:
        return [error]
    return []


def by_the_messages_alone(
    world: World, judge: Guard, command: Callable[[World], list[AwspipeError]]
) -> list[dict[str, Any]]:
    """Run a command until it ends well, adding to an empty policy what each message says."""
    statements: list[dict[str, Any]] = []
    for _ in range(100):
        judge.allow({"Statement": statements})
        errors = command(world)
        if not errors:
            return statements
        for error in errors:
            statement = shown(error)
            assert statement not in statements, "it was added, and did not help"
            statements.append(statement)
    raise AssertionError("it does not end")


def shown(error: AwspipeError) -> dict[str, Any]:
    """The statement as a user reads it; the message names what was not allowed."""
    assert isinstance(error, DeniedError), error
    assert error.exit_code == 4
    text = "\n".join(lines(error))
    assert "awspipe policy" in text or "is another account's" in text
    statement: dict[str, Any] = json.loads(text.splitlines()[-1])
    if "another account's" not in text:
        assert statement["Resource"] in error.message
        assert all(one in error.message for one in _many(statement["Action"]))
    return statement


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def actions(statements: list[dict[str, Any]]) -> set[str]:
    return {action for one in statements for action in _many(one["Action"])}


def least(world: World, job: Job) -> set[str]:
    return actions(document(grants([core.graph(world.aws, TEXT)], frozenset({job})))["Statement"])


def test_up_gets_there_by_its_own_messages(world: World) -> None:
    judge = guarded(world)
    asked = [by_the_messages_alone(world, judge, command) for command in (up, up, repair)]
    assert core.planned(world.again(), TEXT).work == ()
    elsewhere = {"codecommit:GitPush", "codecommit:ListBranches", "codepipeline:ListPipelineExecutions"}
    assert least(world, Job.UP) - set().union(*map(actions, asked)) == NO_INDEX | elsewhere


def test_down_gets_there_by_its_own_messages(world: World) -> None:
    core.up(world.again(), TEXT, push=core.first_commit(world))
    s3 = world.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        s3.put_object(Bucket=bucket["Name"], Key="a", Body=b"1")
    by_the_messages_alone(world, guarded(world), down)
    assert world.inventory == {}


def test_status_gets_there_by_its_own_messages(world: World) -> None:
    core.up(world.again(), TEXT)
    statements = by_the_messages_alone(world, guarded(world), look)
    reads = {"GetPipeline", "GetPipelineState", "ListPipelineExecutions", "ListActionExecutions"}
    assert actions(statements) == {f"codepipeline:{name}" for name in reads}
    assert actions(statements) < least(world, Job.STATUS)  # a commit, or a failure, takes more
