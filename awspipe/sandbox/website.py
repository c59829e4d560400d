"""S3's website endpoint: a bucket as a browser sees it, by a port of its own or by a name.

The port is the address to give on: `http://127.0.0.1:PORT/` (siteports.py). Browsers and curl take every
`*.localhost` name for this machine, so `http://<bucket>.s3-website.localhost:PORT/` at the sandbox's own port
is the same site. As on AWS only what everybody may read is served: the bucket's policy must allow it and its
public-access block must not forbid it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from html import escape
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from awspipe.sandbox import answers, routing, runtime
from awspipe.sandbox.answers import StartResponse
from awspipe.sandbox.routing import text
from awspipe.sandbox.signing import Environ

_SUFFIX = ".s3-website.localhost"
_SHOWN = ("content-type", "cache-control", "content-language", "content-disposition", "content-encoding")
_NO_TYPE = "binary/octet-stream"
_DENIED = "403 Forbidden"
_MISSING = "404 Not Found"
_TEXTS = {
    _DENIED: ("AccessDenied", "Access Denied"),
    _MISSING: ("NoSuchKey", "The specified key does not exist."),
    "405 Method Not Allowed": ("MethodNotAllowed", "The specified method is not allowed on this resource."),
    "416 Requested Range Not Satisfiable": ("InvalidRange", "The requested range is not satisfiable"),
}


def bucket_of(host: str) -> str | None:
    """The bucket that a Host header names; None where it names no site."""
    name = host.rpartition(":")[0].lower()
    return name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else None


class Website:
    """The WSGI application for all sites of the account, or for the one of `bucket`."""

    def __init__(self, account: str, bucket: str | None = None) -> None:
        self._account = account
        self._bucket = bucket

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request for a page."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _failure(environ, start_response, "405 Method Not Allowed")
        name = self._bucket or bucket_of(environ.get("HTTP_HOST", "")) or ""
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        with runtime.current().reading:
            site = Site.find(self._account, name)
            if site is None:
                return answers.text(environ, start_response, _MISSING, f"there is no site in bucket {name}")
            return site.answer(environ, start_response, path)


class Site:
    """One bucket with a website configuration."""

    def __init__(self, bucket: Any, configuration: bytes) -> None:
        self._bucket = bucket
        self._tree = ElementTree.fromstring(configuration)  # noqa: S314 - S3 has read it already
        self._rules = tuple(routing.rules(self._tree))

    @classmethod
    def find(cls, account: str, name: str) -> Site | None:
        """The site of a bucket."""
        from moto.s3.models import s3_backends

        for backend in s3_backends[account].values():
            bucket = backend.buckets.get(name)
            if bucket is not None and bucket.website_configuration:
                return cls(bucket, bucket.website_configuration)
        return None

    def answer(self, environ: Environ, start_response: StartResponse, path: str) -> Iterable[bytes]:
        """The page of a path: an object, a folder's index, or the error document."""
        everything = text(self._tree, "RedirectAllRequestsTo/HostName")
        if everything:
            scheme = text(self._tree, "RedirectAllRequestsTo/Protocol") or "http"
            to = f"{scheme}://{everything}{quote(path)}"
            return _moved(environ, start_response, "301 Moved Permanently", to)
        key = path.removeprefix("/")
        routed = self._routed(environ, start_response, key, "")
        found = self._found(environ, start_response, key) if routed is None else routed
        return self._failed(environ, start_response, key) if found is None else found

    def _routed(
        self, environ: Environ, start_response: StartResponse, key: str, error: str
    ) -> Iterable[bytes] | None:
        """The redirect of the first routing rule that fits, if one does."""
        rule = next((one for one in self._rules if one.fits(key, error)), None)
        if rule is None:
            return None
        status, to = rule.moves_to(key, environ.get("HTTP_HOST", ""))
        return _moved(environ, start_response, status, to)

    def _found(self, environ: Environ, start_response: StartResponse, key: str) -> Iterable[bytes] | None:
        """What lies at a key, or in the folder of that name; None where nothing does that may be read."""
        index = text(self._tree, "IndexDocument/Suffix")
        found = self._object(key + index if not key or key.endswith("/") else key)
        if found is None:
            if key and not key.endswith("/") and self._object(f"{key}/{index}") is not None:
                return _moved(environ, start_response, "302 Found", quote(f"/{key}/"))
            return None
        if not self._may_read(found.name):
            return None
        if target := found.metadata.get("x-amz-website-redirect-location"):
            return _moved(environ, start_response, "301 Moved Permanently", target)
        return _page(environ, start_response, "200 OK", found)

    def _failed(self, environ: Environ, start_response: StartResponse, key: str) -> Iterable[bytes]:
        """A rule for this error, else the error document, else S3's own page."""
        status = _MISSING if self._may_read(key) else _DENIED
        routed = self._routed(environ, start_response, key, status[:3])
        if routed is not None:
            return routed
        wanted = text(self._tree, "ErrorDocument/Key")
        error = self._object(wanted)
        if error is not None and self._may_read(wanted):
            return _page(environ, start_response, status, error)
        return _failure(environ, start_response, status, key=key, document=wanted)

    def _object(self, key: str) -> Any:
        return self._bucket.keys.get(key) if key else None

    def _may_read(self, key: str) -> bool:
        """Whether a policy lets everybody read an object of this key, and nothing restricts it."""
        block = self._bucket.public_access_block
        if (block is not None and block.restrict_public_buckets) or not self._bucket.policy:
            return False
        arn = f"arn:aws:s3:::{self._bucket.name}/{key}"
        statements = json.loads(self._bucket.policy).get("Statement", [])
        effects = {
            one["Effect"]
            for one in (statements if isinstance(statements, list) else [statements])
            if one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
            and any(fnmatchcase("s3:getobject", action.lower()) for action in _listed(one.get("Action")))
            and any(fnmatchcase(arn, resource) for resource in _listed(one.get("Resource")))
        }
        return effects == {"Allow"}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value or ""]


def _page(environ: Environ, start_response: StartResponse, status: str, found: Any) -> Iterable[bytes]:
    """An object's content, or the part of it that is asked for; nothing where the browser has it already."""
    from werkzeug.exceptions import RequestedRangeNotSatisfiable
    from werkzeug.wrappers import Response

    content = found.value
    answer = Response(content, status, _headers(found))
    if status == "200 OK":
        try:
            answer.make_conditional(environ, accept_ranges=True, complete_length=len(content))
        except RequestedRangeNotSatisfiable:
            return _failure(environ, start_response, "416 Requested Range Not Satisfiable")
    return answer(environ, start_response)


def _headers(found: Any) -> list[tuple[str, str]]:
    shown = {"content-type": _NO_TYPE} | {name: str(value) for name, value in found.metadata.items()}
    headers = [(name.title(), shown[name]) for name in _SHOWN if name in shown]
    headers += [(name, value) for name, value in shown.items() if name.startswith("x-amz-meta-")]
    return [*headers, ("ETag", str(found.etag)), ("Last-Modified", str(found.last_modified_RFC1123))]


def _moved(environ: Environ, start_response: StartResponse, status: str, to: str) -> Iterable[bytes]:
    return answers.answer(environ, start_response, status, [("Location", to)], b"")


def _failure(
    environ: Environ, start_response: StartResponse, status: str, *, key: str = "", document: str = ""
) -> Iterable[bytes]:
    """As S3 shows it: a small page with its error code, and what is wrong with the error document."""
    code, message = _TEXTS[status]
    facts = {"Code": code, "Message": message, **({"Key": key} if status == _MISSING else {})}
    listed = "".join(f"<li>{name}: {escape(value)}</li>" for name, value in facts.items())
    if document:
        listed += "</ul><h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>"
        listed += f"<ul><li>Key: {escape(document)}</li>"
    title = f"<head><title>{status}</title></head>"
    body = f"<html>{title}<body><h1>{status}</h1><ul>{listed}</ul></body></html>\n"
    headers = [("Content-Type", "text/html; charset=utf-8"), ("x-amz-error-code", code)]
    return answers.answer(environ, start_response, status, headers, body.encode())
