"""S3's website endpoint: a bucket as a browser sees it, at `http://<bucket>.s3-website.localhost:PORT/`.

As on AWS only what everybody may read is served: the bucket's policy must allow it and its public-access
block must not forbid it. Browsers and curl take every `*.localhost` name for this machine.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from html import escape
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from awspipe.sandbox import answers, runtime
from awspipe.sandbox.answers import StartResponse
from awspipe.sandbox.signing import Environ

_SUFFIX = ".s3-website.localhost"
_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_SHOWN = ("content-type", "cache-control", "content-language", "content-disposition", "content-encoding")
_TEXTS = {
    "403 Forbidden": ("AccessDenied", "Access Denied"),
    "404 Not Found": ("NoSuchKey", "The specified key does not exist."),
    "405 Method Not Allowed": ("MethodNotAllowed", "The specified method is not allowed on this resource."),
}


def bucket_of(host: str) -> str | None:
    """The bucket that a Host header names; None where it names no site."""
    name = host.rpartition(":")[0].lower()
    return name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else None


class Website:
    """The WSGI application for all sites of the account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request for a page."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _failure(environ, start_response, "405 Method Not Allowed")
        name = bucket_of(environ.get("HTTP_HOST", "")) or ""
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        with runtime.current().lock:
            site = Site.find(self._account, name)
            if site is None:
                text = f"there is no site in bucket {name}"
                return answers.text(environ, start_response, "404 Not Found", text)
            return site.answer(environ, start_response, path)


class Site:
    """One bucket with a website configuration."""

    def __init__(self, bucket: Any, configuration: bytes) -> None:
        self._bucket = bucket
        self._tree = ElementTree.fromstring(configuration)  # noqa: S314 - S3 has read it already

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
        everything = self._text("RedirectAllRequestsTo/HostName")
        if everything:
            scheme = self._text("RedirectAllRequestsTo/Protocol") or "http"
            return _moved(environ, start_response, "301 Moved Permanently", f"{scheme}://{everything}{path}")
        if not self._is_public():
            return _failure(environ, start_response, "403 Forbidden")
        key = path.lstrip("/")
        index = self._text("IndexDocument/Suffix")
        found = self._object(key + index if not key or key.endswith("/") else key)
        if found is None and key and not key.endswith("/") and self._object(f"{key}/{index}") is not None:
            return _moved(environ, start_response, "302 Found", quote(f"/{key}/"))
        if found is None:
            return self._missing(environ, start_response)
        target = found.metadata.get("x-amz-website-redirect-location")
        if target:
            return _moved(environ, start_response, "301 Moved Permanently", target)
        return _page(environ, start_response, "200 OK", found)

    def _missing(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        error = self._object(self._text("ErrorDocument/Key"))
        if error is None:
            return _failure(environ, start_response, "404 Not Found")
        return _page(environ, start_response, "404 Not Found", error)

    def _object(self, key: str) -> Any:
        return self._bucket.keys.get(key) if key else None

    def _text(self, path: str) -> str:
        return self._tree.findtext("/".join(_XML + part for part in path.split("/"))) or ""

    def _is_public(self) -> bool:
        """Whether a policy lets everybody read, and nothing restricts it."""
        block = self._bucket.public_access_block
        if (block is not None and block.restrict_public_buckets) or not self._bucket.policy:
            return False
        arn = f"arn:aws:s3:::{self._bucket.name}/*"
        statements = json.loads(self._bucket.policy).get("Statement", [])
        effects = {
            one["Effect"]
            for one in (statements if isinstance(statements, list) else [statements])
            if one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
            and any(fnmatchcase("s3:GetObject", action) for action in _listed(one.get("Action")))
            and any(fnmatchcase(arn, resource) for resource in _listed(one.get("Resource")))
        }
        return effects == {"Allow"}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value or ""]


def _page(environ: Environ, start_response: StartResponse, status: str, found: Any) -> Iterable[bytes]:
    etag = str(found.etag)
    headers = [(name.title(), str(found.metadata[name])) for name in _SHOWN if name in found.metadata]
    headers += [("ETag", etag), ("Last-Modified", str(found.last_modified_RFC1123))]
    if status == "200 OK" and environ.get("HTTP_IF_NONE_MATCH") == etag:
        start_response("304 Not Modified", headers)
        return []
    return answers.answer(environ, start_response, status, headers, found.value)


def _moved(environ: Environ, start_response: StartResponse, status: str, to: str) -> Iterable[bytes]:
    return answers.answer(environ, start_response, status, [("Location", to)], b"")


def _failure(environ: Environ, start_response: StartResponse, status: str) -> Iterable[bytes]:
    """As S3 shows it: a small page with its error code."""
    code, text = _TEXTS[status]
    body = (
        f"<html><head><title>{status}</title></head><body><h1>{status}</h1>"
        f"<ul><li>Code: {escape(code)}</li><li>Message: {escape(text)}</li></ul></body></html>\n"
    )
    headers = [("Content-Type", "text/html; charset=utf-8"), ("x-amz-error-code", code)]
    return answers.answer(environ, start_response, status, headers, body.encode())
