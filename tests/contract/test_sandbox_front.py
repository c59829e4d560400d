"""Whom the sandbox's server answers, and with which of AWS's errors it refuses the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.support.server import REGION, Server

SERVICES = {
    "codepipeline": ("list_pipelines", {}),
    "iam": ("list_roles", {}),
    "sts": ("get_caller_identity", {}),
    "lambda": ("list_functions", {}),
    "cloudfront": ("list_distributions", {}),
    "s3": ("list_buckets", {}),
    "ec2": ("describe_regions", {}),
}
ODD_KEY = "가나 +%&=?#~!'()*;:@,$//ü.txt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("front") / "sandbox") as running:
        yield running


def refused(server: Server, service: str, **keys: str) -> tuple[str, int]:
    operation, arguments = SERVICES[service]
    with pytest.raises(ClientError) as caught:
        getattr(server.client(service, **keys), operation)(**arguments)
    answer: Any = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("codepipeline", "UnrecognizedClientException"),
        ("lambda", "UnrecognizedClientException"),
        ("iam", "InvalidClientTokenId"),
        ("sts", "InvalidClientTokenId"),
        ("cloudfront", "InvalidClientTokenId"),
        ("s3", "InvalidAccessKeyId"),
        ("ec2", "AuthFailure"),
    ],
)
def test_another_access_key_is_refused_in_the_words_of_the_service(
    server: Server, service: str, code: str
) -> None:
    assert refused(server, service, aws_access_key_id="AKIAIOSFODNN7EXAMPLE") == (code, 403)


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("codepipeline", "InvalidSignatureException"),
        ("iam", "SignatureDoesNotMatch"),
        ("s3", "SignatureDoesNotMatch"),
    ],
)
def test_another_secret_key_is_refused(server: Server, service: str, code: str) -> None:
    assert refused(server, service, aws_secret_access_key="x" * 40) == (code, 403)


@pytest.mark.parametrize(
    ("service", "code"),
    [("codepipeline", "MissingAuthenticationTokenException"), ("s3", "AccessDenied")],
)
def test_an_unsigned_request_is_refused(server: Server, service: str, code: str) -> None:
    from botocore import UNSIGNED
    from botocore.config import Config

    client = server.client(service, config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError) as caught:
        getattr(client, SERVICES[service][0])()
    assert caught.value.response["Error"]["Code"] == code


def test_the_account_is_the_sandboxs(server: Server) -> None:
    assert server.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_another_account_cannot_be_asked_for(server: Server) -> None:
    client = server.client("sts", region="eu-west-1")

    def ask(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = "999999999999"

    client.meta.events.register("before-sign.sts", ask)
    assert client.get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("any.localhost:{port}", 200),
        ("site.s3-website.localhost:{port}", 404),  # a site, and there is none
        ("127.0.0.1", 403),
        ("localhost:1", 403),
        (".localhost:{port}", 403),
        ("evil.example:{port}", 403),
        ("127.0.0.1.evil.example:{port}", 403),
        ("evil-localhost:{port}", 403),
        ("", 403),
    ],
)
def test_only_names_of_this_machine_are_answered(server: Server, host: str, status: int) -> None:
    response, _ = server.request("GET", "/_awspipe/health", {"Host": host.format(port=server.port)})
    assert response.status == status


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://a.localhost:{port}"]
)
@pytest.mark.parametrize(
    "path", ["/_awspipe/health", "/", "/_awspipe/git/ap-northeast-2/v1/repos/shop/info/refs"]
)
def test_pages_of_other_origins_are_refused(server: Server, origin: str, path: str) -> None:
    response, _ = server.request("GET", path, {"Origin": origin.format(port=server.port)})
    assert response.status == 403
    assert response.getheader("Access-Control-Allow-Origin") is None


def test_a_buckets_cors_rules_open_it_to_no_page(server: Server) -> None:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="cors", CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket="cors", CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket="cors", Key="page", Body=b"text")
    origin = {"Origin": f"http://localhost:{server.port}"}
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": "cors", "Key": "page"}))
    response, body = server.request("GET", f"{url.path}?{url.query}", origin)
    assert (response.status, body) == (200, b"text")
    assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control")]
    preflight, _ = server.request("OPTIONS", "/cors/page", origin | {"Access-Control-Request-Method": "GET"})
    assert preflight.status == 403


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/latest/meta-data/", "/latest/api/token"])
def test_motos_own_pages_are_closed_even_with_the_key(server: Server, path: str) -> None:
    assert server.request("POST", path, body=b"")[0].status == 403
    key = Credentials(server.endpoint.access_key, server.endpoint.secret_key)
    signed = AWSRequest("POST", f"{server.endpoint.url}{path}", data=b"")
    S3SigV4Auth(key, "s3", REGION).add_auth(signed)
    response, _ = server.request("POST", path, dict(signed.headers), b"")
    assert response.status == 403


def test_nothing_else_is_under_the_reserved_path(server: Server) -> None:
    assert server.request("GET", "/_awspipe/secrets")[0].status == 404


def test_the_health_check_tells_no_secret(server: Server) -> None:
    _, body = server.request("GET", "/_awspipe/health")
    assert server.endpoint.secret_key.encode() not in body
    assert server.endpoint.access_key.encode() not in body


def test_any_key_of_an_object_and_any_metadata_can_be_signed(server: Server) -> None:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="odd", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="odd", Key=ODD_KEY, Body=b"content", Metadata={"a_b": "1  2", "c-d": ""})
    got = s3.get_object(Bucket="odd", Key=ODD_KEY)
    assert (got["Body"].read(), got["Metadata"]["a_b"]) == (b"content", "1  2")
    assert s3.list_objects_v2(Bucket="odd", Prefix="가나 +%")["KeyCount"] == 1


@pytest.mark.parametrize("region", ["us-east-1", REGION])  # boto3 presigns by version 2 there, by 4 here
def test_presigned_urls_are_good_until_they_expire(server: Server, region: str) -> None:
    s3 = server.client("s3", region)
    bucket = f"presigned-{region}"
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_object(Bucket=bucket, Key=ODD_KEY, Body=b"content")
    wanted = {"Bucket": bucket, "Key": ODD_KEY, "ResponseContentType": "text/odd; a=b"}

    def get(url: str) -> tuple[int, bytes]:
        parts = urlsplit(url)
        response, body = server.request("GET", f"{parts.path}?{parts.query}")
        return response.status, body

    good = s3.generate_presigned_url("get_object", Params=wanted)
    assert get(good) == (200, b"content")
    assert get(good.replace("odd%3B", "even%3B"))[0] == 403
    short = s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=1)
    deadline = time.monotonic() + 10
    while (answer := get(short))[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (answer[0], b"Request has expired" in answer[1]) == (403, True)


@pytest.mark.parametrize(
    "header", ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "Bearer x", "AWS a:b"]
)
def test_a_signature_that_cannot_be_read_is_none(server: Server, header: str) -> None:
    response, body = server.request("GET", "/", {"Authorization": header})
    assert (response.status, b"AccessDenied" in body) == (403, True)


def test_what_moto_does_not_play_is_answered_with_an_error_that_says_so(server: Server) -> None:
    with pytest.raises(ClientError) as caught:
        server.client("sts").decode_authorization_message(EncodedMessage="x")
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperationInSandbox"


def test_calls_are_throttled_and_delayed_on_request(tmp_path: Any) -> None:
    with Server(
        tmp_path / "sandbox", "--throttle", "3", environ={"AWSPIPE_SANDBOX_DELAY_MS": "40"}
    ) as server:
        began = time.monotonic()
        codes = []
        for service in (
            "codepipeline",
            "iam",
            "s3",
            "s3",
            "s3",
            "iam",
            "codepipeline",
            "iam",
            "codepipeline",
        ):
            try:
                getattr(server.client(service), SERVICES[service][0])()
                codes.append("")
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
    assert codes == ["", "", "SlowDown", "", "", "Throttling", "", "", "ThrottlingException"]
    assert time.monotonic() - began > 9 * 0.04


def test_the_answer_to_head_has_no_body(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("HEAD", "/bucket")
    response = connection.getresponse()
    assert (response.status, response.read()) == (403, b"")
    connection.close()
