"""CodeDeploy in the sandbox answers what AWS answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.sandbox import runtime
from tests.support.sandbox import ACCOUNT, REGION, client, code, in_process, refusal, role

ARN = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:"
APP = f"{ARN}application:shop"
GROUP = f"{ARN}deploymentgroup:shop/web"
USER = f"arn:aws:iam::{ACCOUNT}:user/host"
FILTER = {"Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE"}


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Any]:
    with in_process(tmp_path):
        yield client("codedeploy")


@pytest.fixture
def role_arn(aws: Any) -> str:
    return role("deploy", "codedeploy")


@pytest.fixture
def app(aws: Any) -> Any:
    aws.create_application(applicationName="shop", tags=[{"Key": "a", "Value": "b"}])
    return aws


def group(role_arn: str, **members: Any) -> dict[str, Any]:
    return {"applicationName": "shop", "deploymentGroupName": "web", "serviceRoleArn": role_arn} | members


@pytest.fixture
def web(app: Any, role_arn: str) -> Any:
    app.create_deployment_group(**group(role_arn, ec2TagFilters=[FILTER], tags=[{"Key": "a", "Value": "b"}]))
    return app


def info(aws: Any, name: str = "web") -> Any:
    return aws.get_deployment_group(applicationName="shop", deploymentGroupName=name)["deploymentGroupInfo"]


def test_an_application_lives_and_dies(app: Any) -> None:
    found = app.get_application(applicationName="shop")["application"]
    assert (found["applicationName"], found["computePlatform"]) == ("shop", "Server")
    app.update_application(applicationName="shop", newApplicationName="store")
    assert app.list_applications()["applications"] == ["store"]
    app.delete_application(applicationName="store")
    app.delete_application(applicationName="store")
    answer = refusal(app.get_application, applicationName="store")
    assert answer == ("ApplicationDoesNotExistException", "No application found for name: store")


def test_a_group_is_shown_with_aws_defaults(web: Any, role_arn: str) -> None:
    found = info(web)
    assert found["deploymentConfigName"] == "CodeDeployDefault.OneAtATime"
    assert found["ec2TagFilters"] == [FILTER]
    assert found["deploymentStyle"] == {
        "deploymentType": "IN_PLACE",
        "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
    }
    assert found["autoRollbackConfiguration"] == {"enabled": False, "events": []}
    assert found["outdatedInstancesStrategy"] == "UPDATE"
    assert found["terminationHookEnabled"] is False
    assert (found["serviceRoleArn"], found["computePlatform"]) == (role_arn, "Server")
    assert "tags" not in found


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("create_application", {"applicationName": "shop"}, "ApplicationAlreadyExistsException"),
        ("create_application", {"applicationName": "a shop"}, "InvalidApplicationNameException"),
        ("create_application", {"applicationName": "x" * 101}, "InvalidApplicationNameException"),
        (
            "create_application",
            {"applicationName": "x", "computePlatform": "Toaster"},
            "InvalidComputePlatformException",
        ),
        (
            "create_application",
            {"applicationName": "x", "tags": [{"Key": "aws:x", "Value": ""}]},
            "InvalidTagsToAddException",
        ),
        ("update_application", {"newApplicationName": "x"}, "ApplicationNameRequiredException"),
        ("batch_get_applications", {"applicationNames": ["no"]}, "ApplicationDoesNotExistException"),
        ("list_deployment_groups", {"applicationName": "no"}, "ApplicationDoesNotExistException"),
        (
            "get_deployment_group",
            {"applicationName": "shop", "deploymentGroupName": "no"},
            "DeploymentGroupDoesNotExistException",
        ),
        (
            "update_deployment_group",
            {"applicationName": "shop", "currentDeploymentGroupName": "no"},
            "DeploymentGroupDoesNotExistException",
        ),
        ("list_deployments", {"deploymentGroupName": "web"}, "ApplicationNameRequiredException"),
        ("list_deployments", {"applicationName": "no"}, "ApplicationDoesNotExistException"),
        ("get_deployment", {"deploymentId": "d-ABCDEFGHI"}, "DeploymentDoesNotExistException"),
        ("get_deployment", {"deploymentId": "x"}, "InvalidDeploymentIdException"),
        ("stop_deployment", {"deploymentId": "d-ABCDEFGHI"}, "DeploymentDoesNotExistException"),
        ("create_deployment", {"applicationName": "shop"}, "DeploymentGroupNameRequiredException"),
        ("put_lifecycle_event_hook_execution_status", {}, "UnsupportedOperationInSandbox"),
        ("list_tags_for_resource", {"ResourceArn": "x"}, "InvalidArnException"),
        ("list_tags_for_resource", {"ResourceArn": f"{ARN}instance:x"}, "ArnNotSupportedException"),
        ("list_tags_for_resource", {"ResourceArn": f"{APP}x"}, "ApplicationDoesNotExistException"),
        ("list_tags_for_resource", {"ResourceArn": f"{GROUP}x"}, "DeploymentGroupDoesNotExistException"),
        ("list_applications", {"nextToken": "x"}, "InvalidNextTokenException"),
    ],
)
def test_refusals(web: Any, operation: str, arguments: dict[str, Any], expected: str) -> None:
    assert code(getattr(web, operation), **arguments) == expected


BOTH = "The request specified both {} and {}, but only one of these data types can be used in a single call."
TAG_SET = [[{"Key": "app", "Type": "KEY_ONLY"}]]


@pytest.mark.parametrize(
    ("members", "expected", "text"),
    [
        ({"applicationName": "no"}, "ApplicationDoesNotExistException", "No application found for name: no"),
        ({"deploymentGroupName": "a b"}, "InvalidDeploymentGroupNameException", ""),
        (
            {"deploymentConfigName": "no"},
            "DeploymentConfigDoesNotExistException",
            "No deployment configuration found for name: no",
        ),
        (
            {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"},
            "InvalidInputException",
            "Compute platform",
        ),
        (
            {"ec2TagFilters": [FILTER], "ec2TagSet": {"ec2TagSetList": TAG_SET}},
            "InvalidEC2TagCombinationException",
            BOTH.format("Ec2TagFilters", "Ec2TagSet"),
        ),
        (
            {"onPremisesInstanceTagFilters": [FILTER], "onPremisesTagSet": {"onPremisesTagSetList": TAG_SET}},
            "InvalidOnPremisesTagCombinationException",
            BOTH.format("OnPremisesInstanceTagFilters", "OnPremisesTagSet"),
        ),
        (
            {"ec2TagFilters": [FILTER | {"Type": "KEY_ONLY"}]},
            "InvalidEC2TagException",
            "Values must not be provided for key-only filters.",
        ),
        (
            {"onPremisesInstanceTagFilters": [FILTER | {"Type": "VALUE_ONLY"}]},
            "InvalidTagException",
            "Keys must",
        ),
        ({"ec2TagFilters": [FILTER] * 11}, "InvalidEC2TagException", ""),
        ({"ec2TagSet": {"ec2TagSetList": TAG_SET * 4}}, "TagSetListLimitExceededException", ""),
        (
            {"autoRollbackConfiguration": {"enabled": True}},
            "InvalidAutoRollbackConfigException",
            "Deployment Groups need to have at least one event specified when auto rollback is enabled",
        ),
        (
            {"autoRollbackConfiguration": {"enabled": True, "events": ["SOMETIMES"]}},
            "InvalidAutoRollbackConfigException",
            "",
        ),
        (
            {"deploymentStyle": {"deploymentOption": "WITH_TRAFFIC_CONTROL"}},
            "InvalidLoadBalancerInfoException",
            "",
        ),
        (
            {"ecsServices": [{"serviceName": "s"}]},
            "InvalidInputException",
            "Server Deployment Groups should not",
        ),
        ({"tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidTagsToAddException", ""),
        ({"serviceRoleArn": "no"}, "InvalidRoleException", "Cannot assume role provided."),
    ],
)
def test_groups_that_are_refused(
    app: Any, role_arn: str, members: dict[str, Any], expected: str, text: str
) -> None:
    answer = refusal(app.create_deployment_group, **group(role_arn, **members))
    assert answer[0] == expected
    assert answer[1].startswith(text)


def test_the_role_must_trust_codedeploy(app: Any) -> None:
    answer = refusal(app.create_deployment_group, **group(role("build", "codebuild")))
    assert answer == ("InvalidRoleException", "Cannot assume role provided.")


def test_a_fresh_role_is_unusable_for_a_while(tmp_path: Path) -> None:
    with in_process(tmp_path, role_delay=60.0) as played:
        aws, request = client("codedeploy"), group(role("deploy", "codedeploy"))
        aws.create_application(applicationName="shop")
        assert code(aws.create_deployment_group, **request) == "InvalidRoleException"
        real = played.clock
        runtime.use(runtime.Runtime(state_dir=tmp_path, role_delay=60.0, clock=lambda: real() + 61))
        assert aws.create_deployment_group(**request)["deploymentGroupId"]


def test_a_group_in_use(web: Any, role_arn: str) -> None:
    assert code(web.create_deployment_group, **group(role_arn)) == "DeploymentGroupAlreadyExistsException"


def test_an_update_changes_what_is_sent_and_can_rename(web: Any) -> None:
    web.update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="web",
        newDeploymentGroupName="site",
        deploymentConfigName="CodeDeployDefault.AllAtOnce",
        ec2TagSet={"ec2TagSetList": TAG_SET},
    )
    found = info(web, "site")
    assert found["deploymentConfigName"] == "CodeDeployDefault.AllAtOnce"
    assert found["ec2TagSet"] == {"ec2TagSetList": TAG_SET}
    assert "ec2TagFilters" not in found
    assert web.list_deployment_groups(applicationName="shop")["deploymentGroups"] == ["site"]
    renamed = GROUP.replace("/web", "/site")
    assert web.list_tags_for_resource(ResourceArn=renamed)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_rename_cannot_take_a_name(web: Any, role_arn: str) -> None:
    web.create_deployment_group(**group(role_arn, deploymentGroupName="other"))
    names = {"currentDeploymentGroupName": "other", "newDeploymentGroupName": "web"}
    answer = code(web.update_deployment_group, applicationName="shop", **names)
    assert answer == "DeploymentGroupAlreadyExistsException"


def test_several_groups_at_once(web: Any) -> None:
    answer = web.batch_get_deployment_groups(applicationName="shop", deploymentGroupNames=["web", "no"])
    assert [one["deploymentGroupName"] for one in answer["deploymentGroupsInfo"]] == ["web"]
    assert answer["errorMessage"] == "No Deployment Group found for name: no"


def test_deleting_groups_and_applications(web: Any) -> None:
    where = {"applicationName": "shop", "deploymentGroupName": "web"}
    web.delete_deployment_group(**where)
    web.delete_deployment_group(**where)
    web.delete_deployment_group(**where | {"applicationName": "no"})
    assert code(web.get_deployment_group, **where) == "DeploymentGroupDoesNotExistException"


def test_an_application_takes_its_groups_along(web: Any) -> None:
    web.delete_application(applicationName="shop")
    web.create_application(applicationName="shop")
    assert web.list_deployment_groups(applicationName="shop")["deploymentGroups"] == []


@pytest.mark.parametrize("arn", [APP, GROUP])
def test_tags(web: Any, arn: str) -> None:
    web.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    web.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert web.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]


def test_there_are_no_deployments_yet(web: Any) -> None:
    assert web.list_deployments(applicationName="shop", deploymentGroupName="web")["deployments"] == []
    assert web.batch_get_deployments(deploymentIds=["d-ABCDEFGHI"])["deploymentsInfo"] == []
    assert web.list_application_revisions(applicationName="shop")["revisions"] == []


def test_the_built_in_configurations(aws: Any) -> None:
    names = aws.list_deployment_configs()["deploymentConfigsList"]
    assert len(names) == 17
    assert {f"CodeDeployDefault.{one}" for one in ("AllAtOnce", "HalfAtATime", "OneAtATime")} <= set(names)
    for name in names:
        found = aws.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
        assert found["deploymentConfigName"] == name
    linear = aws.get_deployment_config(
        deploymentConfigName="CodeDeployDefault.ECSLinear10PercentEvery3Minutes"
    )
    assert linear["deploymentConfigInfo"]["trafficRoutingConfig"] == {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 3},
    }


HOSTS = {"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}
ROUTING = {"trafficRoutingConfig": {"type": "AllAtOnce"}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"deploymentConfigName": "CodeDeployDefault.Mine"} | HOSTS, "InvalidDeploymentConfigNameException"),
        ({}, "InvalidMinimumHealthyHostValueException"),
        (
            {"minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 100}},
            "InvalidMinimumHealthyHostValueException",
        ),
        ({"computePlatform": "Lambda"} | HOSTS | ROUTING, "InvalidMinimumHealthyHostValueException"),
        ({"computePlatform": "ECS"}, "InvalidTrafficRoutingConfigurationException"),
        (HOSTS | ROUTING, "InvalidTrafficRoutingConfigurationException"),
    ],
)
def test_configurations_that_are_refused(aws: Any, members: dict[str, Any], expected: str) -> None:
    request = {"deploymentConfigName": "mine"} | members
    assert code(aws.create_deployment_config, **request) == expected


def test_a_configuration_of_ones_own_lives_and_dies(app: Any, role_arn: str) -> None:
    app.create_deployment_config(deploymentConfigName="mine", **HOSTS)
    again = code(app.create_deployment_config, deploymentConfigName="mine", **HOSTS)
    assert again == "DeploymentConfigAlreadyExistsException"
    app.create_deployment_group(**group(role_arn, deploymentConfigName="mine"))
    assert code(app.delete_deployment_config, deploymentConfigName="mine") == "DeploymentConfigInUseException"
    app.delete_application(applicationName="shop")
    app.delete_deployment_config(deploymentConfigName="mine")
    app.delete_deployment_config(deploymentConfigName="mine")
    built_in = code(app.delete_deployment_config, deploymentConfigName="CodeDeployDefault.AllAtOnce")
    assert built_in == "InvalidOperationException"


def test_an_instance_lives_and_dies(aws: Any) -> None:
    aws.register_on_premises_instance(instanceName="host", iamUserArn=USER)
    aws.add_tags_to_on_premises_instances(instanceNames=["host"], tags=[{"Key": "app", "Value": "shop"}])
    found = aws.get_on_premises_instance(instanceName="host")["instanceInfo"]
    assert (found["iamUserArn"], found["tags"]) == (USER, [{"Key": "app", "Value": "shop"}])
    assert found["instanceArn"].startswith(f"{ARN}instance/host_")
    aws.deregister_on_premises_instance(instanceName="host")
    aws.deregister_on_premises_instance(instanceName="no")
    assert aws.list_on_premises_instances(registrationStatus="Registered")["instanceNames"] == []
    assert aws.list_on_premises_instances(registrationStatus="Deregistered")["instanceNames"] == ["host"]
    assert aws.get_on_premises_instance(instanceName="host")["instanceInfo"]["deregisterTime"]
    aws.register_on_premises_instance(instanceName="host", iamUserArn=USER)
    assert aws.list_on_premises_instances(registrationStatus="Registered")["instanceNames"] == ["host"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([], ["a", "b"]),
        ([{"Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE"}], ["a"]),
        ([{"Key": "app", "Type": "KEY_ONLY"}], ["a", "b"]),
        ([{"Value": "blog", "Type": "VALUE_ONLY"}], ["b"]),
        ([{"Key": "x", "Type": "KEY_ONLY"}, {"Key": "app", "Value": "blog", "Type": "KEY_AND_VALUE"}], ["b"]),
    ],
)
def test_instances_are_found_by_tags(aws: Any, filters: list[dict[str, str]], names: list[str]) -> None:
    for name, value in (("a", "shop"), ("b", "blog")):
        aws.register_on_premises_instance(instanceName=name, iamUserArn=f"{USER}{name}")
        aws.add_tags_to_on_premises_instances(instanceNames=[name], tags=[{"Key": "app", "Value": value}])
    assert aws.list_on_premises_instances(tagFilters=filters)["instanceNames"] == names


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("register_on_premises_instance", {"instanceName": "x"}, "IamArnRequiredException"),
        (
            "register_on_premises_instance",
            {"instanceName": "x", "iamUserArn": USER, "iamSessionArn": "s"},
            "MultipleIamArnsProvidedException",
        ),
        (
            "register_on_premises_instance",
            {"instanceName": "x", "iamUserArn": "nobody"},
            "InvalidIamUserArnException",
        ),
        (
            "register_on_premises_instance",
            {"instanceName": "x", "iamUserArn": USER},
            "IamUserArnAlreadyRegisteredException",
        ),
        (
            "register_on_premises_instance",
            {"instanceName": "host", "iamUserArn": f"{USER}2"},
            "InstanceNameAlreadyRegisteredException",
        ),
        ("get_on_premises_instance", {"instanceName": "no"}, "InstanceNotRegisteredException"),
        (
            "add_tags_to_on_premises_instances",
            {"instanceNames": ["no"], "tags": [{"Key": "a", "Value": ""}]},
            "InstanceNotRegisteredException",
        ),
        (
            "add_tags_to_on_premises_instances",
            {"instanceNames": ["host"], "tags": [{"Key": str(n), "Value": ""} for n in range(11)]},
            "TagLimitExceededException",
        ),
    ],
)
def test_instance_refusals(aws: Any, operation: str, arguments: dict[str, Any], expected: str) -> None:
    aws.register_on_premises_instance(instanceName="host", iamUserArn=USER)
    assert code(getattr(aws, operation), **arguments) == expected
