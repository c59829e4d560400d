"""AWS busy, failing or slow at every single call of `up` and `down`: they end well all the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from awspipe.aws import Aws
from tests.contract.test_core_repeat import call_of, signature
from tests.support import core
from tests.support.core import GITHUB, SERVER, STATIC_SITE, World

TIMES = 2
XML = frozenset({"iam", "s3", "sns", "sts"})
CODES = {"s3": "SlowDown", "resourcegroupstaggingapi": "ThrottledException"}


class Refusing:
    """Answers the first sendings of every call in AWS's place; AWS hears of none of them."""

    def __init__(self, aws: Aws, status: int, *, throttled: bool) -> None:
        self.refused: Counter[str] = Counter()
        self._status, self._throttled = status, throttled
        events = aws.session.events
        events.register_first("before-send", self._before)
        if throttled:
            events.register_first("needs-retry.*.*", self._at_once)

    def _before(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        sent = signature(event_name, request)
        if self.refused[sent] == TIMES:
            return None
        self.refused[sent] += 1
        url, request.url = request.url, "https://nobody.invalid/"  # moto answers what is for AWS
        answer = AWSResponse(url, self._status, HTTPHeaders(), None)
        answer._content = self._body(call_of(event_name).split(".")[0])
        return answer

    def _body(self, service: str) -> bytes:
        code = CODES.get(service, "ThrottlingException") if self._throttled else "InternalFailure"
        if service not in XML:
            return json.dumps({"__type": code, "message": "try again"}).encode()
        error = f"<Error><Code>{code}</Code><Message>try again</Message></Error>"
        return (error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>").encode()

    def _at_once(self, response: Any, **_: Any) -> float | None:
        """botocore's retry without its pause, which is seconds where it is told to slow down."""
        parsed = response[1] if response else {}
        return 0 if parsed.get("Error", {}).get("Message") == "try again" else None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


def test_botocore_takes_these_codes_for_throttling() -> None:
    """It would try again: here only its pause is left out."""
    from botocore.retries.standard import ThrottledRetryableChecker

    assert {"ThrottlingException", *CODES.values()} <= {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES}


@pytest.mark.parametrize(("status", "throttled"), [(400, True), (500, False)], ids=["throttled", "failing"])
@pytest.mark.parametrize("text", [STATIC_SITE, SERVER, GITHUB], ids=["static-site", "server", "github"])
def test_every_call_is_refused_twice_and_up_and_down_succeed(
    world: World, text: str, status: int, throttled: bool
) -> None:
    core.up(world.aws, text)
    undisturbed = core.lasting(world.inventory)
    sent = len({one.name for one in world.calls.calls})
    core.down(world.aws)
    for command in (lambda aws: core.up(aws, text), core.down):
        aws = world.again()
        refusing = Refusing(aws, status, throttled=throttled)
        command(aws)
        assert set(refusing.refused.values()) == {TIMES}
        if command is not core.down:
            assert len({one.split(" ")[0] for one in refusing.refused}) == sent
            assert core.lasting(world.inventory) == undisturbed
    assert world.inventory == {}
