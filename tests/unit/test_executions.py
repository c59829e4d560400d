"""Executions as values: which one went on in the place of another."""

from __future__ import annotations

import pytest

from awspipe.executions import Execution, newer_than, overtaker


def made(number: int, state: str = "InProgress", *, summary: str = "", target: str = "") -> Execution:
    return Execution("shop", f"{number:08}-0000-0000-0000-000000000000", state, summary, target=target)


OLD = made(1, "Superseded")


def told(id_: str) -> str:
    return id_.split("-", maxsplit=1)[0].lstrip("0")


@pytest.mark.parametrize(
    ("newer", "by"),
    [
        ([], ""),
        ([made(2)], "2"),
        ([made(3), made(2)], "2"),
        ([made(3), made(2, "Superseded")], "3"),
        ([made(3), made(2, "Succeeded", target=OLD.id)], "3"),
        ([made(3, "Superseded"), made(2, "Superseded")], "2"),
    ],
)
def test_the_first_that_was_not_superseded_itself_took_over(newer: list[Execution], by: str) -> None:
    assert told(overtaker(OLD, newer)) == by


def test_the_one_that_aws_names_took_over_whatever_else_is_known() -> None:
    named = made(2, "Superseded")
    old = made(1, "Superseded", summary=f"Execution {OLD.id} was superseded by {named.id}.")
    assert overtaker(old, [made(3), named]) == overtaker(old, []) == named.id


def test_a_list_that_does_not_reach_an_execution_tells_nothing_of_what_followed_it() -> None:
    assert newer_than(OLD, [made(3), made(2), OLD, made(0)]) == (made(3), made(2))
    assert newer_than(OLD, [made(3), made(2)]) == ()
