"""CodeDeploy's deployment groups."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import roles, tags
from awspipe.sandbox.codedeploy_configs import Config
from awspipe.sandbox.service import Answer, RefusalError, Request, new_id, page, without_nothing

_PRINCIPAL = "codedeploy.amazonaws.com"
_MOST_FILTERS = 10
_MOST_TAG_SETS = 3
_NOT_KEPT = (
    "applicationName",
    "deploymentGroupName",
    "currentDeploymentGroupName",
    "newDeploymentGroupName",
    "tags",
)
_XOR = (
    ("ec2TagFilters", "ec2TagSet", "InvalidEC2TagCombinationException"),
    ("onPremisesInstanceTagFilters", "onPremisesTagSet", "InvalidOnPremisesTagCombinationException"),
)
_TAG_SETS = (("ec2TagSet", "ec2TagSetList"), ("onPremisesTagSet", "onPremisesTagSetList"))


@dataclass
class Group:
    """A deployment group. `members` are the API's own, defaults filled in."""

    name: str
    id: str
    members: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Application:
    """An application and its deployment groups."""

    name: str
    id: str
    platform: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)


class Groups:
    """The operations on deployment groups."""

    if TYPE_CHECKING:

        def application(self, name: str) -> Application:
            """The application of a name."""

        def config(self, name: str) -> Config:
            """The deployment configuration of a name."""

        def arn(self, resource: str) -> str:
            """An ARN of CodeDeploy."""

    def group(self, application: str, name: str) -> Group:
        """The deployment group of a name, or AWS's error."""
        found = self.application(application).groups.get(name)
        if found is None:
            text = f"No Deployment Group found for name: {name}"
            raise RefusalError("DeploymentGroupDoesNotExistException", text)
        return found

    def op_create_deployment_group(self, request: Request) -> Answer:
        """Make a deployment group."""
        application = self.application(request["applicationName"])
        name = request["deploymentGroupName"]
        if name in application.groups:
            raise _taken(name)
        if len(application.groups) >= 1000:
            text = "An application can have 1000 deployment groups at most"
            raise RefusalError("DeploymentGroupLimitExceededException", text)
        new_tags = tags.from_list(request.get("tags"), capital=True)
        wrong = tags.problem(new_tags)
        if wrong is not None:
            raise RefusalError("InvalidTagsToAddException", wrong.value)
        members = _defaults(application) | _sent(request)
        self._check(application, name, request, members=members)
        application.groups[name] = Group(name, new_id(), members, new_tags)
        return {"deploymentGroupId": application.groups[name].id}

    def op_update_deployment_group(self, request: Request) -> Answer:
        """Change the members that are sent, or the name."""
        application = self.application(request["applicationName"])
        found = self.group(application.name, request["currentDeploymentGroupName"])
        name = request.get("newDeploymentGroupName") or found.name
        if name != found.name and name in application.groups:
            raise _taken(name)
        members = found.members | _sent(request)
        for one, other, _ in _XOR:
            for sent, dropped in ((one, other), (other, one)):
                if request.get(sent):
                    members.pop(dropped, None)
        self._check(application, name, request, members=members)
        del application.groups[found.name]
        found.name, found.members = name, members
        application.groups[name] = found
        return {"hooksNotCleanedUp": []}

    def op_get_deployment_group(self, request: Request) -> Answer:
        """One deployment group."""
        application = self.application(request["applicationName"])
        found = self.group(application.name, request["deploymentGroupName"])
        return {"deploymentGroupInfo": _info(application, found)}

    def op_batch_get_deployment_groups(self, request: Request) -> Answer:
        """Several deployment groups of an application."""
        application, names = self.application(request["applicationName"]), request["deploymentGroupNames"]
        if len(names) > 100:
            raise RefusalError("BatchLimitExceededException", "At most 100 groups can be asked for at once")
        absent = [name for name in names if name not in application.groups]
        found = [_info(application, application.groups[name]) for name in names if name not in absent]
        message = f"No Deployment Group found for name: {absent[0]}" if absent else None
        return without_nothing(deploymentGroupsInfo=found, errorMessage=message)

    def op_list_deployment_groups(self, request: Request) -> Answer:
        """The names of an application's deployment groups."""
        application = self.application(request["applicationName"])
        items, token = page(sorted(application.groups), request.get("nextToken"), 100)
        return without_nothing(applicationName=application.name, deploymentGroups=items, nextToken=token)

    def op_delete_deployment_group(self, request: Request) -> Answer:
        """Remove a deployment group; an absent one, or one of an absent application, is no error."""
        applications: dict[str, Application] = getattr(self, "applications", {})
        application = applications.get(request["applicationName"])
        if application is not None:
            application.groups.pop(request["deploymentGroupName"], None)
        return {"hooksNotCleanedUp": []}

    def _check(
        self, application: Application, name: str, request: Request, *, members: dict[str, Any]
    ) -> None:
        for code, text in (*_tag_problems(request), *_member_problems(members, application.platform)):
            raise RefusalError(code, text)
        config = self.config(members["deploymentConfigName"])
        if config["computePlatform"] != application.platform:
            text = f"Compute platform of deployment config {config['deploymentConfigName']} does not match"
            text += f" expected compute platform, correct compute platform should be {application.platform}."
            raise RefusalError("InvalidInputException", text)
        source = self.arn(f"deploymentgroup:{application.name}/{name}")
        standing = roles.standing(members["serviceRoleArn"], _PRINCIPAL, source_arn=source)
        if standing is not roles.Standing.USABLE:
            raise RefusalError("InvalidRoleException", "Cannot assume role provided.")


def _taken(name: str) -> RefusalError:
    text = f"Deployment group already exists with the name: {name}"
    return RefusalError("DeploymentGroupAlreadyExistsException", text)


def _sent(request: Request) -> dict[str, Any]:
    """The members of a group that a request carries."""
    return {key: copy.deepcopy(value) for key, value in request.items() if key not in _NOT_KEPT}


def _defaults(application: Application) -> dict[str, Any]:
    style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
    configs = {"Server": "OneAtATime", "Lambda": "LambdaAllAtOnce", "ECS": "ECSAllAtOnce"}
    if application.platform != "Server":
        style = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
    return {
        "deploymentConfigName": f"CodeDeployDefault.{configs[application.platform]}",
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "triggerConfigurations": [],
        "autoRollbackConfiguration": {"enabled": False, "events": []},
        "deploymentStyle": style,
        "outdatedInstancesStrategy": "UPDATE",
        "terminationHookEnabled": False,
    }


def _info(application: Application, group: Group) -> Answer:
    members = copy.deepcopy(group.members)
    members["autoScalingGroups"] = [
        {"name": name, "hook": f"CodeDeploy-managed-automatic-launch-deployment-hook-{group.name}"}
        for name in members["autoScalingGroups"]
    ]
    return members | {
        "applicationName": application.name,
        "deploymentGroupName": group.name,
        "deploymentGroupId": group.id,
        "computePlatform": application.platform,
    }


def _tag_problems(request: Request) -> Iterator[tuple[str, str]]:
    for filters, tag_set, code in _XOR:
        if request.get(filters) and request.get(tag_set):
            first, second = (name[0].upper() + name[1:] for name in (filters, tag_set))
            text = f"The request specified both {first} and {second}, but only one of these data types can be"
            yield code, f"{text} used in a single call."
    for filters, tag_set, _ in _XOR:
        code = "InvalidEC2TagException" if filters == "ec2TagFilters" else "InvalidTagException"
        for problem in _filter_problems(request.get(filters) or []):
            yield code, problem
        for name in [key for owner, key in _TAG_SETS if owner == tag_set]:
            groups = (request.get(tag_set) or {}).get(name) or []
            if len(groups) > _MOST_TAG_SETS:
                yield "TagSetListLimitExceededException", f"At most {_MOST_TAG_SETS} tag groups are allowed"
            for problem in _filter_problems([one for group in groups for one in group]):
                yield code, problem


def _filter_problems(filters: list[dict[str, str]]) -> Iterator[str]:
    if len(filters) > _MOST_FILTERS:
        yield f"A deployment group can have {_MOST_FILTERS} tags at most"
    for one in filters:
        kind = one.get("Type")
        if kind == "KEY_ONLY" and one.get("Value"):
            yield "Values must not be provided for key-only filters."
        if kind == "VALUE_ONLY" and one.get("Key"):
            yield "Keys must not be provided for value-only filters."
        if kind != "VALUE_ONLY" and not one.get("Key"):
            yield "A tag filter's key is required."


def _member_problems(members: dict[str, Any], platform: str) -> Iterator[tuple[str, str]]:
    rollback = members["autoRollbackConfiguration"]
    if rollback.get("enabled") and not rollback.get("events"):
        text = "Deployment Groups need to have at least one event specified when auto rollback is enabled"
        yield "InvalidAutoRollbackConfigException", text
    if len(members["triggerConfigurations"]) > 10:
        text = "Deployment Groups cannot contain more than 10 TriggerTargets."
        yield "TriggerTargetsLimitExceededException", text
    if len(members["autoScalingGroups"]) > 10:
        yield "InvalidAutoScalingGroupException", "Deployment Groups cannot contain more than 10 groups."
    if platform == "Server" and members.get("ecsServices"):
        text = "Server Deployment Groups should not define a value for ecsServices, eksClusters, or"
        yield "InvalidInputException", f"{text} targetGroupPairInfoList"
    style = members["deploymentStyle"]
    controlled = platform == "Server" and style.get("deploymentOption") == "WITH_TRAFFIC_CONTROL"
    if controlled and not members.get("loadBalancerInfo"):
        text = "A load balancer is required for deployments with traffic control"
        yield "InvalidLoadBalancerInfoException", text
    if style.get("deploymentType") != "BLUE_GREEN" and members.get("blueGreenDeploymentConfiguration"):
        text = "A blue/green configuration needs the deployment type BLUE_GREEN"
        yield "InvalidBlueGreenDeploymentConfigurationException", text
