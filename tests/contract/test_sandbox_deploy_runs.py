"""Deployments in the sandbox really deploy, and answer as AWS's do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox.box import ISOLATION
from tests.support import revisions
from tests.support.deploying import ROLLBACK, WHERE, Deploying
from tests.support.sandbox import code, in_process, refusal, role

Make = Callable[..., Deploying]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv(ISOLATION, "process")  # quick, and its files can be looked at
    with ExitStack() as stack:
        played = stack.enter_context(in_process(tmp_path))
        yield lambda **group: Deploying(played, **group)


def root(tmp_path: Path, host: str) -> Path:
    return tmp_path / "hosts" / f"ap-northeast-2-{host}" / "root"


def test_a_group_that_means_no_host_gets_two(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "awspipe.sandbox"):
        made = make()
    assert [one.name for one in made.backend.hosts.values()] == ["shop-1", "shop-2"]
    text = "made the hosts shop-1 and shop-2 with the tags app=shop for web: AWS would not"
    assert text in caplog.messages
    made.api.delete_deployment_group(**WHERE)
    assert made.backend.hosts == {}


def test_a_deployment_to_two_hosts(make: Make, tmp_path: Path) -> None:
    made = make()
    appspec = revisions.HEAD + (
        "files: [{source: app, destination: /srv/shop}]\nhooks: {AfterInstall: [{location: scripts/a.sh}]}\n"
    )
    script = "#!/bin/sh\necho $BUNDLE_KEY on $AWSPIPE_HOST at $PORT >$AWSPIPE_ROOT/said\necho out\n"
    files = {"appspec.yml": appspec, "app/a.txt": "1", "scripts/a.sh": script}
    found = made.deploy(made.revision("one", files), description="first")
    assert (found["status"], found["creator"], found["description"]) == ("Succeeded", "user", "first")
    overview = {"Pending": 0, "InProgress": 0, "Succeeded": 2, "Failed": 0, "Skipped": 0, "Ready": 0}
    assert found["deploymentOverview"] == overview
    for host in made.backend.hosts.values():
        assert (root(tmp_path, host.name) / "srv/shop/a.txt").read_text() == "1"
        said = (root(tmp_path, host.name) / "said").read_text()
        assert said == f"one on {host.name} at {host.port}\n"
        target = made.targets(found["deploymentId"])[host.name]
        assert (target["status"], target["targetId"]) == ("Succeeded", host.instance_id)
        events = {one["lifecycleEventName"]: one for one in target["lifecycleEvents"]}
        assert {one["status"] for one in events.values()} == {"Succeeded"}
        assert events["AfterInstall"]["diagnostics"] == {
            "errorCode": "Success",
            "scriptName": "",
            "message": "Succeeded",
            "logTail": "LifecycleEvent - AfterInstall\nScript - scripts/a.sh\n[stdout]out\n",
        }
    group = made.api.get_deployment_group(**WHERE)["deploymentGroupInfo"]
    assert group["lastSuccessfulDeployment"]["deploymentId"] == found["deploymentId"]
    assert group["targetRevision"] == found["revision"]


def test_a_script_that_fails_is_shown_and_the_rest_skipped(make: Make) -> None:
    made = make()
    found = made.deploy(made.script("bad", "echo no >&2; exit 7", "BeforeInstall"))
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    assert found["rollbackInfo" if "rollbackInfo" in found else "status"] == "Failed"
    targets = made.targets(found["deploymentId"])
    assert [one["status"] for one in targets.values()] == ["Failed", "Skipped"]
    events = targets["shop-1"]["lifecycleEvents"]
    statuses = [one["status"] for one in events]
    assert statuses == ["Succeeded"] * 2 + ["Failed"] + ["Skipped"] * 4
    assert events[2]["diagnostics"] == {
        "errorCode": "ScriptFailed",
        "scriptName": "scripts/a.sh",
        "message": "Script at specified location: scripts/a.sh failed with exit code 7",
        "logTail": "LifecycleEvent - BeforeInstall\nScript - scripts/a.sh\n[stderr]no\n",
    }


def test_a_failure_is_rolled_back(make: Make, tmp_path: Path) -> None:
    made = make(autoRollbackConfiguration=ROLLBACK)
    say = "echo {} >$AWSPIPE_ROOT/version; {}"
    first = made.deploy(made.script("one", say.format(1, "true")))
    bad = made.deploy(made.script("two", say.format(2, "exit 1")))
    assert bad["status"] == "Failed"
    back = made.info(bad["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == bad["deploymentId"]
    assert back["revision"] == first["revision"]
    assert (root(tmp_path, "shop-1") / "version").read_text() == "1\n"
    assert bad["previousRevision"] == first["revision"]
    listed = made.api.list_deployments(**WHERE)["deployments"]
    assert listed == [back["deploymentId"], bad["deploymentId"], first["deploymentId"]]
    some = made.api.list_deployments(**WHERE, includeOnlyStatuses=["Failed"])["deployments"]
    assert some == [bad["deploymentId"]]


def test_without_a_deployment_before_nothing_is_rolled_back(make: Make) -> None:
    made = make(autoRollbackConfiguration=ROLLBACK)
    found = made.deploy(made.script("bad", "exit 1"))
    assert found["rollbackInfo"] == {
        "rollbackMessage": "There is no deployment that succeeded before, so nothing was rolled back."
    }


def test_a_stop_script_that_fails_blocks_unless_it_is_ignored(make: Make) -> None:
    made = make()
    assert made.deploy(made.script("one", "exit 1", "ApplicationStop"))["status"] == "Succeeded"
    fixed = made.script("two", "true", "ApplicationStop")
    assert made.deploy(fixed)["status"] == "Failed"
    found = made.deploy(fixed, ignoreApplicationStopFailures=True)
    assert found["status"] == "Succeeded"
    events = made.targets(found["deploymentId"])["shop-1"]["lifecycleEvents"]
    assert [one["status"] for one in events] == ["Failed"] + ["Succeeded"] * 6


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({}, "NO_INSTANCES"),
        ({"onPremisesInstanceTagFilters": [], "ec2TagFilters": []}, "NO_INSTANCES"),
    ],
)
def test_no_instances(make: Make, group: dict[str, Any], expected: str) -> None:
    made = make(**group)
    made.only()
    found = made.deploy(made.script("one", "true"))
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", expected)


def test_too_many_must_stay_healthy(make: Make) -> None:
    made = make()
    made.api.create_deployment_config(
        deploymentConfigName="two", minimumHealthyHosts={"type": "HOST_COUNT", "value": 2}
    )
    found = made.deploy(made.script("one", "true"), deploymentConfigName="two")
    assert found["errorInformation"]["code"] == "HEALTH_CONSTRAINTS_INVALID"


def test_the_service_role_must_see_instances(make: Make) -> None:
    made = make()
    found = made.deploy(made.script("one", "true"))
    assert found["status"] == "Succeeded"
    blind = role("blind", "codedeploy")
    made.api.update_deployment_group(
        applicationName="shop", currentDeploymentGroupName="web", serviceRoleArn=blind
    )
    found = made.deploy(made.script("one", "true"))
    assert found["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"


def test_a_revision_that_is_not_there(make: Make) -> None:
    made = make()
    where = {"bucket": "revisions", "key": "no", "bundleType": "zip"}
    found = made.deploy({"revisionType": "S3", "s3Location": where})
    event = made.targets(found["deploymentId"])["shop-1"]["lifecycleEvents"][1]
    assert (event["lifecycleEventName"], event["status"]) == ("DownloadBundle", "Failed")
    assert event["diagnostics"]["message"].startswith("The specified key does not exist.")


def test_one_deployment_at_a_time_and_its_end_on_request(make: Make, tmp_path: Path) -> None:
    made = make()
    wait = "touch $AWSPIPE_ROOT/began; while [ ! -e $AWSPIPE_ROOT/go ]; do sleep 0.02; done"
    revision = made.script("slow", wait, "BeforeInstall")
    first = made.api.create_deployment(**WHERE, revision=revision)["deploymentId"]
    answer = refusal(made.api.create_deployment, **WHERE, revision=revision)
    assert answer[0] == "DeploymentLimitExceededException"
    assert first in answer[1]
    began = root(tmp_path, "shop-1") / "began"
    while not began.exists():
        pass
    stopped = made.api.stop_deployment(deploymentId=first)
    assert stopped["status"] == "Pending"
    (root(tmp_path, "shop-1") / "go").touch()
    made.played.drain()
    assert made.info(first)["status"] == "Stopped"
    statuses = [one["status"] for one in made.targets(first)["shop-1"]["lifecycleEvents"]]
    assert statuses == ["Succeeded"] * 3 + ["Skipped"] * 4
    assert code(made.api.stop_deployment, deploymentId=first) == "DeploymentAlreadyCompletedException"


def test_instances_on_premises(make: Make) -> None:
    made = make(
        ec2TagFilters=[],
        onPremisesInstanceTagFilters=[{"Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE"}],
    )
    names = made.api.list_on_premises_instances(registrationStatus="Registered")["instanceNames"]
    assert names == ["shop-1", "shop-2"]
    found = made.deploy(made.script("one", "true"))
    assert sorted(made.targets(found["deploymentId"])) == names
    made.api.delete_application(applicationName="shop")
    assert made.api.list_on_premises_instances()["instanceNames"] == []


def test_an_instance_without_a_host_behind_it_has_no_agent(make: Make) -> None:
    made = make()
    made.only("alone")
    tags = [{"Key": "app", "Value": "shop"}]
    made.api.register_on_premises_instance(instanceName="far", iamUserArn="arn:aws:iam::123456789012:user/x")
    made.api.add_tags_to_on_premises_instances(instanceNames=["far"], tags=tags)
    made.api.update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="web",
        onPremisesInstanceTagFilters=[{"Key": "app", "Type": "KEY_ONLY"}],
    )
    found = made.deploy(made.script("one", "true"))
    event = made.targets(found["deploymentId"])["far"]["lifecycleEvents"][0]
    assert event["diagnostics"]["message"].startswith("CodeDeploy agent was not able to receive")


def test_only_outdated_instances(make: Make) -> None:
    made = make()
    revision = made.script("one", "true")
    assert made.deploy(revision)["status"] == "Succeeded"
    made.backend.add_host("new", "ec2", {"app": "shop"})
    found = made.deploy(revision, updateOutdatedInstancesOnly=True)
    assert list(made.targets(found["deploymentId"])) == ["new"]


def test_revisions_are_listed(make: Make) -> None:
    made = make()
    revision = made.script("one", "true")
    other = made.script("two", "true")
    made.api.register_application_revision(applicationName="shop", revision=other, description="later")
    made.deploy(revision)
    listed = made.api.list_application_revisions(applicationName="shop")["revisions"]
    assert listed == [other, revision]
    info = made.api.get_application_revision(applicationName="shop", revision=revision)["revisionInfo"]
    assert info["deploymentGroups"] == ["web"]
    some = made.api.batch_get_application_revisions(applicationName="shop", revisions=[other])
    assert some["revisions"][0]["genericRevisionInfo"]["description"] == "later"
    absent = {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}}
    answer = code(made.api.get_application_revision, applicationName="shop", revision=absent)
    assert answer == "RevisionDoesNotExistException"


GITHUB = {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "c"}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"deploymentGroupName": "no"}, "DeploymentGroupDoesNotExistException"),
        ({"deploymentConfigName": "no"}, "DeploymentConfigDoesNotExistException"),
        ({"fileExistsBehavior": "SOMETIMES"}, "InvalidFileExistsBehaviorException"),
        ({"revision": {"revisionType": "S3", "s3Location": {"bucket": "b"}}}, "InvalidRevisionException"),
        ({"revision": GITHUB}, "UnsupportedOperationInSandbox"),
        ({}, "RevisionRequiredException"),
    ],
)
def test_deployments_that_are_refused(make: Make, members: dict[str, Any], expected: str) -> None:
    made = make()
    if "revision" not in members and members:
        members = {"revision": made.script("one", "true"), **members}
    assert code(made.api.create_deployment, **{**WHERE, **members}) == expected
