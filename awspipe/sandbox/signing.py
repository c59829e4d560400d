"""Who signed a request: AWS Signature Version 4 as AWS checks it, and the two forms of a git password.

Checked in full: the access key, and the signature over method, path, query, signed headers and body (or the
body's hash, where the client signed that in `x-amz-content-sha256`), in the header and in presigned URLs;
of S3 also the older presigned URLs (version 2) that boto3 still makes for some regions. An expired presigned
URL is refused. Not checked: the clock of a request signed in its header, session tokens, and whether the
body has the hash that `x-amz-content-sha256` names; nothing between client and sandbox could change it.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

Environ = dict[str, Any]
"""A WSGI environment."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_GIT_PASSWORD = re.compile(r"([0-9]{8}T[0-9]{6})Z([0-9a-f]{64})")
_GIT_PASSWORD_SECONDS = 15 * 60


class Fault(Enum):
    """Why a request is not answered."""

    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown key"
    MISMATCH = "mismatch"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about who signed it, and how."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    presigned: bool
    expires: float | None = None


def claim(environ: Environ) -> Claim | None:
    """The claim of a request, or None when it is not signed in a way that can be understood."""
    try:
        return _from_header(environ) or _from_query(environ)
    except (KeyError, ValueError):
        return None


def _from_header(environ: Environ) -> Claim | None:
    algorithm, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if algorithm != _ALGORITHM:
        return None
    fields = {key.strip(): value for key, _, value in (part.partition("=") for part in rest.split(","))}
    timestamp = environ.get("HTTP_X_AMZ_DATE", "")
    return _claim(fields["Credential"], fields["SignedHeaders"], fields["Signature"], timestamp)


def _from_query(environ: Environ) -> Claim | None:
    fields = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if fields.get("X-Amz-Algorithm") == _ALGORITHM:
        expires = _seconds(fields["X-Amz-Date"]) + int(fields["X-Amz-Expires"])
        return _claim(
            fields["X-Amz-Credential"],
            fields["X-Amz-SignedHeaders"],
            fields["X-Amz-Signature"],
            fields["X-Amz-Date"],
            expires=expires,
        )
    if "AWSAccessKeyId" in fields:
        when = fields["Expires"]
        return Claim(
            fields["AWSAccessKeyId"], "", "", "s3", (), fields["Signature"], when, True, expires=int(when)
        )
    return None


def _claim(
    credential: str, headers: str, signature: str, timestamp: str, *, expires: float | None = None
) -> Claim:
    access_key, date, region, service, _ = credential.rsplit("/", 4)
    names = tuple(headers.split(";"))
    presigned = expires is not None
    return Claim(access_key, date, region, service, names, signature, timestamp, presigned, expires)


def fault(environ: Environ, found: Claim | None, *, access_key: str, secret_key: str) -> Fault | None:
    """What is wrong with the signature of a request; None when nothing is.

    May read the body to do so; then `wsgi.input` is replaced by a copy.
    """
    if found is None:
        return Fault.UNSIGNED
    if not _same(found.access_key, access_key):
        return Fault.UNKNOWN_KEY
    expected = (
        _version_4(environ, found, secret_key) if found.date else _version_2(environ, found, secret_key)
    )
    if not _same(found.signature, expected):
        return Fault.MISMATCH
    if found.expires is not None and found.expires < time.time():
        return Fault.EXPIRED
    return None


def is_git_password(
    password: str, *, hosts: tuple[str, ...], path: str, region: str, secret_key: str, now: float
) -> bool:
    """Whether a password is the secret key, or made of it as CodeCommit's credential helpers do.

    The latter is `<timestamp>Z<signature>`, the version 4 signature of the request `GIT <path>` with the
    one header `host`; it is good for 15 minutes. git-remote-codecommit signs the host as git names it, the
    AWS CLI without the port, so each of `hosts` is tried.
    """
    if _same(password, secret_key):
        return True
    parts = _GIT_PASSWORD.fullmatch(password)
    if parts is None or not _is_recent(parts[1] + "Z", now):
        return False
    expected = (git_signature(parts[1], host, path, region=region, secret_key=secret_key) for host in hosts)
    return any(_same(parts[2], one) for one in expected)


def _is_recent(timestamp: str, now: float) -> bool:
    try:
        return abs(now - _seconds(timestamp)) <= _GIT_PASSWORD_SECONDS
    except ValueError:
        return False


def git_signature(timestamp: str, host: str, path: str, *, region: str, secret_key: str) -> str:
    """The signature in a CodeCommit git password. `timestamp` is `%Y%m%dT%H%M%S`, UTC, without a Z."""
    canonical = f"GIT\n{path}\n\nhost:{host}\n\nhost\n".encode()
    return _signature(canonical, timestamp, timestamp[:8], region, "codecommit", secret_key=secret_key)


def _version_4(environ: Environ, found: Claim, secret_key: str) -> str:
    path, query = _path_and_query(environ)
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in found.signed_headers)
    canonical = "\n".join(
        (
            environ["REQUEST_METHOD"],
            _canonical_path(path, found.service),
            _canonical_query(query),
            headers,
            ";".join(found.signed_headers),
            _payload_hash(environ, found),
        )
    )
    return _signature(
        canonical.encode("latin-1"),
        found.timestamp,
        found.date,
        found.region,
        found.service,
        secret_key=secret_key,
    )


def _signature(
    canonical: bytes, timestamp: str, date: str, region: str, service: str, *, secret_key: str
) -> str:
    scope = f"{date}/{region}/{service}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, timestamp, scope, hashlib.sha256(canonical).hexdigest()))
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def _version_2(environ: Environ, found: Claim, secret_key: str) -> str:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
    from botocore.auth import HmacV1Auth
    from botocore.credentials import Credentials

    signer = HmacV1Auth(Credentials(found.access_key, secret_key))
    resource = signer.canonical_resource(urlsplit(environ["REQUEST_URI"]))
    amz = sorted(name for name in environ if name.startswith("HTTP_X_AMZ_"))
    headers = "".join(f"{name[5:].lower().replace('_', '-')}:{environ[name].strip()}\n" for name in amz)
    lines = (
        environ["REQUEST_METHOD"],
        environ.get("HTTP_CONTENT_MD5", ""),
        environ.get("CONTENT_TYPE", ""),
        found.timestamp,
        headers + resource,
    )
    digest = hmac.digest(secret_key.encode(), "\n".join(lines).encode("latin-1"), "sha1")
    return b64encode(digest).decode()


def _path_and_query(environ: Environ) -> tuple[str, str]:
    target = str(environ["REQUEST_URI"])
    if not target.startswith("/"):  # the absolute form that clients send to a proxy
        split = urlsplit(target)
        return split.path or "/", split.query
    path, _, query = target.partition("?")
    return path, query


def _canonical_path(path: str, service: str) -> str:
    """S3's path is encoded once, every other service's twice and without dot segments."""
    if service == "s3":
        return _encoded(path, "/~")
    from botocore.utils import normalize_url_path

    return quote(normalize_url_path(path), safe="/~")


def _canonical_query(query: str) -> str:
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_encoded(name, "~"), _encoded(value, "~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str, safe: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1")), safe=safe)


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    plain = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
    return " ".join(str(environ.get(key if plain else f"HTTP_{key}", "")).split())


def _payload_hash(environ: Environ, found: Claim) -> str:
    named: str | None = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if named is not None:
        return named
    if found.presigned and found.service == "s3":
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(_body(environ)).hexdigest()


def _body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    chunked = environ.get("wsgi.input_terminated", False)
    body: bytes = environ["wsgi.input"].read(-1 if chunked else int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _seconds(timestamp: str) -> float:
    return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
