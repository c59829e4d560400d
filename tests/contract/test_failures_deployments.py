"""Deployments that fail, each for a cause that is known: really applied to a host, and explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from awspipe.failures import Cause
from awspipe.sandbox import runtime
from tests.support import failing
from tests.support.failing import HEAD, Shop, deploy, source
from tests.support.sandbox import plain

LF = "save it with LF (`.gitattributes`: `*.sh text eol=lf`), then `git add --renormalize .` and push"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with failing.world(tmp_path_factory.mktemp("account")) as shop:
        yield shop


@pytest.fixture
def shop(account: Shop) -> Shop:
    account.clear()
    return account


def hook(event: str = "BeforeInstall", **members: object) -> str:
    """An appspec with one script."""
    given = ", ".join(f"{key}: {value}" for key, value in {"location": "scripts/a.sh", **members}.items())
    return f"{HEAD}hooks:\n  {event}: [{{{given}}}]\n"


def told(shop: Shop, files: Mapping[str, str], **group: Any) -> Cause:
    """Deploy these files to one host: why that failed."""
    shop.push(files)
    shop.group(**group)
    cause = shop.cause(source(), deploy())
    assert (cause.stage, cause.action) == ("Deploy", "Deploy")
    return cause


def said(cause: Cause) -> tuple[str, str]:
    return cause.known, cause.line


def host(shop: Shop) -> str:
    return shop.codedeploy.hosts["web-1"].instance_id


def test_a_script_that_fails_is_named_with_its_log(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": hook(), "scripts/a.sh": "#!/bin/sh\necho why >&2\nexit 7\n"})
    assert said(cause) == ("script-failed", f"exit code 7 of scripts/a.sh on {host(shop)} (BeforeInstall)")
    assert cause.detail == ("Script - scripts/a.sh", "[stderr]why")


@pytest.mark.parametrize(
    ("files", "line", "fix"),
    [
        (
            {"index.html": "1"},
            "the artifact has no appspec.yml at its top",
            "add appspec.yml to the source, and to `artifacts:` where a build makes the artifact",
        ),
        (
            {"AppSpec.yml": HEAD},
            "the artifact has no appspec.yml at its top; it has AppSpec.yml",
            "rename it to appspec.yml",
        ),
        (
            {"deploy/appspec.yml": HEAD, "index.html": "1"},
            "the artifact has no appspec.yml at its top; it has deploy/appspec.yml",
            "write `base-directory:` in the buildspec so that it comes to the top, or move it there",
        ),
    ],
)
def test_an_appspec_that_is_not_there(shop: Shop, files: dict[str, str], line: str, fix: str) -> None:
    cause = told(shop, files)
    assert (cause.known, cause.line, cause.fix) == ("appspec-missing", line, fix)


def test_an_appspec_with_a_mistake(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": "version: 0.0\nos: linux\nfiles: [{source: a}]\n"})
    assert cause.known == "appspec-line"
    assert cause.line.startswith("appspec.yml, line 3: ")


def test_a_script_that_is_not_there(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": hook(), "script/a.sh": "true"})
    assert said(cause) == (
        "script-missing",
        "scripts/a.sh is not in the artifact; the artifact has script/a.sh (BeforeInstall)",
    )
    assert cause.fix == "mend `location:` in appspec.yml: paths begin at its top"


def test_a_script_with_crlf(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": hook(), "scripts/a.sh": "#!/bin/sh\r\necho\r\n"})
    line = "scripts/a.sh has CRLF line ends, so the system looks for an interpreter with a CR in its name"
    assert (cause.known, cause.line, cause.fix) == ("script-crlf", line, LF)


def test_a_script_that_takes_too_long(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": hook(timeout=1), "scripts/a.sh": "#!/bin/sh\nexec sleep 30\n"})
    line = f"scripts/a.sh did not end within 1 seconds on {host(shop)} (BeforeInstall)"
    assert said(cause) == ("script-timed-out", line)


def test_a_server_in_the_background_that_holds_the_output(shop: Shop) -> None:
    cause = told(shop, {"appspec.yml": hook(timeout=1), "scripts/a.sh": "#!/bin/sh\nsleep 3 &\n"})
    assert cause.known == "script-holds-output"
    assert cause.line.startswith("scripts/a.sh ended, but what it left in the background still holds its STD")
    assert cause.fix.endswith("`command >/dev/null 2>&1 </dev/null &`")


def test_a_file_that_is_there_already(shop: Shop) -> None:
    appspec = f"{HEAD}files: [{{source: a.txt, destination: /srv}}]\n"
    before = hook("BeforeInstall").removeprefix(HEAD)
    script = "#!/bin/sh\nmkdir -p $AWSPIPE_ROOT/srv; touch $AWSPIPE_ROOT/srv/a.txt\n"
    cause = told(shop, {"appspec.yml": appspec + before, "a.txt": "1", "scripts/a.sh": script})
    line = f"/srv/a.txt is on {host(shop)} already, and no deployment of this group has made it"
    assert said(cause) == ("file-exists", line)
    assert cause.fix == "write `file_exists_behavior: OVERWRITE` in appspec.yml, or remove the file"


def test_a_source_that_the_artifact_does_not_have(shop: Shop) -> None:
    appspec = f"{HEAD}files: [{{source: dist/app.js, destination: /srv}}]\n"
    cause = told(shop, {"appspec.yml": appspec, "app.js": "1"})
    line = "appspec.yml names dist/app.js, which the artifact does not have; it has app.js (Install)"
    assert said(cause) == ("appspec-source-missing", line)


def test_no_server_has_the_tags(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group(onPremisesInstanceTagFilters=[{"Key": "role", "Type": "KEY_ONLY"}])
    shop.servers()
    cause = shop.cause(source(), deploy())
    assert said(cause) == ("no-instances", "no instance has the tags app=shop, role=*")
    assert cause.fix == "tag an instance so and start it, or mend `ec2_tags:` and run `awspipe up`"


def test_tags_that_nobody_may_read(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group()
    shop.servers()
    shop.create(source(), deploy())
    shop.deny("codedeploy:GetDeploymentGroup")
    (cause,) = shop.causes()
    assert said(cause) == ("no-instances", "no instance matches the deployment group")
    assert cause.detail == ("(codedeploy:GetDeploymentGroup would tell more: these credentials may not)",)


def test_a_server_without_an_agent(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    far = [{"Key": "far", "Type": "KEY_ONLY"}]
    shop.group(ec2TagFilters=[], onPremisesInstanceTagFilters=far)
    shop.servers()
    api = shop.client("codedeploy")
    user = "arn:aws:iam::123456789012:user/x"
    shop.codedeploy.instances.pop("far", None)
    api.register_on_premises_instance(instanceName="far", iamUserArn=user)
    api.add_tags_to_on_premises_instances(instanceNames=["far"], tags=[{"Key": "far", "Value": ""}])
    cause = shop.cause(source(), deploy())
    line = "the CodeDeploy agent of far does not answer: it does not run, or has no role or no network"
    assert said(cause) == ("agent-silent", line)


def test_what_was_rolled_back_is_said_with_the_revision(shop: Shop) -> None:
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    shop.push({"appspec.yml": hook("ValidateService"), "scripts/a.sh": "#!/bin/sh\ntrue\n"})
    shop.group(autoRollbackConfiguration=rollback)
    shop.create(source(), deploy())
    assert shop.causes() == ()
    good = shop.revision()
    shop.push({"scripts/a.sh": "#!/bin/sh\nexit 1\n"})
    (cause,) = shop.causes(shop.start())
    assert said(cause)[0] == "script-failed"
    assert cause.detail[-1].startswith("CodeDeploy rolls it back by d-")
    assert cause.detail[-1].endswith(f" to s3://artifacts/{good}")


def test_another_deployment_is_under_way(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group()
    shop.create(source(), deploy())
    with runtime.current().lock:
        other = next(reversed(shop.codedeploy.deployments.values()))
        other.status = "InProgress"
    (cause,) = shop.causes(shop.start())
    assert said(cause) == (
        "deployment-in-progress",
        f"another deployment to the same servers, {other.id}, was under way",
    )


@pytest.mark.parametrize(
    ("names", "known", "line"),
    [
        ({"group": "no"}, "group-missing", "there is no deployment group no"),
        ({"application": "no"}, "application-missing", "there is no CodeDeploy application no"),
    ],
)
def test_what_is_deployed_with_is_gone(shop: Shop, names: dict[str, str], known: str, line: str) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group()
    cause = shop.cause(source(), deploy(**names))
    assert (*said(cause), cause.fix) == (known, line, "`awspipe up` makes it again")


def test_a_role_that_may_not_look_for_servers(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group()
    iam: Any = plain("iam")
    iam.delete_role_policy(RoleName="deploy", PolicyName="own")
    cause = shop.cause(source(), deploy())
    assert cause.known == "deployment-role-denied"
    assert cause.line.endswith("does not allow CodeDeploy to perform ec2:DescribeInstances.")
    assert cause.fix.startswith("`awspipe up` gives it back")


def test_a_role_that_is_gone(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    shop.group()
    iam: Any = plain("iam")
    iam.delete_role_policy(RoleName="deploy", PolicyName="own")
    iam.delete_role(RoleName="deploy")
    cause = shop.cause(source(), deploy())
    assert said(cause) == (
        "deployment-role-missing",
        "CodeDeploy cannot use the role of its deployment group",
    )


def test_more_healthy_servers_than_there_are(shop: Shop) -> None:
    shop.push({"appspec.yml": HEAD})
    api = shop.client("codedeploy")
    api.create_deployment_config(
        deploymentConfigName="nine", minimumHealthyHosts={"type": "HOST_COUNT", "value": 9}
    )
    shop.group(deploymentConfigName="nine")
    cause = shop.cause(source(), deploy())
    api.delete_application(applicationName="shop")
    api.delete_deployment_config(deploymentConfigName="nine")
    assert said(cause) == (
        "health-impossible",
        "the deployment configuration wants more healthy servers than there are",
    )


def test_how_many_calls_it_takes(shop: Shop) -> None:
    told(shop, {"appspec.yml": hook(), "scripts/a.sh": "#!/bin/sh\nexit 7\n"})
    shop.calls.clear()
    shop.causes()
    assert sorted(shop.calls.names) == [
        "codedeploy:BatchGetDeploymentTargets",
        "codedeploy:GetDeployment",
        "codedeploy:ListDeploymentTargets",
        "codepipeline:GetPipelineExecution",
        "codepipeline:ListActionExecutions",
    ]


def test_a_deployment_that_somebody_stops(shop: Shop, tmp_path: Path) -> None:
    wait = f"#!/bin/sh\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n"
    shop.push({"appspec.yml": hook(), "scripts/a.sh": wait})
    shop.group()
    deployment = shop.begin_deployment(source(), deploy())
    shop.client("codedeploy").stop_deployment(deploymentId=deployment)
    (tmp_path / "go").touch()
    shop.played.drain()
    (cause,) = shop.causes()
    assert said(cause) == ("deployment-stopped", "somebody stopped the deployment")
