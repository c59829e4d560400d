"""CodeDeploy's deployments: made, shown, stopped, rolled back. `deploy/` is how they go."""

from __future__ import annotations

import copy
import re
import secrets
import string
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import pruning, roles, runtime
from awspipe.sandbox.codedeploy_configs import Config
from awspipe.sandbox.codedeploy_groups import Application, Group
from awspipe.sandbox.codedeploy_revisions import checked
from awspipe.sandbox.deploy import waves
from awspipe.sandbox.deploy.hosts import HostError, Hosts
from awspipe.sandbox.deploy.records import (
    FAILED,
    IN_PROGRESS,
    ROLLBACK,
    STOPPED,
    SUCCEEDED,
    USER,
    Deployment,
    Target,
)
from awspipe.sandbox.deploy.runner import STOPPED_SANDBOX, Runner, announce
from awspipe.sandbox.service import Answer, RefusalError, Request, page, unsupported, without_nothing

_PRINCIPAL = "codedeploy.amazonaws.com"
_LETTERS = string.ascii_uppercase + string.digits
_LASTS = ("lastSuccessfulDeployment", "lastAttemptedDeployment")
_BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
_UNPLAYED = {"targetInstances": "targetInstances", "overrideAlarmConfiguration": "alarms"}
_NO_INSTANCES = (
    "The deployment failed because no instances were found for your deployment group. Check your deployment "
    "group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly "
    "identify the instances you want to deploy to, and then try again."
)
_TOO_MANY_HEALTHY = (
    "The deployment can't start: its deployment configuration asks for {} healthy instances at every moment, "
    "and the deployment group has {}."
)


class Deployments(Hosts):
    """The operations on deployments."""

    deployments: dict[str, Deployment]
    applications: dict[str, Application]

    if TYPE_CHECKING:

        def application(self, name: str) -> Application:
            """The application of a name."""

        def group(self, application: str, name: str) -> Group:
            """The deployment group of a name."""

        def config(self, name: str) -> Config:
            """The deployment configuration of a name."""

        def register(
            self, application: Application, revision: dict[str, Any], description: str | None = None
        ) -> None:
            """Keep a revision on an application's list."""

    # Making

    def op_create_deployment(self, request: Request) -> Answer:
        """Begin a deployment."""
        application = self.application(request["applicationName"])
        if not request.get("deploymentGroupName"):
            text = "The deployment group name was not specified"
            raise RefusalError("DeploymentGroupNameRequiredException", text)
        group = self.group(application.name, request["deploymentGroupName"])
        _check_played(application, group, request)
        revision = checked(request.get("revision") or group.members.get("targetRevision"))
        active = next((one for one in self._of(group) if one.going_on), None)
        if active is not None:
            text = f"The Deployment Group '{group.name}' already has an active Deployment '{active.id}'"
            raise RefusalError("DeploymentLimitExceededException", text)
        config = self.config(request.get("deploymentConfigName") or group.members["deploymentConfigName"])
        members = _members(request, group)
        self.register(application, revision)
        group.members["targetRevision"] = copy.deepcopy(revision)
        made = self._made(application, group, revision, config=config, members=members)
        self._begin(made, group)
        return {"deploymentId": made.id}

    def _made(
        self,
        application: Application,
        group: Group,
        revision: dict[str, Any],
        *,
        config: Config,
        members: dict[str, Any],
        creator: str = USER,
    ) -> Deployment:
        last = self.deployments.get(group.members.get("lastSuccessfulDeployment", {}).get("deploymentId", ""))
        made = Deployment(
            id="d-" + "".join(secrets.choice(_LETTERS) for _ in range(9)),
            application=application.name,
            group=group.name,
            group_id=group.id,
            config=config["deploymentConfigName"],
            revision=copy.deepcopy(revision),
            created=self.now(),
            members=members,
            creator=creator,
            previous=copy.deepcopy(last.revision) if last else None,
        )
        self.deployments[made.id] = made
        runtime.current().ends[made.id] = threading.Event()
        return made

    def _begin(self, one: Deployment, group: Group) -> None:
        """Find the hosts and set off, or fail at once."""
        for id_, arn, host in self.found(group):
            if not self._is_current(host, one):
                one.targets[id_] = Target(id_, arn, host, self.now())
        fleet = waves.fleet(self.config(one.config), len(one.targets))
        _last(group, "lastAttemptedDeployment", one)
        problem = self._problem(one, group, fleet)
        if problem is None:
            runtime.current().jobs.submit(one.id, Runner(self, one, fleet).run)
            return
        one.status, one.started = IN_PROGRESS, self.now()
        announce(self, one)
        one.error = problem
        one.end(FAILED, self.now())
        announce(self, one)
        self.ended(one)

    def _is_current(self, host: str | None, one: Deployment) -> bool:
        """Whether a host has the revision already, where only others are to get it."""
        if not one.members["updateOutdatedInstancesOnly"] or host is None:
            return False
        last = self.deployments.get(self.hosts[host].deployed.get(one.group_id, ""))
        return last is not None and last.revision == one.revision

    def _problem(self, one: Deployment, group: Group, fleet: waves.Fleet) -> tuple[str, str] | None:
        """Why a deployment fails before it reaches a host."""
        role = group.members["serviceRoleArn"]
        source = self.arn(f"deploymentgroup:{one.application}/{group.name}")
        if roles.standing(role, _PRINCIPAL, source_arn=source) is not roles.Standing.USABLE:
            return "IAM_ROLE_MISSING", f"The service role {role} cannot be assumed by CodeDeploy."
        asks_ec2 = group.members.get("ec2TagFilters") or group.members.get("ec2TagSet")
        if asks_ec2 and not roles.permits(role, "ec2:DescribeInstances", "*"):
            text = f"The service role {role} does not allow CodeDeploy to perform ec2:DescribeInstances."
            return "IAM_ROLE_PERMISSIONS", text
        if not one.targets:
            return "NO_INSTANCES", _NO_INSTANCES
        if not fleet.possible:
            return "HEALTH_CONSTRAINTS_INVALID", _TOO_MANY_HEALTHY.format(fleet.minimum, fleet.hosts)
        return None

    # Hearing of it

    def deployed(self, one: Deployment, target: Target) -> None:
        """A host has a deployment."""
        if target.host in self.hosts:
            self.hosts[target.host].deployed[one.group_id] = one.id

    def ended(self, one: Deployment) -> None:
        """A deployment has ended: remember it, and roll back where that is wished."""
        group = self.group_of(one)
        if group is not None:
            _last(group, "lastAttemptedDeployment", one)
            if one.status == SUCCEEDED:
                _last(group, "lastSuccessfulDeployment", one)
            elif self._rolls_back(one):
                self._roll_back(one, group)
        self._forget_old(one.group_id)
        found = runtime.current().ends.pop(one.id, None)
        if found is not None:
            found.set()

    def _forget_old(self, group_id: str) -> None:
        """Keep a group's last deployments, and those that hosts have or that can be rolled back to."""
        needed = {id_ for host in self.hosts.values() for id_ in host.deployed.values()}
        for _, group in self.every_group():
            needed |= {group.members.get(name, {}).get("deploymentId", "") for name in _LASTS}
        listed = [one for one in self.deployments.values() if one.group_id == group_id]
        for one in pruning.unneeded(listed, needed):
            del self.deployments[one.id]

    def _rolls_back(self, one: Deployment) -> bool:
        if one.creator == ROLLBACK or not one.targets or runtime.current().jobs.closed:
            return False
        asked = one.members["autoRollbackConfiguration"]
        events = asked.get("events", []) if asked.get("enabled") else []
        if one.status == STOPPED:
            return one.rolls_back_when_stopped or "DEPLOYMENT_STOP_ON_REQUEST" in events
        return "DEPLOYMENT_FAILURE" in events

    def _roll_back(self, one: Deployment, group: Group) -> None:
        last = self.deployments.get(group.members.get("lastSuccessfulDeployment", {}).get("deploymentId", ""))
        if last is None:
            text = "There is no deployment that succeeded before, so nothing was rolled back."
            one.rollback = {"rollbackMessage": text}
            return
        members = last.members | {
            "description": f"Automatic rollback of deployment {one.id}",
            "autoRollbackConfiguration": one.members["autoRollbackConfiguration"],
            "ignoreApplicationStopFailures": one.members["ignoreApplicationStopFailures"],
            "updateOutdatedInstancesOnly": False,
        }
        application, config = self.application(one.application), self.config(one.config)
        made = self._made(application, group, last.revision, config=config, members=members, creator=ROLLBACK)
        text = f"Deployment {one.id} is rolled back to the revision of {last.id} by {made.id}."
        one.rollback = {"rollbackDeploymentId": made.id, "rollbackMessage": text}
        made.rollback = {"rollbackTriggeringDeploymentId": one.id, "rollbackMessage": text}
        self._begin(made, group)

    # Showing and stopping

    def op_get_deployment(self, request: Request) -> Answer:
        """One deployment."""
        return {"deploymentInfo": self.deployment(request["deploymentId"]).document()}

    def op_batch_get_deployments(self, request: Request) -> Answer:
        """Several deployments; unknown ones are left out."""
        ids = request["deploymentIds"]
        if len(ids) > 25:
            raise RefusalError("BatchLimitExceededException", "At most 25 can be asked for at once")
        found = [self.deployments[one].document() for one in ids if one in self.deployments]
        return {"deploymentsInfo": found}

    def op_list_deployments(self, request: Request) -> Answer:
        """The ids of deployments, newest first."""
        name, group = request.get("applicationName"), request.get("deploymentGroupName")
        if group and not name:
            text = "The application name was not specified"
            raise RefusalError("ApplicationNameRequiredException", text)
        if name and group:
            self.group(name, group)
        elif name:
            self.application(name)
        statuses = request.get("includeOnlyStatuses") or ()
        span = request.get("createTimeRange") or {}
        ids = [
            one.id
            for one in reversed(self.deployments.values())
            if name in (None, one.application)
            and group in (None, one.group)
            and (not statuses or one.status in statuses)
            and _within(one.created, span)
        ]
        items, token = page(ids, request.get("nextToken"), 100)
        return without_nothing(deployments=items, nextToken=token)

    def op_stop_deployment(self, request: Request) -> Answer:
        """Ask for the end of a deployment: the lifecycle events that run are let end."""
        one = self.deployment(request["deploymentId"])
        if not one.going_on:
            text = f"The deployment {one.id} has already completed"
            raise RefusalError("DeploymentAlreadyCompletedException", text)
        one.stopping = True
        one.rolls_back_when_stopped = bool(request.get("autoRollbackEnabled"))
        if request.get("autoRollbackEnabled") is False:
            one.members["autoRollbackConfiguration"] = {"enabled": False, "events": []}
        return {"status": "Pending", "statusMessage": "The deployment is being stopped."}

    def deployment(self, wanted: str) -> Deployment:
        """The deployment of an id, or AWS's error."""
        found = self.deployments.get(wanted)
        if found is not None:
            return found
        if not re.fullmatch(r"d-[A-Z0-9]{9}", wanted):
            text = f"Specified DeploymentId is not in the valid format: {wanted}"
            raise RefusalError("InvalidDeploymentIdException", text)
        text = f"The deployment {wanted} could not be found"
        raise RefusalError("DeploymentDoesNotExistException", text)

    def group_of(self, one: Deployment) -> Group | None:
        """The deployment group of a deployment, if it is still there."""
        return next((group for _, group in self.every_group() if group.id == one.group_id), None)

    def every_group(self) -> Iterator[tuple[str, Group]]:
        """The deployment groups under `application/group`."""
        for application in self.applications.values():
            for group in application.groups.values():
                yield f"{application.name}/{group.name}", group

    def check_idle(self, host: str) -> None:
        """Refuse to end a host that is deployed to."""
        for one in self.deployments.values():
            if one.going_on and any(target.host == host for target in one.targets.values()):
                raise HostError(f"the deployment {one.id} goes to {host}: stop it first, or wait")

    def _of(self, group: Group) -> list[Deployment]:
        return [one for one in self.deployments.values() if one.group_id == group.id]

    def fail_unfinished(self) -> None:
        """After a restart: what ran is lost."""
        for one in list(self.deployments.values()):
            if one.going_on:
                one.error = ("INTERNAL_ERROR", STOPPED_SANDBOX)
                one.end(FAILED, self.now())
                self.ended(one)


def _check_played(application: Application, group: Group, request: Request) -> None:
    """Refuse what the sandbox does not play."""
    if application.platform != "Server":
        raise unsupported("codedeploy", f"CreateDeployment for {application.platform}")
    style = group.members["deploymentStyle"]
    if style.get("deploymentType") == "BLUE_GREEN":
        raise unsupported("codedeploy", "CreateDeployment of the type BLUE_GREEN")
    if style.get("deploymentOption") == "WITH_TRAFFIC_CONTROL":
        raise unsupported("codedeploy", "CreateDeployment with a load balancer")
    for member, what in _UNPLAYED.items():
        if request.get(member):
            raise unsupported("codedeploy", f"CreateDeployment with {what}")


def _members(request: Request, group: Group) -> dict[str, Any]:
    """What the API shows of a request again."""
    behavior = request.get("fileExistsBehavior") or "DISALLOW"
    if behavior not in _BEHAVIORS:
        text = "The file exists behavior is not valid: it must be DISALLOW, OVERWRITE or RETAIN"
        raise RefusalError("InvalidFileExistsBehaviorException", text)
    rollback = request.get("autoRollbackConfiguration") or group.members["autoRollbackConfiguration"]
    return without_nothing(
        description=request.get("description"),
        ignoreApplicationStopFailures=bool(request.get("ignoreApplicationStopFailures")),
        updateOutdatedInstancesOnly=bool(request.get("updateOutdatedInstancesOnly")),
        fileExistsBehavior=behavior,
        autoRollbackConfiguration=copy.deepcopy(rollback),
    )


def _last(group: Group, member: str, one: Deployment) -> None:
    group.members[member] = without_nothing(
        deploymentId=one.id, status=one.status, createTime=one.created, endTime=one.completed
    )


def _within(moment: float, span: dict[str, Any]) -> bool:
    def seconds(one: Any) -> float:
        return float(one.timestamp() if hasattr(one, "timestamp") else one)

    start, end = span.get("start"), span.get("end")
    return (start is None or seconds(start) <= moment) and (end is None or moment <= seconds(end))
