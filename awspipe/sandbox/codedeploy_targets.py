"""CodeDeploy's deployment targets: the hosts of a deployment with their lifecycle events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awspipe.sandbox.deploy.records import Deployment, Target
from awspipe.sandbox.service import Answer, RefusalError, Request, page, without_nothing


class Targets:
    """The operations on targets, and the older ones on a deployment's instances."""

    if TYPE_CHECKING:

        def deployment(self, wanted: str) -> Deployment:
            """The deployment of an id."""

    def op_list_deployment_targets(self, request: Request) -> Answer:
        """The ids of a deployment's targets."""
        one = self._deployment(request)
        found = list(one.targets.values())
        statuses = (request.get("targetFilters") or {}).get("TargetStatus")
        found = [target for target in found if statuses is None or target.status in statuses]
        items, token = page([target.id for target in found], request.get("nextToken"), 100)
        return without_nothing(targetIds=items, nextToken=token)

    def op_get_deployment_target(self, request: Request) -> Answer:
        """One target."""
        one = self._deployment(request)
        wanted = request.get("targetId")
        if not wanted:
            raise RefusalError(
                "DeploymentTargetIdRequiredException", "A deployment target ID was not provided"
            )
        return {"deploymentTarget": _shown(one, _target(one, wanted))}

    def op_batch_get_deployment_targets(self, request: Request) -> Answer:
        """Several targets."""
        one = self._deployment(request)
        ids = request.get("targetIds") or list(one.targets)
        if len(ids) > 25:
            text = "The maximum number of targets that can be associated with one request is 25"
            raise RefusalError("DeploymentTargetListSizeExceededException", text)
        return {"deploymentTargets": [_shown(one, _target(one, wanted)) for wanted in ids]}

    def op_list_deployment_instances(self, request: Request) -> Answer:
        """The older name of targets."""
        one = self._deployment(request)
        wanted = request.get("instanceStatusFilter") or ()
        ids = [target.id for target in one.targets.values() if not wanted or target.status in wanted]
        items, token = page(ids, request.get("nextToken"), 100)
        return without_nothing(instancesList=items, nextToken=token)

    def op_get_deployment_instance(self, request: Request) -> Answer:
        """The older way to see a target."""
        one = self._deployment(request)
        target = one.targets.get(request["instanceId"])
        if target is None:
            text = f"The instance {request['instanceId']} is not part of the deployment {one.id}"
            raise RefusalError("InstanceDoesNotExistException", text)
        return {"instanceSummary": _summary(one, target)}

    def op_batch_get_deployment_instances(self, request: Request) -> Answer:
        """The older way to see several targets."""
        one = self._deployment(request)
        found = [one.targets[wanted] for wanted in request["instanceIds"] if wanted in one.targets]
        return {"instancesSummary": [_summary(one, target) for target in found]}

    def _deployment(self, request: Request) -> Deployment:
        wanted = request.get("deploymentId")
        if not wanted:
            raise RefusalError("DeploymentIdRequiredException", "The deployment id was not specified")
        return self.deployment(wanted)


def _target(one: Deployment, wanted: str) -> Target:
    found = one.targets.get(wanted)
    if found is None:
        text = f"The deployment target {wanted} is not part of the deployment {one.id}"
        raise RefusalError("DeploymentTargetDoesNotExistException", text)
    return found


def _shown(one: Deployment, target: Target) -> Answer:
    return {"deploymentTargetType": "InstanceTarget", "instanceTarget": target.document(one.id)}


def _summary(one: Deployment, target: Target) -> Answer:
    return {
        "deploymentId": one.id,
        "instanceId": target.arn,
        "status": target.status,
        "lastUpdatedAt": target.updated,
        "lifecycleEvents": [event.document() for event in target.events],
    }
