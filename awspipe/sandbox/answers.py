"""What the front itself answers, in the shape that each of AWS's protocols gives to errors.

botocore then raises a ClientError with the code that the real service would use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from awspipe.sandbox.signing import Claim, Environ, Fault

StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]

_XML_SERVICES = frozenset({"cloudfront", "route53", "s3-control", "s3control"})


class Protocol(Enum):
    """The families of AWS's wire protocols, as far as their errors differ."""

    JSON = "json"
    REST_JSON = "rest-json"
    QUERY = "query"
    EC2 = "ec2"
    XML = "rest-xml"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to answer: its HTTP status, its text, and its code in each protocol."""

    status: str
    message: str
    json: str
    query: str
    s3: str
    ec2: str = ""

    def code(self, protocol: Protocol) -> str:
        """The code that a service of this protocol gives."""
        if protocol in (Protocol.JSON, Protocol.REST_JSON):
            return self.json
        if protocol is Protocol.S3:
            return self.s3
        return self.ec2 if protocol is Protocol.EC2 and self.ec2 else self.query


REBOUND = "the sandbox is not known by that name: DNS rebinding is refused"
_NOT_OURS = "use the keys that `awspipe sandbox env` prints"
FAULTS = {
    Fault.UNSIGNED: Refusal(
        "403 Forbidden",
        f"Missing Authentication Token: the sandbox answers signed requests only; {_NOT_OURS}",
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
        "AuthFailure",
    ),
    Fault.UNKNOWN_KEY: Refusal(
        "403 Forbidden",
        f"The security token included in the request is invalid: it is not this sandbox's; {_NOT_OURS}",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "AuthFailure",
    ),
    Fault.MISMATCH: Refusal(
        "403 Forbidden",
        "The request signature we calculated does not match the signature you provided. "
        f"Check your AWS Secret Access Key and signing method; {_NOT_OURS}",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        "AuthFailure",
    ),
    Fault.EXPIRED: Refusal(
        "403 Forbidden", "Request has expired", "ExpiredTokenException", "RequestExpired", "AccessDenied"
    ),
}
CLOSED = Refusal(
    "403 Forbidden",
    "This path belongs to moto itself; the sandbox does not serve it",
    "AccessDeniedException",
    "AccessDenied",
    "AccessDenied",
)
THROTTLED = Refusal(
    "400 Bad Request",
    "Rate exceeded",
    "ThrottlingException",
    "Throttling",
    "SlowDown",
    "RequestLimitExceeded",
)
FAILED = Refusal(
    "500 Internal Server Error",
    "The sandbox failed; `awspipe sandbox logs` shows how",
    "InternalServerError",
    "InternalFailure",
    "InternalError",
    "InternalError",
)
UNPLAYED = Refusal(
    "501 Not Implemented",
    "The sandbox does not play this; nothing was done",
    *["UnsupportedOperationInSandbox"] * 3,
)


def protocol_of(environ: Environ, claim: Claim | None) -> Protocol:
    """The protocol that a request speaks, from what every client of it sends."""
    service = claim.service if claim else ""
    if "HTTP_X_AMZ_TARGET" in environ:
        return Protocol.JSON
    if service == "ec2":
        return Protocol.EC2
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return Protocol.QUERY
    if service in _XML_SERVICES:
        return Protocol.XML
    return Protocol.S3 if service in ("", "s3", "s3express") else Protocol.REST_JSON


def refuse(
    environ: Environ, start_response: StartResponse, refusal: Refusal, protocol: Protocol
) -> Iterable[bytes]:
    """Answer with an error of AWS's shape."""
    request_id = str(uuid4())
    status = _status(refusal, protocol)
    kind, body = _body(protocol, refusal.code(protocol), refusal.message, request_id)
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request_id), ("x-amz-request-id", request_id)]
    if protocol is Protocol.REST_JSON:
        headers.append(("x-amzn-ErrorType", refusal.json))
    return answer(environ, start_response, status, headers, body)


def text(environ: Environ, start_response: StartResponse, status: str, message: str) -> Iterable[bytes]:
    """Answer something that is no API request with one line."""
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    return answer(environ, start_response, status, headers, f"{message}\n".encode())


def answer(
    environ: Environ, start_response: StartResponse, status: str, headers: Headers, body: bytes
) -> Iterable[bytes]:
    """Answer with a whole body, or with its head only."""
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _status(refusal: Refusal, protocol: Protocol) -> str:
    if refusal is not THROTTLED:
        return refusal.status
    if protocol is Protocol.REST_JSON:
        return "429 Too Many Requests"
    return "503 Slow Down" if protocol in (Protocol.S3, Protocol.EC2) else refusal.status


def _body(protocol: Protocol, code: str, message: str, request_id: str) -> tuple[str, bytes]:
    if protocol in (Protocol.JSON, Protocol.REST_JSON):
        kind = "application/x-amz-json-1.1" if protocol is Protocol.JSON else "application/json"
        return kind, json.dumps({"__type": code, "message": message}).encode()
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case Protocol.S3:
            xml = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
        case Protocol.EC2:
            xml = (
                f"<Response><Errors><Error>{error}</Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case _:
            xml = (
                f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    return "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>{xml}'.encode()
