"""How often a call is sent: ten times, unless the user says otherwise or nobody has answered for long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from awspipe.aws import Aws
from awspipe.errors import AwsError
from awspipe.explain import explained
from tests.support.clock import FakeClock

READ_TIMEOUT = 25


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's settings: a file to write, and no variables."""
    for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path / "config"


def aws(clock: FakeClock | None = None) -> Aws:
    session = boto3.Session(
        aws_access_key_id="none", aws_secret_access_key="none", region_name="ap-northeast-2"
    )
    return Aws(session, "ap-northeast-2", now=(clock or FakeClock()).time)


def retries(on: Aws) -> dict[str, Any]:
    return dict(on.client("iam").meta.config.retries)


def test_a_call_is_sent_ten_times_where_the_user_says_nothing(told: Path) -> None:
    assert retries(aws()) == {"mode": "standard", "total_max_attempts": 10}


def test_what_the_user_says_in_variables_counts(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    assert retries(aws())["total_max_attempts"] == 4
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    assert retries(aws())["mode"] == "adaptive"


def test_what_the_user_says_in_a_file_counts(told: Path) -> None:
    told.write_text("[default]\nmax_attempts = 2\n")
    assert retries(aws())["total_max_attempts"] == 2


class Network:
    """Answers some calls, and lets the others wait until the client has had enough."""

    def __init__(self, on: Aws, clock: FakeClock, *, heard: bool = False, answers: bool = False) -> None:
        self.sent: list[str] = []
        self._clock, self._heard, self._answers = clock, heard, answers
        on.client("codepipeline").meta.events.register_first("before-send", self)

    def __call__(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        self.sent.append(event_name.rpartition(".")[2])
        if self._answers:
            return self._answer(request, 200)
        if self._heard:  # another call was answered meanwhile, and this one the third time
            self._clock.advance(20)
            self._heard = len(self.sent) < 3
            return self._answer(request, 503 if self._heard else 200)
        self._clock.advance(READ_TIMEOUT)
        raise ReadTimeoutError(endpoint_url=request.url)

    @staticmethod
    def _answer(request: Any, status: int) -> AWSResponse:
        made = AWSResponse(request.url, status, HTTPHeaders(), None)
        made._content = b'{"pipelines": []}'
        return made


def test_where_nobody_answers_a_command_ends_within_a_minute(told: Path) -> None:
    clock = FakeClock()
    begun, on = clock.time(), aws(clock)
    network = Network(on, clock)
    with pytest.raises(AwsError, match="Read timeout on endpoint URL"), explained("look"):
        on.client("codepipeline").list_pipelines()
    assert clock.time() - begun < 60
    assert network.sent == ["ListPipelines"] * 2


def test_once_a_call_was_given_up_no_other_is_sent(told: Path) -> None:
    clock = FakeClock()
    on = aws(clock)
    network = Network(on, clock)
    with pytest.raises(ReadTimeoutError):
        on.client("codepipeline").list_pipelines()
    begun, sent = clock.time(), len(network.sent)
    for call in (on.client("codepipeline").list_pipelines, on.client("iam").list_roles):
        with pytest.raises(ReadTimeoutError):
            call()
    assert (clock.time(), len(network.sent)) == (begun, sent)


def test_another_region_is_asked_once_and_may_answer(told: Path) -> None:
    clock = FakeClock()
    on = aws(clock)
    dead, well = on.at("ap-east-1"), on.at("eu-central-1")
    Network(on, clock)
    network, answering = Network(dead, clock), Network(well, clock, answers=True)
    with pytest.raises(ReadTimeoutError):
        on.client("codepipeline").list_pipelines()
    for _ in range(2):
        with pytest.raises(ReadTimeoutError):
            dead.client("codepipeline").list_pipelines()
    assert network.sent == ["ListPipelines"]
    assert well.client("codepipeline").list_pipelines()["pipelines"] == []
    assert answering.sent == ["ListPipelines"]


def test_who_asks_again_and_again_finds_out_that_somebody_answers(told: Path) -> None:
    clock = FakeClock()
    on = replace(aws(clock), once_each=True)
    network = Network(on, clock)
    for number in range(1, 4):
        with pytest.raises(ReadTimeoutError):
            on.client("codepipeline").list_pipelines()
        assert len(network.sent) == number


def test_time_that_passed_before_a_call_is_no_silence(told: Path) -> None:
    """Somebody read the plan for an hour before saying yes."""
    clock = FakeClock()
    on = aws(clock)
    on.client("codepipeline")
    clock.advance(3600)
    network = Network(on, clock)
    with pytest.raises(ReadTimeoutError):
        on.client("codepipeline").list_pipelines()
    assert len(network.sent) == 2


def test_a_slow_call_is_sent_again_while_others_are_answered(told: Path) -> None:
    clock = FakeClock()
    on = aws(clock)
    network = Network(on, clock, heard=True)
    assert on.client("codepipeline").list_pipelines()["pipelines"] == []
    assert len(network.sent) == 3
