"""In place of the network, below botocore's retries: remembers what was sent, answers what it was told."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

Answer = tuple[int, bytes] | Exception


class Wire:
    """Answers in the order given, then 200 and `{}` for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.sent: list[AWSPreparedRequest] = []
        self._answers = list(answers)
        self._lock = threading.Lock()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        with self._lock:
            self.sent.append(request)
            answer = self._answers.pop(0) if self._answers else (200, b"{}")
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        response = AWSResponse(request.url, status, HTTPHeaders(), None)
        response._content = body  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        pass


def client(session: Any, service: str, *answers: Answer, retries: int = 3) -> tuple[Any, Wire]:
    """A client of a session (boto3's or botocore's) that talks to a new wire."""
    make: Any = session.client if isinstance(session, boto3.Session) else session.create_client
    made = make(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": retries}),
    )
    wire = Wire(*answers)
    made._endpoint.http_session = wire
    return made, wire
