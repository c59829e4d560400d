"""What the sandbox knows survives a stop and a kill, and is refused where it cannot be trusted."""

from __future__ import annotations

import io
import json
import pickle
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import FakeKey
from moto.sns.models import sns_backends

from awspipe.sandbox.pickles import Blobs, Codec
from awspipe.sandbox.saving import ALL, Batch, Changes, Saver, WatchedLock
from awspipe.sandbox.state import Store
from tests.support import sandbox
from tests.support.clock import FakeClock
from tests.support.server import REGION, Server

PLACE = {"LocationConstraint": REGION}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "sandbox") as running:
        yield running


def saved(server: Server, what: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the manifest's backends are as `what` says."""
    manifest = server.directory / "state" / "manifest.json"
    deadline = time.monotonic() + 10
    while not (manifest.exists() and what(json.loads(manifest.read_text())["backends"])):
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


def test_services_are_as_they_were_after_a_restart(server: Server) -> None:
    fill(server)
    assert server.stop() == 0
    server.start()
    check(server)
    assert "is not kept" not in server.log
    server.kill()  # what was restored and never changed is still there
    server.start()
    check(server)


def fill(server: Server) -> None:
    client = server.client
    client("codecommit").create_repository(repositoryName="shop", tags={"a": "b"})
    client("s3").create_bucket(Bucket="kept", CreateBucketConfiguration=PLACE)
    client("s3").put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    client("s3").put_object(Bucket="kept", Key="large", Body=b"1" * 100_000)
    client("s3").put_object(Bucket="kept", Key="large", Body=b"2" * 100_000)
    client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Path="/awspipe/")
    client("events").put_rule(Name="r", EventPattern='{"source": ["aws.codecommit"]}')
    client("events").put_targets(Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:1:q"}])
    client("logs").create_log_group(logGroupName="g")
    client("logs").create_log_stream(logGroupName="g", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": "said"}
    client("logs").put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    client("sns").create_topic(Name="t")
    client("ssm").put_parameter(Name="/shop/token", Value="v", Type="SecureString")
    tags = [{"Key": "a", "Value": "b"}]
    client("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId="/shop/token", Tags=tags)
    client("secretsmanager").create_secret(Name="shop/token", SecretString="secret")
    queue = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    client("cloudformation").create_stack(
        StackName="s", TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("a.py", "")
    given = {"Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": code.getvalue()}, "Publish": True}
    arn = "arn:aws:iam::123456789012:role/awspipe/r"
    client("lambda").create_function(FunctionName="f", Role=arn, **given)
    client("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    signing = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    client("kms").create_key(Description="k", **signing)


def check(server: Server) -> None:
    client = server.client
    assert client("codecommit").list_repositories()["repositories"][0]["repositoryName"] == "shop"
    assert client("s3").get_object(Bucket="kept", Key="large")["Body"].read() == b"2" * 100_000
    assert len(client("s3").list_object_versions(Bucket="kept")["Versions"]) == 2
    assert client("iam").list_roles(PathPrefix="/awspipe/")["Roles"][0]["RoleName"] == "r"
    assert client("events").list_targets_by_rule(Rule="r")["Targets"][0]["Id"] == "1"
    said = client("logs").get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [event["message"] for event in said] == ["said"]
    assert client("sns").list_topics()["Topics"][0]["TopicArn"].endswith(":t")
    got = client("ssm").get_parameter(Name="/shop/token", WithDecryption=True)
    assert got["Parameter"]["Value"] == "v"
    tags = client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/shop/token")["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    assert client("secretsmanager").get_secret_value(SecretId="shop/token")["SecretString"] == "secret"
    assert client("cloudformation").describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert client("lambda").get_alias(FunctionName="f", Name="live")["FunctionVersion"] == "1"
    assert client("sqs").list_queues()["QueueUrls"][0].endswith("/q")
    key = client("kms").list_keys()["Keys"][0]["KeyId"]
    answer = client("kms").sign(KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    assert answer["Signature"]


def test_a_kill_loses_nothing_that_was_answered(server: Server) -> None:
    for number in range(3):
        s3, iam = server.client("s3"), server.client("iam")
        s3.create_bucket(Bucket=f"b{number}-kept", CreateBucketConfiguration=PLACE)
        server.client("codecommit").create_repository(repositoryName=f"shop{number}")
        s3.put_object(Bucket=f"b{number}-kept", Key="k", Body=b"x" * 5000)
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST)
        tags = {"Tags": {"a": str(number)}, "ResourceARNList": [f"arn:aws:s3:::b{number}-kept"]}
        server.client("resourcegroupstaggingapi").tag_resources(**tags)
        server.kill()
        server.start()
        s3 = server.client("s3")
        assert s3.get_object(Bucket=f"b{number}-kept", Key="k")["Body"].read() == b"x" * 5000
        assert s3.get_bucket_tagging(Bucket=f"b{number}-kept")["TagSet"][0]["Value"] == str(number)
        assert len(server.client("iam").list_roles()["Roles"]) == number + 1
        assert len(server.client("codecommit").list_repositories()["repositories"]) == number + 1


def test_a_server_killed_at_any_moment_starts_again(server: Server) -> None:
    for number in range(4):
        s3 = server.client("s3")
        s3.create_bucket(Bucket=f"b{number}-kept", CreateBucketConfiguration=PLACE)
        for key in range(10):
            s3.put_object(Bucket=f"b{number}-kept", Key=str(key), Body=bytes([number, key]) * 3000)
        server.kill()
        server.start()
    assert server.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_call_under_way_is_answered_and_kept_when_the_server_stops(tmp_path: Path) -> None:
    with Server(tmp_path / "sandbox", environ={"AWSPIPE_SANDBOX_DELAY_MS": "500"}) as server:
        sns = server.client("sns")
        answered: list[str] = []
        call = threading.Thread(target=lambda: answered.append(sns.create_topic(Name="t")["TopicArn"]))
        call.start()
        time.sleep(0.25)  # it is on its way, and not yet answered
        assert (server.stop(), call.join()) == (0, None)
        server.start()
        assert [topic["TopicArn"] for topic in server.client("sns").list_topics()["Topics"]] == answered


def test_contents_that_nothing_refers_to_go(server: Server) -> None:
    blobs = server.directory / "state" / "blobs"
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration=PLACE)
    s3.put_object(Bucket="kept", Key="k", Body=b"x" * 777_777)
    saved(server, lambda backends: bool(backends.get("s3/123456789012/aws", {}).get("blobs")))
    s3.delete_object(Bucket="kept", Key="k")
    saved(server, lambda backends: not backends["s3/123456789012/aws"]["blobs"])
    server.stop()
    assert 777_777 not in {path.stat().st_size for path in blobs.iterdir()}


def test_a_service_that_cannot_be_kept_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sandbox.in_process(tmp_path):
        for region in (REGION, "us-east-1"):
            sandbox.client("sns", region).create_topic(Name="t")
            sns_backends["123456789012"][region].hook = lambda: None  # type: ignore[attr-defined]
        sandbox.client("sqs").create_queue(QueueName="q")
        store = Store(tmp_path / "state")
        for _ in range(2):
            store.save(threading.RLock())
        assert store.not_kept() == ("sns",)
        assert next(line for line in caplog.messages if "is not kept" in line).startswith("sns is")
        assert sum("is not kept" in line for line in caplog.messages) == 1
        kept = json.loads((tmp_path / "state" / "manifest.json").read_text())["backends"]
    assert f"sqs/123456789012/{REGION}" in kept
    assert not [name for name in kept if name.startswith("sns/")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"moto": "4.0.0"}, "the sandbox's state was written with moto 4.0.0, and this is "),
        ({"schema": 0}, "the sandbox's state was written with schema 0, and this is "),
        (None, "the sandbox's state cannot be read: "),
    ],
)
def test_a_snapshot_of_other_versions_is_refused(
    server: Server, change: dict[str, Any] | None, said: str
) -> None:
    server.client("sns").create_topic(Name="t")
    server.stop()
    manifest = server.directory / "state" / "manifest.json"
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(known | change) if change else "{")
    with pytest.raises(AssertionError) as caught:
        server.start()
    assert said in str(caught.value)
    assert "run `awspipe sandbox reset`" in str(caught.value)
    assert change is None or json.loads(manifest.read_text()) == known | change, "nothing was written over"


def test_a_damaged_snapshot_is_refused(server: Server) -> None:
    server.client("sns").create_topic(Name="t")
    server.stop()
    for blob in (server.directory / "state" / "blobs").iterdir():
        blob.write_bytes(b"damaged")
    with pytest.raises(AssertionError, match=r"cannot be read[\s\S]*run `awspipe sandbox reset`"):
        server.start()


@pytest.fixture
def codec(tmp_path: Path) -> Iterator[Codec]:
    """A codec; what a test made is closed after it, as moto closes only the objects of a mock with S3."""
    yield Codec(Blobs(tmp_path))
    for key in FakeKey.instances_tracked:
        key.dispose()


def test_large_contents_are_stored_once(codec: Codec, tmp_path: Path) -> None:
    large = b"x" * 10_000
    pickled = codec.dumps({"a": large, "b": [large[:]], "c": b"small"})
    assert len(pickled.data) < 500
    assert [path.name for path in tmp_path.iterdir()] == list(pickled.blobs)
    assert codec.loads(pickled.data) == {"a": large, "b": [large], "c": b"small"}


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_locks_come_back_open(codec: Codec, make: Callable[[], Any]) -> None:
    lock = make()
    with lock:
        again = codec.loads(codec.dumps([lock]).data)[0]
    assert type(again) is type(lock)
    assert again.acquire(blocking=False)


class Kind(defaultdict[str, list[int]]):
    """As some of moto's: made with arguments that say nothing of what is in it, and shown otherwise."""

    def __init__(self, region: str) -> None:
        super().__init__(list)
        self.region = region
        self.own = self

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, [*self.get(key, []), *value])

    def items(self) -> Any:
        return [(key, value[-1:]) for key, value in super().items()]


def test_a_kind_of_dict_comes_back_as_it_is_inside(codec: Codec) -> None:
    kind = Kind("here")
    kind["a"] = [1]
    kind["a"] = [2]
    again = codec.loads(codec.dumps(kind).data)
    assert (type(again), again["a"], again["new"]) == (Kind, [1, 2], [])
    assert (again.region, again.own) == ("here", again)


def test_an_objects_unchanged_content_is_not_read_again(codec: Codec) -> None:
    key = FakeKey("name", b"x" * 10_000, "123456789012", REGION)
    first = codec.dumps(key)
    key._value_buffer.read = None  # whoever reads it now fails
    key.set_metadata({"a": "b"})
    second = codec.dumps(key)
    assert second.blobs == first.blobs
    again = codec.loads(second.data)
    assert (again.value, again.metadata["a"]) == (b"x" * 10_000, "b")
    del key._value_buffer.read


def test_an_unchanged_object_is_not_pickled_again(codec: Codec) -> None:
    key = FakeKey("name", b"small", "123456789012", REGION)
    both = codec.loads(codec.dumps([key, key]).data)
    assert both[0] is both[1]
    acl, key.acl = key.acl, lambda: None  # type: ignore[assignment]
    with pytest.raises((AttributeError, pickle.PicklingError)):
        codec.dumps([key])  # it has changed, so that it is looked at
    key.acl = acl
    key.set_metadata({"a": "b"})
    assert codec.loads(codec.dumps([key]).data)[0].metadata["a"] == "b"


def test_a_log_that_has_grown_is_pickled_again(codec: Codec) -> None:
    from moto.logs.models import LogsBackend

    logs = LogsBackend(REGION, "123456789012")
    logs.create_log_group("g", {})
    logs.create_log_stream("g", "s")
    for number in range(3):
        event = {"timestamp": int(time.time() * 1000), "message": f"line {number}"}
        logs.put_log_events("g", "s", [event])
        group = codec.loads(codec.dumps(logs).data).groups["g"]
        again = group.streams["s"]
        assert again.log_group is group
        assert [one.message for one in again.events] == [f"line {one}" for one in range(number + 1)]


def test_a_lock_tells_when_it_was_let_go() -> None:
    told: list[str] = []
    lock = WatchedLock(lambda: told.append("released"))
    with lock:
        assert not told
    lock.acquire()
    lock.release()
    assert len(told) == 2
    with lock.unnoticed():
        pass
    assert len(told) == 2


def test_a_store_without_a_snapshot_restores_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path / "state").restore() == 0


def test_whoever_waits_at_the_same_time_shares_one_snapshot() -> None:
    changes = Changes()
    waiting = [threading.Thread(target=lambda: (changes.note("s3"), changes.settle())) for _ in range(5)]
    for one in waiting:
        one.start()
    batches = []
    while any(one.is_alive() for one in waiting):
        batch = changes.take()
        assert batch is not None
        batches.append(batch)
        if batch.number == len(waiting):
            changes.done(batch, whole=True)
            break
        changes.done(batch, whole=True)
    for one in waiting:
        one.join(10)
        assert not one.is_alive()
    assert {*batches} == {Batch(one.number, frozenset({"s3"})) for one in batches}
    assert len(batches) <= len(waiting)


def test_what_nobody_waits_for_is_saved_once_a_second() -> None:
    clock = FakeClock()
    changes = Changes(clock.time)
    changes.note("iam")
    clock.sleep(1)
    first = changes.take()
    assert first == Batch(1, frozenset({"iam"}))
    changes.done(first, whole=False)
    changes.note_in_passing("logs")
    assert changes._time_left() == 1
    clock.sleep(1)
    assert changes.take() == Batch(1, frozenset({"iam", "logs"}))
    changes.settle()  # nothing is owed: it does not wait
    assert changes._time_left() is None


class FullDisk(Store):
    """Has no room."""

    def save(self, *_: Any) -> bool:
        raise OSError("No space left on device")


def test_a_full_disk_keeps_nobody_waiting_and_is_told(tmp_path: Path) -> None:
    changes = Changes()
    saver = Saver(FullDisk(tmp_path / "state"), WatchedLock(lambda: None), changes)
    saver.start()
    changes.note(ALL)
    changes.settle()
    assert changes.failure == "No space left on device"
    saver.close()


class Growing(Store):
    """A service is first used by somebody while this looks for them."""

    saves = 0

    def save(self, *_: Any) -> bool:
        self.saves += 1
        if self.saves == 1:
            raise RuntimeError("dictionary changed size during iteration")
        return True


def test_a_service_that_is_first_used_meanwhile_keeps_nobody_waiting(tmp_path: Path) -> None:
    changes = Changes()
    store = Growing(tmp_path / "state")
    saver = Saver(store, WatchedLock(lambda: None), changes)
    saver.start()
    changes.note("s3")
    changes.settle()
    assert store.saves == 2
    saver.close()
