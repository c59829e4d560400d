"""The sandbox's own API for its hosts: with the key only, and with the errors in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.errors import UsageError
from awspipe.sandbox import hostclient
from awspipe.sandbox.control import Endpoint
from awspipe.sandbox.record import HOSTS, basic
from tests.support.server import REGION, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hosts") / "sandbox") as running:
        yield running


@pytest.fixture
def endpoint(server: Server) -> Iterator[Endpoint]:
    yield server.endpoint
    for one in hostclient.every(server.endpoint):
        hostclient.remove(server.endpoint, one["region"], one["name"])


def test_a_host_lives_and_dies(server: Server, endpoint: Endpoint) -> None:
    made = hostclient.add(endpoint, REGION, "web", kind="ec2", tags={"app": "shop"})
    assert hostclient.every(endpoint) == [made]
    assert made["url"] == f"http://127.0.0.1:{made['port']}"
    entrance = hostclient.enter(endpoint, REGION, "web")
    with entrance.start(["sh", "-c", "echo $PORT $AWSPIPE_HOST; touch /tmp/it; cat"]) as running:
        out, _ = running.communicate(b"said\n", timeout=20)
    assert out.decode() == f"{made['port']} web\nsaid\n"
    hostclient.remove(endpoint, REGION, "web")
    assert hostclient.every(endpoint) == []
    assert list((server.directory / "hosts").iterdir()) == []


def test_a_host_on_premises_is_an_instance(server: Server, endpoint: Endpoint) -> None:
    hostclient.add(endpoint, REGION, "far", kind="on-premises", tags={"app": "shop"})
    deploy = server.client("codedeploy")
    info = deploy.get_on_premises_instance(instanceName="far")["instanceInfo"]
    assert info["tags"] == [{"Key": "app", "Value": "shop"}]
    hostclient.remove(endpoint, REGION, "far")
    listed = deploy.list_on_premises_instances(registrationStatus="Registered")["instanceNames"]
    assert listed == []


@pytest.mark.parametrize(
    ("region", "name", "kind", "says"),
    [
        (REGION, "web", "ec2", "there is a host web already"),
        (REGION, "Web Server", "ec2", "'Web Server' is no host name"),
        (REGION, "../x", "ec2", "'../x' is no host name"),
        (REGION, "other", "azure", "a host is ec2 or on-premises"),
        ("ap-nowhere-9", "other", "ec2", "there is no region ap-nowhere-9"),
    ],
)
def test_hosts_that_are_refused(endpoint: Endpoint, region: str, name: str, kind: str, says: str) -> None:
    hostclient.add(endpoint, REGION, "web", kind="ec2", tags={})
    with pytest.raises(UsageError, match=says):
        hostclient.add(endpoint, region, name, kind=kind, tags={})


@pytest.mark.parametrize("call", [hostclient.remove, hostclient.enter])
def test_an_absent_host(endpoint: Endpoint, call: Any) -> None:
    with pytest.raises(UsageError, match="there is no host no"):
        call(endpoint, REGION, "no")


@pytest.mark.parametrize(
    ("key", "method", "path", "status"),
    [
        (False, "GET", HOSTS, 401),
        (False, "POST", f"{HOSTS}/{REGION}", 401),
        (True, "GET", f"{HOSTS}x", 404),
        (True, "PUT", HOSTS, 400),
        (True, "POST", f"{HOSTS}/{REGION}", 400),
    ],
)
def test_requests_that_are_refused(
    server: Server, endpoint: Endpoint, key: bool, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": basic(endpoint.access_key, endpoint.secret_key)} if key else {}
    answer, body = server.request(method, path, headers)
    assert answer.status == status
    assert json.loads(body)["error"]


def test_a_page_of_another_origin_is_kept_out(server: Server, endpoint: Endpoint, tmp_path: Path) -> None:
    headers = {
        "Authorization": basic(endpoint.access_key, endpoint.secret_key),
        "Origin": "http://evil.test",
    }
    assert server.request("GET", HOSTS, headers)[0].status == 403
