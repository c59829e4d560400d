"""A bucket as a browser sees it, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from tests.support.server import Server

OPEN = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False}
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
SITE = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "404.html"}}
PAGES = {"index.html": "home", "docs/index.html": "docs", "404.html": "lost", "한글.html": "안녕"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("website") / "state") as one:
        yield one


@pytest.fixture
def s3(server: Server) -> Any:
    """A public site in the bucket `site`, made anew."""
    s3 = server.client("s3")
    if any(one["Name"] == "site" for one in s3.list_buckets()["Buckets"]):
        for one in s3.list_objects_v2(Bucket="site").get("Contents", ()):
            s3.delete_object(Bucket="site", Key=one["Key"])
        s3.delete_bucket(Bucket="site")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    s3.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration=OPEN)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [PUBLIC]})
    s3.put_bucket_policy(Bucket="site", Policy=policy)
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=SITE)
    for key, text in PAGES.items():
        s3.put_object(Bucket="site", Key=key, Body=text.encode(), ContentType="text/html; charset=utf-8")
    return s3


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    host = f"site.s3-website.localhost:{server.port}"
    connection.request(method, path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "home"),
        ("/index.html", 200, "home"),
        ("/docs/", 200, "docs"),
        ("/%ED%95%9C%EA%B8%80.html", 200, "안녕"),
        ("/nothing", 404, "lost"),
        ("/docs/nothing/", 404, "lost"),
    ],
)
def test_a_path_is_an_object_an_index_or_the_error_document(
    server: Server, s3: Any, path: str, status: int, text: str
) -> None:
    answer, said = ask(server, path)
    assert (answer.status, said) == (status, text)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_folder_without_a_slash_is_redirected(server: Server, s3: Any) -> None:
    answer, _ = ask(server, "/docs")
    assert (answer.status, answer.headers["Location"]) == (302, "/docs/")


def test_a_page_that_is_known_is_not_sent_again(server: Server, s3: Any) -> None:
    etag = ask(server, "/")[0].headers["ETag"]
    assert ask(server, "/", **{"If-None-Match": etag})[0].status == 304
    assert ask(server, "/", "HEAD")[1] == ""


def test_a_page_may_ask_its_own_site_but_nobody_writes(server: Server, s3: Any) -> None:
    origin = f"http://site.s3-website.localhost:{server.port}"
    assert ask(server, "/", Origin=origin)[0].status == 200
    assert ask(server, "/", "POST")[0].status == 405


def test_objects_and_buckets_redirect(server: Server, s3: Any) -> None:
    s3.put_object(Bucket="site", Key="old", WebsiteRedirectLocation="/docs/")
    assert ask(server, "/old")[0].headers["Location"] == "/docs/"
    everything = {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}}
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=everything)
    assert ask(server, "/a")[0].headers["Location"] == "https://example.com/a"


def test_what_is_not_public_is_not_served(server: Server, s3: Any) -> None:
    s3.put_public_access_block(
        Bucket="site", PublicAccessBlockConfiguration={**OPEN, "RestrictPublicBuckets": True}
    )
    answer, text = ask(server, "/")
    assert answer.status == 403
    assert "AccessDenied" in text
    s3.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration=OPEN)
    s3.delete_bucket_policy(Bucket="site")
    assert ask(server, "/")[0].status == 403


def test_a_bucket_that_is_no_site_is_none(server: Server, s3: Any) -> None:
    s3.delete_bucket_website(Bucket="site")
    answer, text = ask(server, "/")
    assert (answer.status, text) == (404, "there is no site in bucket site\n")
