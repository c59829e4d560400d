"""Which execution of a pipeline is meant by how an id begins."""

from __future__ import annotations

import pytest

from awspipe.cli.boards import Board
from awspipe.cli.console import Console
from awspipe.errors import AwspipeError
from awspipe.executions import Execution
from awspipe.status import PipelineStatus
from tests.unit.views import NOW, SCOPE, target

IDS = ("1a2b3c4d-1", "1a2b9999-2")


def board() -> Board:
    executions = tuple(Execution(SCOPE.pipeline, id_, "Failed") for id_ in IDS)
    found = PipelineStatus(SCOPE, "V2", 1, NOW, NOW, (), executions, ())
    return Board(Console(), target(), SCOPE.pipeline, found)


def test_an_execution_is_found_by_the_beginning_of_its_id() -> None:
    assert board().beginning("1A2B9").id == IDS[1]


@pytest.mark.parametrize(
    ("wanted", "text", "code"),
    [
        ("1a2b", "2 executions begin with 1a2b", 2),
        ("ffff", "shop has no recent execution ffff", 1),
    ],
)
def test_no_execution_is_guessed(wanted: str, text: str, code: int) -> None:
    with pytest.raises(AwspipeError, match=text) as told:
        board().beginning(wanted)
    assert told.value.exit_code == code
