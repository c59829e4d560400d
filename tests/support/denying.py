"""Credentials that may not do something: AWS's own refusals, in the shape of each protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

_ERROR = "<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>"
_XML = {
    "iam": f"<ErrorResponse>{_ERROR}</ErrorResponse>",
    "s3": _ERROR,
    "ec2": f"<Response><Errors>{_ERROR}</Errors></Response>".replace("AccessDenied", "UnauthorizedOperation"),
}


_NAMES = {"resource-groups-tagging-api": "resourcegroupstaggingapi", "cloudwatch-logs": "logs"}
"""What botocore's events call services otherwise than its clients."""


def deny(session: Any, actions: Iterable[str]) -> None:
    """Let clients that a session makes from now on be refused `service:Operation`s, given as botocore names
    them, before anything is sent. `service:*` is every operation of a service."""
    session.events.register_first("before-send", refuser(actions))


def refuser(actions: Iterable[str]) -> Callable[..., AWSResponse | None]:
    """What answers `before-send` with a refusal."""
    refused = frozenset(actions)

    def refuse(event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        _, service, operation = event_name.split(".")
        service = _NAMES.get(service, service)
        if not {f"{service}:{operation}", f"{service}:*"} & refused:
            return None
        response = AWSResponse(request.url, 403 if service in _XML else 400, HTTPHeaders(), None)
        response._content = _body(service)  # type: ignore[attr-defined]
        return response

    return refuse


def _body(service: str) -> bytes:
    if service in _XML:
        return _XML[service].encode()
    return json.dumps({"__type": "AccessDeniedException", "message": "not allowed"}).encode()
