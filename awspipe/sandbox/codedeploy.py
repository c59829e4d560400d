"""CodeDeploy: applications and tags, and the other parts put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import tags
from awspipe.sandbox.codedeploy_configs import Config, Configs, built_in
from awspipe.sandbox.codedeploy_deployments import Deployments
from awspipe.sandbox.codedeploy_groups import Application, Group, Groups
from awspipe.sandbox.codedeploy_instances import Instance, Instances
from awspipe.sandbox.codedeploy_revisions import Revisions
from awspipe.sandbox.codedeploy_targets import Targets
from awspipe.sandbox.deploy.hosts import Host
from awspipe.sandbox.deploy.records import Deployment
from awspipe.sandbox.service import (
    Answer,
    Backend,
    RefusalError,
    Request,
    new_id,
    page,
    response_class,
    without_nothing,
)


def _names(member: str, prefix: str, words: str) -> dict[tuple[str, bool], tuple[str, str]]:
    """CodeDeploy's own errors for a name: when it is missing, and when it is not valid."""
    return {
        (member, True): (f"{prefix}RequiredException", f"{words} was not specified"),
        (member, False): (f"Invalid{prefix}Exception", f"{words} is not valid"),
    }


class CodeDeployBackend(Deployments, Targets, Revisions, Groups, Configs, Instances, Backend):
    """CodeDeploy in one account and region."""

    SERVICE_NAMESPACE: ClassVar[str] = "codedeploy"
    REFUSALS: ClassVar[dict[tuple[str, bool], tuple[str, str]]] = {
        **_names("applicationName", "ApplicationName", "The application name"),
        **_names("newApplicationName", "ApplicationName", "The application name"),
        **_names("deploymentGroupName", "DeploymentGroupName", "The deployment group name"),
        **_names("currentDeploymentGroupName", "DeploymentGroupName", "The deployment group name"),
        **_names("newDeploymentGroupName", "DeploymentGroupName", "The deployment group name"),
        **_names("deploymentConfigName", "DeploymentConfigName", "The deployment configuration name"),
        **_names("instanceName", "InstanceName", "The on-premises instance name"),
        **_names("instanceNames", "InstanceName", "The on-premises instance name"),
        **_names("deploymentId", "DeploymentId", "The deployment id"),
        ("revisionType", False): ("InvalidRevisionException", "The revision type is not valid"),
        ("bundleType", False): ("InvalidRevisionException", "The bundle type is not valid"),
        ("fileExistsBehavior", False): (
            "InvalidFileExistsBehaviorException",
            "The file exists behavior is not valid: it must be DISALLOW, OVERWRITE or RETAIN",
        ),
        ("includeOnlyStatuses", False): ("InvalidDeploymentStatusException", "The status is not valid"),
        ("serviceRoleArn", True): ("RoleRequiredException", "The role ARN was not specified"),
        ("computePlatform", False): (
            "InvalidComputePlatformException",
            "The compute platform is not valid: it must be Server, Lambda or ECS",
        ),
        ("ResourceArn", True): ("ResourceArnRequiredException", "The resource ARN was not specified"),
        ("Tags", True): ("TagRequiredException", "No tag was specified"),
        ("tags", True): ("TagRequiredException", "No tag was specified"),
        ("events", False): ("InvalidAutoRollbackConfigException", "The rollback event is not valid"),
        ("deploymentType", False): ("InvalidDeploymentStyleException", "The deployment type is not valid"),
        ("deploymentOption", False): (
            "InvalidDeploymentStyleException",
            "The deployment option is not valid",
        ),
        ("registrationStatus", False): (
            "InvalidRegistrationStatusException",
            "The registration status is not valid",
        ),
    }

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.applications: dict[str, Application] = {}
        self.configs: dict[str, Config] = built_in()
        self.instances: dict[str, Instance] = {}
        self.hosts: dict[str, Host] = {}
        self.deployments: dict[str, Deployment] = {}
        self.revisions: dict[str, list[dict[str, Any]]] = {}

    def application(self, name: str) -> Application:
        """The application of a name, or AWS's error."""
        found = self.applications.get(name)
        if found is None:
            text = f"No application found for name: {name}"
            raise RefusalError("ApplicationDoesNotExistException", text)
        return found

    def uses_config(self, name: str) -> bool:
        """Whether a deployment group uses a configuration."""
        groups = (group for one in self.applications.values() for group in one.groups.values())
        return any(group.members["deploymentConfigName"] == name for group in groups)

    # Applications

    def op_create_application(self, request: Request) -> Answer:
        """Make an application."""
        name = request["applicationName"]
        if name in self.applications:
            text = f"Application already exists with the name: {name}"
            raise RefusalError("ApplicationAlreadyExistsException", text)
        new_tags = tags.from_list(request.get("tags"), capital=True)
        _check_tags(new_tags, {})
        platform = request.get("computePlatform") or "Server"
        self.applications[name] = Application(name, new_id(), platform, self.now(), new_tags)
        return {"applicationId": self.applications[name].id}

    def op_get_application(self, request: Request) -> Answer:
        """One application."""
        return {"application": _info(self.application(request["applicationName"]))}

    def op_batch_get_applications(self, request: Request) -> Answer:
        """Several applications."""
        names = request["applicationNames"]
        if len(names) > 100:
            raise RefusalError("BatchLimitExceededException", "At most 100 can be asked for at once")
        return {"applicationsInfo": [_info(self.application(name)) for name in names]}

    def op_list_applications(self, request: Request) -> Answer:
        """The names of all applications."""
        items, token = page(sorted(self.applications), request.get("nextToken"), 100)
        return without_nothing(applications=items, nextToken=token)

    def op_update_application(self, request: Request) -> Answer:
        """Rename an application."""
        old, new = request.get("applicationName"), request.get("newApplicationName")
        if old is None:
            text = "The application name was not specified"
            raise RefusalError("ApplicationNameRequiredException", text)
        found = self.application(old)
        if new and new != old:
            if new in self.applications:
                text = f"Application already exists with the name: {new}"
                raise RefusalError("ApplicationAlreadyExistsException", text)
            del self.applications[old]
            found.name = new
            self.applications[new] = found
        return {}

    def op_delete_application(self, request: Request) -> Answer:
        """Remove an application with its groups; an absent one is no error."""
        found = self.applications.pop(request["applicationName"], None)
        for group in found.groups.values() if found else ():
            self.withdraw(group)
        return {}

    # Groups, with their hosts

    def op_create_deployment_group(self, request: Request) -> Answer:
        """Make a deployment group, and hosts for it where its filters match none."""
        answer = super().op_create_deployment_group(request)
        application = self.application(request["applicationName"])
        self.provide(application, application.groups[request["deploymentGroupName"]])
        return answer

    def op_delete_deployment_group(self, request: Request) -> Answer:
        """Remove a deployment group, with the hosts that were made for it."""
        application = self.applications.get(request["applicationName"])
        group = application.groups.get(request["deploymentGroupName"]) if application else None
        if group is not None:
            self.withdraw(group)
        return super().op_delete_deployment_group(request)

    # Stopping and starting

    def resume(self) -> None:
        """After a restart: deployments that ran have failed, and hosts come back."""
        self.fail_unfinished()
        self.wake()

    def halt(self) -> None:
        """The sandbox stops: so do its hosts."""
        self.sleep()

    # Tags

    def op_tag_resource(self, request: Request) -> Answer:
        """Put tags on an application or a deployment group."""
        found = self._by_arn(request["ResourceArn"])
        new = tags.from_list(request["Tags"], capital=True)
        _check_tags(new, found.tags)
        found.tags |= new
        return {}

    def op_untag_resource(self, request: Request) -> Answer:
        """Take tags off an application or a deployment group."""
        found = self._by_arn(request["ResourceArn"])
        for key in request["TagKeys"]:
            found.tags.pop(key, None)
        return {}

    def op_list_tags_for_resource(self, request: Request) -> Answer:
        """The tags of an application or a deployment group."""
        return {"Tags": tags.to_list(self._by_arn(request["ResourceArn"]).tags, capital=True)}

    def _by_arn(self, arn: str) -> Application | Group:
        if not self.owns_arn(arn):
            raise RefusalError("InvalidArnException", f"The ARN {arn} is not valid")
        kind, _, name = arn.removeprefix(self.arn("")).partition(":")
        if kind == "application":
            return self.application(name)
        if kind == "deploymentgroup":
            return self.group(*name.partition("/")[::2])
        raise RefusalError("ArnNotSupportedException", f"The ARN {arn} cannot have tags")

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the Resource Groups Tagging API."""
        for one in self.applications.values():
            yield TaggedResource(self.arn(f"application:{one.name}"), one.tags, "codedeploy:application")
            for group in one.groups.values():
                arn = self.arn(f"deploymentgroup:{one.name}/{group.name}")
                yield TaggedResource(arn, group.tags, "codedeploy:deploymentgroup")


def _info(one: Application) -> Answer:
    return {
        "applicationId": one.id,
        "applicationName": one.name,
        "createTime": one.created,
        "linkedToGitHub": False,
        "computePlatform": one.platform,
    }


def _check_tags(new: dict[str, str], old: dict[str, str]) -> None:
    wrong = tags.problem(new, old)
    if wrong is not None:
        raise RefusalError("InvalidTagsToAddException", wrong.value)


codedeploy_backends: BackendDict[CodeDeployBackend] = BackendDict(CodeDeployBackend, "codedeploy")
Response = response_class("codedeploy", codedeploy_backends)
