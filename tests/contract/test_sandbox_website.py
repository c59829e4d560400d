"""A bucket as a browser sees it, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from awspipe.sandbox import control
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


def port_of(server: Server, bucket: str = "site") -> int:
    return urlsplit(control.sites(server.endpoint)[bucket]).port or 0


def ask(
    server: Server, path: str, method: str = "GET", *, port: int = 0, **headers: str
) -> tuple[HTTPResponse, str]:
    """A page by the site's name, or by its own port."""
    connection = HTTPConnection("127.0.0.1", port or server.port, timeout=10)
    host = f"127.0.0.1:{port}" if port else f"site.s3-website.localhost:{server.port}"
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


RULES = [
    {
        "Condition": {"KeyPrefixEquals": "alt/"},
        "Redirect": {"ReplaceKeyPrefixWith": "docs/", "HttpRedirectCode": "302"},
    },
    {
        "Condition": {"KeyPrefixEquals": "images/", "HttpErrorCodeReturnedEquals": "404"},
        "Redirect": {"HostName": "img.example.com", "Protocol": "https"},
    },
    {"Condition": {"KeyPrefixEquals": "gone"}, "Redirect": {"ReplaceKeyWith": "한글.html"}},
]


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/alt/a.html", 302, "http://127.0.0.1:{port}/docs/a.html"),
        ("/images/a.png", 301, "https://img.example.com/images/a.png"),
        ("/images/there.png", 200, None),
        ("/gone-long-ago", 301, "http://127.0.0.1:{port}/%ED%95%9C%EA%B8%80.html"),
        ("/other", 404, None),
    ],
)
def test_routing_rules_redirect(
    server: Server, s3: Any, path: str, status: int, location: str | None
) -> None:
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={**SITE, "RoutingRules": RULES})
    s3.put_object(Bucket="site", Key="images/there.png", Body=b"png")
    port = port_of(server)
    for method in ("GET", "HEAD"):
        answer, _ = ask(server, path, method, port=port)
        expected = location and location.format(port=port)
        assert (answer.status, answer.headers["Location"]) == (status, expected)


def test_a_part_of_an_object_can_be_asked_for(server: Server, s3: Any) -> None:
    s3.put_object(Bucket="site", Key="film", Body=b"0123456789", Metadata={"by": "me"})
    answer, text = ask(server, "/film", Range="bytes=2-4")
    assert (answer.status, text, answer.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
    assert ask(server, "/film", Range="bytes=-3")[1] == "789"
    assert ask(server, "/film", Range="bytes=99-")[0].status == 416
    whole, text = ask(server, "/film")
    assert (whole.status, text, whole.headers["x-amz-meta-by"]) == (200, "0123456789", "me")
    assert whole.headers["Content-Type"] == "binary/octet-stream"
    later = {"If-Modified-Since": whole.headers["Last-Modified"]}
    assert ask(server, "/film", **later)[0].status == 304


def test_an_error_document_that_is_missing_is_told(server: Server, s3: Any) -> None:
    s3.delete_object(Bucket="site", Key="404.html")
    answer, text = ask(server, "/<nothing>")
    assert answer.status == 404
    assert "<li>Code: NoSuchKey</li>" in text
    assert "<li>Key: &lt;nothing&gt;</li>" in text
    assert "An Error Occurred While Attempting to Retrieve a Custom Error Document" in text


def test_a_site_has_a_port_of_its_own_that_outlives_restarts(server: Server, s3: Any) -> None:
    port = port_of(server)
    assert ask(server, "/docs/", port=port)[1] == "docs"
    assert ask(server, "/docs", port=port)[0].headers["Location"] == "/docs/"
    server.kill()
    server.start()
    assert port_of(server) == port
    assert ask(server, "/docs/", port=port)[1] == "docs"


def test_a_site_that_is_gone_is_served_no_longer_and_keeps_its_port(server: Server, s3: Any) -> None:
    port = port_of(server)
    s3.delete_bucket_website(Bucket="site")
    assert control.sites(server.endpoint) == {}
    with pytest.raises(ConnectionRefusedError):
        ask(server, "/", port=port)
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=SITE)
    assert port_of(server) == port


def test_a_page_of_a_site_cannot_call_the_api(server: Server, s3: Any) -> None:
    for site in (f"127.0.0.1:{port_of(server)}", f"localhost:{port_of(server)}"):
        answer, text = server.request("POST", "/", {"Origin": f"http://{site}"}, b"")
        assert answer.status == 403
        assert text == b"the sandbox does not answer pages of other origins\n"
    assert ask(server, "/", port=port_of(server), Host="evil.example")[0].status == 403


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


def test_a_policy_may_open_a_part_of_a_site(server: Server, s3: Any) -> None:
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": {**PUBLIC, "Resource": "arn:aws:s3:::site/docs/*"}}
    )
    s3.put_bucket_policy(Bucket="site", Policy=policy)
    assert ask(server, "/docs/")[0].status == 200
    assert ask(server, "/index.html")[0].status == 403


def test_a_bucket_that_is_no_site_is_none(server: Server, s3: Any) -> None:
    s3.delete_bucket_website(Bucket="site")
    answer, text = ask(server, "/")
    assert (answer.status, text) == (404, "there is no site in bucket site\n")
