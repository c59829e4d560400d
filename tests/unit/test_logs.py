"""Lines of builds and deployments: read without losing or doubling one, in order, and shown."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from awspipe.aws import Aws
from awspipe.cli.views import logs as view
from awspipe.executions import ActionExecution, Execution
from awspipe.logs import Gap, Logs
from awspipe.polling import Line
from tests.support import modelcheck

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
MS = int(START.timestamp() * 1000)
UUID = "11111111-0000-4000-8000-000000000001"


def action(
    name: str, provider: str = "CodeBuild", *, state: str = "InProgress", **members: Any
) -> ActionExecution:
    whole: dict[str, Any] = {
        "id": f"id-{name}",
        "execution": UUID,
        "stage": "Build",
        "name": name,
        "state": state,
        "kind": f"Build/{provider}",
        "started": START,
        "updated": START,
        "summary": "",
        "error": ("", ""),
        "url": "",
        "external_id": f"{name}:{UUID}",
        "log_stream": "",
    }
    return ActionExecution(**whole | members)


def execution(*actions: ActionExecution) -> Execution:
    return Execution("shop", UUID, "InProgress", actions=actions)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


class FakeAws:
    """CloudWatch Logs, CodeBuild and CodeDeploy as far as they tell of lines."""

    def __init__(self, page: int = 3) -> None:
        self.page = page
        self.streams: dict[str, list[tuple[int, str]]] = {}
        self.builds: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.fail: Callable[[str], None] = lambda operation: None

    def line(self) -> Line:
        return Line(cast(Aws, self), sleep=lambda seconds: None)

    def client(self, service: str) -> Any:
        operations = {
            "get_log_events": ("logs", "GetLogEvents", self._events),
            "batch_get_builds": ("codebuild", "BatchGetBuilds", self._builds),
            "list_deployment_targets": ("codedeploy", "ListDeploymentTargets", self._ids),
            "batch_get_deployment_targets": ("codedeploy", "BatchGetDeploymentTargets", self._details),
        }
        return SimpleNamespace(
            **{name: self._call(*it) for name, it in operations.items() if it[0] == service}
        )

    def _call(self, service: str, operation: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            modelcheck.check_request(service, operation, request)
            self.calls.append(operation)
            self.fail(operation)
            found = answer(**request)
            modelcheck.check_output(service, operation, {key: it for key, it in found.items() if it != []})
            return found

        return call

    def _events(self, logStreamName: str, startFromHead: bool, **request: Any) -> dict[str, Any]:  # noqa: N803
        if logStreamName not in self.streams:
            raise refused("ResourceNotFoundException")
        events = [it for it in self.streams[logStreamName] if it[0] >= request.get("startTime", 0)]
        size = request.get("limit", self.page)
        size = min(size, self.page) if startFromHead else size
        begin = int(request["nextToken"][2:]) if "nextToken" in request else 0
        if not startFromHead:
            begin = max(0, len(events) - size)
        shown = events[begin : begin + size]
        return {
            "events": [
                {"timestamp": moment, "message": text, "ingestionTime": moment} for moment, text in shown
            ],
            "nextForwardToken": f"f/{begin + len(shown)}",
            "nextBackwardToken": f"b/{begin}",
        }

    def _builds(self, ids: list[str]) -> dict[str, Any]:
        return {"builds": [{"id": one, "logs": self.builds[one]} for one in ids if one in self.builds]}

    def _ids(self, deploymentId: str) -> dict[str, Any]:  # noqa: N803
        if deploymentId not in self.targets:
            raise refused("DeploymentNotStartedException")
        return {"targetIds": [one["targetId"] for one in self.targets[deploymentId]]}

    def _details(self, deploymentId: str, targetIds: list[str]) -> dict[str, Any]:  # noqa: N803
        found = [one for one in self.targets[deploymentId] if one["targetId"] in targetIds]
        return {
            "deploymentTargets": [
                {"deploymentTargetType": "InstanceTarget", "instanceTarget": one} for one in found
            ]
        }

    def build(self, name: str, *lines: tuple[int, str]) -> ActionExecution:
        """A build that has written lines: seconds after the start, and text."""
        made = action(name)
        self.builds[made.external_id] = {"groupName": f"/aws/codebuild/{name}", "streamName": name}
        self.streams[name] = [(MS + second * 1000, text) for second, text in lines]
        return made


def every(_: ActionExecution) -> bool:
    return True


def drained(logs: Logs, now: Execution) -> list[str]:
    """All lines that there are, as they are shown."""
    found = list(logs.read(now))
    while logs.more:
        found += logs.read(now)
    return list(view.lines(found, {}, terminal=False, colour=False))


def test_lines_of_all_actions_come_in_the_order_of_time_whatever_the_pages() -> None:
    aws = FakeAws(page=2)
    first = aws.build("A", (0, "a0\n"), (1, "a1\n"), (4, "a4\n"), (5, "a5\n"), (9, "a9\n"))
    second = aws.build("B", (1, "b1\n"), (2, "b2\n"), (3, "b3\n"), (7, "b7\n"))
    shown = drained(Logs(aws.line(), every), execution(first, second))
    assert [one.partition("| ")[2] for one in shown] == ["a0", "a1", "b1", "b2", "b3", "a4", "a5", "b7", "a9"]
    assert shown[0] == "Build/A | a0"


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_doubled_while_builds_write_and_calls_fail(seed: int) -> None:
    """Lines come between looks, and any call may be throttled."""
    chance = random.Random(seed)
    aws = FakeAws(page=chance.randint(1, 5))
    actions = [aws.build(name) for name in "ABC"]
    logs, written, seen = Logs(aws.line(), every), [], []

    def throttle(_: str) -> None:
        if chance.random() < 0.3:
            raise refused("ThrottlingException")

    aws.fail = throttle
    second = 0
    while second < 60 or len(seen) < len(written):
        second += 1
        for name in chance.sample("ABC", chance.randint(0, 3)) if second < 60 else ():
            written.append(f"{name}{second}")
            aws.streams[name].append((MS + second * 1000, f"{name}{second}\n"))
        try:
            seen += [(one.action.name, one.text) for one in logs.read(execution(*actions))]
        except ClientError:
            continue
        assert second < 2000
    assert sorted(text for _, text in seen) == sorted(written)
    for name in "ABC":
        assert [text for of, text in seen if of == name] == [one for one in written if one.startswith(name)]


def test_a_build_that_has_no_stream_yet_is_waited_for() -> None:
    aws = FakeAws()
    one = action("A")
    aws.builds[one.external_id] = {}
    logs = Logs(aws.line(), every)
    assert drained(logs, execution(one)) == []
    aws.builds[one.external_id] = {"groupName": "g", "streamName": "A"}
    assert drained(logs, execution(one)) == []
    aws.streams["A"] = [(MS, "now\n")]
    assert drained(logs, execution(one)) == ["Build/A | now"]
    assert not logs.gaps


def test_lines_that_come_after_the_end_are_waited_for_and_then_no_more_is_asked() -> None:
    aws = FakeAws()
    one = aws.build("A", (0, "a\n"))
    logs = Logs(aws.line(), every)
    drained(logs, execution(one))
    ended = execution(action("A", state="Succeeded"))
    assert drained(logs, ended) == []
    aws.streams["A"].append((MS + 5000, "late\n"))
    assert drained(logs, ended) == ["Build/A | late"]
    for _ in range(5):
        drained(logs, ended)
    assert logs.settled
    calls = len(aws.calls)
    drained(logs, ended)
    assert len(aws.calls) == calls


@pytest.mark.parametrize(
    ("ready", "why"),
    [
        (
            lambda aws: aws.builds.update({f"A:{UUID}": {"groupName": "g", "streamName": "s"}}),
            "there is no stream s in log group g",
        ),
        (
            lambda aws: aws.builds.update({f"A:{UUID}": {"cloudWatchLogs": {"status": "DISABLED"}}}),
            "its lines are not kept in CloudWatch Logs",
        ),
        (lambda aws: None, "its lines are not kept in CloudWatch Logs"),
    ],
)
def test_what_is_not_there_is_said_once(ready: Callable[[FakeAws], None], why: str) -> None:
    aws = FakeAws()
    ready(aws)
    logs = Logs(aws.line(), every)
    for _ in range(3):
        assert drained(logs, execution(action("A", state="Failed"))) == []
    assert [one.why for one in logs.gaps] == [why]
    assert logs.settled


def test_what_may_not_be_read_is_said_once_and_the_rest_is_read() -> None:
    aws = FakeAws()
    one, other = aws.build("A", (0, "a\n")), action("D", "CodeDeploy", external_id="d-ABCDEFGHI")

    def deny(operation: str) -> None:
        if operation == "ListDeploymentTargets":
            raise refused("AccessDeniedException")

    aws.fail = deny
    logs = Logs(aws.line(), every)
    assert drained(logs, execution(other, one)) == ["Build/A | a"]
    drained(logs, execution(other, one))
    (gap,) = logs.gaps
    shown = list(view.gap(gap))
    assert shown[0].startswith("! Build/D: read what Build/D wrote: no (AccessDeniedException")
    assert shown[1].startswith("  try: ")


def test_only_the_wanted_the_newer_and_the_last_lines() -> None:
    aws = FakeAws(page=100)
    lines = [(second, f"{second}\n") for second in range(10)]
    one, other = aws.build("A", *lines), aws.build("B", *lines)
    newer = Logs(aws.line(), lambda it: it.name == "B", since=MS + 8000)
    assert drained(newer, execution(one, other)) == ["Build/B | 8", "Build/B | 9"]
    last = Logs(aws.line(), every, tail=2)
    assert drained(last, execution(one)) == ["Build/A | 8", "Build/A | 9"]
    aws.streams["A"].append((MS + 11000, "11\n"))
    assert drained(last, execution(one)) == ["Build/A | 11"]


def test_what_codepipeline_runs_itself_has_its_stream_named() -> None:
    aws = FakeAws()
    aws.streams["S"] = [(MS, "one\r\ntwo\n")]
    stream = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/aws/codepipeline/shop:log-stream:S"
    one = action("Commands", "Commands", log_stream=stream)
    assert drained(Logs(aws.line(), every), execution(one)) == [
        "Build/Commands | one",
        "Build/Commands | two",
    ]
    assert "BatchGetBuilds" not in aws.calls


def event(name: str, status: str, begin: int, end: int | None = None, **diagnostics: Any) -> dict[str, Any]:
    times = {"startTime": START + timedelta(seconds=begin)}
    if end is not None:
        times["endTime"] = START + timedelta(seconds=end)
    return {"lifecycleEventName": name, "status": status, **times, "diagnostics": diagnostics}


def test_a_deployment_tells_its_events_as_they_end_and_why_one_failed() -> None:
    aws = FakeAws()
    one = action("Deploy", "CodeDeploy", external_id="d-ABCDEFGHI")
    logs = Logs(aws.line(), every)
    assert drained(logs, execution(one)) == []
    events = [event("BeforeInstall", "Succeeded", 0, 2, errorCode="Success", message="Succeeded")]
    target = {"deploymentId": "d-ABCDEFGHI", "targetId": "i-1", "lifecycleEvents": events}
    aws.targets["d-ABCDEFGHI"] = [target]
    events.append(event("Install", "InProgress", 2))
    assert drained(logs, execution(one)) == ["Build/Deploy | i-1 BeforeInstall Succeeded (2 s)"]
    events[-1] = event(
        "Install",
        "Failed",
        2,
        5,
        errorCode="ScriptFailed",
        scriptName="go.sh",
        message="code 1",
        logTail="[stdout]a\n[stderr]b\n",
    )
    assert drained(logs, execution(one)) == [
        "Build/Deploy | i-1 Install Failed (3 s)",
        "Build/Deploy | i-1   ScriptFailed: go.sh: code 1",
        "Build/Deploy | i-1   [stdout]a",
        "Build/Deploy | i-1   [stderr]b",
    ]
    for _ in range(4):
        drained(logs, execution(action("Deploy", "CodeDeploy", external_id="d-ABCDEFGHI", state="Failed")))
    assert logs.settled


def test_more_targets_than_one_call_takes() -> None:
    aws = FakeAws()
    aws.targets["d-ABCDEFGHI"] = [
        {"targetId": f"i-{number}", "lifecycleEvents": [event("Install", "Succeeded", 0, number)]}
        for number in range(60)
    ]
    one = action("Deploy", "CodeDeploy", external_id="d-ABCDEFGHI")
    shown = drained(Logs(aws.line(), every), execution(one))
    assert [line.split()[2] for line in shown] == [f"i-{number}" for number in range(60)]
    assert aws.calls.count("BatchGetDeploymentTargets") == 3


@pytest.mark.parametrize(
    ("text", "plain", "coloured"),
    [
        ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m"),
        ("\x1b[2J\x1b[1;1Hgone", "gone", "gone"),
        ("10%\r50%\r100%", "100%", "100%"),
        ("\x1b]0;title\x07x\x08y", "x?y", "x?y"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", "link"),
        ("\x1bP1;2|q\x1b\\a\x1bcb", "ab", "ab"),
        ("\x9b2Ja\u202eb", "?2Ja?b", "?2Ja?b"),
        ("한글\t끝", "한글\t끝", "한글\t끝"),
    ],
)
def test_a_line_can_do_nothing_to_a_terminal_but_colour(text: str, plain: str, coloured: str) -> None:
    assert view.neutral(text, colour=False) == plain
    assert view.neutral(text, colour=True) == coloured


def test_a_file_holds_what_was_written_and_a_terminal_colours_the_action() -> None:
    aws = FakeAws()
    one = aws.build("A", (0, "\x1b[31mred\n"))
    (line,) = Logs(aws.line(), every).read(execution(one))
    assert list(view.lines([line], {}, terminal=False, colour=False)) == ["Build/A | \x1b[31mred"]
    assert list(view.lines([line], {}, terminal=True, colour=False)) == ["Build/A | red"]
    assert list(view.lines([line], {}, terminal=True, colour=True)) == [
        "\x1b[36mBuild/A | \x1b[39m\x1b[31mred\x1b[0m"
    ]
    assert view.record(line) == {
        "event": "line",
        "time": "2026-11-24T12:00:00.000+00:00",
        "execution_id": UUID,
        "stage": "Build",
        "action": "A",
        "text": "\x1b[31mred",
    }


def test_json_lines_besides_those_of_actions() -> None:
    one = action("A")
    assert view.gap_record(Gap(one, "gone")) == {
        "event": "gap",
        "stage": "Build",
        "action": "A",
        "message": "gone",
        "hint": None,
    }
    assert view.end_record(execution(one)) == {"event": "end", "execution_id": UUID, "status": "InProgress"}


def test_what_there_is_to_say_where_there_are_no_lines() -> None:
    source = action("Source", "CodeCommit")

    def said(*actions: ActionExecution, stage: str = "", name: str = "", silent: bool = False) -> list[str]:
        return list(view.nothing(execution(*actions), stage=stage, action=name, silent=silent))

    assert said(source, silent=True) == ["execution 11111111: no lines"]
    assert said(source, stage="Build", silent=True) == ["execution 11111111: no lines of Build"]
    assert said() == ["execution 11111111: no action has begun"]
    assert said(source, stage="Deploy", name="A") == ["execution 11111111 has run nothing in Deploy/A"]
    assert said(source, stage="Build") == [
        "execution 11111111: there is no log of Build/Source (CodeCommit)",
        "  builds (CodeBuild), commands (Commands) and deployments (CodeDeploy) write one",
    ]
