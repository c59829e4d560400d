"""The executor: each step as soon as it can, a failure stops what waits for it, Ctrl-C starts nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.apply import Outcome, apply
from awspipe.aws import Aws
from awspipe.errors import AwspipeError, StoppedError
from awspipe.events import Event, StepDone, StepFailed, StepLeft, StepSkipped, StepStarted, Waiting
from awspipe.graph import Source
from awspipe.naming import Scope
from awspipe.plan import Plan, Step, Verb
from awspipe.resources.base import Key

Order = dict[str, str]
"""Each step's name, and the names of those it waits for, as one text: `{"c": "ab"}`."""


def plan_of(order: Order, *, kept: str = "") -> Plan:
    steps = tuple(
        Step(
            Verb.KEEP if name in kept else Verb.PUSH,
            Key("commit", name),
            source=Source(name, "main"),
            waits_for=frozenset(Key("commit", one) for one in waits),
        )
        for name, waits in order.items()
    )
    return Plan(Scope("shop", "123456789012", "ap-northeast-2"), steps, (), (), ())


def aws(listener: Callable[[Event], None] | None = None) -> Aws:
    """A connection that no step here uses."""
    session: Any = None
    return Aws(session, "ap-northeast-2", listener=listener or (lambda _: None))


class Work:
    """Notes which steps ran, in which order; those of `failing` fail."""

    def __init__(self, failing: str = "") -> None:
        self.ran: list[str] = []
        self._failing = failing
        self._lock = threading.Lock()

    def __call__(self, source: Source) -> None:
        with self._lock:
            self.ran.append(source.repository)
        if source.repository in self._failing:
            raise AwspipeError(f"{source.repository} broke")


def names(steps: Iterable[Step]) -> str:
    return "".join(sorted(step.key.name for step in steps))


def run(order: Order, failing: str = "", *, kept: str = "") -> tuple[Outcome, Work]:
    work = Work(failing)
    return apply(aws(), plan_of(order, kept=kept), push=work), work


DIAMOND = {"a": "", "b": "a", "c": "a", "d": "bc"}


def test_every_step_runs_after_those_it_waits_for() -> None:
    outcome, work = run(DIAMOND)
    assert outcome.complete
    assert (work.ran[0], work.ran[-1], len(work.ran)) == ("a", "d", 4)


@pytest.mark.parametrize(
    ("order", "failing", "done", "failed", "skipped"),
    [
        (DIAMOND, "a", "", "a", "bcd"),
        (DIAMOND, "b", "ac", "b", "d"),
        (DIAMOND, "bc", "a", "bc", "d"),
        (DIAMOND, "d", "abc", "d", ""),
        ({"a": "", "b": "a", "x": "", "y": "x"}, "a", "xy", "a", "b"),
        ({"a": "", "b": "a", "c": "b", "d": "c", "x": ""}, "a", "x", "a", "bcd"),
    ],
)
def test_a_failure_skips_what_waits_for_it_and_nothing_else(
    order: Order, failing: str, done: str, failed: str, skipped: str
) -> None:
    outcome, _ = run(order, failing)
    assert names(outcome.done) == done
    assert names(step for step, _ in outcome.failed) == failed
    assert names(outcome.skipped) == skipped
    assert not outcome.complete


def test_what_is_kept_runs_nothing_and_lets_others_start() -> None:
    outcome, work = run(DIAMOND, kept="abc")
    assert work.ran == ["d"]
    assert names(outcome.done) == "abcd"


def test_a_long_row_of_what_is_kept_is_no_trouble() -> None:
    order = {str(number): "" for number in range(3000)}
    steps = tuple(Step(Verb.KEEP, Key("commit", name)) for name in order)
    empty = plan_of({})
    plan = Plan(empty.scope, steps, (), (), ())
    assert len(apply(aws(), plan).done) == 3000


def test_steps_that_do_not_wait_for_each_other_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)
    outcome = apply(aws(), plan_of({"a": "", "b": ""}), push=lambda _: both.wait() and None)
    assert outcome.complete


def test_a_slow_step_holds_up_only_what_waits_for_it() -> None:
    quick = threading.Event()

    def work(source: Source) -> None:
        if source.repository == "slow":
            assert quick.wait(10)
        if source.repository == "c":
            quick.set()

    order = {"slow": "", "b": "", "c": "b", "d": ""}
    plan = plan_of(order)
    assert apply(aws(), plan, push=work).complete


def test_ctrl_c_starts_nothing_new_and_lets_running_steps_end() -> None:
    """As the terminal sends it: to the main thread, while it waits."""
    heard: list[Event] = []
    context = aws(heard.append)

    def work(source: Source) -> None:
        context.stopping.set()

    outcome = apply(context, plan_of({"a": "", "b": "a", "c": "b"}), push=work)
    assert outcome.stopped
    assert (names(outcome.done), names(outcome.skipped)) == ("a", "bc")
    assert not outcome.failed


def test_the_first_ctrl_c_stops_and_says_so() -> None:
    heard: list[Event] = []

    def listener(event: Event) -> None:
        heard.append(event)
        if isinstance(event, StepDone) and len(heard) == 2:
            raise KeyboardInterrupt

    context = aws(listener)
    outcome = apply(context, plan_of({"a": "", "b": "a", "c": "b"}), push=Work())
    assert outcome.stopped
    assert (names(outcome.done), names(outcome.skipped)) == ("a", "bc")
    assert [event.why for event in heard if isinstance(event, Waiting)] == [
        "stopping: calls under way have 3 s to end; Ctrl-C again leaves at once"
    ]


def test_a_step_that_does_not_end_after_ctrl_c_is_left() -> None:
    heard: list[Event] = []
    answer = threading.Event()

    def listener(event: Event) -> None:
        heard.append(event)
        if event == StepStarted("push commit to repository b (main)"):
            raise KeyboardInterrupt

    def work(source: Source) -> None:
        answer.wait()

    outcome = apply(aws(listener), plan_of({"a": "", "b": "", "c": "a"}), push=work)
    answer.set()
    assert outcome.stopped
    assert not outcome.complete
    assert (names(outcome.done), names(outcome.skipped), names(outcome.left)) == ("", "bc", "a")
    assert StepLeft("push commit to repository a (main)") in heard


def test_the_second_ctrl_c_leaves_at_once() -> None:
    def listener(event: Event) -> None:
        if isinstance(event, StepDone | StepSkipped):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(aws(listener), plan_of({"a": "", "b": "a"}), push=Work())


def test_a_step_that_was_told_to_stop_while_it_waited_is_skipped() -> None:
    context = aws()

    def work(source: Source) -> None:
        context.stopping.set()
        raise StoppedError("stopped while waiting")

    outcome = apply(context, plan_of({"a": "", "b": "a"}), push=work)
    assert (names(outcome.done), names(outcome.skipped), outcome.failed) == ("", "ab", [])


def test_a_listener_hears_each_step_begin_and_end() -> None:
    heard: list[Event] = []
    apply(aws(heard.append), plan_of({"a": "", "b": "a", "c": ""}), push=Work("a"))
    say = "push commit to repository {} (main)"
    assert StepStarted(say.format("a")) in heard
    assert [event.step for event in heard if isinstance(event, StepDone)] == [say.format("c")]
    assert [(event.step, event.error.message) for event in heard if isinstance(event, StepFailed)] == [
        (say.format("a"), "a broke")
    ]
    assert [event.step for event in heard if isinstance(event, StepSkipped)] == [say.format("b")]


def test_a_mistake_of_the_program_is_not_taken_for_a_failed_step() -> None:
    def work(source: Source) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apply(aws(), plan_of({"a": ""}), push=work)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    every = "abcdefgh"[: draw(st.integers(0, 8))]
    return {
        name: "".join(draw(st.sets(st.sampled_from(every[:place])))) if place else ""
        for place, name in enumerate(every)
    }


@given(orders(), st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_every_step_ends_as_done_failed_or_skipped_and_for_a_reason(
    order: Order, broken: set[str], kept: set[str]
) -> None:
    outcome, work = run(order, "".join(broken - kept), kept="".join(kept))
    done, skipped = names(outcome.done), names(outcome.skipped)
    failed = names(step for step, _ in outcome.failed)
    assert sorted(done + failed + skipped) == sorted(order)
    for name, waits in order.items():
        bad = [one for one in waits if one in failed + skipped]
        assert (name in skipped) is bool(bad)
        assert (name in work.ran) is (name not in skipped and name not in kept)
    for name in work.ran:
        before = work.ran[: work.ran.index(name)]
        assert all(one in before or one in kept for one in order[name])
