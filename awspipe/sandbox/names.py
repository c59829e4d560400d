"""The checks of botocore's model for the services that moto plays but does not check.

moto takes an IAM role with a space in its name, a rule's name of a hundred characters, 15 days of retention.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.events.responses import EventsHandler
from moto.iam.responses import IamResponse
from moto.logs.responses import LogsResponse

from awspipe.sandbox import modelrules
from awspipe.sandbox.service import RefusalError

_CODES: dict[type, str] = {
    EventsHandler: "ValidationException",
    IamResponse: "ValidationError",
    LogsResponse: "InvalidParameterException",
}
"""Each service's error code for a broken rule of its model."""

_RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


def install() -> None:
    """Check what reaches moto's events, IAM and logs; again is harmless."""
    for response, code in _CODES.items():
        if not hasattr(response.call_action, "__wrapped__"):  # type: ignore[attr-defined]
            setattr(response, "call_action", _checking(response.call_action, code))  # type: ignore[attr-defined] # noqa: B010


def _checking(original: Callable[..., Any], code: str) -> Callable[..., Any]:
    @wraps(original)
    def call_action(self: Any) -> Any:
        text = _problem(self)
        if text:
            return self.serialized(ActionResult(RefusalError(code, text)))
        return original(self)

    return call_action


def _problem(self: Any) -> str:
    operation = str(self._get_action())
    service = get_service_model(self.boto3_service_name)
    if operation not in service.operation_names:
        return ""
    model = service.operation_model(operation)
    params = _params(self, service, model)
    found = modelrules.violations(model.input_shape, params)
    if found:
        return modelrules.sentence(_lowered(found))
    if operation == "PutRetentionPolicy" and params["retentionInDays"] not in _RETENTIONS:
        days = ", ".join(map(str, sorted(_RETENTIONS)))
        text = f"1 validation error detected: Value '{params['retentionInDays']}' at 'retentionInDays' failed"
        return f"{text} to satisfy constraint: Member must satisfy enum value set: [{days}]"
    return ""


def _params(self: Any, service: Any, model: Any) -> dict[str, Any]:
    request = self.normalized_request
    protocol = determine_request_protocol(service, request.content_type)
    parts: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": self.uri_match,
    }
    return dict(PROTOCOL_PARSERS[protocol](model, map_type=dict).parse(parts))


def _lowered(found: list[modelrules.Violation]) -> list[modelrules.Violation]:
    """These services write a member's name with a small first letter."""
    return [
        one._replace(text=one.text.replace(f"'{one.member}'", f"'{one.member[0].lower()}{one.member[1:]}'"))
        for one in found
    ]
