"""What a web page can send to the sandbox: in the shapes in which browsers send it, from every wrong place.

The same was tried with Chromium; these are the requests that it made.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from awspipe.sandbox import control
from tests.support.server import REGION, Server

SITE = {"IndexDocument": {"Suffix": "index.html"}}
CREATE = b"Action=CreateRole&RoleName=evil&AssumeRolePolicyDocument=%7B%7D&Version=2010-05-08"
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "CodeCommit_20150413.ListRepositories"}
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
SENDS = {
    "preflight": ("OPTIONS", "/", ASKS, None),
    "a call after it": ("POST", "/", JSON, b"{}"),
    "no-cors": ("POST", "/", TEXT, CREATE),
    "a form": ("POST", "/", FORM, CREATE),
    "an upload": ("PUT", "/evil", {}, b""),
    "a beacon": ("POST", "/moto-api/reset", TEXT, b""),
    "fetch": ("GET", "/_awspipe/health", {}, None),
    "hosts": ("POST", f"/_awspipe/hosts/{REGION}", TEXT, b'{"name": "evil"}'),
    "git": ("POST", f"/_awspipe/git/{REGION}/v1/repos/shop/git-receive-pack", TEXT, b"0000"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("browser") / "state") as one:
        one.client("codecommit").create_repository(repositoryName="shop")
        s3 = one.client("s3")
        s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_website(Bucket="site", WebsiteConfiguration=SITE)
        yield one


def untouched(server: Server) -> bool:
    hosts, _ = server.request("GET", "/_awspipe/hosts")
    return (
        hosts.status == 401
        and not server.client("iam").list_roles()["Roles"]
        and [one["Name"] for one in server.client("s3").list_buckets()["Buckets"]] == ["site"]
        and not server.client("codecommit").list_branches(repositoryName="shop")["branches"]
    )


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "site", "http://127.0.0.1:9"])
@pytest.mark.parametrize("send", SENDS)
def test_a_page_of_another_origin_gets_nothing_and_changes_nothing(
    server: Server, send: str, origin: str
) -> None:
    method, path, headers, body = SENDS[send]
    whose = control.sites(server.endpoint)["site"].rstrip("/") if origin == "site" else origin
    response, answer = server.request(method, path, {"Origin": whose, **headers}, body)
    assert (response.status, answer) == (403, b"the sandbox does not answer pages of other origins\n")
    assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control-")]
    assert untouched(server)


@pytest.mark.parametrize("send", SENDS)
def test_a_name_that_was_pointed_at_this_machine_gets_nothing(server: Server, send: str) -> None:
    """DNS rebinding: to the browser it is the page's own origin, and it reads the answer."""
    method, path, headers, body = SENDS[send]
    evil = f"evil.example:{server.port}"
    own = {"Host": evil, "Origin": f"http://{evil}", "Sec-Fetch-Site": "same-origin"}
    assert server.request(method, path, {**own, **headers}, body)[0].status == 403
    assert untouched(server)


@pytest.mark.parametrize("kind", ["image", "script", "iframe", "document"])
@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_what_a_page_embeds_is_not_the_sandboxs_own(server: Server, kind: str, where: str) -> None:
    """An image or a script has no Origin."""
    embedded = {"Sec-Fetch-Site": where, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": kind}
    for path in ("/_awspipe/health", "/_awspipe/hosts"):
        assert server.request("GET", path, embedded)[0].status == 403
    assert server.request("GET", "/site/index.html", embedded)[0].status == 403
    assert server.request("GET", "/_awspipe/health", {"Sec-Fetch-Site": "none"})[0].status == 200


def test_no_secret_is_in_the_log(server: Server) -> None:
    server.client("ssm").put_parameter(Name="/token", Value="a-parameter", Type="SecureString")
    server.client("secretsmanager").create_secret(Name="token", SecretString="a-secret")
    key = Credentials(server.endpoint.access_key, server.endpoint.secret_key)
    signed = AWSRequest("GET", f"{server.endpoint.url}/site?accelerate&metadataTable&inventory&id=a-query")
    S3SigV4Auth(key, "s3", REGION).add_auth(signed)
    server.request("GET", signed.url.removeprefix(server.endpoint.url), dict(signed.headers))
    with pytest.raises(Exception, match="UnsupportedOperationInSandbox"):
        server.client("ssm").get_calendar_state(CalendarNames=["a-name"])
    assert "failed" in server.log
    told = server.log + json.dumps(server.request("GET", "/_awspipe/health")[1].decode())
    for secret in (server.endpoint.secret_key, "a-parameter", "a-secret", "a-query", "Signature"):
        assert secret not in told


def test_only_its_user_can_read_what_it_keeps(server: Server) -> None:
    server.client("s3").put_object(Bucket="site", Key="large", Body=b"x" * 10_000)
    ours = [server.directory, server.directory / "state", server.directory / "state" / "blobs"]
    assert {one.stat().st_mode & 0o777 for one in ours} == {0o700}
    files = [path for folder in ours for path in folder.iterdir() if path.is_file() and path.stat().st_size]
    modes = {path.name: path.stat().st_mode & 0o777 for path in files if path.name != "sandbox.log"}
    assert {"identity.json", "server.json", "sites.json", "manifest.json"} <= modes.keys()
    assert {name for name, mode in modes.items() if mode != 0o600} == set()


def test_it_listens_at_one_address_of_the_loopback_only(server: Server) -> None:
    site = urlsplit(control.sites(server.endpoint)["site"]).port or 0
    for port in (server.port, site):
        with pytest.raises(OSError):  # a listener at every address would answer here too
            socket.create_connection(("127.0.0.2", port), timeout=2)
