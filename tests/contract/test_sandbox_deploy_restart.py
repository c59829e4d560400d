"""Hosts and deployments when the sandbox stops, is killed, and comes back."""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import control, hostclient
from awspipe.sandbox.box import ISOLATION, level
from tests.support import revisions
from tests.support.deploying import FILTER, WHERE
from tests.support.sandbox import trust
from tests.support.server import REGION, Server

APPSPEC = revisions.HEAD + (
    "files: [{source: web, destination: /srv/web}]\n"
    "hooks: {ApplicationStart: [{location: scripts/start.sh, timeout: 30}]}\n"
)
START = """\
#!/bin/sh
cd $AWSPIPE_ROOT/srv/web
python3 -m http.server --bind 127.0.0.1 $PORT >/dev/null 2>&1 &
"""
SLOW = "#!/bin/sh\nsleep 600\n"


@pytest.fixture(params=["namespace", "process"])
def level_(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if request.param == "namespace" and level(tmp_path).kind != "namespace":
        pytest.skip(level(tmp_path).reason)
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path, level_: str) -> Iterator[Server]:
    with Server(tmp_path / "sandbox", environ={ISOLATION: level_}) as running:
        yield running
        running.stop()
        assert not left_running(running)
        running.start()


def left_running(server: Server) -> list[str]:
    """The processes that a host's directory has a part in: by its mark, or by what made it."""
    wanted, found = os.fsencode(server.directory / "hosts"), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                about = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                if wanted in about:
                    found.append(entry.name)
    return found


def traces(directory: Path) -> list[str]:
    """What there is of a directory on this machine: files, mounts, sockets, processes."""
    name = os.fsencode(directory)
    mounts = [line for line in Path("/proc/mounts").read_bytes().splitlines() if name in line]
    sockets = [line for line in Path("/proc/net/unix").read_bytes().splitlines() if name in line]
    return [str(one) for one in [*directory.parent.glob(f"{directory.name}*"), *mounts, *sockets]]


@pytest.mark.parametrize("killed", [False, True])
def test_reset_leaves_nothing(tmp_path: Path, level_: str, killed: bool) -> None:
    with Server(tmp_path / "here" / "sandbox", environ={ISOLATION: level_}) as server:
        prepare(server)
        made = begin(server, START)
        until(lambda: info(server, made)["status"] == "Succeeded")
        before = ports(server)
        until(lambda: all(page(port) == b"hello" for port in before))
        slow = begin(server, SLOW)
        until(lambda: under_way(server, slow, "ApplicationStart"))
        server.leave(killed=killed)
        assert control.reset(server.directory)
        assert traces(server.directory) == [str(server.home)]
        assert not left_running(server)
        assert [page(port) for port in before] == [b"", b""]
        assert not control.reset(server.directory)


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def prepare(server: Server) -> None:
    s3, iam, deploy = (server.client(name) for name in ("s3", "iam", "codedeploy"))
    s3.create_bucket(Bucket="revisions", CreateBucketConfiguration={"LocationConstraint": REGION})
    made = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust("codedeploy"))
    policy = {"Statement": [{"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}]}
    document = json.dumps({"Version": "2012-10-17", **policy})
    iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=document)
    deploy.create_application(applicationName="shop")
    role = made["Role"]["Arn"]
    config = "CodeDeployDefault.AllAtOnce"
    deploy.create_deployment_group(
        **WHERE, serviceRoleArn=role, ec2TagFilters=[FILTER], deploymentConfigName=config
    )


def begin(server: Server, start: str) -> str:
    files = {"appspec.yml": APPSPEC, "web/index.html": "hello", "scripts/start.sh": start}
    server.client("s3").put_object(Bucket="revisions", Key="one", Body=revisions.zipped(files))
    where = {"bucket": "revisions", "key": "one", "bundleType": "zip"}
    made = server.client("codedeploy").create_deployment(
        **WHERE, revision={"revisionType": "S3", "s3Location": where}
    )
    return str(made["deploymentId"])


def info(server: Server, deployment: str) -> dict[str, Any]:
    found = server.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    assert isinstance(found, dict)
    return found


def under_way(server: Server, deployment: str, event: str) -> int:
    """On how many hosts a lifecycle event goes on."""
    deploy = server.client("codedeploy")
    ids = deploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    found = deploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)["deploymentTargets"]
    events = [it for one in found for it in one["instanceTarget"]["lifecycleEvents"]]
    return len([it for it in events if (it["lifecycleEventName"], it["status"]) == (event, "InProgress")])


def ports(server: Server) -> list[int]:
    return [one["port"] for one in hostclient.every(server.endpoint) if one["deployed"]]


def page(port: int) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def test_hosts_come_back(server: Server) -> None:
    prepare(server)
    made = begin(server, START)
    until(lambda: info(server, made)["status"] == "Succeeded")
    before = ports(server)
    assert len(before) == 2
    until(lambda: all(page(port) == b"hello" for port in before))
    server.stop()
    assert not left_running(server)
    server.start()
    until(lambda: all(page(port) == b"hello" for port in before))
    assert ports(server) == before
    text = f"host shop-1: the application of {made} is up again (ApplicationStart was run, which AWS would"
    until(lambda: text in server.log)
    server.kill()  # what goes on is ended by the next sandbox first: it has the ports
    server.start()
    until(lambda: server.log.count("is up again") == 4)
    assert ports(server) == before


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_deployment_that_runs_has_failed_after_a_restart(server: Server, end: str) -> None:
    prepare(server)
    made = begin(server, SLOW)
    until(lambda: under_way(server, made, "ApplicationStart") == 2)
    getattr(server, end)()
    server.start()
    found = info(server, made)
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "INTERNAL_ERROR")
    assert found["errorInformation"]["message"] == "The sandbox was stopped while this deployment ran."
    assert "rollbackInfo" not in found
